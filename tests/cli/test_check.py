"""`maildoctor check` from arguments to exit code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from maildoctor import registry
from maildoctor.ask import DnsAnswer, Failure, Result
from maildoctor.cli import gate
from maildoctor.model import Finding, Severity
from tests.cli.conftest import LOST, TOKEN, Program

Answering = Callable[[Result | BaseException], SimpleNamespace]

ONE = ("--select", "dkim-token-missing")
SHOP = ("check", "shop.example", "--zone", "shop.zone", *ONE)


def test_a_finding_ends_with_1_and_none_with_0(program: Program) -> None:
    assert program(*SHOP, "--dkim-token", TOKEN).code == 0
    assert program(*SHOP, "--dkim-token", LOST).code == 1
    assert program(*SHOP, "--dkim-token", LOST, "--fail-on", "warn").code == 1
    assert program(*SHOP, "--dkim-token", LOST, "--fail-on", "never").code == 0
    assert program(*SHOP, "--dkim-token", LOST, "--exit-zero").code == 0


def test_what_could_not_be_looked_at_ends_with_3(program: Program, live: Answering) -> None:
    live(Failure("timeout"))
    ran = program("check", "shop.example", *ONE, "--dkim-token", TOKEN, "--exit-zero")
    assert ran.code == 3
    assert "INCOMPLETE" in ran.out
    assert "could not look\n  timeout: " in ran.out


def test_an_interrupt_prints_what_is_known(program: Program, live: Answering) -> None:
    live(KeyboardInterrupt())
    ran = program("check", "shop.example", "mill.example", *ONE, "--dkim-token", TOKEN)
    assert ran.code == 130
    assert "Interrupted: this is what was known" in ran.out
    assert "mill.example" not in ran.out


def test_an_error_of_ours_ends_with_4_and_hides_nothing_else(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    @registry.check("dkim-broken", Severity.FAIL, "RFC 0")
    def broken(selectors: object) -> Iterator[Finding]:
        """This check is broken."""
        raise ZeroDivisionError("by nothing")
        yield

    monkeypatch.setitem(registry.CHECKS, "dkim-broken", registry.CHECKS["dkim-broken"])
    registry.catalogue.cache_clear()
    try:
        ran = program(*SHOP, "--select", "dkim-broken", "--dkim-token", LOST)
        assert ran.code == 4
        assert "dkim-token-missing" in ran.out
        assert "ZeroDivisionError" in ran.out
        assert "Traceback" not in ran.out + ran.err
        assert "Traceback" in program(*SHOP, "--select", "dkim-broken", "--debug").err
    finally:
        monkeypatch.undo()
        del registry.CHECKS["dkim-broken"]
        registry.catalogue.cache_clear()


def test_several_domains_end_with_the_worst(program: Program) -> None:
    ran = program("check", "mill.example", "shop.example", "--zone", "shop.zone", *ONE, "--dkim-token", LOST, "--color", "never")
    assert ran.code == 1
    assert ran.out.index("mill.example") < ran.out.index("shop.example")
    assert "\n\nshop.example" in ran.out


def test_the_live_source_gets_resolvers_and_deadline(program: Program, live: Answering) -> None:
    made = live(DnsAnswer())
    program("check", "shop.example", *ONE, "--resolver", "192.0.2.1,[::1]:5353", "--timeout", "3")
    assert list(map(str, made.given[0])) == ["192.0.2.1", "[::1]:5353"]
    assert made.given[-1]["timeout"] == 3


def test_a_recorded_bundle_gives_the_same_report(program: Program, tmp_path: Path) -> None:
    first = program(*SHOP, "--dkim-token", LOST, "--record", "audit.json", "-f", "json")
    again = program("check", "--bundle", "audit.json", *ONE, "-f", "json")
    assert (first.code, again.code) == (1, 1)
    one, two = json.loads(first.out), json.loads(again.out)
    for report in (one, two):
        report["run"].update(seconds=0, resolver="")
    assert one == two
    assert "not about mill.example" in program("check", "mill.example", "--bundle", "audit.json").err


def test_formats_go_to_files_beside_the_text(program: Program, tmp_path: Path) -> None:
    ran = program(*SHOP, "--dkim-token", LOST, "-f", "json=report.json", "-f", "concise=lines.txt")
    assert ran.out.startswith("shop.example")
    assert json.loads((tmp_path / "report.json").read_text())["schema"] == "maildoctor/1"
    assert (tmp_path / "lines.txt").read_text() == (
        f"shop.example fail dkim-token-missing: {LOST}._domainkey.shop.example has no CNAME record\n"
    )


def test_the_environment_gives_options(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILDOCTOR_DKIM_TOKEN", f"{TOKEN} {LOST}")
    monkeypatch.setenv("MAILDOCTOR_FORMAT", "concise")
    monkeypatch.setenv("MAILDOCTOR_EXIT_ZERO", "1")
    ran = program(*SHOP)
    assert ran.code == 0
    assert ran.out.startswith("shop.example fail dkim-token-missing")


def test_a_variable_that_is_no_option_is_told_and_stops_nothing(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILDOCTOR_DKIM_TOKENS", TOKEN)
    ran = program(*SHOP, "--dkim-token", TOKEN)
    assert ran.code == 0
    assert ran.err == (
        "maildoctor: the environment has MAILDOCTOR_DKIM_TOKENS, which is no option; did you mean MAILDOCTOR_DKIM_TOKEN?\n"
    )


def test_quiet_says_only_what_failed(program: Program) -> None:
    assert program(*SHOP, "-q", "--dkim-token", TOKEN).out == ""
    ran = program(*SHOP, "-q", "--dkim-token", LOST)
    assert "FAIL  dkim-token-missing" in ran.out
    assert "Exit code" not in ran.out


def test_verbose_lists_passes_and_very_verbose_questions(program: Program) -> None:
    assert "Each Easy DKIM token has its CNAME record." in program(*SHOP, "-v", "--dkim-token", TOKEN).out
    assert "_domainkey.shop.example. CNAME  noerror" in program(*SHOP, "-vv", "--dkim-token", TOKEN).out


def test_an_internationalised_domain_is_shown_in_both_forms(program: Program) -> None:
    ran = program("check", "bücher.example", "--zone", "shop.zone", *ONE)
    assert "bücher.example (xn--bcher-kva.example)" in ran.out


REFUSED = [
    (("check",), "no domain given, and none configured"),
    (("check", "https://shop.example/"), "did you mean shop.example?"),
    (("check", "shop.example", "--zone", "shop.zone", "--select", "dkmi"), "did you mean dkim?"),
    (("check", "shop.example", "--zone", "none.zone"), "none.zone: No such file or directory"),
    (("check", "shop.example", "--zone", "bad.zone"), "bad.zone:1: "),
    (("check", "shop.example", "--zone", "empty.zone"), "empty.zone: there is no record in it"),
    (("check", "mill.example", "--zone", "other.zone"), "other.zone: the zone of other.example, which does not hold mill.example"),
    (("check", "shop.example", "--region", "us-est-1"), "did you mean us-west-1 or us-east-1?"),
    (("check", "shop.example", "--example"), "--example audits bakery.example, not shop.example"),
    (("check", "--bundle", "none.json"), "none.json: No such file or directory"),
    (("check", "--bundle", "old.json"), "not a bundle of this version"),
    (("check", "shop.example", "--zone", "shop.zone", "--bundle", "old.json"), "give one of them"),
    (("check", "shop.example", "--role", "sned"), "did you mean send?"),
    (("check", "shop.example", "--region", "us-east1"), "did you mean us-east-1?"),
    (("check", "shop.example", "--region", "cn-north-1"), "Amazon SES does not exist in cn-north-1"),
    (("check", "shop.example", "--sender-ip", "192.0.2.0/24"), "is no IP address; give one address of the network"),
    (("check", "shop.example", "--mail-from", "info@shop.example"), "did you mean shop.example?"),
    (("check", "shop.example", "--mail-from", "bounce"), "did you mean bounce.shop.example?"),
    (("check", "shop.example", "--resolver", "dns.example"), "'dns.example' is no resolver: write an address"),
    (("check", "shop.example", "--from", "@shop.example"), "has nothing before the @"),
    (("check", "shop.example", "--dkim-token", "a b"), "is no DKIM token or selector"),
    (("check", "shop.example", "-f", "jsno"), "no format is called 'jsno'; did you mean json?"),
    (("check", "shop.example", "-f", "json="), "names no file"),
    (("check", "shop.example", "-f", "json", "-f", "text"), "only one format can go to standard output"),
    (("check", "shop.example", "-f", "json=x", "-f", "concise=x"), "x can hold one format"),
    (("check", "shop.example", "-f", "json=no/such/dir"), "cannot write no/such/dir: No such file or directory"),
    (("check", "shop.example", "--record", "no/such/dir"), "cannot write no/such/dir: No such file or directory"),
    (("check", "shop.example", "mill.example", "--record", "x"), "--record keeps one audit"),
    (("check", "shop.example", "--timeout", "0"), "--timeout wants a number of seconds above 0"),
    (("check", "shop.example", "--timeout", "nan"), "--timeout wants a number of seconds above 0"),
    (("check", "shop.example", "--timeout", "soon"), "is not a valid float"),
    (("check", "shop.example", "--fail-on", "error"), "it is one of: fail, never, warn"),
    (("check", "shop.example", "--color", "off"), "it is one of: always, auto, never"),
    (("check", "shop.example", "--selct", "dkim"), "did you mean --select?"),
    (("chekc", "shop.example"), "did you mean check?"),
    (("shop.example",), "did you mean: maildoctor check shop.example?"),
    (("explain", "dkim-token-mising"), "did you mean dkim-token-missing?"),
    (("explain", "xyzzy"), "see: maildoctor checks"),
    (("explain",), "Missing argument"),
    (("checks", "-f", "xml"), "it is one of: json, text"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_wrong_usage_is_one_line_with_a_hint(
    arguments: tuple[str, ...], words: str, program: Program, live: Answering, tmp_path: Path
) -> None:
    live(DnsAnswer())
    (tmp_path / "bad.zone").write_text("@ NOSUCHTYPE x\n")
    (tmp_path / "other.zone").write_text("$ORIGIN other.example.\n@ MX 10 mx\n")
    (tmp_path / "empty.zone").write_text("; nothing yet\n")
    (tmp_path / "old.json").write_text('{"schema": "maildoctor-bundle/0"}')
    ran = program(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert ran.err.startswith("maildoctor: ")
    assert ran.err.count("\n") == 1


def test_an_unexpected_error_is_a_bug_and_says_so(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "choose", None)
    ran = program(*SHOP)
    assert ran.code == 4
    assert "please report it" in ran.err
    assert ran.err.count("\n") == 1
    assert "Traceback" in program(*SHOP, "--debug").err
