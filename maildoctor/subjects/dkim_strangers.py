"""DKIM tokens that were told by hand, but that no identity of the account signs with: of another region or account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Ask, CouldNotLook, ExplainedBy, NotAsked, Undecided
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.records import dkim
from maildoctor.registry import check, fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.dkim import Selector, selectors_of, selectors_told
from maildoctor.subjects.dkim_keys import Homes
from maildoctor.subjects.dkim_token_checks import EASY_DKIM, TROUBLE, about_missed, ask_ses, number, these
from maildoctor.subjects.dkim_tokens import Tokens
from maildoctor.subjects.ses import Identities


@dataclass(frozen=True)
class Strangers:
    """Aliases to SES that were told, but that are not among the tokens of the identities asked; `own` are those.

    `beside`: one of its own tokens is published too, so that these are merely left over.
    """

    published: tuple[Selector, ...]
    own: tuple[Selector, ...]
    beside: bool
    places: str


@fact
def strangers(ask: Ask, domain: Domain, settings: Settings, identities: Identities) -> Strangers:
    """The tokens that were told and published, but that SES does not sign with here."""
    if not settings.dkim_tokens:
        raise NotAsked("no token was told beside those of SES (--dkim-token)")
    own = tuple(selector for selector in selectors_of(ask, identities.found) if selector.easy)
    if not own:
        raise ExplainedBy("ses-dkim-off" if identities.found else "ses-identity-not-found")
    mine = {selector.name for selector in own}
    told = [selector for selector in selectors_told(ask, domain, settings) if selector.easy and selector.name not in mine]
    published = tuple(selector for selector in told if selector.cname.records)
    places = ", ".join(identity.place for identity in identities.found)
    return Strangers(published, own, any(selector.cname.records for selector in own), places)


@check("dkim-token-foreign", Severity.FAIL, EASY_DKIM, TROUBLE)
def dkim_token_foreign(
    domain: Domain, tokens: Tokens, homes: Homes | Undecided, strangers: Strangers | Undecided
) -> Iterator[Finding]:
    """Each DKIM alias leads to the key of its own token.

    SES makes new tokens for each identity, region and account. An alias that leads to another token's name gives receivers
    another key than the one that SES signs with, or none.
    """
    missed = tokens.missed("dkim-token-foreign")
    if missed:
        verb = number(missed, "leads to the name of another token", "lead to the names of other tokens")
        text = "Publish the tokens of this identity in this region, each at its own name."
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}: {missed[0][1].detail}", text)
    if isinstance(strangers, CouldNotLook):
        raise strangers
    if isinstance(strangers, Strangers) and strangers.published and not strangers.beside:
        yield _unknown_to_ses(domain, strangers)


def _unknown_to_ses(domain: Domain, strangers: Strangers) -> Finding:
    first, more = strangers.published[0], len(strangers.published) - 1
    verb = f"and {more} more lead to keys" if more else "leads to a key"
    return Finding(
        f"{names.bare(first.name)} {verb} of SES, but {strangers.places} does not sign with {'them' if more else 'it'}",
        where=first.name,
        found=tuple(f"{selector.name} CNAME" for selector in strangers.published),
        expected=tuple(f"{selector.name} CNAME" for selector in strangers.own),
        remedy=Remedy(
            "Publish the tokens that SES shows for this identity. Those of another region or account do not serve.",
            commands=(ask_ses(domain, strangers.own[0]),),
        ),
    )


@check("dkim-token-stale", Severity.NOTE, "SES developer guide: troubleshoot-dkim")
def dkim_token_stale(strangers: Strangers) -> Iterator[Finding]:
    """No alias is left of tokens with which SES does not sign any more.

    Each region, account and identity has tokens of its own, and several sets may stand beside each other. Those that nobody signs
    with hide the ones that count, and lead to no key once SES has dropped it.
    """
    if not strangers.beside:
        return
    for selector in strangers.published:
        dead = not any(dkim.resembles(text.text) for text in selector.key.texts)
        alias = tuple(Record(selector.name, "CNAME", target) for target in selector.cname.records)
        yield Finding(
            f"{names.bare(selector.name)} is an alias of {'a name without a key' if dead else 'a key'} at SES that"
            f" {strangers.places} does not sign with",
            where=selector.name,
            found=tuple(record.value for record in alias),
            remedy=Remedy("Delete it, unless another region or account signs with it."),
            severity=Severity.WARN if dead else None,
        )
