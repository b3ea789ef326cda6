"""Signs the zones of the lab that want it, from the root down, with keys made for one run."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import dns.dnssec
import dns.name
import dns.rdataclass
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

from maildoctor import names
from tests.lab.zones import LabZone

_DAY = 86400


@dataclass(frozen=True)
class Key:
    """One zone's key, which signs everything in it."""

    private: Any
    public: Any

    @classmethod
    def new(cls) -> Key:
        """Make a key."""
        private = ec.generate_private_key(ec.SECP256R1())
        return cls(private, dns.dnssec.make_dnskey(private.public_key(), "ECDSAP256SHA256", flags=257))

    def ds(self, origin: str) -> str:
        """Return its DS record (RFC 4034 5), as a line of a master file."""
        return f"{origin} DS {dns.dnssec.make_ds(origin, self.public, 'SHA256')}\n"


def sign(zones: Iterable[LabZone]) -> tuple[dict[str, LabZone], str]:
    """Return all zones, those signed that want it, with DS records above them; and the DS record of the root, to be trusted."""
    signed = {zone.origin: zone for zone in zones}
    keys = {zone.origin: Key.new() for zone in signed.values() if zone.dnssec}
    for origin in sorted(keys, key=names.depth, reverse=True):  # a zone's DS must be there before its parent is signed
        zone = signed[origin]
        parent = names.parent(origin)
        if origin != ".":
            published = Key.new() if zone.dnssec == "wrong-key" else keys[origin]
            signed[parent] = replace(signed[parent], text=signed[parent].text + published.ds(origin))
        signed[origin] = replace(zone, text=_signed(zone, keys[origin]))
    return signed, keys["."].ds(".")


def _signed(zone: LabZone, key: Key) -> str:
    content = dns.zone.from_text(zone.text, zone.origin, relativize=False)
    until = time.time() + (-10 * _DAY if zone.dnssec == "expired" else 30 * _DAY)  # resolvers forgive a day
    dns.dnssec.sign_zone(content, keys=[(key.private, key.public)], inception=until - 60 * _DAY, expiration=until)
    return str(content.to_text(relativize=False))
