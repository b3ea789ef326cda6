"""Custom MAIL FROM: the name below the domain that SES writes into the envelope, so that SPF aligns with From.

SES wants exactly one MX there, `feedback-smtp.REGION.amazonses.com`, and receivers want an SPF record that includes amazonses.com.
The name is known to SES alone. Where it is not given, it is looked for by its evidence under the names that people use.
"""

from __future__ import annotations

from dataclasses import dataclass

from maildoctor import names, regions
from maildoctor.ask import Answer, Ask, Dns, each
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
        """The region of its feedback host, or ""."""
        table = regions.table()
        return next((found for mx in self.exchanges if (found := table.region_of("feedback_smtp", mx.host))), "")


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
    evidence = each(lambda name: (name, _is_feedback(ask(Dns(name, "MX")))), tried)
    return MailFrom(tuple(_look(ask, name, told=False) for name, found in evidence if found), tried)


def _look(ask: Ask, name: str, *, told: bool) -> MailFromName:
    return MailFromName(name, told, mx=ask(Dns(name, "MX")), txt=ask(Dns(name, "TXT")))


def _is_feedback(mx: Answer) -> bool:
    """Tell whether an MX set is meant for an SES MAIL FROM, rightly written or not."""
    return any(mx.host.startswith("feedback-smtp.") and ".amazon" in mx.host for mx in mx.exchanges)
