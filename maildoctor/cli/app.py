"""The program: its commands, and what becomes of an error."""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from typing import Annotated

import typer

from maildoctor import __version__
from maildoctor.cli.exit_code import BUG, CLEAN, INTERRUPTED, USAGE

COMMANDS = ("check", "explain", "checks")
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
        app.command()(getattr(import_module(f"maildoctor.cli.{name}"), name))
    return app


def run(arguments: list[str]) -> int:
    """Run one command and return the exit code."""
    try:
        return _run(arguments or ["--help"])
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit:
        return CLEAN  # so typer leaves when nobody reads its help
    except BrokenPipeError:
        from maildoctor.cli.output import silence

        silence(sys.stdout)
        return CLEAN
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and gets the exit code of a bug
        if "--debug" in arguments:
            traceback.print_exc()
        else:
            _say(f"an error of the program itself, please report it: {type(error).__name__}: {error} (--debug shows where)")
        return BUG


def _run(arguments: list[str]) -> int:
    try:
        return int(program(arguments[0])(arguments, prog_name="maildoctor", standalone_mode=False) or CLEAN)
    except _Misused as error:
        _say(_misuse(error, arguments))
    except ValueError as error:
        if not isinstance(error, _refusals()):
            raise
        _say(str(error))
    return USAGE


def _refusals() -> tuple[type[ValueError], ...]:
    """Return the errors that say what the program was given and cannot use."""
    from maildoctor.cli.refused import Refused
    from maildoctor.config import BadConfiguration
    from maildoctor.registry import UnknownCheck
    from maildoctor.sources.bundle import UnusableBundle
    from maildoctor.sources.zonefile import MalformedZone

    return Refused, BadConfiguration, UnknownCheck, UnusableBundle, MalformedZone


def _misuse(error: Exception, arguments: list[str]) -> str:
    """Return typer's words as one line, with what was perhaps meant."""
    from maildoctor.cli.refused import near

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


def _say(line: str) -> None:
    from maildoctor.formats.harmless import harmless

    print(f"maildoctor: {harmless(line)}", file=sys.stderr)
