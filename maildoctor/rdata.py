"""Record data in presentation form (RFC 1035 5.1): the parts of it that judgement needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
_SPECIAL = re.compile(rb'[^ -~]|["\\]')
_ESCAPE = re.compile(rb"\\([0-9]{3}|.)", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """One TXT record: its character-strings as raw octets (RFC 1035 3.3.14)."""

    strings: tuple[bytes, ...]

    @classmethod
    @lru_cache(maxsize=4096)  # every check that reads a record reads it anew
    def parse(cls, presentation: str) -> Text:
        """Read the quoted (or bare) strings of a record in presentation form."""
        return cls(
            tuple(
                _octets(match.group(1) if match.group(1) is not None else match.group(2))
                for match in _STRING.finditer(presentation)
            )
        )

    @classmethod
    def of(cls, text: str) -> Text:
        """Return the record for a text, cut into strings of at most 255 octets."""
        raw = text.encode("utf-8", "surrogateescape")
        return cls(tuple(raw[i : i + 255] for i in range(0, len(raw), 255)) or (b"",))

    @property
    def raw(self) -> bytes:
        """The strings joined without anything between them, as SPF (RFC 7208 3.3), DKIM and DMARC read them."""
        return b"".join(self.strings)

    @property
    def text(self) -> str:
        """The joined text. Octets that are no UTF-8 become surrogates, so that nothing is lost."""
        return self.raw.decode("utf-8", "surrogateescape")

    def __str__(self) -> str:
        return " ".join(quoted(string) for string in self.strings)


def _octets(text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")

    def octet(match: re.Match[bytes]) -> bytes:
        code = match.group(1)
        return bytes([int(code)]) if len(code) == 3 and int(code) < 256 else code

    return _ESCAPE.sub(octet, raw) if b"\\" in raw else raw


def quoted(string: bytes) -> str:
    """Return one character-string in quotes, with `\\DDD` for what is not printable ASCII."""
    if not _SPECIAL.search(string):
        return f'"{string.decode("ascii")}"'
    out = []
    for octet in string:
        if octet in b'"\\':
            out.append("\\" + chr(octet))
        elif 32 <= octet < 127:
            out.append(chr(octet))
        else:
            out.append(f"\\{octet:03d}")
    return '"' + "".join(out) + '"'


@dataclass(frozen=True, order=True)
class Mx:
    """One MX record: lower preference is tried first. `host` is canonical; "." is the null MX (RFC 7505)."""

    preference: int
    host: str

    @classmethod
    def parse(cls, presentation: str) -> Mx:
        """Read "10 mail.example.com."."""
        preference, _, host = presentation.partition(" ")
        return cls(int(preference), host)

    def __str__(self) -> str:
        return f"{self.preference} {self.host}"


@dataclass(frozen=True)
class Soa:
    """Start of authority (RFC 1035 3.3.13). `serial` counts the versions of the zone."""

    primary: str
    contact: str
    serial: int

    @classmethod
    def parse(cls, presentation: str) -> Soa:
        """Read "ns1.example.com. admin.example.com. 2026112201 …"."""
        primary, contact, serial, *_ = presentation.split(" ")
        return cls(primary, contact, int(serial))
