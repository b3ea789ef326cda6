"""The keys that a verifier gets at each selector, and whether it can use them (RFC 6376 6.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from maildoctor import names
from maildoctor import regions as known_regions
from maildoctor.ask import Answer, Ask, CouldNotLook, Dns, ExplainedBy, NotAsked, Undecided, each
from maildoctor.rdata import Text
from maildoctor.records import dkim
from maildoctor.records.dkim import KeyRecord, MalformedKey, MalformedRecord, PublicKey
from maildoctor.registry import fact
from maildoctor.subjects.dkim import Selector, Selectors
from maildoctor.subjects.dkim_tokens import COPIED, Token, Tokens
from maildoctor.subjects.domain import Regions

WEAK = 1024
"""RFC 8301 3.2: signers must use at least this many bits, and verifiers must not take fewer."""


@dataclass(frozen=True)
class Published:
    """One TXT record at a selector that is meant for a key. `record` and `key` are the reason where they cannot be read."""

    selector: Selector
    text: Text
    owner: str
    record: KeyRecord | MalformedRecord
    key: PublicKey | MalformedKey | None

    @property
    def name(self) -> str:
        """The name at which a verifier asks for it."""
        return self.selector.name

    @property
    def usable(self) -> bool:
        """Whether a verifier can check a signature of mail with it (RFC 6376 6.1.2, RFC 8301 3)."""
        record, key = self.record, self.key
        if not (isinstance(record, KeyRecord) and isinstance(key, PublicKey)):
            return False
        strong = key.type != "rsa" or key.bits >= WEAK
        hashed = not record.hashes or "sha256" in record.hashes
        return strong and hashed and for_mail(record)


def for_mail(record: KeyRecord) -> bool:
    """Tell whether `s=` allows mail (RFC 6376 3.6.1)."""
    return bool({"*", "email"}.intersection(record.services))


@dataclass(frozen=True)
class Place:
    """One selector whose key a verifier can ask for: at the end of its alias, if it is one."""

    selector: Selector

    @property
    def bogus(self) -> bool:
        """Whether DNSSEC validation of the key fails, so that no validating receiver gets it."""
        return self.selector.key.result.status == "bogus"

    @property
    def mixed(self) -> bool:
        """Whether TXT records stand beside the alias, so that a verifier gets one or the other."""
        alias = self.selector.easy and self.selector.cname.records
        return bool(alias and self.selector.key.records and not self.selector.key.chain)

    @property
    def spoilt(self) -> str:
        """The check that says why what is found here is not judged, or ""."""
        return "dkim-key-lookup-fails" if self.bogus else "dkim-token-beside-data" if self.mixed else ""

    @property
    def owner(self) -> str:
        """The name that holds the TXT record."""
        chain = self.selector.key.chain
        return chain[-1] if chain else self.selector.name

    @cached_property
    def halves(self) -> tuple[Text, Text] | None:
        """One key that was published as two records, in its order."""
        texts = self.selector.key.texts
        if len(texts) != 2:
            return None
        for first, second in (texts, texts[::-1]):
            if self._publish(Text(first.strings + second.strings)).usable:
                return first, second
        return None

    @cached_property
    def published(self) -> tuple[Published, ...]:
        """The records that are meant for keys. Others, such as what a wildcard answers, are none."""
        return () if self.halves else tuple(self._read())

    @property
    def empty(self) -> bool:
        """Whether there is no key, rightly written or not."""
        return not (self.published or self.halves)

    def _read(self) -> Iterator[Published]:
        for text in self.selector.key.texts:
            if dkim.resembles(text.text):
                yield self._publish(text)

    def _publish(self, text: Text) -> Published:
        try:
            record = dkim.parse(text.text)
        except MalformedRecord as reason:
            return Published(self.selector, text, self.owner, reason, None)
        return Published(self.selector, text, self.owner, record, _key(record))


def _key(record: KeyRecord) -> PublicKey | MalformedKey | None:
    if record.revoked or record.type not in dkim.TYPES:
        return None
    try:
        return record.key
    except MalformedKey as reason:
        return reason


@dataclass(frozen=True)
class Keys:
    """The selectors whose keys can be asked for. `fault`: the check that names why others, or all, cannot.

    `shown`: selectors that answer with a key where SES wants its alias. Receivers can use it, as long as SES does not change it.
    """

    places: tuple[Place, ...]
    fault: str = ""
    shown: tuple[Place, ...] = ()

    def all(self) -> Iterator[Published]:
        """Yield every key record that there is. Raises `ExplainedBy` where there is none."""
        for place in self.found():
            yield from place.published

    def found(self) -> Iterator[Place]:
        """Yield the selectors that have a key, rightly written or not. Raises `ExplainedBy` where none has."""
        found = False
        for place in self.read():
            if not place.empty:
                found = True
                yield place
        if not found:
            spoilt = next((place.spoilt for place in self.places if place.spoilt), "")
            raise ExplainedBy(self.fault or spoilt or "dkim-key-missing")

    def read(self) -> Iterator[Place]:
        """Yield the selectors whose records can be judged. What could not be looked up is raised when the others are through."""
        reasons: list[Undecided] = []
        for place in self.places:
            try:
                _ = place.selector.key.result
                judged = not place.spoilt
            except (CouldNotLook, NotAsked) as reason:
                reasons.append(reason)
                continue
            if judged:
                yield place
        if reasons:
            raise next((reason for reason in reasons if isinstance(reason, CouldNotLook)), reasons[0])


@fact
def keys(selectors: Selectors, tokens: Tokens) -> Keys:
    """The keys of all selectors, but of those whose record is not where it belongs."""
    missed = {token.selector: token.fault for token in tokens.all if token.fault}
    places = tuple(Place(selector) for selector in selectors.all if selector not in missed)
    shown = tuple(Place(token.selector) for token in tokens.all if token.fault and token.fault.detail == COPIED)
    return Keys(places, next((fault.check for fault in missed.values()), ""), shown)


@dataclass(frozen=True)
class Homes:
    """The zones of SES in which the key of a token was found, by token: where its alias must lead."""

    zones: dict[str, str]

    def target(self, token: Token) -> str:
        """Return the name that the alias must have, or ""."""
        zone = self.zones.get(token.selector.selector, "")
        return names.child(token.selector.selector, zone) if zone else ""


@fact
def homes(ask: Ask, tokens: Tokens, keys: Keys, regions: Regions | Undecided) -> Homes:
    """Where SES holds the keys of tokens whose alias is missing, wrong, or leads to no key."""
    absent = {place.selector for place in keys.places if _keyless(place)}
    every = tuple(token for token in tokens.easy if token.fault or token.selector in absent)
    known = {token.selector.selector: token.selector.zone for token in every if token.selector.zone}
    astray = tuple(token for token in every if not token.selector.zone)
    if not astray:
        return Homes(known)
    if isinstance(regions, Undecided):
        raise regions
    likely = tuple(dict.fromkeys(filter(None, (token.zone for token in tokens.all))))
    found = each(lambda token: _home(ask, token, likely, regions.names), astray)
    return Homes(known | {token.selector.selector: zone for token, zone in zip(astray, found, strict=True)})


def _keyless(place: Place) -> bool:
    try:
        return not place.spoilt and place.empty
    except NotAsked:
        # Offline the keys are not seen; the aliases that are missing can be proposed all the same.
        return False


def _home(ask: Ask, token: Token, likely: tuple[str, ...], regions: tuple[str, ...]) -> str:
    try:
        return _holding(ask, token, likely) or _holding(ask, token, tuple(dict.fromkeys(_usual(regions))))
    except NotAsked:
        # Offline nobody can say where the key is; what the other records or the user mention is the best guess.
        return (*likely, *_usual(regions))[0] if likely or regions else ""


def _holding(ask: Ask, token: Token, zones: tuple[str, ...]) -> str:
    answers = [ask(Dns(names.child(token.selector.selector, zone), "TXT")) for zone in zones]
    return next((zone for zone, answer in zip(zones, answers, strict=True) if _holds_key(answer)), "")


def _holds_key(answer: Answer) -> bool:
    return any(dkim.resembles(text.text) for text in answer.texts)


def _usual(regions: tuple[str, ...]) -> Iterator[str]:
    """Yield the zones in which an identity usually has its keys; of every region where none is known."""
    table = known_regions.table().regions
    for region in regions or tuple(table):
        if region in table and table[region].dkim_zone:
            yield table[region].dkim_zone
        if regions:
            yield f"dkim.{region}.amazonses.com."
    yield "dkim.amazonses.com."
