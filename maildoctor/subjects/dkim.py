"""DKIM keys: the Easy DKIM aliases of SES and the key records behind them (RFC 6376, RFC 8301, RFC 8463).

SES alone knows the tokens. They are told, or DKIM is not judged: selectors are never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns
from maildoctor.model import Finding, Severity
from maildoctor.registry import check, fact
from maildoctor.settings import Domain, Settings

_EASY = re.compile(r"[a-z2-7]{32}")


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


@fact
def selectors(ask: Ask, domain: Domain, settings: Settings) -> Selectors:
    """The DKIM selectors of the domain, as told by `--dkim-token`."""
    return Selectors(tuple(_look(ask, domain, token) for token in settings.dkim_tokens))


def _look(ask: Ask, domain: Domain, token: str) -> Selector:
    name = names.child(f"{token}._domainkey", domain.name)
    return Selector(token, name, cname=ask(Dns(name, "CNAME")), key=ask(Dns(name, "TXT")))


@check("dkim-token-missing", Severity.FAIL, "RFC 6376 3.6.2.1", "SES developer guide: send-email-authentication-dkim")
def dkim_token_missing(selectors: Selectors) -> Iterator[Finding]:
    """Each Easy DKIM token has its CNAME record.

    SES signs with the key of one token and may move to another at any time. A receiver that finds no key for the one in use counts
    the signature as failed. SES looks for all three again and again, and stops signing when they are lost.
    """
    for selector in selectors.easy:
        if not selector.cname.records:
            yield Finding(f"{names.bare(selector.name)} has no CNAME record", where=selector.name)
