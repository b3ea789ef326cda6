"""Checks of what SES says of its own DKIM signatures: whether it signs for the identity at all."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.model import Finding, Remedy, Severity
from maildoctor.registry import check
from maildoctor.subjects.ses import Identities, Identity

DKIM = "SES developer guide: send-email-authentication-dkim"

_LOST = {
    "NOT_STARTED": "SES does not sign for {}: DKIM was never set up",
    "FAILED": "SES does not sign for {}: it did not find the DKIM records, and has stopped looking",
    "TEMPORARY_FAILURE": "SES is about to stop signing for {}: it does not find the DKIM records any more",
}


def starting_anew(identity: Identity) -> str:
    """Return the command by which SES begins to look again."""
    return identity.command("put-email-identity-dkim-signing-attributes --signing-attributes-origin AWS_SES")


def switching(identity: Identity) -> bool:
    """Tell whether SES waits for the records of another key, though it has signed with one before."""
    return identity.dkim.get("Status") == "PENDING" and bool(identity.verification.get("LastSuccessTimestamp"))


@check("ses-dkim-off", Severity.FAIL, DKIM, "SES API: DkimAttributes")
def ses_dkim_off(identities: Identities) -> Iterator[Finding]:
    """SES signs the mail of the identity with DKIM.

    Where signing is off, or SES cannot find the records, mail carries the signature of amazonses.com only. That does not count for
    DMARC, which then hangs on SPF alone.
    """
    for identity in identities.usable:
        status = str(identity.dkim.get("Status", ""))
        if not identity.dkim.get("SigningEnabled", True):
            yield _off(identity)
        elif status in _LOST:
            yield _lost(identity, status)


def _off(identity: Identity) -> Finding:
    return Finding(
        f"DKIM signing is switched off for {identity.place}",
        found=("SigningEnabled: false",),
        expected=("SigningEnabled: true",),
        remedy=Remedy(commands=(identity.command("put-email-identity-dkim-attributes --signing-enabled"),)),
    )


def _lost(identity: Identity, status: str) -> Finding:
    external = identity.dkim.get("SigningAttributesOrigin") == "EXTERNAL"
    text = "Publish the key at the selector again." if external else "Publish the three aliases of its tokens."
    anew = not external and status != "TEMPORARY_FAILURE"
    return Finding(
        _LOST[status].format(identity.place),
        found=(status,),
        expected=("SUCCESS",),
        remedy=Remedy(
            f"{text} Then start anew." if anew else text,
            commands=(starting_anew(identity),) if anew else (),
        ),
    )


@check("ses-dkim-pending", Severity.WARN, DKIM)
def ses_dkim_pending(identities: Identities) -> Iterator[Finding]:
    """SES does not wait for DKIM records.

    SES looks for the records for up to 72 hours, and does not sign for the domain before it has found them.
    """
    for identity in identities.usable:
        if identity.dkim.get("Status") == "PENDING" and identity.dkim.get("SigningEnabled", True) and not switching(identity):
            yield Finding(
                f"SES still looks for the DKIM records of {identity.place}, and does not sign yet",
                found=("PENDING",),
                expected=("SUCCESS",),
                remedy=Remedy("Publish the records, then wait: mostly minutes, at most 72 hours."),
            )


@check("ses-dkim-switching", Severity.WARN, "SES developer guide: send-email-authentication-dkim-bring-your-own")
def ses_dkim_switching(identities: Identities) -> Iterator[Finding]:
    """SES is not in the middle of a change from one kind of DKIM key to another.

    Between Easy DKIM and a key of one's own there is a gap: until SES has found the new records, mail may leave without a signature
    of the domain.
    """
    for identity in identities.usable:
        if switching(identity):
            kind = "a key of its own" if identity.dkim.get("SigningAttributesOrigin") == "EXTERNAL" else "Easy DKIM"
            since = identity.verification["LastSuccessTimestamp"][:10]
            yield Finding(
                f"{identity.place} is changing to {kind}, and is not signed for meanwhile",
                found=(f"PENDING; last success on {since}",),
                expected=("SUCCESS",),
                remedy=Remedy("Publish the new records at once, and wait until SES has found them."),
            )
