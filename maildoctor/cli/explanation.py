"""One check of the catalogue, explained in full."""

from __future__ import annotations

import sys

from maildoctor.cli import output
from maildoctor.cli.refused import Refused
from maildoctor.formats.page import Page
from maildoctor.model import Check
from maildoctor.registry import catalogue, choose, needs

SEVERITIES = {
    "fail": "fail: it breaks delivery, authentication or a published requirement",
    "warn": "warn: it works, but it is fragile",
    "note": "note: worth knowing",
}
KINDS = {"aws": "AWS credentials", "dns": "DNS"}


def show(id: str) -> int:
    """Print what a check tests, why it matters, how to cure it. Raises `UnknownCheck` or `Refused`."""
    found = find(id.strip().lower())
    page = Page(output.surroundings())
    page.line(("bold", found.id))
    page.text(found.title, style="bold")
    for paragraph in found.explanation.split("\n\n"):
        page.blank()
        page.text(" ".join(paragraph.split()))
    page.blank()
    page.field("Severity", SEVERITIES[str(found.severity)], room=12)
    page.field("Cure", f"maildoctor check DOMAIN --select {found.id} names what to publish or to do", room=12)
    page.field("Needs", ", ".join(KINDS.get(kind, kind) for kind in needs(found)) or "nothing but what is told", room=12)
    page.field("References", "; ".join(found.references), room=12)
    output.Standard(sys.stdout).write(str(page))
    return 0


def find(id: str) -> Check:
    """Return a check. Raises `UnknownCheck` or `Refused`."""
    several = [check.id for check in choose([id])]
    if id in several:
        return catalogue()[id]
    raise Refused(f"{id} stands for several checks: {', '.join(several)}")
