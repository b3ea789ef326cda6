"""MX: the hosts that receive mail for the domain (RFC 5321 5.1, RFC 7505), Amazon's inbound endpoints among them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns
from maildoctor.model import Record
from maildoctor.rdata import Mx
from maildoctor.regions import table
from maildoctor.registry import fact
from maildoctor.settings import Domain

_MEANT = re.compile(r"(?:inbound|email|feedback|mail-manager)[-.]smtp|^email\.")
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}|[0-9a-f:\[\]]*:[0-9a-f:\[\].]+")


class Kind(Enum):
    """Whose host an MX record names."""

    NULL = "nobody: the null MX of RFC 7505"
    INBOUND = "the receiving endpoint of SES, which Amazon WorkMail shares"
    INGRESS = "an ingress endpoint of SES Mail Manager"
    LOOKALIKE = "meant for SES, but not a host that receives mail for domains"
    ADDRESS = "an IP address, which is no host name"
    OTHER = "any other host"


def kind(host: str) -> Kind:
    """Tell whose host it is, by its name alone."""
    text = names.bare(host)
    if host == ".":
        return Kind.NULL
    if _ADDRESS.fullmatch(text):
        return Kind.ADDRESS
    if table().match("mail_manager_ingress", host):
        return Kind.INGRESS
    inbound = table().match("inbound_smtp", host)
    if inbound and table().region_form(inbound["region"]):
        return Kind.INBOUND
    amazon = "amazonses" in text or ("amazonaws" in text and _MEANT.search(text))
    return Kind.LOOKALIKE if amazon else Kind.OTHER


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

    def of(self, *kinds: Kind) -> tuple[Mx, ...]:
        """The records whose host is of one of these kinds."""
        return tuple(record for record in self.records if kind(record.host) in kinds)

    @property
    def inbound_regions(self) -> tuple[str, ...]:
        """The regions of the SES receiving endpoints among them."""
        return tuple(sorted({table().region_of("inbound_smtp", record.host) for record in self.of(Kind.INBOUND)}))


@fact
def mx(ask: Ask, domain: Domain) -> Exchangers:
    """The MX records of the domain."""
    return Exchangers(ask(Dns(domain.name, "MX")).exchanges)


@dataclass(frozen=True)
class WorkMail:
    """Amazon WorkMail, which receives at the same hosts as SES. Its `autodiscover` alias tells them apart."""

    autodiscover: Answer

    @property
    def used(self) -> bool:
        """Whether the domain's mailboxes are in WorkMail."""
        return any("awsapps.com." in target for target in self.autodiscover.records)


@fact
def workmail(ask: Ask, domain: Domain, mx: Exchangers) -> WorkMail | None:
    """Whether WorkMail takes the mail that SES's receiving endpoint accepts; None where there is no such endpoint."""
    if not mx.inbound_regions:
        return None
    return WorkMail(ask(Dns(names.child("autodiscover", domain.name), "CNAME")))


def record(name: str, mx: Mx) -> Record:
    """Return an MX as a record to publish or to delete."""
    return Record(name, "MX", str(mx))
