"""Where the aliases of the Easy DKIM tokens are: at their names and with their targets, or how they were missed.

SES wants TOKEN._domainkey.DOMAIN CNAME TOKEN.ZONE, three times. The zone varies by region and identity, and is known to SES alone.
What is looked for beside that are the mistakes that people make, and only where the right name is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from maildoctor import names
from maildoctor import regions as known_regions
from maildoctor.ask import Answer, Ask, Dns, DoesNotApply, ExplainedBy, NotAsked, Undecided, each
from maildoctor.model import Record
from maildoctor.records import dkim
from maildoctor.registry import fact
from maildoctor.subjects.dkim import KeyTree, Selector, Selectors
from maildoctor.subjects.domain import Roles

_SES_NAME = re.compile(r"(?P<token>[a-z2-7]{32})\.(?P<zone>dkim\.(?:[a-z0-9-]+\.)?amazonses\.(?:com|eu))")

MISPLACED = ("dkim-token-doubled-name", "dkim-name-mistyped", "dkim-token-stray-characters")
"""The checks of records at wrong names, which happen to selectors of one's own as well."""

COPIED = "key"
"""Detail of an alias in whose place a key answers."""

WILDCARD = "wildcard"
"""Detail of a missing alias in whose place a wildcard alias answers."""


@dataclass(frozen=True)
class Fault:
    """How the alias of a token was missed: the check that names it, and the records that are wrong. `detail` is the check's own."""

    check: str
    wrong: tuple[Record, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Token:
    """One selector. `fault` None: it is an alias of its name at SES, or a selector of one's own that is not found elsewhere."""

    selector: Selector
    fault: Fault | None

    @property
    def lost(self) -> bool:
        """Whether SES has found its alias before, and does not any more."""
        identity = self.selector.identity
        failed = identity is not None and identity.dkim.get("Status") in ("FAILED", "TEMPORARY_FAILURE")
        return failed and identity is not None and bool(identity.verification.get("LastSuccessTimestamp"))

    @property
    def zone(self) -> str:
        """The zone of SES that its alias leads to, or that a misplaced alias or text mentions; or ""."""
        if not self.selector.easy:
            return ""
        if self.fault is None:
            return next((names.parent(target) for target in _targets(self.selector) if ses_token(target)), "")
        found = next((match for record in self.fault.wrong if (match := ses_name(record.value))), None)
        return names.absolute(found["zone"]) if found and found["token"] == self.selector.selector else ""


@dataclass(frozen=True)
class Tokens:
    """The selectors that were told: Easy DKIM tokens, and such of one's own."""

    all: tuple[Token, ...]

    @property
    def easy(self) -> tuple[Token, ...]:
        """The Easy DKIM tokens."""
        return tuple(token for token in self.all if token.selector.easy)

    @property
    def placed(self) -> tuple[Token, ...]:
        """The Easy DKIM tokens that are aliases of their names at SES."""
        return tuple(token for token in self.easy if token.fault is None)

    def missed(self, check: str) -> tuple[tuple[Token, Fault], ...]:
        """Those whose record was missed in the way that this check names. Most ways are for aliases only."""
        if not self.easy and check not in MISPLACED:
            raise DoesNotApply("the selectors that were told are no Easy DKIM tokens")
        return tuple((token, token.fault) for token in self.all if token.fault and token.fault.check == check)


@dataclass(frozen=True)
class Told:
    """Selectors were told, so that DKIM can be judged."""


@fact
def told(selectors: Selectors, existence: bool, roles: Roles | Undecided, key_tree: KeyTree | Undecided) -> Told:
    """Selectors were told. Says how to, where they were not."""
    if not existence:
        raise ExplainedBy("dns-domain-missing")
    if selectors.all:
        return Told()
    for reason in (roles, key_tree):
        if isinstance(reason, Undecided):
            raise reason
    assert isinstance(roles, Roles)  # noqa: S101 - neither is undecided, which mypy cannot see
    assert isinstance(key_tree, KeyTree)  # noqa: S101
    if selectors.identities:
        verified = any(identity.verified for identity in selectors.identities)
        raise ExplainedBy("ses-dkim-off" if verified else "ses-identity-unverified")
    if not roles.ses:
        raise DoesNotApply("the domain shows no sign that it sends through Amazon SES")
    if selectors.asked:
        raise NotAsked("SES has no identity for the domain here: give the DKIM tokens with --dkim-token or in the configuration")
    seen = "something is published below" if key_tree.exists else "nothing is published below"
    raise NotAsked(
        f"only SES knows the DKIM tokens: give them with --dkim-token or in the configuration, or give AWS credentials"
        f" ({seen} {names.bare(key_tree.name)})"
    )


@fact
def tokens(ask: Ask, selectors: Selectors, told: Told) -> Tokens:
    """The selectors that were told, and how the record of each was missed."""
    return Tokens(each(lambda selector: Token(selector, _fault(ask, selector)), selectors.all))


def ses_token(target: str) -> str:
    """Return the token that a DKIM name of SES carries, or ""."""
    match = known_regions.table().match("dkim_zone", target)
    return match["token"] if match else ""


def ses_name(text: str) -> re.Match[str] | None:
    """Find a DKIM name of SES anywhere in a text or a misspelt name."""
    return _SES_NAME.search(text.lower())


def _targets(selector: Selector) -> tuple[str, ...]:
    """Return what the alias leads to. The rest of the chain is read only where the first step is not yet a name of SES."""
    first = selector.cname.records
    return first if any(map(ses_token, first)) else (*first, *selector.key.chain)


def _fault(ask: Ask, selector: Selector) -> Fault | None:
    return _alias_fault(ask, selector) if selector.easy else _own_fault(ask, selector)


def _own_fault(ask: Ask, selector: Selector) -> Fault | None:
    """Look for the key of a selector of one's own under the wrong names, if it is not under the right one."""
    if selector.key.result.status == "bogus" or any(dkim.resembles(text.text) for text in selector.key.texts):
        return None
    # Two, because a wildcard at the domain does not reach below _domainkey where that exists (RFC 4592 3.3.1).
    made = [ask(Dns(name, "TXT")) for name in (_random(selector), names.probe(selector.domain))]
    misplaced = [(check, ask(Dns.of(name, "TXT"))) for check, name in misplacings(selector)]
    noise = [text for answer in made for text in answer.texts]
    for check, answer in misplaced:
        own = [text for text in answer.texts if text not in noise and dkim.resembles(text.text)]
        if own and answer.chain:
            return Fault(check, (Record(answer.question.name, "CNAME", answer.chain[0]),))
        if own:
            return Fault(check, tuple(Record(answer.question.name, "TXT", str(text)) for text in own))
    return None


def _alias_fault(ask: Ask, selector: Selector) -> Fault | None:
    aliases = tuple(Record(selector.name, "CNAME", target) for target in selector.cname.records)
    if not aliases:
        return _where_else(ask, selector)
    if len(aliases) > 1:
        return Fault("dkim-token-beside-data", aliases)
    target = aliases[0].value
    spoilt = ses_name(target)
    if spoilt and not ses_token(target):
        undotted = spoilt.start() == 0 and names.below(selector.domain, target[spoilt.end() + 1 :])
        return Fault("dkim-target-missing-dot" if undotted else "dkim-token-stray-characters", aliases)
    if not spoilt and ask(Dns(_random(selector), "CNAME")).records == selector.cname.records:
        elsewhere = _where_else(ask, selector)
        return replace(elsewhere, detail=WILDCARD) if elsewhere.check == "dkim-token-missing" else elsewhere
    found = next(filter(None, map(ses_token, _targets(selector))), "")
    if not found:
        return Fault("dkim-token-wrong-zone", aliases)
    if found != selector.selector:
        return Fault("dkim-token-foreign", aliases, found)
    astray = selector.zone and all(names.parent(name) != selector.zone for name in _targets(selector) if ses_token(name))
    return Fault("dkim-token-wrong-zone", aliases, selector.zone) if astray and not selector.accepted else None


def _random(selector: Selector) -> str:
    return names.probe(names.child("_domainkey", selector.domain))


def _where_else(ask: Ask, selector: Selector) -> Fault:
    """Say what became of an alias that is not at its name."""
    misplaced = [(check, ask(Dns.of(name, "CNAME"))) for check, name in misplacings(selector)]
    instead = _Instead(
        selector, *(tuple(ask(Dns(name, type_)) for type_ in ("A", "AAAA", "TXT")) for name in (selector.name, _random(selector)))
    )
    for check, answer in misplaced:
        for target in answer.records:
            # A wildcard alias answers at any name, so only one that mentions the token is evidence.
            if (match := ses_name(target)) and match["token"] == selector.selector:
                return Fault(check, (Record(answer.question.name, "CNAME", target),))
    return instead.fault() or Fault("dkim-token-missing")


def misplacings(selector: Selector) -> tuple[tuple[str, str], ...]:
    """Return the names under which the alias is found when it was entered wrongly, each with the check that says so."""
    token, name = selector.selector, selector.domain
    apex = selector.cname.result.zone or selector.key.result.zone
    rows = [
        ("dkim-token-doubled-name", f"{token}._domainkey.{name}{name}"),
        ("dkim-name-mistyped", f"_{token}._domainkey.{name}"),
        ("dkim-name-mistyped", f"{token}_domainkey.{name}"),
        ("dkim-name-mistyped", f"{token}.domainkey.{name}"),
        ("dkim-token-stray-characters", f"\\032{token}._domainkey.{name}"),
        ("dkim-token-stray-characters", f"{token}._domainkey\\032.{name}"),
    ]
    if apex and apex != name and names.below(name, apex):
        # In the zone of a parent: the whole name was entered where the panel adds the zone, or the subdomain was forgotten.
        rows.append(("dkim-token-doubled-name", f"{token}._domainkey.{name}{apex}"))
        rows.append(("dkim-name-mistyped", f"{token}._domainkey.{apex}"))
    return tuple(rows)


@dataclass(frozen=True)
class _Instead:
    """What is at the name of a token that is no alias: addresses and texts, beside what a name that nobody published shows."""

    selector: Selector
    here: tuple[Answer, ...]
    random: tuple[Answer, ...]

    def fault(self) -> Fault | None:
        texts, noise = self.here[2], self.random[2]
        own = tuple(text for text in texts.texts if text not in noise.texts)
        mentions = tuple(Record(self.selector.name, "TXT", str(text)) for text in own if ses_name(text.text))
        if mentions:
            return Fault("dkim-token-as-txt", mentions)
        if any(dkim.resembles(text.text) for text in own):
            return Fault("dkim-token-flattened", detail=COPIED)
        addresses = tuple(record for answer in self.here[:2] for record in answer.records)
        if addresses and addresses != tuple(record for answer in self.random[:2] for record in answer.records):
            return Fault("dkim-token-proxied", detail=", ".join(addresses))
        if not addresses and self.selector.cname.exists and not self.selector.cname.records and not noise.exists and not own:
            return Fault("dkim-token-flattened")
        zone = self.selector.cname.result.zone
        if zone != self.selector.domain and names.below(zone, self.selector.domain):
            return Fault("dkim-zone-not-delegated", detail=zone)
        return None
