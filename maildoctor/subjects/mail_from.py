"""Custom MAIL FROM: the name below the domain that SES writes into the envelope, so that SPF aligns with From.

SES wants exactly one MX there, `feedback-smtp.REGION.amazonses.com`, and receivers want an SPF record that includes amazonses.com.
The name is known to SES alone. Where neither SES nor the user tells it, it is looked for by its evidence under the names that
people use (`find_mail_from`); `mail_from_set` joins that with what SES says.
"""

from __future__ import annotations

from dataclasses import dataclass

from maildoctor import names, regions
from maildoctor.ask import Answer, Ask, Dns, NotAsked, each
from maildoctor.rdata import Mx
from maildoctor.settings import Domain, Settings

USUAL = ("bounce", "bounces", "mail", "send", "ses", "mailfrom", "mail-from", "email", "mta", "mf")
"""The labels under which a MAIL FROM is looked for, when it is not told. Never to call another one missing."""


@dataclass(frozen=True)
class Setting:
    """What SES says of a MAIL FROM in one region: of which identity, in which state, and what it does while that is no success."""

    region: str
    identity: str
    status: str
    behaviour: str

    @property
    def works(self) -> bool:
        """Whether SES uses the name, unless it has one of the states in which it does not."""
        return self.status not in ("PENDING", "FAILED", "TEMPORARY_FAILURE")

    @property
    def rejects(self) -> bool:
        """Whether SES sends nothing at all while the name does not work."""
        return self.behaviour == "REJECT_MESSAGE"


@dataclass(frozen=True)
class MailFromName:
    """One MAIL FROM name: its MX and TXT records. `told`: given by the user or by SES, not found. `set`: what SES says of it."""

    name: str
    told: bool
    mx: Answer
    txt: Answer
    set: tuple[Setting, ...] = ()

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
    """The MAIL FROM names of the domain; `tried` are the names that were looked for where none was told.

    `covered`: the regions in which SES told of its identity; `unset`: those of them in which it has no MAIL FROM for it.
    """

    names: tuple[MailFromName, ...]
    tried: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


def find_mail_from(ask: Ask, domain: Domain, settings: Settings) -> MailFrom:
    """Look for the MAIL FROM names. A function of its own, because what the domain is for can often be told without them."""
    if settings.mail_from:
        return MailFrom((look(ask, settings.mail_from, told=True),))
    tried = tuple(names.child(label, domain.name) for label in USUAL)
    seen = each(lambda name: (name, _exchanges(ask(Dns(name, "MX")))), tried)
    found = [(name, exchanges) for name, exchanges in seen if any(feedback(mx.host) for mx in exchanges)]
    if len(found) > 1:
        # A wildcard has every name; then these prove nothing.
        made = ask(Dns(names.probe(domain.name), "MX"))
        found = [(name, exchanges) for name, exchanges in found if exchanges != made.exchanges]
    return MailFrom(tuple(look(ask, name, told=False) for name, _ in found), tried)


def look(ask: Ask, name: str, *, told: bool, settings: tuple[Setting, ...] = ()) -> MailFromName:
    """Look at one name."""
    return MailFromName(name, told, mx=ask(Dns(name, "MX")), txt=ask(Dns(name, "TXT")), set=settings)


def _exchanges(answer: Answer) -> tuple[Mx, ...]:
    try:
        return answer.exchanges
    except NotAsked:
        # A usual name may be an alias into a zone that a zone file does not hold. It was only a guess.
        return ()


def feedback(host: str) -> bool:
    """Tell whether a host is meant for SES's feedback endpoint, rightly written or not."""
    return "feedback-smtp" in host and "amazon" in host
