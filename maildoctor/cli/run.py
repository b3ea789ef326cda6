"""One run of the program from arguments to exit code, and what becomes of an error."""

from __future__ import annotations

import sys

from maildoctor.cli.exit_code import BUG, CLEAN, INTERRUPTED, USAGE


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
            import traceback

            traceback.print_exc()
        else:
            _say(f"an error of the program itself, please report it: {type(error).__name__}: {error} (--debug shows where)")
        return BUG


def _run(arguments: list[str]) -> int:
    try:
        return _command(arguments)
    except ValueError as error:
        if not isinstance(error, _refusals()):
            raise
        _say(str(error))
    return USAGE


def _command(arguments: list[str]) -> int:
    if len(arguments) == 2 and arguments[0] == "explain" and not arguments[1].startswith("-"):
        from maildoctor.cli import explanation  # typer would take longer than all the rest

        return explanation.show(arguments[1])
    from maildoctor.cli import app

    return app.run(arguments)


def _refusals() -> tuple[type[ValueError], ...]:
    """Return the errors that say what the program was given and cannot use."""
    from maildoctor.cli.refused import Refused
    from maildoctor.config import BadConfiguration
    from maildoctor.registry import UnknownCheck
    from maildoctor.sources.bundle import UnusableBundle
    from maildoctor.sources.zonefile import MalformedZone

    return Refused, BadConfiguration, UnknownCheck, UnusableBundle, MalformedZone


def _say(line: str) -> None:
    from maildoctor.formats.harmless import harmless

    print(f"maildoctor: {harmless(line)}", file=sys.stderr)
