"""What README shows, written by the program: `python -m cogapp -r README.md` renews it, with `--check` CI compares."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from maildoctor.audit import prepare
from maildoctor.audit import report as audit
from maildoctor.cli.exit_code import exit_code
from maildoctor.cli.run import run
from maildoctor.formats import View, render
from maildoctor.registry import catalogue, choose, needs
from maildoctor.settings import Settings
from tests.story import NOW, stories

_PLAIN = {"NO_COLOR": "1", "COLUMNS": "76", "TERMINAL_WIDTH": "76"}


@contextmanager
def _surroundings() -> Iterator[io.TextIOWrapper]:
    """An output that is no terminal, and an environment in which nothing is set."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith("MAILDOCTOR_") or name == "FORCE_COLOR":
            del os.environ[name]
    os.environ.update(_PLAIN)
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    try:
        with redirect_stdout(out):
            yield out
    finally:
        os.environ.clear()
        os.environ.update(before)


def session(*commands: str) -> str:
    """Return a terminal session of some commands. How long a run took is always the same here."""
    lines = []
    for command in commands:
        with _surroundings() as out:
            run(command.split()[1:])
            out.flush()
            told = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
        lines.append(f"$ {command}\n{told.rstrip()}\n")
    text = re.sub(r"^\d+\.\d s, ", "0.0 s, ", "\n".join(lines), flags=re.MULTILINE)
    return f"```console\n{text}```"


def told(name: str) -> str:
    """Return what the program says of the domain of a story, all checks asked, as a terminal session."""
    story = next(story for story in stories() if story.name == name)
    domain = story.reports[0].domain
    learning = prepare(domain, story.source(), Settings(), NOW)
    report = audit(learning, choose(), resolver="192.0.2.53")
    view = View(domain.text, exit_code=exit_code(report, "fail"), needs=needs)
    text = re.sub(r"^\d+\.\d s, ", "0.0 s, ", render("text", report, view), flags=re.MULTILINE)
    return f"```console\n$ maildoctor check {domain.text}\n{text.rstrip()}\n```"


def checks() -> str:
    """Return the catalogue as a table."""
    rows = [f"| `{check.id}` | {check.severity} | {_cell(check.title)} |" for check in catalogue().values()]
    return "\n".join(["| check | severity | holds when it passes |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def example_zone() -> str:
    """Return the zone of the example."""
    path = Path(__file__).parent.parent / "maildoctor/data/example/bakery.example.zone"
    return f"```\n{path.read_text('utf-8').rstrip()}\n```"
