"""Hostile text in every field comes out of every format as text."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest

from maildoctor import formats
from maildoctor.formats import View, names
from maildoctor.model import Report
from tests.formats.reports import FULL

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07gone",
    "\r\n::error file=a::b\n  ::add-mask::x",
    "::set-output name=a::b",
    "##[error]x ##vso[task.complete]",
    "nul\0 \x9b31m \x7f \x85",
    "\u202emoc.elpmaxe\u2066\u200b\u200d\ufeff\u2028",
    "octets \udcff\udc1b \ud800",
    "[bold red]x[/] <script>alert(1)</script> `x` | =cmd() \U000e0041",
    "a" * 5000,
    "書" * 300 + "e\u0301" * 300,
    " " * 300,
    "",
    "\\",
    '"',
]
VIEWS = [View(), View(color=True, verbose=2), View(ascii=True, verbose=1, width=40), View(quiet=True)]
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e0fff]")
OWN_COLORS = re.compile("\x1b\\[[0-9;]+m")


def poisoned(value: Any, poison: str) -> Any:
    """Put a text at the end of every text in a report, and at the start of those that nothing of ours precedes."""
    if isinstance(value, str):
        return poison + value + poison
    if isinstance(value, tuple):
        return tuple(poisoned(member, poison) for member in value)
    if isinstance(value, dict):
        return {key: poisoned(member, poison) for key, member in value.items()}
    if is_dataclass(value) and not isinstance(value, (type, Enum)):
        kept = ("domain", "id")
        return replace(value, **{f.name: poisoned(getattr(value, f.name), poison) for f in fields(value) if f.name not in kept})
    return value


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("poison", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_acts_in_any_format(name: str, poison: str) -> None:
    report: Report = poisoned(replace(FULL, undecided={"paths": "x"}), poison)
    for view in VIEWS:
        shown = formats.render(name, report, replace(view, title=poison or "x", questions=(poison,)))
        plain = OWN_COLORS.sub("", shown) if view.color else shown
        assert ACTING.findall(plain) == []
        assert not [line for line in plain.splitlines() if line.lstrip().startswith("::")]
        assert "##[" not in plain
        assert "##vso[" not in plain
        if name == "json":
            json.loads(shown)
