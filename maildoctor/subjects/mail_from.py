"""Custom MAIL FROM: the name below the domain that SES writes into the envelope, so that SPF aligns with From.

SES wants exactly one MX there, `feedback-smtp.REGION.amazonses.com`, and receivers want an SPF record that includes amazonses.com.
The name is known to SES alone. Where it is not given, it is looked for by its evidence under the names that people use.
"""

from __future__ import annotations

from dataclasses import dataclass

from maildoctor import names, regions
from maildoctor.ask import Answer, Ask, Dns, NotAsked, each
from maildoctor.rdata import Mx
from maildoctor.registry import fact
from maildoctor.settings import Domain, Settings

USUAL = ("bounce", "bounces", "mail", "send", "ses", "mailfrom", "mail-from", "email", "mta", "mf")
"""The labels under which a MAIL FROM is looked for, when it is not told. Never to call another one missing."""


@dataclass(frozen=True)
class MailFromName:
    """One MAIL FROM name: its MX and TXT records. `told`: given by the user, not found."""

    name: str
    told: bool
    mx: Answer
    txt: Answer

    @property
    def exchanges(self) -> tuple[Mx, ...]:
        """Its MX records, best preference first."""
        return self.mx.exchanges

    @property
    def region(self) -> str:
        """The region that its feedback host carries, rightly written or not, or ""."""
        return next((found for mx in self.exchanges if feedback(mx.host) and (found := regions.table().region_in(mx.host))), "")


@dataclass(frozen=True)
class MailFrom:
    """The MAIL FROM names of the domain; `tried` are the names that were looked for where none was told."""

    names: tuple[MailFromName, ...]
    tried: tuple[str, ...] = ()


@fact
def mail_from(ask: Ask, domain: Domain, settings: Settings) -> MailFrom:
    """The MAIL FROM names: the one that was told, or all usual names that have the MX of one."""
    return find_mail_from(ask, domain, settings)


def find_mail_from(ask: Ask, domain: Domain, settings: Settings) -> MailFrom:
    """Look for the MAIL FROM names. A function of its own, because what the domain is for can often be told without them."""
    if settings.mail_from:
        return MailFrom((_look(ask, settings.mail_from, told=True),))
    tried = tuple(names.child(label, domain.name) for label in USUAL)
    seen = each(lambda name: (name, _exchanges(ask(Dns(name, "MX")))), tried)
    found = [(name, exchanges) for name, exchanges in seen if any(feedback(mx.host) for mx in exchanges)]
    if len(found) > 1:
        # A wildcard has every name; then these prove nothing.
        made = ask(Dns(names.probe(domain.name), "MX"))
        found = [(name, exchanges) for name, exchanges in found if exchanges != made.exchanges]
    return MailFrom(tuple(_look(ask, name, told=False) for name, _ in found), tried)


def _look(ask: Ask, name: str, *, told: bool) -> MailFromName:
    return MailFromName(name, told, mx=ask(Dns(name, "MX")), txt=ask(Dns(name, "TXT")))


def _exchanges(answer: Answer) -> tuple[Mx, ...]:
    try:
        return answer.exchanges
    except NotAsked:
        # A usual name may be an alias into a zone that a zone file does not hold. It was only a guess.
        return ()


def feedback(host: str) -> bool:
    """Tell whether a host is meant for SES's feedback endpoint, rightly written or not."""
    return "feedback-smtp" in host and "amazon" in host
