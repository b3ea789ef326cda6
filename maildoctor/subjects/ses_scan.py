"""A look into every region of SES for identities of the domain: slow where it is not wanted, and asked for by name."""

from __future__ import annotations

from maildoctor import names, regions
from maildoctor.ask import Ask, NotAsked, each
from maildoctor.operations import CONFIGURED_REGION, GET_EMAIL_IDENTITY


def scan(ask: Ask, name: str) -> tuple[tuple[str, ...], str]:
    """Return the regions in which SES knows the domain or a parent of it, and how that is known.

    Where none does, it is the default region. Regions that the account has not enabled hold no identities.
    """
    default = ask(CONFIGURED_REGION()).data["Region"] or "us-east-1"
    government = default.startswith("us-gov-")
    every = [row.id for row in regions.table().regions.values() if row.documented and row.id.startswith("us-gov-") == government]
    seen = each(lambda region: _known(ask, name, region), every)
    asked = [region for region, known in zip(every, seen, strict=True) if not isinstance(known, NotAsked)]
    if not asked:
        raise next(reason for reason in seen if isinstance(reason, NotAsked))
    found = tuple(region for region, known in zip(every, seen, strict=True) if known is True)
    if found:
        return found, f"found by a look into {len(asked)} regions"
    return (default,), f"a look into {len(asked)} regions found none"


def _known(ask: Ask, name: str, region: str) -> bool | NotAsked:
    try:
        while names.depth(name) >= 2:
            if not ask(GET_EMAIL_IDENTITY(region, EmailIdentity=names.bare(name))).missing:
                return True
            name = names.parent(name)
    except NotAsked as reason:
        return reason
    return False
