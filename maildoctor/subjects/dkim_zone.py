"""Whether the DKIM names are looked up where they were entered: in the zone that the public DNS asks (RFC 1034 4.2.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import CouldNotLook, Dns, Undecided
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.rdata import Soa
from maildoctor.registry import check, fact
from maildoctor.settings import Domain
from maildoctor.subjects.dkim_keys import Homes
from maildoctor.subjects.dkim_token_checks import TROUBLE, about_missed, number, these
from maildoctor.subjects.dkim_tokens import Tokens
from maildoctor.subjects.domain import Zone
from maildoctor.subjects.ses import Identities, Identity

UNFOUND = ("PENDING", "FAILED", "TEMPORARY_FAILURE")
"""The states in which SES does not find the records."""


@dataclass(frozen=True)
class Divided:
    """An identity whose records SES looked for at other servers than the public asks: the primary that each saw."""

    identity: Identity
    seen: str
    public: str


@fact
def divided_zones(identities: Identities | Undecided, zone: Zone | Undecided) -> tuple[Divided, ...]:
    """The identities that SES could not verify, and whose zone it saw with another primary server than the public does."""
    if isinstance(identities, Undecided):
        raise identities  # without credentials the zone does not matter, whether it can be seen or not
    if isinstance(zone, Undecided):
        raise zone
    return tuple(_divided(identities, zone))


def _divided(identities: Identities, zone: Zone) -> Iterator[Divided]:
    for identity in identities.found:
        seen = str((identity.verification.get("SOARecord") or {}).get("PrimaryNameServer", ""))
        if not seen or not names.below(identity.name, zone.apex) or identity.dkim.get("Status") not in UNFOUND:
            continue
        for record in zone.soa.records:
            public = Soa.parse(record).primary
            if Dns.of(seen, "A").name != public:
                yield Divided(identity, Dns.of(seen, "A").name, public)


@check("dkim-zone-not-delegated", Severity.FAIL, "RFC 1034 4.2.1", TROUBLE)
def dkim_zone_not_delegated(
    domain: Domain, tokens: Tokens | Undecided, homes: Homes | Undecided, divided_zones: tuple[Divided, ...] | Undecided
) -> Iterator[Finding]:
    """The DKIM names are answered from the zone of the domain.

    Where _domainkey is delegated to other name servers (NS records), or the domain itself has moved to others, these alone answer.
    Records that were entered into a zone that nobody asks are not seen by anybody.
    """
    if isinstance(divided_zones, CouldNotLook):
        raise divided_zones
    for item in () if isinstance(divided_zones, Undecided) else divided_zones:
        yield Finding(
            f"SES looked for the records of {item.identity.place} in a zone of {names.bare(item.seen)};"
            f" the public DNS asks that of {names.bare(item.public)}",
            where=item.identity.name,
            found=(item.seen,),
            expected=(item.public,),
            remedy=Remedy(
                "Publish the DKIM records in the zone that the public DNS asks, and have the registrar name its servers only."
            ),
        )
    if isinstance(tokens, Undecided):
        raise tokens
    missed = tokens.missed("dkim-zone-not-delegated")
    if missed:
        zone = names.bare(missed[0][1].detail)
        verb = number(missed, "has no CNAME record in", "have no CNAME record in")
        text = f"Publish the aliases at the name servers of {zone}, or delete the NS records by which it is delegated."
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb} the zone that answers for it, {zone}", text)
