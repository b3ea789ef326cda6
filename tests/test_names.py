"""Names have one form, and foreign text that is no name is told from one (RFC 1035 2.3.4, 5.1)."""

from __future__ import annotations

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor import names


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("shop.example", "shop.example."),
        ("Shop.EXAMPLE.", "shop.example."),
        ("", "."),
        (".", "."),
        ("_dmarc.shop.example", "_dmarc.shop.example."),
        ("*.shop.example", "*.shop.example."),
        (r"a\.b.example", r"a\046b.example."),
        (r"a\046b.example", r"a\046b.example."),
        (r"10\032mail.example", r"10\032mail.example."),
        ("10 mail.example", r"10\032mail.example."),
        (r"\065.example", "a.example."),
        ("m\u00fcller.example", r"m\195\188ller.example."),
        ("a;b.example", r"a\059b.example."),
        ('"a".example', r"\034a\034.example."),
        (r"a\(b.example", r"a\040b.example."),
    ],
)
def test_a_name_has_one_form(text: str, canonical: str) -> None:
    assert names.absolute(text) == canonical
    assert names.absolute(canonical) == canonical


@pytest.mark.parametrize("text", ["a..b", ".a", "..", "a\\", r"a\300.b", r"a\.\b..c", "a.b.."])
def test_a_text_that_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"label|no domain name|escape"):
        names.absolute(text)
    assert not names.possible(text)


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("a" * 63 + ".example", True),
        ("a" * 64 + ".example", False),
        (".".join(["a" * 63] * 3 + ["a" * 61]), True),
        (".".join(["a" * 63] * 3 + ["a" * 62]), False),
        (r"\097" * 63, True),
        (r"\097" * 64, False),
    ],
)
def test_a_name_can_only_be_so_long(text: str, possible: bool) -> None:
    assert names.possible(text) is possible


def test_the_tree_of_names() -> None:
    assert names.parent("a.shop.example.") == "shop.example."
    assert names.parent(r"a\046b.example.") == "example."
    assert names.parent("example.") == "."
    assert names.parent(".") == "."
    assert names.child("_dmarc", "shop.example.") == "_dmarc.shop.example."
    assert names.child("a.b", ".") == "a.b."
    assert names.depth(r"a\046b.example.") == 2
    assert names.below("a.shop.example.", "shop.example.")
    assert names.below("shop.example.", "shop.example.")
    assert names.below("shop.example.", ".")
    assert not names.below("workshop.example.", "shop.example.")
    assert names.bare("shop.example.") == "shop.example"
    assert names.bare(".") == "."


def test_what_panels_do_to_names() -> None:
    assert names.under("_dmarc.shop.example.", "shop.example.") == "_dmarc.shop.example.shop.example."
    assert names.relative("mail.hoster.example.shop.example.", "shop.example.") == "mail.hoster.example."
    assert names.relative("shop.example.", "shop.example.") == ""
    assert names.relative("workshop.example.", "shop.example.") == ""
    assert names.relative("mail.hoster.example.", ".") == ""


def test_the_name_that_nobody_published_is_the_same_in_every_run() -> None:
    assert names.probe("shop.example.") == names.probe("shop.example.")
    assert names.probe("shop.example.") != names.probe("mill.example.").replace("mill", "shop")
    assert names.possible(names.probe("shop.example."))


@given(st.lists(st.binary(min_size=1, max_size=63), min_size=1, max_size=3))
def test_names_survive_being_written(labels: list[bytes]) -> None:
    text = names.join(tuple(labels))
    assert names.labels(text) == tuple(label.lower() for label in labels)
    assert dns.name.from_text(text).labels == (*(label.lower() for label in labels), b"")


@given(st.text(max_size=40))
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    try:
        canonical = names.absolute(text)
    except ValueError:
        assert not names.possible(text)
    else:
        assert names.absolute(canonical) == canonical
        assert canonical.isascii()
