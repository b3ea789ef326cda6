"""One check of the catalogue, explained in full."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

from maildoctor.cli import output
from maildoctor.cli.refused import Refused
from maildoctor.formats.page import Page
from maildoctor.model import Check
from maildoctor.registry import CHECKS, choose

SEVERITIES = {
    "fail": "fail: it breaks delivery, authentication or a published requirement",
    "warn": "warn: it works, but it is fragile",
    "note": "note: worth knowing",
}


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
    page.field("References", "; ".join(found.references), room=12)
    output.Standard(sys.stdout).write(str(page))
    return 0


def find(id: str) -> Check:
    """Return a check. Only its subject is imported, so facts that it needs may be missing. Raises `UnknownCheck` or `Refused`."""
    import maildoctor.subjects

    subject = id.partition("-")[0]
    for module in pkgutil.iter_modules(maildoctor.subjects.__path__, "maildoctor.subjects."):
        if subject and module.name.rpartition(".")[2].startswith(subject):
            import_module(module.name)
    if id in CHECKS:
        return CHECKS[id]
    several = [check.id for check in choose([id])]
    if id in several:
        return CHECKS[id]
    raise Refused(f"{id} stands for several checks: {', '.join(several)}")
