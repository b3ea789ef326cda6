"""The way in. `--version` is answered before anything is imported that takes time."""

from __future__ import annotations

import gc
import sys

from maildoctor import __version__


def main() -> None:
    """Run the program and end it with its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print(f"maildoctor {__version__}")
        sys.exit(0)
    # One audit lives shorter than what it would take to look for its garbage.
    gc.disable()
    from maildoctor.cli.run import run

    sys.exit(run(arguments))


if __name__ == "__main__":
    main()
