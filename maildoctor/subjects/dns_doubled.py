"""Doubled names: a DNS panel appended the zone to a name that was already whole, so the record lies where nobody looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, each
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.names import bare
from maildoctor.registry import check, fact
from maildoctor.settings import Domain
from maildoctor.subjects.domain import Zone

_BELOW = (
    ("_dmarc", "DMARC", "v=dmarc1"),
    ("_amazonses", "TXT", ""),
    ("_mta-sts", "MTA-STS", "v=stsv1"),
    ("_smtp._tls", "TLS-RPT", "v=tlsrptv1"),
)
"""Names below the domain that may be doubled, what stands there, and how it begins."""


@dataclass(frozen=True)
class Doubled:
    """Records that lie at `name`, but belong to `right`, where there are none."""

    right: str
    name: str
    type: str
    what: str
    records: tuple[str, ...]


@fact
def doubled(ask: Ask, domain: Domain, zone: Zone, beneath: Answer) -> tuple[Doubled, ...]:
    """The records of the domain that were published under doubled names."""
    twice = ask(Dns(names.under(domain.name, zone.apex), "TXT"))
    if not twice.exists:
        # RFC 8020: where a name does not exist, nothing exists below it.
        return ()
    wanted = [(domain.name, "MX", ""), (domain.name, "SPF", "v=spf1")]
    wanted += [(names.child(label, domain.name), what, mark) for label, what, mark in _BELOW]
    return tuple(found for found in each(lambda item: _doubled(ask, zone, beneath, *item), wanted) if found.records)


def _doubled(ask: Ask, zone: Zone, beneath: Answer, right: str, what: str, mark: str) -> Doubled:
    """Look whether the right name lacks records of this kind and the doubled one has them."""
    name, type_ = names.under(right, zone.apex), "MX" if what == "MX" else "TXT"
    if _marked(ask(Dns(right, type_)), mark):
        return Doubled(right, name, type_, what, ())
    there = _marked(ask(Dns(name, type_)), mark)
    if not there:
        return Doubled(right, name, type_, what, ())
    # A wildcard has records at every name.
    made = ask(Dns(beneath.question.name, type_)).records
    return Doubled(right, name, type_, what, tuple(record for record in there if record not in made))


def _marked(answer: Answer, mark: str) -> tuple[str, ...]:
    return tuple(record for record in answer.records if record.lower().startswith(f'"{mark}' if mark else ""))


@check("dns-doubled-name", Severity.FAIL, "SES developer guide: troubleshoot-dkim", "RFC 1035 5.1")
def dns_doubled_name(doubled: tuple[Doubled, ...]) -> Iterator[Finding]:
    """No record lies under a name to which the zone was appended a second time.

    Many DNS panels add the domain to whatever is entered as host name. Who enters the whole name gets it doubled, and the record is
    never found where receivers look for it.
    """
    for each_ in doubled:
        yield Finding(
            f"{bare(each_.right)} has no {each_.what} record; it was published as {bare(each_.name)}",
            where=each_.name,
            found=each_.records,
            remedy=Remedy(
                "Enter only the part of the name before the zone's own, or end the name with a dot.",
                delete=tuple(Record(each_.name, each_.type, value) for value in each_.records),
                publish=tuple(Record(each_.right, each_.type, value) for value in each_.records),
            ),
        )
