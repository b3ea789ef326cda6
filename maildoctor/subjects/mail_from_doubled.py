"""Custom MAIL FROM: records under a doubled name, `bounce.example.com.example.com`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, Undecided, each
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.names import bare
from maildoctor.registry import check, fact
from maildoctor.settings import Domain
from maildoctor.subjects.domain import Zone
from maildoctor.subjects.mail_from import MailFrom, feedback
from maildoctor.subjects.mail_from_found import MailFromFound

SPF = '"v=spf1 include:amazonses.com ~all"'
"""What a MAIL FROM name needs as its SPF record (SES developer guide: mail-from)."""


@dataclass(frozen=True)
class DoubledMailFrom:
    """The records of a MAIL FROM that lie at `name`, but belong to `right`, which has no MX."""

    right: str
    name: str
    mx: Answer
    txt: Answer
    right_txt: Answer


@fact
def mail_from_doubled(ask: Ask, domain: Domain, mail_from: MailFrom, zone: Zone, beneath: Answer) -> tuple[DoubledMailFrom, ...]:
    """The MAIL FROM names whose MX was published under a doubled name."""
    twice = ask(Dns(names.under(domain.name, zone.apex), "TXT"))
    if mail_from.names:
        rights = tuple(item.name for item in mail_from.names if item.told and not item.exchanges)
    else:
        # RFC 8020: where a name does not exist, nothing exists below it. Where every name exists, that tells nothing.
        rights = mail_from.tried if twice.exists and not beneath.exists else ()
    found = each(lambda right: _look(ask, zone, right), rights)
    return tuple(item for item in found if any(feedback(mx.host) for mx in item.mx.exchanges))


def _look(ask: Ask, zone: Zone, right: str) -> DoubledMailFrom:
    name = names.under(right, zone.apex)
    looked = DoubledMailFrom(right, name, ask(Dns(name, "MX")), ask(Dns(name, "TXT")), ask(Dns(right, "TXT")))
    _ = looked.mx.exchanges
    return looked


@check("mail-from-doubled-name", Severity.FAIL, "SES developer guide: mail-from", "RFC 1035 5.1")
def mail_from_doubled_name(
    mail_from_doubled: tuple[DoubledMailFrom, ...], mail_from_found: MailFromFound | Undecided
) -> Iterator[Finding]:
    """The records of the MAIL FROM name do not lie under a name with the domain in it twice.

    Many DNS panels and libraries append the domain to whatever is given as host name. Who gives the whole name gets it doubled, and
    SES finds nothing at the right one.
    """
    if isinstance(mail_from_found, Undecided) and not mail_from_doubled:
        raise mail_from_found
    for item in mail_from_doubled:
        mx = tuple(item.mx.records)
        spf = tuple(text for text in item.txt.records if text.lower().startswith('"v=spf1'))
        has_spf = any(text.lower().startswith('"v=spf1') for text in item.right_txt.records)
        yield Finding(
            f"{bare(item.right)} has no MX record; it was published as {bare(item.name)}",
            where=item.name,
            found=mx + spf,
            remedy=Remedy(
                "Enter only the part of the name before the zone's own, or end the name with a dot.",
                delete=(*(Record(item.name, "MX", value) for value in mx), *(Record(item.name, "TXT", value) for value in spf)),
                publish=(
                    *(Record(item.right, "MX", value) for value in mx),
                    *(Record(item.right, "TXT", value) for value in (() if has_spf else spf or (SPF,))),
                ),
            ),
        )
