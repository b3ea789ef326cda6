"""The SES identities of the domain: what SES itself says of it, in each region that serves it.

A domain identity covers its subdomains, so a parent's is asked for where the domain has none of its own. Everything here needs AWS
credentials; without them every reader is skipped, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maildoctor import names, regions
from maildoctor.ask import Ask, Dns, Reply, each
from maildoctor.operations import CONFIGURED_REGION, GET_EMAIL_IDENTITY
from maildoctor.registry import fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.mail_from import find_mail_from


@dataclass(frozen=True)
class SesRegions:
    """The regions in which SES is asked about the domain, and how they are known."""

    names: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Identity:
    """One identity of SES, as GetEmailIdentity tells it. `name`: the domain that was verified, canonical; `region`: where."""

    region: str
    name: str
    reply: Reply

    @property
    def data(self) -> Mapping[str, Any]:
        """The members of GetEmailIdentity."""
        return self.reply.data

    @property
    def verified(self) -> bool:
        """Whether SES lets the identity send (`VerifiedForSendingStatus`)."""
        return bool(self.data.get("VerifiedForSendingStatus"))

    @property
    def dkim(self) -> Mapping[str, Any]:
        """`DkimAttributes`: tokens, zone, status; empty where SES says nothing of them."""
        return self.data.get("DkimAttributes") or {}

    @property
    def mail_from(self) -> Mapping[str, Any]:
        """`MailFromAttributes`. Without a custom MAIL FROM it holds no `MailFromDomain`, though the model requires one."""
        return self.data.get("MailFromAttributes") or {}


@dataclass(frozen=True)
class Identities:
    """The identity that covers the domain in each region, and the regions that have none."""

    found: tuple[Identity, ...]
    absent: tuple[str, ...]


@fact
def ses_regions(ask: Ask, domain: Domain, settings: Settings) -> SesRegions:
    """The regions to ask: as told, or as MX and MAIL FROM carry them, or as AWS is configured."""
    if settings.regions:
        return SesRegions(settings.regions, "told by --region or the configuration")
    mx = ask(Dns(domain.name, "MX"))
    found = [name.region for name in find_mail_from(ask, domain, settings).names]
    found += [regions.table().region_of("inbound_smtp", exchange.host) for exchange in mx.exchanges]
    known = tuple(dict.fromkeys(region for region in found if region))
    if known:
        return SesRegions(known, "named by the MX and MAIL FROM records")
    return SesRegions((ask(CONFIGURED_REGION()).data["Region"],), "the default region of the AWS configuration")


@fact
def identities(ask: Ask, domain: Domain, ses_regions: SesRegions) -> Identities:
    """The identities that cover the domain, region by region."""
    found = each(lambda region: _covering(ask, domain.name, region), ses_regions.names)
    present = tuple(identity for identity in found if identity)
    absent = tuple(region for region, identity in zip(ses_regions.names, found, strict=True) if not identity)
    return Identities(present, absent)


def _covering(ask: Ask, name: str, region: str) -> Identity | None:
    """Ask for the domain, then for each parent: SES answers once a second, and most domains have an identity of their own."""
    while names.depth(name) >= 2:
        reply = ask(GET_EMAIL_IDENTITY(region, EmailIdentity=names.bare(name)))
        if not reply.missing:
            return Identity(region, name, reply)
        name = names.parent(name)
    return None
