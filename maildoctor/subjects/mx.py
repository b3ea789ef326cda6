"""MX: the hosts that receive mail for the domain (RFC 5321 5.1, RFC 7505), Amazon's inbound endpoints among them."""

from __future__ import annotations

from dataclasses import dataclass

from maildoctor.ask import Ask, Dns
from maildoctor.rdata import Mx
from maildoctor.registry import fact
from maildoctor.settings import Domain


@dataclass(frozen=True)
class Exchangers:
    """The MX records of the domain, best preference first. A null MX (RFC 7505) is in `records`, but is no host."""

    records: tuple[Mx, ...]

    @property
    def hosts(self) -> tuple[Mx, ...]:
        """The records that name a host."""
        return tuple(record for record in self.records if record.host != ".")

    @property
    def null(self) -> bool:
        """Whether it says that the domain accepts no mail."""
        return any(record.host == "." for record in self.records)


@fact
def mx(ask: Ask, domain: Domain) -> Exchangers:
    """The MX records of the domain."""
    return Exchangers(ask(Dns(domain.name, "MX")).exchanges)
