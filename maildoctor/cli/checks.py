"""`maildoctor checks`: the catalogue."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

_FORMATS = ("text", "json")


def checks(
    shape: Annotated[str, typer.Option("-f", "--format", metavar="FORMAT", help="text (default) or json.")] = "text",
) -> int:
    """List all checks, with what each needs. Offline."""
    from maildoctor.cli import output
    from maildoctor.cli.refused import Refused, near

    if shape not in _FORMATS:
        raise Refused(f"no format of the catalogue is called {shape!r}{near(shape, _FORMATS)}")
    output.Standard(sys.stdout).write(_json() if shape == "json" else _text())
    return 0


def _json() -> str:
    from json import dumps

    from maildoctor.registry import catalogue, needs

    rows = [
        {
            "check": check.id,
            "subject": check.subject,
            "severity": str(check.severity),
            "title": check.title,
            "explanation": " ".join(check.explanation.split()),
            "needs": list(needs(check)),
            "references": list(check.references),
        }
        for check in catalogue().values()
    ]
    return dumps({"schema": "maildoctor-checks/1", "checks": rows}, indent=2) + "\n"


def _text() -> str:
    from maildoctor.cli import output
    from maildoctor.formats.page import COLORS, Page
    from maildoctor.registry import catalogue, needs

    page = Page(output.surroundings())
    subject = ""
    for check in catalogue().values():
        if check.subject != subject:
            page.blank()
            subject = check.subject
        word = str(check.severity)
        page.line((COLORS[word], f"{word:<5}"), ("bold", f"{check.id:<34} "), ("dim", ", ".join(needs(check))))
        page.text(check.title, indent=5)
    page.blank()
    page.line(("dim", f"{len(catalogue())} checks.  More: maildoctor explain CHECK"))
    return str(page)
