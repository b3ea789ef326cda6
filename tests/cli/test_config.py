"""The configuration: what is found, what it says, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from maildoctor import config
from maildoctor.config import BadConfiguration
from maildoctor.model import Waiver
from tests.cli.conftest import LOST, TOKEN, Program

WHOLE = f"""
fail-on = "warn"
format = ["concise"]
[domains."shop.example"]
dkim-tokens = ["{LOST}"]
regions = ["us-east-1"]
[[waivers]]
check = "dkim-token-missing"
domain = "Shop.example."
reason = "moved, OPS-412"
expires = 2099-03-31
"""
ONE = ("--zone", "shop.zone", "--select", "dkim-token-missing")


def test_it_is_found_upwards_but_not_above_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "zones"
    inner.mkdir(parents=True)
    (tmp_path / "maildoctor.toml").write_text('fail-on = "warn"')
    assert config.find(inner).options == {"fail-on": "warn"}
    (tmp_path / "repository" / ".git").mkdir()
    assert config.find(inner).options == {}
    (tmp_path / "repository" / "pyproject.toml").write_text('[tool.maildoctor]\nfail-on = "never"')
    assert config.find(inner).options == {"fail-on": "never"}
    (tmp_path / "repository" / "maildoctor.toml").write_text("")
    assert config.find(inner).options == {}


def test_a_project_without_our_section_is_passed_by(tmp_path: Path) -> None:
    inner = tmp_path / "project"
    inner.mkdir()
    (inner / "pyproject.toml").write_text('[project]\nname = "x"')
    (tmp_path / "maildoctor.toml").write_text("exit-zero = true")
    assert config.find(inner).options == {"exit-zero": True}


def test_a_waiver_is_read_with_its_date(tmp_path: Path) -> None:
    (tmp_path / "maildoctor.toml").write_text(WHOLE)
    assert config.find(tmp_path).waivers == (Waiver("dkim-token-missing", "moved, OPS-412", "2099-03-31", "Shop.example."),)


def test_the_configured_domains_are_audited_and_waivers_hold(program: Program, tmp_path: Path) -> None:
    (tmp_path / "maildoctor.toml").write_text(WHOLE)
    ran = program("check", *ONE)
    assert ran.out == f"shop.example waived dkim-token-missing: {LOST}._domainkey.shop.example has no CNAME record\n"
    assert (ran.code, ran.err) == (0, "")


def test_an_expired_waiver_counts_again_and_says_so(program: Program, tmp_path: Path) -> None:
    (tmp_path / "maildoctor.toml").write_text(WHOLE.replace("2099", "2020"))
    ran = program("check", *ONE)
    assert ran.code == 1
    assert ran.err == "maildoctor: the waiver of dkim-token-missing expired on 2020-03-31: its findings count again\n"


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "maildoctor.toml").write_text(WHOLE.replace("shop.example", "mill.example").replace("Shop.", "mill."))
    assert program("check", "shop.example", *ONE).out == ""
    (tmp_path / "maildoctor.toml").write_text(WHOLE)
    monkeypatch.setenv("MAILDOCTOR_DKIM_TOKEN", TOKEN)
    assert program("check", *ONE).out == ""
    assert LOST in program("check", *ONE, "--dkim-token", LOST).out
    assert program("check", *ONE, "-f", "json").out.startswith("{")


BAD = [
    ('fial-on = "fail"', "there is no key fial-on; did you mean fail-on?"),
    ('[domains."a.example"]\nrole = ["send"]', 'there is no key domains."a.example".role; did you mean roles?'),
    ("select = true", "select must be a list of texts"),
    ('select = "dkim"', "select must be a list of texts"),
    ("select = [1]", "select must be a list of texts"),
    ("exit-zero = 1", "exit-zero must be true or false"),
    ("timeout = true", "timeout must be a number"),
    ("timeout = -1", "--timeout wants a number of seconds above 0"),
    ('fail-on = "errors"', "--fail-on 'errors' is not known"),
    ("domains = 1", "domains must be a table"),
    ('domains."a.example" = 1', 'domains."a.example" must be a table'),
    ('[domains."https://a.example/"]', "is a URL, not a domain name; did you mean a.example?"),
    ("waivers = [1]", "waivers[0] must be a table"),
    ('waivers = "all"', "waivers must be a list of tables"),
    ('[[waivers]]\ncheck = "mx"\nexpires = 2030-01-01', "waivers[0] has no reason"),
    ('[[waivers]]\ncheck = "mx"\nreason = " "\nexpires = 2030-01-01', "waivers[0] has no reason"),
    ('[[waivers]]\ncheck = "mx"\nreason = "x"', "waivers[0] has no expires"),
    ('[[waivers]]\nreason = "x"\nexpires = 2030-01-01', "waivers[0] has no check"),
    (
        '[[waivers]]\ncheck = "mx"\nreason = "x"\nexpires = "2030-01-01"',
        "must be a date such as 2027-03-31, without quotes",
    ),
    ('[[waivers]]\ncheck = "mx"\nreason = "x"\nexpires = 2030-01-01T00:00:00', "without a time"),
    ('[[waivers]]\ncheck = "dkim-token-mising"\nreason = "x"\nexpires = 2030-01-01', "did you mean dkim-token-missing?"),
    ('[[waivers]]\ncheck = "dkim"\nreason = "x"\nexpires = 2030-01-01', "a waiver names one check"),
    ("fail-on = ", "maildoctor.toml: "),
    ("select = " + "[" * 5000, "too deep in one another"),
]


@pytest.mark.parametrize(("text", "words"), BAD, ids=[words for _, words in BAD])
def test_what_cannot_be_used_is_refused_in_one_line(text: str, words: str, program: Program, tmp_path: Path) -> None:
    (tmp_path / "maildoctor.toml").write_text(text)
    ran = program("check", "shop.example", *ONE)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert ran.err.count("\n") == 1


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "maildoctor.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadConfiguration, match="not a text file in UTF-8"):
        config.find(tmp_path)
