"""The legacy verification of SES, as SES has it: the token that it expects at `_amazonses` in each region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, DoesNotApply, each
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.operations import GET_IDENTITY_VERIFICATION_ATTRIBUTES
from maildoctor.rdata import Text
from maildoctor.registry import check, fact
from maildoctor.subjects.ses import Identities, Identity

LEGACY = "SES API reference: GetIdentityVerificationAttributes"


@dataclass(frozen=True)
class Expected:
    """What SES expects at `_amazonses` for an identity, where that is not there. `lowered`: it is, but in lower case."""

    identity: Identity
    token: str
    found: tuple[Text, ...]
    lowered: tuple[Text, ...]

    @property
    def record(self) -> Record:
        """The record that SES expects."""
        return Record(names.child("_amazonses", self.identity.name), "TXT", str(Text.of(self.token)))


@fact
def verification_tokens(ask: Ask, identities: Identities, legacy_token: Answer) -> tuple[Expected, ...]:
    """The tokens of the legacy verification that SES expects, but that are not there. Asked only where there are any."""
    if not legacy_token.records:
        raise DoesNotApply("there is no verification token of the time before DKIM")
    own = [identity for identity in identities.found if names.child("_amazonses", identity.name) == legacy_token.question.name]
    found = each(lambda identity: _expected(ask, identity, legacy_token), own)
    return tuple(expected for expected in found if expected)


def _expected(ask: Ask, identity: Identity, there: Answer) -> Expected | None:
    asked = ask(GET_IDENTITY_VERIFICATION_ATTRIBUTES(identity.region, Identities=[identity.text]))
    attributes = asked.data.get("VerificationAttributes", {}).get(identity.text, {})
    token = str(attributes.get("VerificationToken", ""))
    if not token or any(text.text.strip() == token for text in there.texts):
        return None
    lowered = tuple(text for text in there.texts if text.text.strip().lower() == token.lower())
    return Expected(identity, token, there.texts, lowered)


def _severity(identity: Identity) -> Severity | None:
    return None if identity.verified else Severity.FAIL


@check("ses-verification-token-replaced", Severity.WARN, LEGACY)
def ses_verification_token_replaced(verification_tokens: tuple[Expected, ...]) -> Iterator[Finding]:
    """The verification token of each region stands at _amazonses, where tokens are used at all.

    Before DKIM took its place, each region and account had a token of its own. Tools that set up a second region often replace the
    first one's instead of adding theirs. An identity that waits for its token stays unverified.
    """
    for expected in verification_tokens:
        if not expected.lowered:
            yield Finding(
                f"{names.bare(expected.record.name)} holds tokens, but not the one of {expected.identity.place}",
                where=expected.record.name,
                found=tuple(map(str, expected.found)),
                expected=(expected.record.value,),
                remedy=Remedy(
                    "Add it beside the others, or let DKIM verify the domain: then none is needed.", publish=(expected.record,)
                ),
                severity=_severity(expected.identity),
            )


@check("ses-verification-token-lowercased", Severity.WARN, LEGACY)
def ses_verification_token_lowercased(verification_tokens: tuple[Expected, ...]) -> Iterator[Finding]:
    """The verification token at _amazonses is written as SES shows it, in upper and lower case.

    Some DNS panels turn what is entered into lower case. The token is base64, in which that makes another value.
    """
    for expected in verification_tokens:
        if expected.lowered:
            name = expected.record.name
            yield Finding(
                f"{names.bare(name)} holds the token of {expected.identity.place} in lower case",
                where=name,
                found=tuple(map(str, expected.lowered)),
                expected=(expected.record.value,),
                remedy=Remedy(
                    "Enter it as SES shows it. If the DNS host changes it again, let DKIM verify the domain.",
                    publish=(expected.record,),
                    delete=tuple(Record(name, "TXT", str(text)) for text in expected.lowered),
                ),
                severity=_severity(expected.identity),
            )
