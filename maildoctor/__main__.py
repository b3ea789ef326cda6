"""The way in. `--version` is answered before anything is imported that takes time."""

from __future__ import annotations

import gc
import os
import sys

from maildoctor import __version__


def main() -> None:
    """Run the program and end it with its exit code."""
    _open_closed()
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"maildoctor {__version__}")
        sys.exit(0)
    # One audit lives shorter than what it would take to look for its garbage.
    gc.disable()
    try:
        from maildoctor.cli.run import run

        sys.exit(run(arguments))
    except KeyboardInterrupt:
        # While the program was still being loaded: nothing is known yet that could be printed.
        sys.exit(130)


def _open_closed() -> None:
    """Let what goes to a stream that the caller closed go nowhere; Python leaves None in its place, or prints on the other one."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open to the end; pathlib takes time
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - the same


if __name__ == "__main__":
    main()
