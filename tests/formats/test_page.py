"""Text is broken into lines that fit, and nothing of it is lost."""

from __future__ import annotations

import pytest

from maildoctor.formats.page import cells, shortened, wrap


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two three four", ["one two", "three four"]),
        ("ten signs.", ["ten signs."]),
        ("a  b", ["a  b"]),
        ("abcdefghijklmno", ["abcdefghij", "klmno"]),
        ("x abcdefghijklmno", ["x", "abcdefghij", "klmno"]),
        ("www.shop.example", ["www.shop.", "example"]),
        ("書書書書書書", ["書書書書書", "書"]),
        ("e\u0301" * 12, ["e\u0301" * 10, "e\u0301" * 2]),
        ("e\u0301" * 10 + " f", ["e\u0301" * 10, "f"]),
    ],
)
def test_lines_of_ten_cells(text: str, lines: list[str]) -> None:
    assert wrap(text, 10) == lines


def test_cells_are_columns_of_a_terminal() -> None:
    assert (cells("abc"), cells("書"), cells("e\u0301")) == (3, 2, 1)


def test_the_middle_is_left_out() -> None:
    assert shortened("a" * 10, 10) == "a" * 10
    assert shortened("abcdefghijkl", 9) == "abcdef … jkl"
