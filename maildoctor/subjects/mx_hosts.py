"""MX: the hosts behind the records must be host names with public addresses (RFC 5321 5.1, RFC 2181 10.3)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, NotAsked, any_of, each, sift
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.rdata import Mx
from maildoctor.regions import table
from maildoctor.registry import check, fact
from maildoctor.settings import Domain
from maildoctor.subjects.domain import Zone
from maildoctor.subjects.mx import Exchangers, Kind, kind, record

_V4 = ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_V6 = ("::/128", "::1/128", "fc00::/7", "fe80::/10")
_PRIVATE = tuple(map(ipaddress.ip_network, _V4 + _V6))
"""Addresses that nobody outside can reach: RFC 1918, 6598, 1122 (loopback, "this network"), 3927, 4291, 4193."""


@dataclass(frozen=True)
class Host:
    """One MX record and the addresses of its host. Amazon's endpoints are only asked for IPv4: `v6` is None."""

    mx: Mx
    v4: Answer
    v6: Answer | None

    @property
    def addresses(self) -> tuple[str, ...]:
        """All addresses."""
        return self.v4.records + (self.v6.records if self.v6 else ())

    @property
    def resolves(self) -> bool:
        """Whether it has any address."""
        return any_of(lambda: bool(self.v4.records), lambda: bool(self.v6 and self.v6.records))

    @property
    def amazon(self) -> bool:
        """Whether it is an endpoint of SES."""
        return kind(self.mx.host) in (Kind.INBOUND, Kind.INGRESS)

    @property
    def shut(self) -> bool:
        """Whether it is the endpoint of a region in which SES receives no mail, as far as the table and the DNS know."""
        if table().receiving(table().region_of("inbound_smtp", self.mx.host)) != "no":
            return False
        try:
            # The table ages: where the host has come to exist, the region receives.
            return not self.v4.records
        except NotAsked:
            return True


@fact
def mx_hosts(ask: Ask, mx: Exchangers) -> tuple[Host, ...]:
    """The hosts of the MX records, without those whose names alone are wrong."""
    return tuple(_host(ask, each) for each in mx.of(Kind.INBOUND, Kind.INGRESS, Kind.OTHER))


def _host(ask: Ask, mx: Mx) -> Host:
    amazon = kind(mx.host) is not Kind.OTHER
    return Host(mx, ask(Dns(mx.host, "A")), None if amazon else ask(Dns(mx.host, "AAAA")))


@dataclass(frozen=True)
class Retyped:
    """What an MX record probably should say: its host without a preference or the zone's name that slipped into it."""

    mx: Mx
    host: Host


@fact
def mx_retyped(ask: Ask, zone: Zone, mx_hosts: tuple[Host, ...]) -> tuple[Retyped, ...]:
    """The hosts that exist only once what slipped into their names is taken out again."""
    suspects = [host for host in mx_hosts if untyped(host.mx.host, zone.apex)]
    missing = list(sift(lambda host: not host.resolves, suspects))
    better = [(host.mx, name) for host in missing for name in untyped(host.mx.host, zone.apex)]
    retyped = [Retyped(mx, _host(ask, Mx(mx.preference, name))) for mx, name in better]
    found = each(lambda item: (item, item.host.resolves), retyped)
    return tuple(item for item, resolves in found if resolves)


def untyped(host: str, apex: str) -> tuple[str, ...]:
    """Return what a host may have been meant to be: without "10\\032" before it, without the zone's name after it."""
    after = host.rpartition("\\032")[2] if "\\032" in host else ""
    candidates = (after, names.relative(host, apex), names.relative(after, apex))
    return tuple(name for name in candidates if names.depth(name) > 1)


@dataclass(frozen=True)
class Fallback:
    """What senders try where there is no MX: the addresses of the domain itself (RFC 5321 5.1). `alias`: it is a CNAME."""

    addresses: tuple[str, ...] = ()
    alias: bool = False


@fact
def mx_fallback(ask: Ask, domain: Domain, mx: Exchangers) -> Fallback:
    """The addresses that stand in for MX records; not asked for where there are any."""
    if mx.records:
        return Fallback()
    v4, v6 = ask(Dns(domain.name, "A")), ask(Dns(domain.name, "AAAA"))
    return Fallback(v4.records + v6.records, bool(v4.chain))


