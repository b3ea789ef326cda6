"""One check of the catalogue, explained in full."""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

from maildoctor.cli import output
from maildoctor.cli.refused import Refused
from maildoctor.formats.page import Page
from maildoctor.model import Check
from maildoctor.registry import CHECKS, choose, needs, unknown

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
    """Return a check. Of the subjects only those are imported that it needs. Raises `UnknownCheck` or `Refused`."""
    subject = id.partition("-")[0]
    for module in _subjects():
        if subject and module.rpartition(".")[2].startswith(subject):
            import_module(module)
    if id not in CHECKS:
        several = [check.id for check in choose([id])]
        if id not in several:
            raise Refused(f"{id} stands for several checks: {', '.join(several)}")
    _learn_facts(CHECKS[id])
    return CHECKS[id]


def _learn_facts(check: Check) -> None:
    """Import the subjects whose facts a check needs, the likeliest first: all of them would take twice as long as the rest."""
    left = [module for module in _subjects() if module not in sys.modules]
    while missing := unknown(check.parameters):
        left.sort(key=lambda module: missing not in module)
        import_module(left.pop(0))


def _subjects() -> list[str]:
    import maildoctor.subjects

    return [module.name for module in pkgutil.iter_modules(maildoctor.subjects.__path__, "maildoctor.subjects.")]
