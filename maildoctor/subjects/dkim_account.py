"""Checks of DKIM records that only SES's own word makes possible: what it found before, and which key it waits for."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import DoesNotApply, Undecided
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.dkim import Selectors
from maildoctor.subjects.dkim_keys import Homes, Keys
from maildoctor.subjects.dkim_token_checks import TROUBLE, about_missed, number, these
from maildoctor.subjects.dkim_tokens import Tokens
from maildoctor.subjects.ses import Identities, Identity


@check("dkim-token-lost-in-move", Severity.FAIL, TROUBLE)
def dkim_token_lost_in_move(identities: Identities, domain: Domain, tokens: Tokens, homes: Homes | Undecided) -> Iterator[Finding]:
    """The DKIM aliases that SES has once found are still there.

    SES looks for them again and again. When a domain moves to another DNS host, they are easily left behind: mail stays signed for
    a while, then SES revokes the signing, and it has to be set up anew.
    """
    missed = tuple((token, fault) for token, fault in tokens.missed("dkim-token-missing") if token.lost)
    if missed:
        identity = missed[0][0].selector.identity
        since = str(identity.verification["LastSuccessTimestamp"])[:10] if identity else ""
        revoked = identity is not None and identity.dkim.get("Status") == "FAILED"
        verb = number(
            missed, "has no CNAME record any more; SES last found it", "have no CNAME records any more; SES last found them"
        )
        text = "Publish the aliases again where the domain is served now."
        text += " SES has revoked the signing: set DKIM up anew when they are there." if revoked else ""
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb} on {since}", text)


@check("dkim-byodkim-key-mismatch", Severity.FAIL, "SES developer guide: send-email-authentication-dkim-bring-your-own")
def dkim_byodkim_key_mismatch(identities: Identities, selectors: Selectors, keys: Keys) -> Iterator[Finding]:
    """The key that is published for an own selector is the public half of the one that SES was given.

    SES signs with a key of your own only once it has found the matching public key at the selector. Another key there, however
    sound, keeps it waiting or makes it stop.
    """
    own = [identity for identity in selectors.identities if not identity.easy]
    if not own:
        raise DoesNotApply("SES has no key of the owner's for the domain (BYODKIM)")
    for identity in own:
        if not _refused(identity):
            continue
        for place in keys.read():
            if place.selector in selectors.of(identity) and any(published.usable for published in place.published):
                yield Finding(
                    f"{names.bare(place.selector.name)} holds a key, but not the one that SES has for {identity.place}",
                    where=place.selector.name,
                    found=tuple(str(published.text) for published in place.published),
                    remedy=Remedy(
                        "Publish the public half of the private key that SES was given; or give SES the key pair anew"
                        " (put-email-identity-dkim-signing-attributes)."
                    ),
                )


def _refused(identity: Identity) -> bool:
    status, error = identity.dkim.get("Status"), identity.verification.get("ErrorType")
    return status in ("FAILED", "TEMPORARY_FAILURE") or (status == "PENDING" and error == "INVALID_VALUE")
