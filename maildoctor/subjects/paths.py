"""The sending paths: for each way in which the domain sends mail, what a receiver will compute (RFC 9989 5.3)."""

from __future__ import annotations

from maildoctor.model import Path
from maildoctor.registry import fact
from maildoctor.subjects.domain import Roles


@fact
def paths(roles: Roles) -> tuple[Path, ...]:
    """The sending paths of the domain."""
    return ()
