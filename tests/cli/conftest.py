"""The program, run in this process: in an empty directory, with nothing of ours in the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from maildoctor.ask import Question, Result
from maildoctor.cli.run import run

ZONE = """\
@ SOA ns1.shop.example. admin.shop.example. 1 7200 900 1209600 300
@ NS ns1.shop.example.
aaa234aaa234aaa234aaa234aaa234aa._domainkey CNAME aaa234aaa234aaa234aaa234aaa234aa.dkim.amazonses.com.
"""
TOKEN = "aaa234aaa234aaa234aaa234aaa234aa"
LOST = "bbb234bbb234bbb234bbb234bbb234bb"


@dataclass(frozen=True)
class Ran:
    """What a run came to."""

    code: int
    out: str
    err: str


Program = Callable[..., Ran]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Run the program with some arguments, where `shop.zone` and a `.git` directory are."""
    (tmp_path / "shop.zone").write_text(ZONE)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("MAILDOCTOR_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)

    def started(*arguments: str) -> Ran:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return started


class Fake:
    """Stands for the live source."""

    description = "192.0.2.53"

    def __init__(self, result: Result | BaseException) -> None:
        self.result = result
        self.open: list[Question] = []

    def ask(self, question: Question) -> None:
        self.open.append(question)

    def answers(self) -> Mapping[Question, Result]:
        if isinstance(self.result, BaseException):
            raise self.result
        answered = dict.fromkeys(self.open, self.result)
        self.open = []
        return answered


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Callable[[Result | BaseException], SimpleNamespace]:
    """Let the live source answer every question with one result, and keep what it was made with."""

    def answering(result: Result | BaseException) -> SimpleNamespace:
        made = SimpleNamespace(given=())

        def build(*given: Any, **named: Any) -> Fake:
            made.given = (*given, named)
            return Fake(result)

        monkeypatch.setattr("maildoctor.sources.dns.DnsSource", build)
        return made

    return answering
