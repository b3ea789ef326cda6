"""A page of plain text: signs, colours, wrapping to a width, and lines for copying that are never wrapped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from maildoctor.formats import View
from maildoctor.formats.harmless import harmless, no_commands

_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "alarm": "1;31"}
_SIGNS = {
    "fail": ("✗", "x"),
    "warn": ("!", "!"),
    "note": ("·", "-"),
    "pass": ("✓", "+"),
    "unknown": ("?", "?"),
    "skipped": ("-", "-"),
    "not-applicable": ("-", "-"),
    "waived": ("~", "~"),
    "crash": ("#", "#"),
}
COLORS = {
    "fail": "alarm",
    "warn": "yellow",
    "note": "blue",
    "pass": "green",
    "unknown": "yellow",
    "skipped": "dim",
    "not-applicable": "dim",
    "waived": "dim",
    "crash": "alarm",
}
_COLOR = re.compile("\x1b\\[[0-9;]*m")


Part = tuple[str, str]
"""A style, or "", and a text."""


class Page:
    """Collects the lines of a report. Every text that comes in is made harmless here."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.lines: list[str] = []

    def __str__(self) -> str:
        return no_commands("".join(f"{line.rstrip()}\n" for line in self.lines))

    def blank(self) -> None:
        """Leave one line empty, never two."""
        if self.lines and self.lines[-1]:
            self.lines.append("")

    def line(self, *parts: Part) -> None:
        """Add a line of styled parts, as long as it is."""
        self.lines.append(self._painted(parts))

    def ends(self, left: Sequence[Part], right: Sequence[Part]) -> None:
        """Add a line with something at either end."""
        first, last = self._painted(left), self._painted(right)
        gap = self.view.width - cells(_COLOR.sub("", first)) - cells(_COLOR.sub("", last))
        self.lines.append(first + " " * max(gap, 2) + last)

    def copy(self, line: str) -> None:
        """Add a line that is meant for copying: at the first column, never wrapped."""
        self.line(("cyan", line))

    def text(self, text: str, indent: int = 2, style: str = "") -> None:
        """Add a wrapped paragraph."""
        for line in wrap(harmless(text), self.view.width - indent):
            self.line(("", " " * indent), (style, line))

    def field(self, label: str, text: str, indent: int = 2, room: int = 10) -> None:
        """Add a label with a wrapped text beside it."""
        for line in wrap(harmless(text), self.view.width - indent - room):
            self.line(("", " " * indent), ("dim", f"{label:<{room}}"), ("", line))
            label = ""

    def sign(self, status: str) -> Part:
        """Return the sign of a status: word, sign and colour say the same."""
        return COLORS[status], _SIGNS[status][self.view.ascii]

    def heading(self, status: str, *words: Part) -> None:
        """Add the line that a finding opens with: sign, status, words."""
        self.line(self.sign(status), ("", " "), (COLORS[status], status.upper()), ("", "  "), *words)

    def _painted(self, parts: Sequence[Part]) -> str:
        return "".join(self._paint(style, harmless(text)) for style, text in parts)

    def _paint(self, style: str, text: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.view.color and style and text.strip() else text


def cells(text: str) -> int:
    """Return the columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines. Runs of spaces stay, for they matter in a record; a word longer than a line is cut."""
    width = max(width, 10)
    lines, line, used = [], "", 0
    for word in text.split(" "):
        size = cells(word)
        if used + 1 + size <= width and (line or used):
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            lines.append(line)
        *whole, line = _cut(word, width)
        lines += whole
        used = cells(line)
    return [*lines, line]


def _cut(word: str, width: int) -> list[str]:
    """Cut a long word, after a dot or the like where there is one in the second half of a line."""
    pieces = []
    while (end := _fitting(word, width)) < len(word):
        joint = max(word.rfind(sign, 0, end) for sign in ".,;:/=") + 1
        end = joint if joint > end // 2 else end
        pieces.append(word[:end])
        word = word[end:]
    return [*pieces, word]


def _fitting(word: str, width: int) -> int:
    """Return how many signs of a word fit into a line."""
    used = 0
    for at, sign in enumerate(word):
        used += cells(sign)
        if used > width:
            return at
    return len(word)


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` signs, the middle left out where it is longer."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]} … {text[-(most // 3) :]}"
