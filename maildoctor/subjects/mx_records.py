"""MX: whether there are any, and what the null MX says (RFC 7505)."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.ask import ExplainedBy
from maildoctor.model import Finding, Record, Remedy, Severity, publish
from maildoctor.names import bare
from maildoctor.rdata import Mx
from maildoctor.regions import table
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.dns_doubled import Doubled
from maildoctor.subjects.domain import Applies, Regions
from maildoctor.subjects.mx import Exchangers, record
from maildoctor.subjects.mx_hosts import Fallback

NULL = Mx(0, ".")


@check("mx-missing", Severity.FAIL, "RFC 5321 5.1", "SES developer guide: receiving-email-mx-record")
def mx_missing(
    domain: Domain, mx: Exchangers, receiving: Applies, mx_fallback: Fallback, regions: Regions, doubled: tuple[Doubled, ...]
) -> Iterator[Finding]:
    """A domain that is to receive mail has MX records.

    They name the hosts that take its mail. Without any, senders try the address of the domain itself, where usually a web server
    stands that knows nothing of mail.
    """
    if mx.records:
        return
    if any(each.right == domain.name and each.type == "MX" for each in doubled):
        raise ExplainedBy("dns-doubled-name")
    hosts = {table().inbound_host(region) for region in regions.names} - {""}
    text = "Publish the MX records of the service that is to receive the mail."
    wanted = tuple(record(domain.name, Mx(10, host)) for host in hosts) if len(hosts) == 1 and not mx_fallback.alias else ()
    stands_in = mx_fallback.addresses
    yield Finding(
        f"{bare(domain.name)} has no MX record"
        + (
            f"; senders fall back to its address {stands_in[0]}"
            if stands_in
            else ", and no address that senders could fall back to"
        ),
        where=domain.name,
        found=stands_in,
        expected=tuple(each.value for each in wanted),
        remedy=Remedy(f"{text} For SES in {regions.names[0]}:" if wanted else text, publish=wanted),
        severity=Severity.WARN if stands_in else None,
    )


@check("mx-null-beside-others", Severity.FAIL, "RFC 7505 3")
def mx_null_beside_others(domain: Domain, mx: Exchangers) -> Iterator[Finding]:
    """A null MX stands alone.

    The record "0 ." says that the domain accepts no mail at all. Beside a record that names a host it contradicts it, and each
    sender decides for itself which of the two it believes.
    """
    if mx.null and mx.hosts:
        nulls = tuple(record(domain.name, each) for each in mx.records if each.host == ".")
        yield Finding(
            f'{bare(domain.name)} has the null MX "{nulls[0].value}" beside MX records that name hosts',
            where=domain.name,
            found=tuple(map(str, mx.records)),
            expected=tuple(map(str, mx.hosts)),
            remedy=Remedy("Delete the null MX, if the domain is to receive mail.", delete=nulls),
        )


@check("mx-null-but-sends", Severity.FAIL, "RFC 7505 4.2")
def mx_null_but_sends(domain: Domain, mx: Exchangers, sending: Applies) -> Iterator[Finding]:
    """A domain that sends mail has no null MX.

    A null MX says that nobody can answer. Receivers may refuse mail from such a domain, because neither replies nor bounces could
    come back; Yahoo says that it does.
    """
    if mx.null and mx.hosts:
        raise ExplainedBy("mx-null-beside-others")
    if mx.null:
        nulls = tuple(record(domain.name, each) for each in mx.records)
        yield Finding(
            f"{bare(domain.name)} has a null MX, but sends mail",
            where=domain.name,
            found=(*map(str, mx.records), f"it sends: {sending.because}"),
            remedy=Remedy("Delete the null MX; better still, publish an MX so that replies can arrive.", delete=nulls),
        )


@check("mx-parked-without-null", Severity.NOTE, "RFC 7505 4.2")
def mx_parked_without_null(domain: Domain, mx: Exchangers, parked: Applies, mx_fallback: Fallback) -> Iterator[Finding]:
    """A domain that is in no use for mail says so with a null MX.

    Mail to it is then returned at once, instead of being tried for days at the address of its web server. Together with an SPF
    record "v=spf1 -all" and a DMARC policy of reject it also makes the domain useless to those who forge senders.
    """
    if not mx.records and not mx_fallback.alias:
        yield Finding(
            f"{bare(domain.name)} is in no use for mail, but has no null MX",
            where=domain.name,
            expected=(str(NULL),),
            remedy=publish(Record(domain.name, "MX", str(NULL))),
        )
    elif not mx.null:
        yield Finding(
            f"{bare(domain.name)} is in no use for mail, but has no null MX",
            where=domain.name,
            found=tuple(map(str, mx.records)),
            expected=(str(NULL),),
            remedy=Remedy("Replace its records by the null MX, once no mail is expected any more."),
        )
