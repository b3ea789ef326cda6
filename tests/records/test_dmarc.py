"""DMARC records, clause by clause, and the parse vectors of other implementations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maildoctor.records import dmarc, report_uri
from maildoctor.records.dmarc import Dmarc

VECTORS = Path(__file__).parent.parent.parent.parent / "shared" / "suites" / "parse" / "parse-vectors.json"


def record(text: str) -> Dmarc:
    found = dmarc.parse(text)
    assert found is not None
    return found


@pytest.mark.parametrize("text", ["v=DMARC1", "v=DMARC1;", "V = DMARC1 ; p=none", "v=DMARC1;p=none", "v=DMARC1;; p=none"])
def test_a_record_begins_with_its_version(text: str) -> None:
    assert dmarc.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "v=", "v=dmarc1; p=none", "v=DMARC12", "v=DMARC1 p=none", "v=DMARC1, p=none", " v=DMARC1; p=none", "p=none; v=DMARC1"],
)
def test_what_does_not_is_no_record(text: str) -> None:
    # RFC 9989 4.7: the value MUST match precisely, and the tag MUST be the first.
    assert dmarc.parse(text) is None


@pytest.mark.parametrize(
    ("text", "own", "below", "missing"),
    [
        ("v=DMARC1; p=reject", "reject", "reject", "reject"),
        ("v=DMARC1; p=Reject", "reject", "reject", "reject"),
        ("v=DMARC1; p=reject; sp=none", "reject", "none", "none"),
        ("v=DMARC1; p=none; sp=quarantine; np=reject", "none", "quarantine", "reject"),
        ("v=DMARC1; p=quarantine; np=reject", "quarantine", "quarantine", "reject"),
        # RFC 9989 4.10.1: without a valid p, or with an invalid sp or np, it depends on an address for reports.
        ("v=DMARC1", "", "", ""),
        ("v=DMARC1; rua=mailto:a@b.example", "none", "none", "none"),
        ("v=DMARC1; p=quarantin", "", "", ""),
        ("v=DMARC1; p=reject; sp=bad", "", "", ""),
        ("v=DMARC1; p=reject; np=bad; rua=mailto:a@b.example", "none", "none", "none"),
        ("v=DMARC1; p=reject; sp=bad; rua=a@b.example", "", "", ""),
    ],
)
def test_the_policy_asked_for(text: str, own: str, below: str, missing: str) -> None:
    found = record(text)
    asked = (found.requested(), found.requested(below=True), found.requested(below=True, exists=False))
    assert asked == (own, below, missing)


@pytest.mark.parametrize(("policy", "lowered"), [("reject", "quarantine"), ("quarantine", "none"), ("none", "none"), ("", "")])
def test_a_test_lowers_the_policy_by_a_step(policy: str, lowered: str) -> None:
    assert dmarc.lowered(policy) == lowered


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        *[("0", True), ("1", True), ("d:s", True), ("1:d:s", True), ("d:1", True)],
        *[("0:1", False), ("d:d", False), ("01", False), ("x", False)],
    ],
)
def test_failure_options(value: str, valid: bool) -> None:
    assert bool(record(f"v=DMARC1; fo={value}").value("fo")) is valid


def test_an_invalid_value_is_left_out_alone() -> None:
    # RFC 9989 4.7: syntax errors are discarded in favour of default values.
    found = record("v=DMARC1; p=reject; adkim=strict; aspf=s; foo; unknown=1")
    assert (found.value("p"), found.value("adkim"), found.value("aspf")) == ("reject", "", "s")


def test_a_tag_that_occurs_twice_is_told() -> None:
    assert record("v=DMARC1; p=none; P=reject").duplicates == ("p",)


@pytest.mark.parametrize(
    ("before", "tag", "value", "after"),
    [
        ("v=DMARC1; sp=none;rua=mailto:a@b.example", "p", "none", "v=DMARC1; p=none; sp=none; rua=mailto:a@b.example"),
        ("v=DMARC1;p=none ; pct=5;", "p", "reject", "v=DMARC1; p=reject; pct=5"),
        ("v=DMARC1; p=none; aspf=s", "np", "reject", "v=DMARC1; p=none; np=reject; aspf=s"),
        ("v=DMARC1; p=none; sp=none; aspf=s", "np", "reject", "v=DMARC1; p=none; sp=none; np=reject; aspf=s"),
        ("v=DMARC1; p=none; odd", "rua", "mailto:a@b.example", "v=DMARC1; p=none; odd; rua=mailto:a@b.example"),
    ],
)
def test_an_edit_keeps_the_other_tags_and_their_order(before: str, tag: str, value: str, after: str) -> None:
    assert str(record(before).replaced(tag, value)) == after


def test_what_is_printed_reads_back_as_the_same() -> None:
    edited = record("v=DMARC1;p=none;x;Pct=3").without("pct")
    assert record(str(edited)) == edited


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("v=dmarc1; p=none", "v=DMARC1; p=none"),
        ('"v=DMARC1; p=reject; rua=mailto:a@b.example"', "v=DMARC1; p=reject; rua=mailto:a@b.example"),
        ("v=DMARC1, p=reject, rua=a@b.example", "v=DMARC1; p=reject; rua=mailto:a@b.example"),
        ("p=quarantine; v=DMARC1; adkim=s", "v=DMARC1; p=quarantine; adkim=s"),
        ("DMARC1; p=rejct; aspf=x", "v=DMARC1; p=reject"),
        (
            "v=DMARC1 p=none rua=mailto:a@b.example mailto:c@d.example",
            "v=DMARC1; p=none; rua=mailto:a@b.example,mailto:c@d.example",
        ),
        ("v=DMARC1\\; p=none\\;", "v=DMARC1; p=none"),
        ("v=DMARC1\xa0; p=none", "v=DMARC1; p=none"),
        ("v=DMARC1; rua=mailto:a@b.example", "v=DMARC1; p=none; rua=mailto:a@b.example"),
        ("\udcff\udcfe", "v=DMARC1; p=none"),
    ],
)
def test_a_broken_text_is_mended(broken: str, mended: str) -> None:
    assert str(dmarc.repaired(broken)) == mended
    assert str(dmarc.repaired(mended)) == mended


@pytest.mark.parametrize("text", ["v=dmarc1; p=none", "DMARC1; p=none", "p=reject", "v=DMARC; sp=none", '"v=DMARC1"', "v = Dmarc1"])
def test_what_was_meant_as_a_record(text: str) -> None:
    assert dmarc.meant(text)


@pytest.mark.parametrize("text", ["", "v=spf1 -all", "google-site-verification=x", "dmarcian-verify=7", "shop=nonexistent"])
def test_what_was_not(text: str) -> None:
    assert not dmarc.meant(text)


@pytest.mark.parametrize(
    ("text", "host", "fault"),
    [
        ("mailto:a@b.example", "b.example.", ""),
        ("MAILTO:a@B.example", "b.example.", ""),
        ("mailto:a@b.example?subject=x", "b.example.", ""),
        ("mailto:a%2Cb@b.example", "b.example.", ""),
        ("mailto:a@b.example!10m", "b.example.", ""),
        ("https://b.example/dmarc", "b.example.", ""),
        ("a@b.example", "", "no scheme; mailto: is missing"),
        ("mailto://a@b.example", "", "not an address"),
        ("mailto:a@b", "", "not an address: its domain cannot exist"),
        ("mailto:a@b.example mailto:c@d.example", "", "a blank inside; addresses are separated by commas"),
        ("mailto:a@b.example!", "", "an exclamation mark, which must be written %21"),
        ("mailto:a@b.example!10p", "", "an exclamation mark, which must be written %21"),
        ("ftp://b.example/", "", "receivers need not support ftp:"),
        ("yes", "", "not an address"),
    ],
)
def test_report_addresses(text: str, host: str, fault: str) -> None:
    (uri,) = report_uri.parse(text)
    assert (uri.host, uri.fault) == (host, fault)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("a@b.example", ("mailto:a@b.example",)),
        ("mailto://a@b.example", ("mailto:a@b.example",)),
        ("<a@b.example>", ("mailto:a@b.example",)),
        ("mailto:a@b.example c@d.example", ("mailto:a@b.example", "mailto:c@d.example")),
        ("yes", ()),
    ],
)
def test_a_faulty_report_address_is_mended(text: str, mended: tuple[str, ...]) -> None:
    assert report_uri.parse(text)[0].mended == mended


OTHER_OPINIONS = {
    "v=DMARC1; sp=reject; p=reject": "valid: RFC 9989 4.8 lets the tags behind v stand in any order (RFC 7489 wanted p first)",
    "v=DMARC1; rua=mailto:dmarc-feedback@example.com!99999999999999999999999999999999999999999999999": (
        "valid: 4.8 sets no bound to the digits of obs-dmarc-report-size, which are ignored; with a rua, 4.10.1 makes it p=none"
    ),
    "v=DMARC1; p=n;": "invalid: 4.8 has no abbreviations; without a rua, 4.10.1 then applies no DMARC",
    "v=DMARC1; p=none; adkim=bob;": "valid: 4.7 discards the invalid value in favour of the default",
    "v=DMARC1; p=none; aspf=bob;": "valid: 4.7 discards the invalid value in favour of the default",
    "v=DMARC1; p=none; rf=bob;": "valid: rf was removed (C.5), and 4.7 has unknown tags ignored",
    "v=DMARC1; p=none; ri=bob;": "valid: ri was removed (C.5), and 4.7 has unknown tags ignored",
    "v=DMARC1; p=none; pct=500;": "valid: pct was removed (A.6, C.5), and 4.7 has unknown tags ignored",
    "v=DMARC1; p=none; rf=000000000000000000000000000000000": "valid: rf was removed (C.5), and 4.7 has unknown tags ignored",
}
"""Where RFC 9989 and the implementations from which the vectors come judge differently."""


def vectors(kind: str) -> list[dict[str, Any]]:
    return [vector for vector in json.loads(VECTORS.read_text("utf-8")) if vector["kind"] == kind]


def acted_on(text: str) -> bool:
    """Whether receivers apply DMARC by this record at all."""
    found = dmarc.parse(text)
    return found is not None and not found.duplicates and bool(found.requested())


@pytest.mark.parametrize("vector", vectors("dmarc"), ids=lambda vector: vector["origin"].rpartition("/")[2])
def test_parse_vectors(vector: dict[str, Any]) -> None:
    differs = vector["input"] in OTHER_OPINIONS
    assert acted_on(vector["input"]) is (vector["valid"] is not differs)


def test_each_other_opinion_is_about_a_vector() -> None:
    assert OTHER_OPINIONS.keys() <= {vector["input"] for vector in vectors("dmarc")}
