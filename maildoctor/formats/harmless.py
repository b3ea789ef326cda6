"""The one place where foreign text is made harmless.

Records, names and banners are written by strangers. Whatever they hold comes out as text: it cannot move the cursor, colour or
hide what stands beside it, turn the reading direction, or command the program that reads our output.
"""

from __future__ import annotations

import re

# C0 and C1 controls, DEL, soft hyphen, zero-width and bidirectional marks, line separators, tags, variation selectors, surrogates,
# interlinear marks, private use, non-characters. A space stays; every other kind of space or line end does not.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164"
    "\ud800-\udfff\ue000-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U0010ffff]"
)
# Build logs take commands from lines such as "::add-mask::x" (after any spaces) and from "##[error]" or "##vso[" anywhere.
_COMMAND = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*):(?=:)", re.MULTILINE)
_BRACKET = re.compile(r"##(?=\w*\[)")


def harmless(text: str) -> str:
    """Return foreign text as one line in which nothing acts: each harmful character is written as an escape."""
    return _BRACKET.sub(r"#\\x23", _HARMFUL.sub(_escape, text))


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:  # an octet that is no UTF-8 (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def no_commands(lines: str) -> str:
    """Return finished output in which no line is a command to a build log. The escape is that of zone files."""
    return _COMMAND.sub(r"\1\\058", lines)
