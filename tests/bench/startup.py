"""How fast the program answers what it knows by heart, beside an interpreter that does nothing."""

from __future__ import annotations

import sys

from tests.bench import stage

_RUNS = 15
_COMMANDS = {
    "--version": (("--version",), 1.5),
    "--help": (("--help",), 8.0),
    "explain": (("explain", "dkim-token-missing"), 8.0),
}


def main() -> None:
    """Print the ratios."""
    nothing = (sys.executable, "-c", "pass")
    for name, (arguments, target) in _COMMANDS.items():
        command = (*stage.MAILDOCTOR, *arguments)
        assert stage.run(command).code == 0
        pairs = [(stage.run(command), stage.run(nothing)) for _ in range(_RUNS)]
        mine, least = stage.median([pair[0] for pair in pairs]), stage.median([pair[1] for pair in pairs])
        words = f"{mine * 1000:.0f} / {least * 1000:.0f} ms = {mine / least:.1f}"
        stage.line(f"{name} / python -c pass", words, f"at most {target:g}", met=mine / least <= target)


if __name__ == "__main__":
    main()
