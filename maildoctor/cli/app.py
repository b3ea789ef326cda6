"""The program as typer sees it: its commands."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from maildoctor import __version__
from maildoctor.cli.exit_code import CLEAN
from maildoctor.cli.refused import Refused, near

COMMANDS = ("check", "explain", "checks", "aws-policy")
_Misused: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for everything that it cannot make sense of; it has no public name in all versions that we take."""


def _version(wanted: bool) -> None:
    if wanted:
        print(f"maildoctor {__version__}")
        raise typer.Exit


_Version = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.", show_default=False)
]


def _main(version: _Version = False) -> None:
    """Find out whether mail of an Amazon SES domain will be accepted and authenticated."""


def program(first: str) -> typer.Typer:
    """Return the program: with all its commands, or only that one which the first argument names."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_main)
    for name in (first,) if first in COMMANDS else COMMANDS:
        module = name.replace("-", "_")
        app.command(name)(getattr(import_module(f"maildoctor.cli.{module}"), module))
    return app


def run(arguments: list[str]) -> int:
    """Run the command that the arguments name, and return its exit code. Raises `Refused` for what typer cannot make sense of."""
    try:
        return int(program(arguments[0])(arguments, prog_name="maildoctor", standalone_mode=False) or CLEAN)
    except _Misused as error:
        raise Refused(_misuse(error, arguments)) from error


def _misuse(error: Exception, arguments: list[str]) -> str:
    """Return typer's words as one line, with what was perhaps meant."""
    option = getattr(error, "option_name", "")
    if option:
        known = [name for name in getattr(error, "possibilities", None) or () if name != "--help"]
        return f"there is no option {option}{near(option, known) if known else ''}"
    words = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    if not words.startswith("No such command"):
        return words
    given = arguments[0]
    return f"there is no command {given!r}" + (
        f"; did you mean: maildoctor check {given}?" if "." in given else near(given, COMMANDS)
    )
