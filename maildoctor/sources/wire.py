"""DNS messages on the wire (RFC 1035 4.1), as little of them as one question and its answer need.

dnspython does this too, but takes 100 ms to import and 30 times as long to parse. It is the oracle of the tests instead.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

from maildoctor import names
from maildoctor.rdata import quoted

TYPES = {
    "A": 1,
    "NS": 2,
    "CNAME": 5,
    "SOA": 6,
    "PTR": 12,
    "MX": 15,
    "TXT": 16,
    "AAAA": 28,
    "DNAME": 39,
    "DS": 43,
    "TLSA": 52,
    "SPF": 99,
    "CAA": 257,
}
_TYPE_NAMES = {number: name for name, number in TYPES.items()}
_CLASS_IN = 1
_OPT = 41
_EXTENDED_ERROR = 15
_MAX_STEPS = 256  # 127 labels, and as many pointers as anybody has a use for


class Malformed(ValueError):
    """The octets are no DNS message."""


class Row(NamedTuple):
    """One resource record of an answer."""

    name: str
    type: str
    ttl: int
    value: str


class Message(NamedTuple):
    """A parsed answer.

    `rcode` includes the upper bits that EDNS adds (RFC 6891 6.1.3). `question` is None where the server left it out, as some do
    that could not read it. `errors` are the extended error codes (RFC 8914).
    """

    id: int
    rcode: int
    truncated: bool
    authentic: bool
    authoritative: bool
    question: tuple[str, str] | None
    answer: tuple[Row, ...]
    authority: tuple[Row, ...]
    errors: tuple[int, ...] = ()


def query(name: str, type_: str, id_: int, *, recursion: bool = True, edns: int = 1232, checking_disabled: bool = False) -> bytes:
    """Return the octets of a question. `edns` is the UDP payload size offered, in octets; 0 leaves EDNS out (RFC 6891).

    Raises `ValueError` where the name cannot exist or the type is unknown.
    """
    # RFC 6840 5.7: AD in a question asks for AD in its answer, without the signatures that DO would bring.
    flags = (0x0100 if recursion else 0) | (0x0010 if checking_disabled else 0) | 0x0020
    head = struct.pack("!6H", id_, flags, 1, 0, 0, 1 if edns else 0)
    question = name_wire(name) + struct.pack("!HH", type_number(type_), _CLASS_IN)
    return head + question + (struct.pack("!BHHIH", 0, _OPT, edns, 0, 0) if edns else b"")


def type_number(text: str) -> int:
    """Return the number of a type. Raises `ValueError`."""
    number = TYPES.get(text)
    if number is None:
        digits = text.removeprefix("TYPE")  # RFC 3597 5
        if digits == text or not digits.isdecimal() or int(digits) > 65535:
            raise ValueError(f"{text!r} is no type of DNS records that is known here")
        number = int(digits)
    return number


def name_wire(name: str) -> bytes:
    """Return a name in wire form, uncompressed. Raises `ValueError` where it cannot exist."""
    labels = names.labels(name)
    if any(len(label) > 63 for label in labels) or sum(map(len, labels)) + len(labels) > 254:
        raise ValueError(f"{name!r} is longer than a name can be")
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def name_text(wire: bytes) -> str:
    """Return the canonical text of an uncompressed name."""
    return _name(wire, 0)[0]


def _name(data: bytes, position: int) -> tuple[str, int]:
    """Return the name at a position and where it ends. Pointers lead backwards only (RFC 1035 4.1.4), so every name ends."""
    parts: list[bytes] = []
    size = 1
    end = -1
    for _ in range(_MAX_STEPS):
        length = data[position]
        if length >= 0xC0:
            target = (length & 0x3F) << 8 | data[position + 1]
            if target >= position:
                raise Malformed("a name that points forward")
            end = position + 2 if end < 0 else end
            position = target
        elif length >= 0x40:
            raise Malformed("a label of an unknown kind")
        elif length == 0:
            return names.join(tuple(parts)), position + 1 if end < 0 else end
        else:
            size += length + 1
            if size > 255:
                break
            parts.append(data[position + 1 : position + 1 + length])
            position += 1 + length
    raise Malformed("a name that is too long")


def parse(data: bytes) -> Message:
    """Parse a message. Raises `Malformed`, never anything else."""
    try:
        return _parse(data)
    except (IndexError, struct.error) as error:
        raise Malformed("a message that ends too early") from error


def _parse(data: bytes) -> Message:
    id_, flags, questions, answers, authorities, additionals = struct.unpack_from("!6H", data)
    if not flags & 0x8000 or flags & 0x7800 or questions > 1:
        raise Malformed("not an answer to one question")
    position = 12
    question = None
    if questions:
        name, position = _name(data, position)
        type_, class_ = struct.unpack_from("!HH", data, position)
        if class_ != _CLASS_IN:
            raise Malformed("an answer of another class")
        question = name, _type_name(type_)
        position += 4
    sections: list[list[Row]] = []
    options: list[tuple[int, bytes]] = []
    for count in (answers, authorities, additionals):
        rows: list[Row] = []
        for _ in range(count):
            position = _row(data, position, rows, options)
        sections.append(rows)
    return Message(
        id_,
        flags & 0x000F | sum(ttl >> 24 << 4 for ttl, _ in options[:1]),
        bool(flags & 0x0200),
        bool(flags & 0x0020),
        bool(flags & 0x0400),
        question,
        tuple(sections[0]),
        tuple(sections[1]),
        tuple(code for _, option in options for code in _extended_errors(option)),
    )


def _row(data: bytes, position: int, rows: list[Row], options: list[tuple[int, bytes]]) -> int:
    name, position = _name(data, position)
    type_, class_, ttl, length = struct.unpack_from("!HHIH", data, position)
    start, end = position + 10, position + 10 + int(length)
    if end > len(data):
        raise Malformed("a record that ends after the message")
    if type_ == _OPT:
        options.append((ttl, data[start:end]))
    elif class_ == _CLASS_IN:
        # RFC 2181 8: a TTL with the highest bit set is to be taken for zero.
        rows.append(Row(name, _type_name(type_), ttl if ttl < 0x80000000 else 0, _rdata(type_, data, start, end)))
    return end


def _extended_errors(options: bytes) -> list[int]:
    found, position = [], 0
    while position + 4 <= len(options):
        code, length = struct.unpack_from("!HH", options, position)
        if code == _EXTENDED_ERROR and length >= 2:
            found.append(struct.unpack_from("!H", options, position + 4)[0])
        position += 4 + length
    return found


def _type_name(number: int) -> str:
    return _TYPE_NAMES.get(number) or f"TYPE{number}"


def rdata_text(type_: str, wire: bytes) -> str:
    """Return the presentation form of uncompressed record data. Raises `Malformed`."""
    try:
        return _rdata(TYPES.get(type_, 0), wire, 0, len(wire))
    except (IndexError, struct.error) as error:
        raise Malformed("record data that ends too early") from error


def _rdata(type_: int, data: bytes, start: int, end: int) -> str:
    reader = _READERS.get(type_)
    if reader is None:
        return f"\\# {end - start} {data[start:end].hex()}".rstrip()  # RFC 3597 5
    text, stop = reader(data, start, end)
    if stop != end:
        raise Malformed("record data that does not fill its record")
    return text


# Each reader returns the text and where the data ended.


def _a(data: bytes, start: int, end: int) -> tuple[str, int]:
    return (socket.inet_ntop(socket.AF_INET, data[start:end]) if end - start == 4 else ""), start + 4


def _aaaa(data: bytes, start: int, end: int) -> tuple[str, int]:
    return (socket.inet_ntop(socket.AF_INET6, data[start:end]) if end - start == 16 else ""), start + 16


def _target(data: bytes, start: int, _end: int) -> tuple[str, int]:
    return _name(data, start)


def _mx(data: bytes, start: int, _end: int) -> tuple[str, int]:
    host, stop = _name(data, start + 2)
    return f"{data[start] << 8 | data[start + 1]} {host}", stop


def _soa(data: bytes, start: int, _end: int) -> tuple[str, int]:
    primary, position = _name(data, start)
    contact, position = _name(data, position)
    return " ".join((primary, contact, *map(str, struct.unpack_from("!5I", data, position)))), position + 20


def _txt(data: bytes, start: int, end: int) -> tuple[str, int]:
    strings = []
    position = start
    while position < end or position == start:  # RFC 1035 3.3.14: one character-string or more
        length = data[position]
        strings.append(quoted(data[position + 1 : position + 1 + length]))
        position += 1 + length
    return " ".join(strings), position


def _ds(data: bytes, start: int, end: int) -> tuple[str, int]:
    tag, algorithm, digest = struct.unpack_from("!HBB", data, start)
    return f"{tag} {algorithm} {digest} {data[start + 4 : end].hex()}", max(end, start + 4)


def _tlsa(data: bytes, start: int, end: int) -> tuple[str, int]:
    usage, selector, matching = struct.unpack_from("!BBB", data, start)
    return f"{usage} {selector} {matching} {data[start + 3 : end].hex()}", max(end, start + 3)


def _caa(data: bytes, start: int, end: int) -> tuple[str, int]:
    """Read flags, tag and value (RFC 8659 4.1)."""
    value = start + 2 + data[start + 1]
    tag = data[start + 2 : value]
    if not (tag.isalnum() and tag.isascii()):
        raise Malformed("a CAA record whose tag is no word")
    return f"{data[start]} {tag.decode('ascii').lower()} {quoted(data[value:end])}", max(end, value)


_READERS: dict[int, Callable[[bytes, int, int], tuple[str, int]]] = {
    1: _a,
    28: _aaaa,
    2: _target,
    5: _target,
    12: _target,
    39: _target,
    15: _mx,
    6: _soa,
    16: _txt,
    99: _txt,
    43: _ds,
    52: _tlsa,
    257: _caa,
}
