"""What is not needed is not imported: help, `explain` and the first questions of `check` come before anything heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"boto3", "botocore", "checkdmarc", "cryptography", "dkim", "dns", "publicsuffixlist", "rich", "spf"}
LIST = "print(*sys.modules, file=sys.stderr)"
RUN = """
import sys
sys.argv = ["maildoctor", *sys.argv[1:]]
from maildoctor.__main__ import main
try:
    main()
except SystemExit:
    pass
"""
# A live source that stops the program at the moment when it waits for the first answers.
FIRST = """
import maildoctor.sources.dns
class Waiting(maildoctor.sources.dns.DnsSource):
    def ask(self, question):
        self.asked = True
    def answers(self):
        assert self.asked
        raise SystemExit
maildoctor.sources.dns.DnsSource = Waiting
"""


def imported(code: str, *arguments: str) -> set[str]:
    command = [sys.executable, "-c", code + LIST, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    return {module.partition(".")[0] for module in ran.stderr.split()}


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("explain", "dkim-token-missing"), ("checks",)], ids=" ".join)
def test_nothing_heavy_is_imported_for_what_is_asked_offline(arguments: tuple[str, ...]) -> None:
    assert imported(RUN, *arguments) & HEAVY == set()


def test_the_version_is_told_before_typer_is_imported() -> None:
    assert imported(RUN, "--version") & {"typer", "click", "re", "typing", "dataclasses"} == set()


def test_the_first_questions_are_out_before_anything_heavy_is_imported() -> None:
    assert imported(FIRST + RUN, "check", "shop.example") & HEAVY == set()


# An interrupt that comes while the program is being loaded.
EARLY = """
import builtins
real = builtins.__import__
def interrupted(name, *rest):
    if name == "maildoctor.cli.run":
        raise KeyboardInterrupt
    return real(name, *rest)
builtins.__import__ = interrupted
import sys
sys.argv = ["maildoctor", "--help"]
from maildoctor.__main__ import main
main()
"""


def test_an_interrupt_while_the_program_is_loaded_is_quiet() -> None:
    ran = subprocess.run([sys.executable, "-c", EARLY], capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


@pytest.mark.parametrize(
    "id", ["dkim-token-missing", "spf-syntax", "dmarc-no-aligned-path", "ses-sandbox", "receiving-bucket-policy"]
)
def test_a_check_is_explained_by_a_program_that_has_done_nothing_else(id: str) -> None:
    command = [sys.executable, "-m", "maildoctor", "explain", id]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(id)
