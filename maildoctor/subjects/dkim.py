"""DKIM keys: the Easy DKIM aliases of SES and the key records behind them (RFC 6376, RFC 8301, RFC 8463).

SES alone knows the tokens. They are told by hand or by SES itself, or DKIM is not judged: selectors are never guessed. What follows
from that is split over files: where the aliases of the tokens are (`dkim_tokens`), the keys behind them (`dkim_keys`), and the
checks of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, NotAsked, Undecided
from maildoctor.registry import fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.ses import Identities, Identity

_EASY = re.compile(r"[a-z2-7]{32}")
_REST = re.compile(r"\._domainkey\b.*|\.dkim\.(?:[a-z0-9-]+\.)?amazonses\.(?:com|eu)\.?$")


@dataclass(frozen=True)
class Selector:
    """One DKIM selector below the domain: an Easy DKIM token of SES, or a selector of one's own (BYODKIM).

    `cname`: the alias that an Easy DKIM token must be. `key`: the TXT records that a verifier gets, at the end of any alias.
    `identity`: the identity of SES that told it; None where it was told by hand.
    """

    selector: str
    name: str
    cname: Answer
    key: Answer
    identity: Identity | None = None

    @property
    def domain(self) -> str:
        """The domain below which it is: that of the signatures (d=)."""
        return self.name.partition("._domainkey.")[2]

    @property
    def easy(self) -> bool:
        """Whether SES made it. Where it does not say so, by the form of Easy DKIM tokens: 32 characters of a-z and 2-7."""
        if self.identity:
            return self.identity.easy
        return bool(_EASY.fullmatch(self.selector))

    @property
    def zone(self) -> str:
        """The zone in which SES says that it keeps the key (`SigningHostedZone`), or ""."""
        return self.identity.key_zone if self.identity and self.easy else ""

    @property
    def accepted(self) -> bool:
        """Whether SES says that it is content with the records."""
        return self.identity is not None and self.identity.dkim.get("Status") == "SUCCESS"


@dataclass(frozen=True)
class Selectors:
    """The selectors that were told; empty where none were. `identities`: those of SES that were asked for them.

    `asked`: whether SES was asked.
    """

    all: tuple[Selector, ...]
    identities: tuple[Identity, ...] = ()
    asked: bool = False

    @property
    def easy(self) -> tuple[Selector, ...]:
        """The Easy DKIM tokens."""
        return tuple(selector for selector in self.all if selector.easy)

    def targets(self) -> tuple[str, ...]:
        """The targets of all aliases that are there."""
        return tuple(target for selector in self.easy for target in selector.cname.records)

    def of(self, identity: Identity) -> tuple[Selector, ...]:
        """The selectors of one identity. A copy of it in another region has the same ones."""
        return tuple(selector for selector in self.all if selector.domain == identity.name and selector.selector in identity.tokens)


@dataclass(frozen=True)
class Signing:
    """What a receiver makes of the DKIM signatures of the domain, as far as keys decide.

    `result`: "pass" (each selector that was told has a usable key), "partial" (some have, and SES moves from one to another),
    "fail" (none has, or SES does not sign), "unknown" (`detail` says why). `domain` is the d= of the signatures.
    `regions`: the same for each region of SES, where SES told it.
    """

    result: str
    domain: str
    usable: int
    total: int
    detail: str
    regions: tuple[tuple[str, Signing], ...] = ()

    def at(self, region: str) -> Signing:
        """What becomes of the mail that SES sends from one region."""
        return dict(self.regions).get(region, self)


@dataclass(frozen=True)
class KeyTree:
    """Whether DKIM keys can be there at all: below `name`, or below `_domainkey` of a parent, whose identity SES may use.

    A name that does not exist has nothing below it (RFC 8020 2): no selector can have a key. A wildcard would make it exist.
    """

    name: str
    exists: bool
    parent: str

    @property
    def hopeless(self) -> bool:
        """Whether no key of any selector can be found."""
        return not (self.exists or self.parent)


@fact
def selectors(ask: Ask, domain: Domain, settings: Settings, identities: Identities | Undecided) -> Selectors:
    """The DKIM selectors of the domain, as told by `--dkim-token`, or by SES."""
    if settings.dkim_tokens:
        return Selectors(selectors_told(ask, domain, settings))
    if isinstance(identities, NotAsked):
        return Selectors(())
    if isinstance(identities, Undecided):
        raise identities
    return Selectors(selectors_of(ask, identities.found), identities.found, asked=True)


def selectors_told(ask: Ask, domain: Domain, settings: Settings) -> tuple[Selector, ...]:
    """Look at the selectors that were told by hand."""
    return tuple(_look(ask, domain.name, token) for token in dict.fromkeys(map(_selector, settings.dkim_tokens)))


def selectors_of(ask: Ask, identities: Iterable[Identity]) -> tuple[Selector, ...]:
    """Look at the selectors that SES signs with. A copy of an identity in another region has the same ones."""
    told: dict[tuple[str, str], Identity] = {}
    for identity in identities:
        for token in identity.tokens:
            told.setdefault((identity.name, token), identity)
    return tuple(_look(ask, name, token, identity) for (name, token), identity in told.items())


def _selector(told: str) -> str:
    """Return the selector, though somebody told the whole name of its record or its target."""
    return _REST.sub("", told.strip().lower())


def _look(ask: Ask, domain: str, token: str, identity: Identity | None = None) -> Selector:
    cname = Dns.of(f"{token}._domainkey.{domain}", "CNAME")
    return Selector(token, cname.name, cname=ask(cname), key=ask(Dns(cname.name, "TXT")), identity=identity)


@fact
def key_tree(ask: Ask, domain: Domain) -> KeyTree:
    """Whether `_domainkey` exists at the domain, or else at a parent: SES signs for a subdomain with its parent's identity."""
    name = names.child("_domainkey", domain.name)
    if ask(Dns(name, "TXT")).exists:
        return KeyTree(name, exists=True, parent="")
    answers = [ask(Dns(names.child("_domainkey", parent), "TXT")) for parent in _parents(domain.name)]
    return KeyTree(name, exists=False, parent=next((answer.question.name for answer in answers if answer.exists), ""))


def _parents(name: str) -> list[str]:
    """Return the names above, but the top level."""
    parts = names.labels(name)
    return [names.join(parts[i:]) for i in range(1, len(parts) - 1)]
