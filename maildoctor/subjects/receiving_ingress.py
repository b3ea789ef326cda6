"""Receiving with SES Mail Manager: the ingress endpoint that the MX names must be open to other mail servers."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from maildoctor import names
from maildoctor.ask import Ask, DoesNotApply, NotAsked, Reply, each
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.operations import LIST_INGRESS_POINTS
from maildoctor.rdata import Mx
from maildoctor.registry import check, fact
from maildoctor.settings import Domain
from maildoctor.subjects.domain import Applies
from maildoctor.subjects.mx import Exchangers, Kind, record
from maildoctor.subjects.ses import SesRegions


@dataclass(frozen=True)
class Ingress:
    """One ingress endpoint, as Mail Manager lists it."""

    region: str
    data: Mapping[str, Any]

    @property
    def host(self) -> str:
        """The name that an MX gives it, canonical; "" where it has none."""
        told = str(self.data.get("ARecord") or "")
        return names.absolute(told) if told and names.possible(told) else ""

    @property
    def place(self) -> str:
        """Its name and where it is, for messages."""
        return f"{self.data.get('IngressPointName', self.data.get('IngressPointId', ''))} ({self.region})"

    @property
    def status(self) -> str:
        """ "ACTIVE", or why not."""
        return str(self.data.get("Status", ""))

    @property
    def type(self) -> str:
        """Whom it takes mail from: "OPEN" is everybody."""
        return str(self.data.get("Type", ""))


@dataclass(frozen=True)
class Ingresses:
    """The ingress endpoints of the account in the regions that were asked, and the MX records that name such endpoints."""

    records: tuple[Mx, ...]
    points: tuple[Ingress, ...]
    regions: tuple[str, ...]

    @property
    def named(self) -> Iterator[tuple[Mx, Ingress]]:
        """The endpoints that the MX records name."""
        for mx in self.records:
            yield from ((mx, point) for point in self.points if point.host == mx.host)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The hosts that the account does not know in these regions."""
        known = {point.host for point in self.points}
        return tuple(mx.host for mx in self.records if mx.host not in known)


@fact
def ingress_points(ask: Ask, mx: Exchangers, receiving: Applies, ses_regions: SesRegions) -> Ingresses:
    """The ingress endpoints of Mail Manager, where an MX names one. Its host does not tell the region."""
    hosts = mx.of(Kind.INGRESS)
    if not hosts:
        raise DoesNotApply("no MX leads to an ingress endpoint of SES Mail Manager")
    replies = [ask(LIST_INGRESS_POINTS(region)) for region in ses_regions.names]
    listed = each(_listed, replies)
    refused = [rows for rows in listed if isinstance(rows, NotAsked)]
    if refused and len(refused) == len(listed):
        raise refused[0]
    told = [(region, rows) for region, rows in zip(ses_regions.names, listed, strict=True) if not isinstance(rows, NotAsked)]
    return Ingresses(hosts, tuple(Ingress(region, row) for region, rows in told for row in rows), ses_regions.names)


def _listed(reply: Reply) -> tuple[Mapping[str, Any], ...] | NotAsked:
    """Read a list. A region that knows no Mail Manager, or is not enabled, has none, unless there is no other."""
    try:
        return tuple(reply.data.get("IngressPoints") or ())
    except NotAsked as reason:
        return reason


_BROKEN = {
    "CLOSED": "is closed",
    "FAILED": "could not be made",
    "DEPROVISIONING": "is being taken away",
    "ASSOCIATED_VPC_ENDPOINT_DOES_NOT_EXIST": "has lost its VPC endpoint",
    "PROVISIONING": "is not ready yet",
}
_ASKING = {"AUTH": "asks senders for a password", "MTLS": "asks senders for a certificate"}


@check("receiving-ingress-not-open", Severity.FAIL, "SES developer guide: eb-ingress")
def receiving_ingress_not_open(domain: Domain, ingress_points: Ingresses) -> Iterator[Finding]:
    """The ingress endpoint of Mail Manager that the MX names is active and open to all senders.

    An endpoint that asks for a password or a certificate is for one's own programs: the mail servers of others have none, and their
    mail comes back. So it does from an endpoint that is closed.
    """
    for mx, point in ingress_points.named:
        complaint = _ASKING.get(point.type) or _BROKEN.get(point.status)
        if complaint:
            yield Finding(
                f"the MX {bare(mx.host)} is the ingress endpoint {point.place}, which {complaint}",
                where=domain.name,
                found=(f"{point.type} {point.status}",),
                expected=("OPEN ACTIVE",),
                remedy=_remedy(domain, mx, point, ingress_points),
                severity=Severity.WARN if point.status == "PROVISIONING" and point.type not in _ASKING else None,
            )
    if ingress_points.unknown:
        host, regions = bare(ingress_points.unknown[0]), ", ".join(ingress_points.regions)
        raise NotAsked(f"this account has no ingress endpoint {host} in {regions}; name its region (--region) or account")


def _remedy(domain: Domain, mx: Mx, point: Ingress, ingress_points: Ingresses) -> Remedy:
    if point.type not in _ASKING and point.status == "CLOSED":
        words = ("--ingress-point-id", str(point.data.get("IngressPointId", "")), "--status-to-update", "ACTIVE")
        line = shlex.join(("aws", "mailmanager", "update-ingress-point", *words, "--region", point.region))
        return Remedy("Open the endpoint.", commands=(line,))
    if point.status == "PROVISIONING" and point.type not in _ASKING:
        return Remedy("Wait until Mail Manager has made it.")
    good = [other for other in ingress_points.points if (other.type, other.status) == ("OPEN", "ACTIVE") and other.host]
    if len(good) != 1 or good[0].host in [other.host for other in ingress_points.records]:
        return Remedy("Make an endpoint of the type OPEN, and name its A record in the MX.")
    right = Mx(mx.preference, good[0].host)
    text = f"Name the open endpoint {good[0].place}, if its rules are meant for this domain."
    return Remedy(text, publish=(record(domain.name, right),), delete=(record(domain.name, mx),))
