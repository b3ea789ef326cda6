"""Foreign text comes out as text."""

from __future__ import annotations

import pytest

from maildoctor.formats.harmless import harmless, no_commands


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("v=spf1 -all", "v=spf1 -all"),
        ("[bold]x[/bold] <b>", "[bold]x[/bold] <b>"),
        ("bücher 書店 é", "bücher 書店 é"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\nb\r\tc\0", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("\u202emoc.elpmaxe\u2066", "\\u202emoc.elpmaxe\\u2066"),
        ("pay\u200bpal\ufeff\xad", "pay\\u200bpal\\ufeff\\xad"),
        ("one\u2028two\u0085", "one\\u2028two\\x85"),
        ("\udcff\udc80\ud800", "\\xff\\x80\\ud800"),
        ("\U000e0041\U0010ffff", "\\U000e0041\\U0010ffff"),
        ("##[error]x ##vso[task.x]", "#\\x23[error]x #\\x23vso[task.x]"),
        ("## heading", "## heading"),
    ],
)
def test_what_could_act_is_written_as_an_escape(foreign: str, shown: str) -> None:
    assert harmless(foreign) == shown


def test_no_line_is_a_command_to_a_build_log() -> None:
    assert no_commands("::error::x\n  ::add-mask::y\na ::b::\n2001::1\n") == (
        "\\058:error::x\n  \\058:add-mask::y\na ::b::\n2001::1\n"
    )
