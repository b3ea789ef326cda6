"""MX: Amazon's hosts among them. Mail for a domain goes to `inbound-smtp.REGION.amazonaws.com`, and to no other endpoint of SES."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.ask import sift
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.rdata import Mx
from maildoctor.regions import table
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.domain import Applies, Regions, Zone
from maildoctor.subjects.mx import Exchangers, Kind, kind, record
from maildoctor.subjects.mx_hosts import Host, untyped

GUIDE = "SES developer guide: receiving-email-mx-record"


@check("mx-wrong-ses-host", Severity.FAIL, GUIDE)
def mx_wrong_ses_host(domain: Domain, mx: Exchangers, receiving: Applies, zone: Zone, regions: Regions) -> Iterator[Finding]:
    """No MX record names a host of SES that takes no mail for domains.

    SES receives at inbound-smtp.REGION.amazonaws.com alone. The hosts called email-smtp are for submitting, those called
    feedback-smtp take bounces for a MAIL FROM name, and below amazonses.com nothing receives for a domain.
    """
    good = mx.of(Kind.INBOUND, Kind.INGRESS, Kind.OTHER)
    for wrong in mx.of(Kind.LOOKALIKE):
        host = "" if good else _meant(wrong.host, zone, regions)
        right = (Mx(wrong.preference, host),) if host else ()
        text = "Name the receiving endpoint of SES: inbound-smtp.REGION.amazonaws.com, in the region of the receipt rules."
        yield Finding(
            f"{bare(domain.name)} has the MX {bare(wrong.host)}, which takes no mail for domains",
            where=domain.name,
            found=(str(wrong),),
            expected=tuple(map(str, right)),
            remedy=Remedy(
                "Delete the record: the other MX records receive the mail." if good else text,
                delete=(record(domain.name, wrong),) if good or right else (),
                publish=tuple(record(domain.name, each) for each in right),
            ),
        )


def _meant(host: str, zone: Zone, regions: Regions) -> str:
    """Return the receiving endpoint that was probably meant, or ""."""
    for name in untyped(host, zone.apex):
        if kind(name) in (Kind.INBOUND, Kind.INGRESS):
            return name
    said = table().region_in(host)
    if said:
        return table().inbound_host(said)
    known = {table().inbound_host(region) for region in regions.names} - {""}
    return known.pop() if len(known) == 1 else ""


@check("mx-region-cannot-receive", Severity.FAIL, "AWS General Reference: Amazon SES endpoints and quotas")
def mx_region_cannot_receive(domain: Domain, mx: Exchangers, mx_hosts: tuple[Host, ...]) -> Iterator[Finding]:
    """SES receives mail in the regions that the MX records name.

    Sending works in more regions than receiving. The host of a region without receiving does not exist, and mail to it comes back.
    """
    inbound = [host for host in mx_hosts if kind(host.mx.host) is Kind.INBOUND]
    for host in sift(lambda host: host.shut, inbound):
        region = table().region_of("inbound_smtp", host.mx.host)
        others = len(mx.hosts) > 1
        yield Finding(
            f"{bare(domain.name)} has the MX {bare(host.mx.host)}, but SES receives no mail in {region}",
            where=domain.name,
            found=(str(host.mx),),
            remedy=Remedy(
                "Set the receipt rules up in a region that receives, and name its host; sending can stay where it is.",
                delete=(record(domain.name, host.mx),) if others else (),
            ),
        )


@check("mx-mixed-with-ses", Severity.WARN, "RFC 5321 5.1", GUIDE)
def mx_mixed_with_ses(domain: Domain, mx: Exchangers, receiving: Applies) -> Iterator[Finding]:
    """Either SES or another system receives the domain's mail, not both.

    Senders choose among MX hosts by preference and by chance. A part of the mail then never meets the receipt rules of SES, and the
    other system refuses recipients that it does not know.
    """
    ours, others = mx.of(Kind.INBOUND, Kind.INGRESS), mx.of(Kind.OTHER)
    if ours and others:
        yield Finding(
            f"{bare(domain.name)} is received by SES ({bare(ours[0].host)}) and by {bare(others[0].host)}",
            where=domain.name,
            found=tuple(map(str, mx.records)),
            remedy=Remedy(
                "Keep the MX records of one system; give SES a subdomain of its own, such as "
                f"inbound.{bare(domain.name)}, if both are wanted."
            ),
        )
