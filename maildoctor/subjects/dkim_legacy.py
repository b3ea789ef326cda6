"""The legacy verification of SES: a TXT record at `_amazonses`, before DKIM took its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.registry import check, fact
from maildoctor.settings import Domain

_TOKEN = re.compile(r"[A-Za-z0-9+/]{43}=")


@fact
def legacy_token(ask: Ask, domain: Domain) -> Answer:
    """The TXT records at `_amazonses`."""
    return ask(Dns(names.child("_amazonses", domain.name), "TXT"))


@check("dkim-legacy-txt", Severity.NOTE, "SES developer guide: creating-identities")
def dkim_legacy_txt(legacy_token: Answer) -> Iterator[Finding]:
    """No verification record of the time before DKIM is left.

    SES verifies a domain by its DKIM records today. Waiting for the TXT record at _amazonses to be noticed is in vain, and one
    that is left over does neither good nor harm.
    """
    tokens = tuple(str(text) for text in legacy_token.texts if _TOKEN.fullmatch(text.text.strip()))
    if tokens:
        name = legacy_token.question.name
        yield Finding(
            f"{names.bare(name)} holds a verification token of the time before DKIM",
            where=name,
            found=tokens,
            remedy=Remedy("It is not needed, and may be deleted once the identity is verified by DKIM in every region."),
        )
