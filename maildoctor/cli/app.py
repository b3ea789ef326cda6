"""The program: its commands, and what becomes of an error."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

from maildoctor import __version__
from maildoctor.cli.check import check
from maildoctor.cli.checks import checks
from maildoctor.cli.exit_code import BUG, CLEAN, INTERRUPTED, USAGE
from maildoctor.cli.explain import explain
from maildoctor.cli.output import silence
from maildoctor.formats.harmless import harmless

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


app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(_main)
for _command in (check, explain, checks):
    app.command()(_command)


def run(arguments: list[str]) -> int:
    """Run one command and return the exit code."""
    try:
        return _run(arguments or ["--help"])
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)
        return CLEAN
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours, and gets the exit code of a bug
        if "--debug" in arguments:
            traceback.print_exc()
        else:
            _say(f"an error of the program itself, please report it: {type(error).__name__}: {error} (--debug shows where)")
        return BUG


def _run(arguments: list[str]) -> int:
    from maildoctor.cli.refused import Refused
    from maildoctor.config import BadConfiguration
    from maildoctor.registry import UnknownCheck
    from maildoctor.sources.bundle import UnusableBundle
    from maildoctor.sources.zonefile import MalformedZone

    try:
        return int(app(arguments, prog_name="maildoctor", standalone_mode=False) or CLEAN)
    except (Refused, BadConfiguration, UnknownCheck, UnusableBundle, MalformedZone) as error:
        _say(str(error))
    except _Misused as error:
        _say(_misuse(error, arguments))
    return USAGE


def _misuse(error: Exception, arguments: list[str]) -> str:
    """Return typer's words as one line, with a hint where the command was left out."""
    words = " ".join(str(getattr(error, "format_message", error.__str__)()).split())
    if words.startswith("No such command") and "." in arguments[0]:
        return f"{words.rstrip('.')}; did you mean: maildoctor check {arguments[0]}?"
    return words


def _say(line: str) -> None:
    print(f"maildoctor: {harmless(line)}", file=sys.stderr)
