"""`explain` and `checks`: the catalogue for people and for programs."""

from __future__ import annotations

import json

from maildoctor.registry import catalogue
from tests.cli.conftest import Program


def test_explain_tells_what_why_and_where_it_is_written(program: Program) -> None:
    ran = program("explain", "dkim-token-missing")
    assert ran.code == 0
    check = catalogue()["dkim-token-missing"]
    for words in (check.title, "RFC 6376", "Severity", "maildoctor check DOMAIN --select dkim-token-missing"):
        assert words in ran.out


def test_a_word_for_several_checks_names_them(program: Program) -> None:
    ran = program("explain", "dkim")
    assert ran.code in (2, 0)
    assert "dkim-token-missing" in ran.out + ran.err


def test_checks_lists_the_whole_catalogue(program: Program) -> None:
    text = program("checks").out
    rows = json.loads(program("checks", "--format", "json").out)["checks"]
    assert [row["check"] for row in rows] == list(catalogue())
    assert all(row["check"] in text for row in rows)
    assert all(row["title"] and row["references"] for row in rows)


def test_help_names_every_command_and_option(program: Program) -> None:
    assert all(command in program("--help").out for command in ("check", "explain", "checks"))
    assert program().out == program("--help").out
    assert "--dkim-token" in program("check", "-h").out
