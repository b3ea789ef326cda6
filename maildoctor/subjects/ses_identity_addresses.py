"""Addresses of the domain that are identities of SES themselves: what the domain has set up does not hold for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Ask, Dns, each
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.operations import GET_EMAIL_IDENTITY, LIST_EMAIL_IDENTITIES
from maildoctor.registry import check, fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.ses import Identities, Identity

MOST = 5
"""Of how many addresses a region SES is asked for details: it answers once a second."""


@dataclass(frozen=True)
class Addresses:
    """The addresses of the domain that may send by themselves, in one region. `left`: how many were not asked for details.

    `beside`: the identity of the domain.
    """

    beside: Identity
    all: tuple[Identity, ...]
    left: int


@fact
def address_identities(ask: Ask, domain: Domain, settings: Settings, identities: Identities) -> tuple[Addresses, ...]:
    """The address identities of the domain, in each region that has an identity for it."""
    return each(lambda identity: _addresses(ask, domain, settings, identity), identities.usable)


def _addresses(ask: Ask, domain: Domain, settings: Settings, identity: Identity) -> Addresses:
    filtered = {"IDENTITY_NAME_CONTAINS": names.bare(domain.name)}
    rows = ask(LIST_EMAIL_IDENTITIES(identity.region, Filter=filtered)).data.get("EmailIdentities", ())
    found = sorted(
        (row["IdentityName"] for row in rows if row.get("SendingEnabled") and _at(row.get("IdentityName", ""), domain)),
        key=lambda address: (address != settings.author, address),
    )
    asked = [(address, ask(GET_EMAIL_IDENTITY(identity.region, EmailIdentity=address))) for address in found[:MOST]]
    there = [Identity(identity.region, address, reply) for address, reply in asked if not reply.missing]
    return Addresses(identity, tuple(there), len(found) - len(asked))


def _at(identity: str, domain: Domain) -> bool:
    local, _, host = identity.rpartition("@")
    return bool(local) and Dns.of(host, "MX").name == domain.name


@check(
    "ses-address-identity-overrides",
    Severity.WARN,
    "SES developer guide: troubleshoot-dkim",
    "SES developer guide: send-email-authentication-dkim",
)
def ses_address_identity_overrides(settings: Settings, address_identities: tuple[Addresses, ...]) -> Iterator[Finding]:
    """No address of the domain is an identity of its own with less set up than the domain.

    For mail from an address that was verified by itself, SES uses the settings of that address: neither DKIM nor MAIL FROM of the
    domain. Such mail leaves unsigned although everything looks right.
    """
    for addresses in address_identities:
        for address in addresses.all:
            lacks = tuple(_lacks(address, addresses.beside))
            if lacks:
                yield _finding(settings, addresses, address, lacks)


def _lacks(address: Identity, domain: Identity) -> Iterator[str]:
    if not address.dkim.get("SigningEnabled", True) or address.dkim.get("Status") in ("NOT_STARTED", "FAILED", "PENDING"):
        yield "DKIM"
    if domain.mail_from.get("MailFromDomain") and not address.mail_from.get("MailFromDomain"):
        yield "MAIL FROM"


def _finding(settings: Settings, addresses: Addresses, address: Identity, lacks: tuple[str, ...]) -> Finding:
    more = f" SES has {addresses.left} more addresses of the domain, which were not looked at." if addresses.left else ""
    return Finding(
        f"{address.place} is an identity of its own, without the {' and '.join(lacks)} of {addresses.beside.text}",
        found=tuple(f"no {part} of its own" for part in lacks),
        remedy=Remedy(
            f"Delete it: the identity of the domain covers the address.{more}",
            commands=(address.command("delete-email-identity"),),
        ),
        severity=Severity.FAIL if address.name == settings.author else None,
    )
