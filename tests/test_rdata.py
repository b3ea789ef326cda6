"""Record data in presentation form comes apart as it was put together (RFC 1035 3.3, 5.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.rdata import Mx, Soa, Text, quoted


@pytest.mark.parametrize(
    ("presentation", "strings"),
    [
        ('"v=spf1 -all"', [b"v=spf1 -all"]),
        ('"v=spf1 " "-all"', [b"v=spf1 ", b"-all"]),
        ("bare words", [b"bare", b"words"]),
        (r'"a\"b" "c\\d" "e\009f"', [b'a"b', b"c\\d", b"e\tf"]),
        (r'"\195\188"', ["\u00fc".encode()]),
        (r'"\255\000"', [b"\xff\x00"]),
        ('"\u00fc"', ["\u00fc".encode()]),
        ('"\u00fc\\"x"', ['\u00fc"x'.encode()]),
        ('""', [b""]),
        ("", []),
        (r'"\999"', [b"999"]),
    ],
)
def test_character_strings_are_read(presentation: str, strings: list[bytes]) -> None:
    assert list(Text.parse(presentation).strings) == strings


def test_strings_join_without_anything_between() -> None:
    assert Text.parse('"v=spf1" "-all"').text == "v=spf1-all"


def test_octets_that_are_no_text_are_kept() -> None:
    text = Text((b"v=spf1\xa0-all",)).text
    assert text == "v=spf1\udca0-all"
    assert Text.of(text).raw == b"v=spf1\xa0-all"


def test_long_texts_are_cut() -> None:
    assert [len(string) for string in Text.of("x" * 600).strings] == [255, 255, 90]
    assert Text.of("").strings == (b"",)


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=4))
def test_strings_survive_being_written(strings: list[bytes]) -> None:
    assert Text.parse(" ".join(map(quoted, strings))).strings == tuple(strings)
    assert str(Text(tuple(strings))).isascii()


def test_mx_and_soa() -> None:
    assert Mx.parse("10 mail.shop.example.") == Mx(10, "mail.shop.example.")
    assert str(Mx.parse("0 .")) == "0 ."
    assert sorted([Mx(20, "a."), Mx(10, "b."), Mx(10, "a.")]) == [Mx(10, "a."), Mx(10, "b."), Mx(20, "a.")]
    assert Soa.parse("ns1.shop.example. admin.shop.example. 7 1 2 3 4") == Soa("ns1.shop.example.", "admin.shop.example.", 7)
