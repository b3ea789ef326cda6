"""The SES identities of the domain: what SES itself says of it, in each region that serves it.

A domain identity covers its subdomains, so a parent's is asked for where the domain has none of its own. Everything here needs AWS
credentials; without them every reader is skipped, with the reason.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maildoctor import names, regions
from maildoctor.ask import Ask, Dns, NotAsked, Reply, each
from maildoctor.operations import CONFIGURED_REGION, GET_EMAIL_IDENTITY
from maildoctor.registry import fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.mail_from import find_mail_from
from maildoctor.subjects.ses_scan import scan


@dataclass(frozen=True)
class SesRegions:
    """The regions in which SES is asked about the domain, and how they are known."""

    names: tuple[str, ...]
    because: str


@dataclass(frozen=True)
class Identity:
    """One identity of SES, as GetEmailIdentity tells it. `name`: the domain that was verified, canonical; `region`: where.

    Of an address, `name` is the address as SES has it: there, upper and lower case differ.
    """

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
        return bool(self.data.get("VerifiedForSendingStatus", True))

    @property
    def dkim(self) -> Mapping[str, Any]:
        """`DkimAttributes`: tokens, zone, status; empty where SES says nothing of them."""
        return self.data.get("DkimAttributes") or {}

    @property
    def tokens(self) -> tuple[str, ...]:
        """The selectors with which SES signs: the three Easy DKIM tokens, or the one of a key of the owner's."""
        return tuple(str(token).lower() for token in self.dkim.get("Tokens") or ())

    @property
    def easy(self) -> bool:
        """Whether SES makes the keys (Easy DKIM), in this region or (AWS_SES_REGION) in another one that it copies."""
        return str(self.dkim.get("SigningAttributesOrigin", "AWS_SES")).startswith("AWS_SES")

    @property
    def key_zone(self) -> str:
        """The zone in which SES keeps the keys, or "" where it does not say. It varies by region and by identity."""
        zone = str(self.dkim.get("SigningHostedZone") or "")
        return Dns.of(zone, "TXT").name if zone else ""

    @property
    def silent(self) -> str:
        """Why SES does not sign with the domain's keys, or "". While it misses records for a time, it goes on."""
        if not self.verified:
            return "SES does not let the identity send"
        if not self.dkim.get("SigningEnabled", True):
            return "DKIM signing is switched off in SES"
        status = self.dkim.get("Status")
        return f"SES does not sign: its DKIM status is {status}" if status in ("PENDING", "FAILED", "NOT_STARTED") else ""

    @property
    def mail_from(self) -> Mapping[str, Any]:
        """`MailFromAttributes`. Without a custom MAIL FROM it holds no `MailFromDomain`, though the model requires one."""
        return self.data.get("MailFromAttributes") or {}

    @property
    def verification(self) -> Mapping[str, Any]:
        """`VerificationInfo`: when SES looked, and what it met. Its `ErrorType` stays after success, and means nothing then."""
        return self.data.get("VerificationInfo") or {}

    @property
    def text(self) -> str:
        """The identity as people write it."""
        return names.bare(self.name)

    @property
    def place(self) -> str:
        """The identity and where it is."""
        return f"{self.text} in {self.region}"

    def command(self, words: str) -> str:
        """Return a command of the AWS CLI about this identity: its name, and what follows the identity."""
        verb, _, rest = words.partition(" ")
        return command(verb, self.text, self.region, rest)


def command(verb: str, identity: str, region: str, rest: str = "") -> str:
    """Return a command of the AWS CLI about an identity. What SES calls it is foreign text to a shell."""
    words = ("aws sesv2", verb, "--email-identity", shlex.quote(identity), rest, "--region", shlex.quote(region))
    return " ".join(filter(None, words))


@dataclass(frozen=True)
class Identities:
    """The identity that covers the domain in each region, and the regions that have none.

    Only where no region has one: `elsewhere` is one in the default region of the AWS configuration, which was not among them, and
    `on_www` such as were made for the name with "www." before it.
    """

    found: tuple[Identity, ...]
    absent: tuple[str, ...]
    elsewhere: tuple[Identity, ...] = ()
    on_www: tuple[Identity, ...] = ()

    @property
    def usable(self) -> tuple[Identity, ...]:
        """Those that may send. What is wrong with others follows from their not being verified."""
        return tuple(identity for identity in self.found if identity.verified)


@fact
def ses_regions(ask: Ask, domain: Domain, settings: Settings) -> SesRegions:
    """The regions to ask: as told, or as MX and MAIL FROM carry them, or as AWS is configured."""
    return find_regions(ask, domain, settings)


def find_regions(ask: Ask, domain: Domain, settings: Settings) -> SesRegions:
    """Look for the regions to ask. A function of its own, because what the domain is for can often be told without."""
    if settings.regions:
        return SesRegions(settings.regions, "told by --region or the configuration")
    if settings.scan:
        return SesRegions(*scan(ask, domain.name))
    configured = ask(CONFIGURED_REGION())
    mx = ask(Dns(domain.name, "MX"))
    aliases = [ask(Dns(names.child(f"{token}._domainkey", domain.name), "CNAME")) for token in settings.dkim_tokens]
    default = configured.data["Region"]  # without credentials it ends here, whatever the DNS says or does not
    found = [name.region for name in find_mail_from(ask, domain, settings).names]
    found += [regions.table().region_of("inbound_smtp", exchange.host) for exchange in mx.exchanges]
    known = tuple(dict.fromkeys(region for region in found if region))
    if known:
        return SesRegions(known, "named by the MX and MAIL FROM records")
    zones = [regions.table().region_of("dkim_zone", target) for alias in aliases for target in alias.records]
    if signing := tuple(dict.fromkeys(region for region in zones if region)):
        return SesRegions(signing, "named by the aliases of the DKIM tokens")
    if not default:
        raise NotAsked("neither the DNS nor the AWS configuration names a region of SES: give --region")
    return SesRegions((default,), "the default region of the AWS configuration")


@fact
def identities(ask: Ask, domain: Domain, settings: Settings) -> Identities:
    """The identities that cover the domain, region by region."""
    return find_identities(ask, domain, settings)


def find_identities(ask: Ask, domain: Domain, settings: Settings) -> Identities:
    """Look for the identities. A function of its own, as above."""
    ses_regions = find_regions(ask, domain, settings)
    found = each(lambda region: covering(ask, domain.name, region), ses_regions.names)
    present = tuple(identity for identity in found if identity)
    absent = tuple(region for region, identity in zip(ses_regions.names, found, strict=True) if not identity)
    if present:
        return Identities(present, absent)
    default = ask(CONFIGURED_REGION()).data["Region"]
    others = (default,) if default and default not in absent else ()
    searches = [(region, domain.name) for region in others]
    searches += [(region, names.child("www", domain.name)) for region in absent]
    seen = each(lambda search: _one(ask, search[1], search[0]), searches)
    elsewhere = tuple(identity for identity in seen[: len(others)] if identity)
    return Identities((), absent, elsewhere, tuple(identity for identity in seen[len(others) :] if identity))


def covering(ask: Ask, name: str, region: str) -> Identity | None:
    """Ask for the domain, then for each parent: SES answers once a second, and most domains have an identity of their own."""
    while names.depth(name) >= 2:
        identity = _one(ask, name, region)
        if identity:
            return identity
        name = names.parent(name)
    return None


def _one(ask: Ask, name: str, region: str) -> Identity | None:
    reply = ask(GET_EMAIL_IDENTITY(region, EmailIdentity=names.bare(name)))
    return None if reply.missing else Identity(region, name, reply)
