"""Checks of the SES identity itself: whether there is one in the region that sends, and whether SES lets it send."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Ask, Dns, DoesNotApply, ExplainedBy
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.records import dkim
from maildoctor.registry import check, fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.domain import Applies
from maildoctor.subjects.ses import Identities, Identity, SesRegions, command

IDENTITIES = "SES developer guide: creating-identities"
API = "SES API: GetEmailIdentity"

_ERRORS = {
    "HOST_NOT_FOUND": "the names of the records do not exist: they are missing, misspelt, or in a zone that nobody asks",
    "TYPE_NOT_FOUND": "the names exist with records of another type: proxied, flattened, or TXT in place of CNAME",
    "INVALID_VALUE": "the records have another value: of another region or account, or changed on the way",
    "DNS_SERVER_ERROR": "the name servers of the domain gave no answer: SERVFAIL, DNSSEC, or servers without the zone",
    "SERVICE_ERROR": "SES itself had a temporary fault: it looks again by itself",
    "REPLICATION_ACCESS_DENIED": "to copy another region's key it lacks the permission ses:ReplicateEmailIdentityDKIMSigningKey",
    "REPLICATION_PRIMARY_NOT_FOUND": "it copies the key of an identity in another region that is not there",
    "REPLICATION_PRIMARY_BYO_DKIM_NOT_SUPPORTED": "the identity whose key it copies has a key of its owner's",
    "REPLICATION_REPLICA_AS_PRIMARY_NOT_SUPPORTED": "it copies the key of an identity that is a copy itself",
    "REPLICATION_PRIMARY_INVALID_REGION": "it copies the key of a region from which that is not possible",
}
"""What VerificationInfo.ErrorType means, for whoever has to look for the cause."""


@dataclass(frozen=True)
class Provider:
    """Whether a mail service that runs on SES with an account of its own signs for the domain: `because`, or ""."""

    because: str


@fact
def ses_provider(ask: Ask, domain: Domain, identities: Identities) -> Provider:
    """Look for the key of the best-known service on SES, where the account knows nothing of the domain."""
    if identities.found or identities.elsewhere or identities.on_www:
        return Provider("")
    name = names.child("resend._domainkey", domain.name)
    keys = [text for text in ask(Dns(name, "TXT")).texts if dkim.resembles(text.text)]
    return Provider(f"{names.bare(name)} holds the key of a mail service that uses SES with an account of its own" if keys else "")


@check("ses-identity-not-found", Severity.FAIL, IDENTITIES)
def ses_identity_not_found(
    domain: Domain, ses_sending: Applies, ses_regions: SesRegions, identities: Identities, ses_provider: Provider
) -> Iterator[Finding]:
    """SES knows the domain, or a parent of it, in the region that is asked.

    SES sends only for identities that were created and verified, in each region and account by itself. The DNS may be perfect, and
    SES refuses the mail all the same.
    """
    if ses_provider.because:
        raise DoesNotApply(ses_provider.because)
    if identities.on_www:
        raise ExplainedBy("ses-identity-on-www")
    if identities.found or identities.elsewhere:
        if identities.elsewhere:
            raise ExplainedBy("ses-region-mismatch")
        return
    where = ", ".join(identities.absent)
    yield Finding(
        f"{domain.text} is no identity of SES in {where} ({ses_regions.because}), and neither is a parent of it",
        remedy=Remedy(
            "Create it, then publish the three aliases that SES shows. If another account or region sends, ask that one"
            " (--aws-profile, --region).",
            commands=tuple(command("create-email-identity", names.bare(domain.name), region) for region in identities.absent),
        ),
    )


@check("ses-identity-on-www", Severity.FAIL, IDENTITIES)
def ses_identity_on_www(domain: Domain, identities: Identities) -> Iterator[Finding]:
    """The identity of SES is the domain, not its web address.

    An identity covers itself and what lies below it. One that was created for the name with www covers nobody who writes from the
    domain.
    """
    for identity in identities.on_www:
        yield Finding(
            f"SES knows {identity.place}, but not {domain.text}",
            found=(identity.text,),
            expected=(names.bare(domain.name),),
            remedy=Remedy(
                "Create the identity for the domain, and publish the aliases that SES shows for it.",
                commands=(command("create-email-identity", names.bare(domain.name), identity.region),),
            ),
        )


@check("ses-region-mismatch", Severity.FAIL, "SES developer guide: regions", IDENTITIES)
def ses_region_mismatch(domain: Domain, settings: Settings, ses_regions: SesRegions, identities: Identities) -> Iterator[Finding]:
    """SES knows the domain in each region that was told, or that the DNS names.

    Identities, keys and quotas belong to one region. Mail that is handed to the endpoint of another one is refused: "Email address
    is not verified".
    """
    present = identities.found or identities.elsewhere
    if not present or not identities.absent:
        return
    there = ", ".join(identity.region for identity in present)
    for region in identities.absent:
        told = bool(settings.regions) or not identities.found
        text = f"Send by the endpoint of {there}, or verify the domain in {region} too."
        if not told:
            # A mail service that runs on SES has its own account there, and the DNS names its region as well.
            text += " Nothing is wrong if a mail service sends or receives there with an account of its own."
        yield Finding(
            f"{domain.text} is an identity of SES in {there}, but not in {region} ({ses_regions.because})",
            found=(there,),
            expected=(region,),
            remedy=Remedy(text, commands=(command("create-email-identity", names.bare(domain.name), region),)),
            severity=None if told else Severity.NOTE,
        )


@check("ses-identity-unverified", Severity.FAIL, API, IDENTITIES)
def ses_identity_unverified(identities: Identities) -> Iterator[Finding]:
    """SES has verified the identity, and lets it send.

    Until SES has found the records that prove the ownership, it refuses all mail from the domain in this region. What else is wrong
    with the identity mostly follows from that.
    """
    if not identities.found:
        raise ExplainedBy("ses-identity-not-found")
    for identity in identities.found:
        if not identity.verified:
            status = identity.data.get("VerificationStatus") or "no status"
            yield Finding(
                f"SES does not let {identity.place} send: its verification says {status}",
                found=(status,),
                expected=("SUCCESS",),
                remedy=_verify(identity, status),
            )


def _verify(identity: Identity, status: str) -> Remedy:
    if identity.dkim.get("SigningAttributesOrigin") == "EXTERNAL":
        return Remedy("Publish the public key at the selector that SES has; it verifies the domain by it.")
    if status in ("FAILED", "NOT_STARTED") or not identity.dkim.get("Tokens"):
        looking = "SES has stopped looking." if identity.dkim.get("Tokens") else "DKIM proves the ownership best."
        return Remedy(
            f"{looking} Publish the three aliases of its tokens, and start anew.",
            commands=(identity.command("put-email-identity-dkim-signing-attributes --signing-attributes-origin AWS_SES"),),
        )
    return Remedy("Publish the three aliases of its tokens. SES looks for them for 72 hours, and mostly finds them in minutes.")


@check("ses-verification-error", Severity.NOTE, API)
def ses_verification_error(identities: Identities) -> Iterator[Finding]:
    """SES met no error when it last looked for the records of the identity.

    What SES met when it looked tells where to search: names that do not exist, records of another type, other values. It keeps the
    last error after success; then it means nothing.
    """
    for identity in identities.found:
        error = str(identity.verification.get("ErrorType", ""))
        if not error or identity.data.get("VerificationStatus") == identity.dkim.get("Status", "SUCCESS") == "SUCCESS":
            continue
        checked = str(identity.verification.get("LastCheckedTimestamp", ""))[:10]
        meaning = _ERRORS.get(error, "what that means is not known to this version")
        yield Finding(
            f"SES looked for the records of {identity.place}{f' on {checked}' if checked else ''} and met {error}",
            found=(error,),
            remedy=Remedy(f"{meaning[0].upper()}{meaning[1:]}."),
        )


@check("ses-identity-inherited", Severity.NOTE, "SES developer guide: send-email-authentication-dkim", "RFC 9989 4.4")
def ses_identity_inherited(domain: Domain, identities: Identities) -> Iterator[Finding]:
    """The domain has an identity of its own in SES.

    The identity of a parent covers its subdomains. Mail from them is signed with the parent's name, which strict alignment
    (adkim=s) does not accept.
    """
    for identity in identities.found:
        if identity.name != domain.name:
            yield Finding(
                f"{domain.text} is covered by the identity {identity.place}: its mail is signed by {identity.text}",
                found=(identity.text,),
                remedy=Remedy(
                    "Fine with relaxed alignment. For adkim=s give the subdomain an identity of its own.",
                    commands=(command("create-email-identity", names.bare(domain.name), identity.region),),
                ),
            )
