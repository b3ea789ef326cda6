"""What a receiver makes of the DKIM signatures of the domain: whether SES signs, and whether the keys can be found."""

from __future__ import annotations

from dataclasses import replace

from maildoctor import names
from maildoctor.ask import NotAsked, Undecided
from maildoctor.registry import fact
from maildoctor.settings import Domain
from maildoctor.subjects.dkim import KeyTree, Selector, Selectors, Signing
from maildoctor.subjects.dkim_keys import Keys
from maildoctor.subjects.ses import Identity


@fact
def signing(domain: Domain, selectors: Selectors, keys: Keys | Undecided, key_tree: KeyTree | Undecided) -> Signing:
    """What a receiver makes of DKIM signatures of the domain, as far as SES tells and keys decide."""
    if selectors.identities:
        regions = tuple((identity.region, _of(identity, selectors, keys)) for identity in selectors.identities)
        return replace(_together([signing for _, signing in regions]), regions=regions)
    if not selectors.all:
        return _unasked(domain, key_tree)
    return _judged(domain.name, selectors.all, keys)


def _of(identity: Identity, selectors: Selectors, keys: Keys | Undecided) -> Signing:
    own = selectors.of(identity)
    reason = identity.silent or ("" if own else "SES has no DKIM key for the identity")
    return Signing("fail", identity.name, 0, len(own), reason) if reason else _judged(identity.name, own, keys)


def _judged(domain: str, selectors: tuple[Selector, ...], keys: Keys | Undecided) -> Signing:
    total = len(selectors)
    try:
        if isinstance(keys, Undecided):
            raise keys
        places = [place for place in (*keys.read(), *keys.shown) if place.selector in selectors]
        usable = sum(any(published.usable for published in place.published) for place in places)
    except NotAsked as reason:
        return Signing("unknown", domain, 0, total, reason.reason)
    result = "pass" if usable == total else "partial" if usable else "fail"
    return Signing(result, domain, usable, total, f"{usable} of {total} keys can be found and used")


def _together(every: list[Signing]) -> Signing:
    """Sum up several regions: where they differ, some mail passes."""
    results = {signing.result for signing in every}
    if len(results) == 1:
        return every[0]
    worst = next(signing for signing in every if signing.result != "pass")
    return worst if "unknown" in results else replace(worst, result="partial")


def _unasked(domain: Domain, key_tree: KeyTree | Undecided) -> Signing:
    if isinstance(key_tree, KeyTree) and key_tree.hopeless:
        return Signing("fail", domain.name, 0, 0, f"no key can be found: {names.bare(key_tree.name)} does not exist")
    if isinstance(key_tree, Undecided):
        raise key_tree
    return Signing("unknown", domain.name, 0, 0, "no DKIM tokens were told (--dkim-token, configuration or AWS credentials)")
