"""The program as a process: exit codes, closed pipes, encodings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from maildoctor import __version__
from maildoctor.registry import FACTS, catalogue, closure

PROGRAM = [sys.executable, "-m", "maildoctor"]
ROOT = Path(__file__).parent.parent.parent


def process(*arguments: str, stdout: int = subprocess.PIPE, **variables: str) -> tuple[int, bytes, bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAILDOCTOR_", "PYTHON"))}
    command = [*PROGRAM, *arguments]
    environment = {**kept, **variables}
    ran = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, cwd=ROOT, env=environment, check=False)  # noqa: S603 - our own program
    return ran.returncode, ran.stdout or b"", ran.stderr


def test_version() -> None:
    assert process("--version") == (0, f"maildoctor {__version__}\n".encode(), b"")


EXPLAIN = """
import sys
fresh = set(sys.modules)
for id in sys.argv[1:]:
    for module in set(sys.modules) - fresh:
        del sys.modules[module]
    from maildoctor.cli.explanation import show
    assert show(id) == 0
"""


def unlike() -> list[str]:
    """One check of all that are of the same subject and need facts of the same modules."""
    every = {
        (check.subject, *sorted({FACTS[name].__module__ for name in closure(check.parameters)})): id
        for id, check in catalogue().items()
    }
    return list(every.values())


def test_checks_are_explained_though_only_what_they_need_is_imported() -> None:
    checks = unlike()
    command = [sys.executable, "-c", EXPLAIN, *checks]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 - our own program
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("Severity") >= len(checks)


def test_a_closed_pipe_is_silent_and_keeps_the_exit_code() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert process("check", "--example", stdout=writer) == (1, b"", b"")
    assert process("checks", stdout=writer) == (0, b"", b"")
    assert process("--help", stdout=writer) == (0, b"", b"")
    os.close(writer)


def test_a_terminal_without_utf_8_gets_plain_signs() -> None:
    code, out, _ = process("check", "--example", PYTHONIOENCODING="ascii", FORCE_COLOR="1")
    assert code == 1
    assert out.isascii()
    assert b"\x1b[1;31mx\x1b[0m \x1b[1;31mFAIL\x1b[0m" in out


def test_output_that_is_no_terminal_has_no_colours() -> None:
    code, out, _ = process("check", "--example", PYTHONUTF8="1")
    assert code == 1
    assert b"\x1b" not in out
    assert "✗ FAIL".encode() in out


def test_output_that_cannot_be_written_is_told_in_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        code, _, err = process("check", "--example", stdout=full.fileno())
    assert (code, err) == (2, b"maildoctor: cannot write standard output: No space left on device\n")
    code, _, err = process("check", "--example", "-f", "json=/dev/full")
    assert (code, err) == (2, b"maildoctor: cannot write /dev/full: No space left on device\n")


def test_closed_streams_are_no_error() -> None:
    for closed, command in ((">&-", "check --example"), ("2>&-", "check nonsense")):
        shell = ["/bin/sh", "-c", f"exec {sys.executable} -m maildoctor {command} {closed}"]
        ran = subprocess.run(shell, capture_output=True, cwd=ROOT, check=False)  # noqa: S603 - our own program
        assert (ran.returncode, ran.stdout, ran.stderr) == (1 if "example" in command else 2, b"", b"")


def test_a_width_beyond_all_measure_is_no_error() -> None:
    assert process("check", "--example", COLUMNS="9" * 5000)[0] == 1
