"""Domain names in one form: absolute, lower case, `\\DDD` for octets that are no letter, digit, hyphen or the like."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

_PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789-_*/+=:@!#$%&'^`{|}~<>[],?"
_LABEL = re.compile(rb"(?:\\[0-9]{3}|\\[^0-9]|[^.\\])+")


def labels(name: str) -> tuple[bytes, ...]:
    """Return the labels of a name in presentation form (RFC 1035 5.1) as raw octets, the root excluded.

    Raises `ValueError` where the text is no name: an empty label, or a stray backslash.
    """
    raw = name.encode("utf-8", "surrogateescape")
    if raw in (b".", b""):
        return ()
    escaped = b"\\" in raw
    parts = _split_escaped(raw) if escaped else raw.removesuffix(b".").split(b".")
    if b"" in parts:
        raise ValueError(f"{name!r} has an empty label")
    return tuple(map(_unescape, parts) if escaped else parts)


def _split_escaped(raw: bytes) -> list[bytes]:
    parts, position = [], 0
    while position < len(raw):
        match = _LABEL.match(raw, position)
        if match is None or raw[match.end() : match.end() + 1] not in (b".", b""):
            raise ValueError(f"{raw!r} is no domain name")
        parts.append(match.group())
        position = match.end() + 1
    return parts


def _unescape(label: bytes) -> bytes:
    if b"\\" not in label:
        return label

    def octet(match: re.Match[bytes]) -> bytes:
        digits = match.group(1)
        if digits.isdigit():
            if int(digits) > 255:
                raise ValueError(f"{label!r} has an escape above 255")
            return bytes([int(digits)])
        return digits

    return re.sub(rb"\\([0-9]{3}|.)", octet, label, flags=re.DOTALL)


def join(parts: tuple[bytes, ...]) -> str:
    """Return the canonical text of raw labels: lower case, escaped, with the final dot."""
    return "".join(_escape(part) + "." for part in parts) or "."


@lru_cache(4096)
def _escape(label: bytes) -> str:
    label = label.lower()
    if not label.translate(None, _PLAIN):
        return label.decode("ascii")  # nearly every label: a scan reads hundreds of thousands
    return "".join(chr(octet) if octet in _PLAIN else f"\\{octet:03d}" for octet in label)


def absolute(name: str) -> str:
    """Return the canonical form of a name, with its final dot. Raises `ValueError` where the text is no name."""
    return join(labels(name))


def possible(name: str) -> bool:
    """Tell whether a name can exist in the DNS: labels of 1 to 63 octets, 255 octets on the wire (RFC 1035 2.3.4)."""
    try:
        parts = labels(name)
    except ValueError:
        return False
    return all(len(part) <= 63 for part in parts) and sum(len(part) + 1 for part in parts) + 1 <= 255


def bare(name: str) -> str:
    """Return the name as people write it: without the final dot."""
    return name[:-1] if name.endswith(".") and len(name) > 1 else name


def below(name: str, ancestor: str) -> bool:
    """Tell whether `name` is `ancestor` or lies below it. Both in canonical form."""
    return ancestor == "." or name == ancestor or name.endswith("." + ancestor)


def parent(name: str) -> str:
    """Return the name one label up; the parent of the root is the root."""
    if "\\" not in name:
        return name.partition(".")[2] or "."
    return join(labels(name)[1:])


def child(label: str, name: str) -> str:
    """Return the canonical name of `label` (one or more, joined by dots) below `name`."""
    return absolute(f"{label}.{name}" if name != "." else label)


def depth(name: str) -> int:
    """Count the labels of a name, the root excluded."""
    return len(labels(name))


def under(name: str, origin: str) -> str:
    """Return what becomes of a whole name that is entered where one relative to `origin` is wanted: the origin is appended."""
    return join(labels(name) + labels(origin))


def relative(name: str, origin: str) -> str:
    """Return `name` without the `origin` at its end, as an absolute name; "" where it does not end so, or is all of it."""
    return name.removesuffix(origin) if origin != "." and name.endswith("." + origin) else ""


def probe(name: str) -> str:
    """Return a name below `name` that nobody has published, the same in every run so that a bundle can be replayed."""
    return child(f"maildoctor-{zlib.crc32(name.encode('utf-8', 'surrogateescape')):08x}", name)