@check("mx-target-missing", Severity.FAIL, "RFC 5321 5.1", "RFC 2181 10.3")
def mx_target_missing(domain: Domain, mx_hosts: tuple[Host, ...], mx_retyped: tuple[Retyped, ...]) -> Iterator[Finding]:
    """Each host that an MX record names has an address.

    A sender that finds none cannot deliver there. It tries the other hosts, if there are others; if not, the mail comes back.
    """
    meant = {item.mx: item.host.mx for item in mx_retyped}
    for host in sift(lambda host: not host.shut and not host.resolves, mx_hosts):
        others = [other for other in mx_hosts if other != host]
        spare = any_of(*(lambda other=other: other.resolves for other in others))
        old, new = record(domain.name, host.mx), meant.get(host.mx)
        if new:
            remedy = Remedy(
                "Enter the preference in its own field, and end the host with a dot.",
                delete=(old,),
                publish=(record(domain.name, new),),
            )
        elif spare:
            remedy = Remedy("Delete the record, or give its host an address.", delete=(old,))
        else:
            remedy = Remedy("Give the host an address, or name the right host.")
        yield Finding(
            f"{bare(domain.name)} has the MX {bare(host.mx.host)}, which has no address",
            where=domain.name,
            found=(str(host.mx),),
            expected=(str(new),) if new else (),
            remedy=remedy,
            severity=Severity.WARN if spare else None,
        )


@check("mx-target-alias", Severity.WARN, "RFC 2181 10.3", "RFC 5321 5.1")
def mx_target_alias(domain: Domain, mx_hosts: tuple[Host, ...]) -> Iterator[Finding]:
    """No MX record names an alias.

    The host of an MX must have addresses of its own. Most mail servers follow a CNAME all the same, but some refuse, and mail from
    those never arrives.
    """
    own = [host for host in mx_hosts if not host.amazon]
    for host in sift(lambda host: bool(host.v4.chain) and host.resolves, own):
        canonical = Mx(host.mx.preference, host.v4.chain[-1])
        yield Finding(
            f"{bare(domain.name)} has the MX {bare(host.mx.host)}, which is an alias",
            where=domain.name,
            found=(str(host.mx),),
            expected=(str(canonical),),
            remedy=Remedy(
                "Name the host behind the alias.",
                delete=(record(domain.name, host.mx),),
                publish=(record(domain.name, canonical),),
            ),
        )


@check("mx-target-ip", Severity.FAIL, "RFC 1035 3.3.9", "RFC 5321 5.1")
def mx_target_ip(domain: Domain, mx: Exchangers) -> Iterator[Finding]:
    """Each MX record names a host, not an IP address.

    What stands there is read as a name. "192.0.2.1" is then a host in a top-level domain called "1", which does not exist.
    """
    for wrong in mx.of(Kind.ADDRESS):
        yield Finding(
            f"{bare(domain.name)} has the MX {bare(wrong.host)}: an address, where a host name must stand",
            where=domain.name,
            found=(str(wrong),),
            remedy=Remedy(f"Give {bare(wrong.host)} a name with an A or AAAA record, and let the MX record name that."),
        )


@check("mx-target-private", Severity.FAIL, "RFC 5321 5.1")
def mx_target_private(domain: Domain, mx_hosts: tuple[Host, ...]) -> Iterator[Finding]:
    """The addresses of the MX hosts can be reached from outside.

    Private, loopback and link-local addresses mean something else, or nothing, in the sender's network. Mail to them is lost.
    """
    own = [host for host in mx_hosts if not host.amazon]
    for host in sift(lambda host: any(map(private, host.addresses)), own):
        found = tuple(filter(private, host.addresses))
        yield Finding(
            f"{bare(domain.name)} has the MX {bare(host.mx.host)} with the private address {found[0]}",
            where=host.mx.host,
            found=found,
            remedy=Remedy(f"Give {bare(host.mx.host)} its public address instead."),
        )


def private(address: str) -> bool:
    """Tell whether an address means nothing outside its own network."""
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in _PRIVATE if network.version == parsed.version)
