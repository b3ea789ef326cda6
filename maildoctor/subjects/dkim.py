"""DKIM keys: the Easy DKIM aliases of SES and the key records behind them (RFC 6376, RFC 8301, RFC 8463).

SES alone knows the tokens. They are told, or DKIM is not judged: selectors are never guessed. What follows from that is split over
files: where the aliases of the tokens are (`dkim_tokens`), the keys behind them (`dkim_keys`), and the checks of each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns
from maildoctor.registry import fact
from maildoctor.settings import Domain, Settings

_EASY = re.compile(r"[a-z2-7]{32}")
_REST = re.compile(r"\._domainkey\b.*|\.dkim\.(?:[a-z0-9-]+\.)?amazonses\.(?:com|eu)\.?$")


@dataclass(frozen=True)
class Selector:
    """One DKIM selector below the domain: an Easy DKIM token of SES, or a selector of one's own (BYODKIM).

    `cname`: the alias that an Easy DKIM token must be. `key`: the TXT records that a verifier gets, at the end of any alias.
    """

    selector: str
    name: str
    cname: Answer
    key: Answer

    @property
    def easy(self) -> bool:
        """Whether it has the form of an Easy DKIM token: 32 characters of a-z and 2-7."""
        return bool(_EASY.fullmatch(self.selector))


@dataclass(frozen=True)
class Selectors:
    """The selectors that were told; empty where none were."""

    all: tuple[Selector, ...]

    @property
    def easy(self) -> tuple[Selector, ...]:
        """The Easy DKIM tokens."""
        return tuple(selector for selector in self.all if selector.easy)

    def targets(self) -> tuple[str, ...]:
        """The targets of all aliases that are there."""
        return tuple(target for selector in self.easy for target in selector.cname.records)


@dataclass(frozen=True)
class Signing:
    """What a receiver makes of the DKIM signatures of the domain, as far as keys decide.

    `result`: "pass" (each selector that was told has a usable key), "partial" (some have, and SES moves from one to another),
    "fail" (none has), "unknown" (`detail` says why). `domain` is the d= of the signatures.
    """

    result: str
    domain: str
    usable: int
    total: int
    detail: str


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
def selectors(ask: Ask, domain: Domain, settings: Settings) -> Selectors:
    """The DKIM selectors of the domain, as told by `--dkim-token`."""
    return Selectors(tuple(_look(ask, domain, token) for token in dict.fromkeys(map(_selector, settings.dkim_tokens))))


def _selector(told: str) -> str:
    """Return the selector, though somebody told the whole name of its record or its target."""
    return _REST.sub("", told.strip().lower())


def _look(ask: Ask, domain: Domain, token: str) -> Selector:
    cname = Dns.of(f"{token}._domainkey.{domain.name}", "CNAME")
    return Selector(token, cname.name, cname=ask(cname), key=ask(Dns(cname.name, "TXT")))


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
