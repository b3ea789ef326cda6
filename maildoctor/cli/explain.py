"""`maildoctor explain`: one check of the catalogue, in full. Offline."""

from __future__ import annotations

import os
import pkgutil
import sys
from importlib import import_module
from typing import Annotated

import typer

from maildoctor.cli import output
from maildoctor.cli.refused import Refused
from maildoctor.formats.page import Page
from maildoctor.model import Check, Severity
from maildoctor.registry import CHECKS, UnknownCheck, choose, needs

_SEVERITIES = {
    Severity.FAIL: "fail: it breaks delivery, authentication or a published requirement",
    Severity.WARN: "warn: it works, but it is fragile",
    Severity.NOTE: "note: worth knowing",
}
KINDS = {"dns": "DNS"}


def explain(check: Annotated[str, typer.Argument(metavar="CHECK", show_default=False, help="The id of a check.")]) -> int:
    """Say what a check tests, why it matters, how to cure it. Offline."""
    found = find(check.strip().lower())
    page = Page(output.view("auto", 0, os.environ, quiet=False))
    page.raw(page.paint("bold", found.id))
    page.text(found.title, style="bold")
    for paragraph in found.explanation.split("\n\n"):
        page.blank()
        page.text(" ".join(paragraph.split()))
    page.blank()
    page.field("Severity", _SEVERITIES[found.severity], room=12)
    page.field(
        "Cure", "the report of your domain names the record to publish: maildoctor check DOMAIN --select " + found.id, room=12
    )
    page.field("Needs", ", ".join(KINDS.get(kind, kind) for kind in needs(found)) or "nothing but what is told", room=12)
    page.field("References", "; ".join(found.references), room=12)
    output.Standard(sys.stdout).write(str(page))
    return 0


def find(id: str) -> Check:
    """Return a check. Only its subject is imported, if that is enough. Raises `UnknownCheck` or `Refused`."""
    import maildoctor.subjects

    subject = id.partition("-")[0]
    for module in pkgutil.iter_modules(maildoctor.subjects.__path__, "maildoctor.subjects."):
        if module.name.rpartition(".")[2].startswith(subject):
            import_module(module.name)
    if id in CHECKS:
        return CHECKS[id]
    several = [check.id for check in choose([id])]
    if several == [id]:
        return CHECKS[id]
    raise Refused(f"{id} stands for several checks: {', '.join(several)}")


__all__ = ["UnknownCheck", "explain", "find"]
