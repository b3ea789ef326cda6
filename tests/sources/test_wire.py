"""The wire codec against dnspython, which is the oracle here, and against octets that nobody should send."""

from __future__ import annotations

import struct

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maildoctor import names
from maildoctor.sources import wire
from maildoctor.sources.wire import Malformed, Message, Row

OWNER = "shop.example."

label = st.binary(min_size=1, max_size=12)
name = st.lists(label, max_size=6).map(lambda parts: dns.name.Name([*parts, b""]))
number = st.integers
text = st.lists(st.binary(max_size=255), min_size=1, max_size=3)


def _octets(*parts: bytes) -> bytes:
    return b"".join(parts)


def _strings(strings: list[bytes]) -> bytes:
    return b"".join(bytes([len(string)]) + string for string in strings)


def _plain(value: dns.name.Name) -> bytes:
    return value.to_wire() or b""


# Record data of each type that the program asks for, as uncompressed octets.
DATA: dict[str, st.SearchStrategy[bytes]] = {
    "A": st.binary(min_size=4, max_size=4),
    "AAAA": st.binary(min_size=16, max_size=16) | st.binary(min_size=4, max_size=4).map(lambda four: bytes(12) + four),
    "NS": name.map(_plain),
    "CNAME": name.map(_plain),
    "PTR": name.map(_plain),
    "DNAME": name.map(_plain),
    "SOA": st.builds(_octets, name.map(_plain), name.map(_plain), st.binary(min_size=20, max_size=20)),
    "MX": st.builds(_octets, st.binary(min_size=2, max_size=2), name.map(_plain)),
    "TXT": text.map(_strings),
    "SPF": text.map(_strings),
    "DS": st.builds(_octets, st.binary(min_size=3, max_size=3), st.just(b"\x02"), st.binary(min_size=32, max_size=32)),
    # dnspython takes digests of the right length only.
    "TLSA": st.builds(_octets, st.binary(min_size=2, max_size=2), st.just(b"\0"), st.binary(min_size=1, max_size=60))
    | st.builds(_octets, st.binary(min_size=2, max_size=2), st.just(b"\1"), st.binary(min_size=32, max_size=32)),
    "CAA": st.builds(
        lambda flags, tag, value: bytes([flags, len(tag)]) + tag + value,
        number(0, 255),
        st.from_regex(rb"[a-z0-9]{1,15}", fullmatch=True),
        st.binary(max_size=300),
    ),
    "TYPE65400": st.binary(max_size=40),
}
a_type = st.sampled_from(sorted(DATA))


def test_every_known_type_has_an_oracle() -> None:
    assert set(DATA) == {*wire.TYPES, "TYPE65400"}
    assert {kind: int(dns.rdatatype.from_text(kind)) for kind in wire.TYPES} == wire.TYPES


def _rdata(kind: str, octets: bytes) -> dns.rdata.Rdata:
    return dns.rdata.from_wire(dns.rdataclass.IN, dns.rdatatype.from_text(kind), octets, 0, len(octets))


@pytest.mark.parametrize("kind", sorted(DATA))
@given(st.data())
@settings(max_examples=60)
def test_what_is_printed_reads_as_the_same_data(kind: str, data: st.DataObject) -> None:
    octets = data.draw(DATA[kind])
    printed = wire.rdata_text(kind, octets)
    read = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), printed)
    assert read.to_digestable() == _rdata(kind, octets).to_digestable()  # RFC 4034 6.2: names in lower case
    assert printed.isascii()
    assert printed.isprintable()


@given(name)
def test_a_name_is_read_as_it_was_written(value: dns.name.Name) -> None:
    octets = value.canonicalize().to_wire()
    assert octets is not None
    assert wire.name_text(octets) == names.absolute(wire.name_text(octets))
    assert wire.name_wire(wire.name_text(octets)) == octets
    assert dns.name.from_text(wire.name_text(octets)) == value


@pytest.mark.parametrize(
    "impossible",
    ["a" * 64 + ".example.", ".".join(["a" * 63] * 4) + ".", "a..example.", "\\999.example."],
)
def test_a_name_that_cannot_exist_is_not_asked_for(impossible: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        wire.query(impossible, "TXT", 1)


def test_the_longest_name_goes_out() -> None:
    longest = ".".join(["a" * 63] * 3 + ["a" * 61]) + "."
    assert len(wire.name_wire(longest)) == 255
    assert dns.message.from_wire(wire.query(longest, "TXT", 1)).question[0].name == dns.name.from_text(longest)


@pytest.mark.parametrize("kind", ["TYPE", "TYPE65536", "TYPE-1", "any", "txt", ""])
def test_an_unknown_type_is_not_asked_for(kind: str) -> None:
    with pytest.raises(ValueError, match="no type"):
        wire.query(OWNER, kind, 1)


@given(name, a_type, number(0, 65535), st.booleans(), st.sampled_from([0, 512, 1232, 4096]), st.booleans())
def test_a_question_is_read_by_dnspython_as_it_was_meant(
    asked: dns.name.Name, kind: str, id_: int, recursion: bool, edns: int, checking_disabled: bool
) -> None:
    octets = wire.query(
        wire.name_text(_plain(asked)), kind, id_, recursion=recursion, edns=edns, checking_disabled=checking_disabled
    )
    message = dns.message.from_wire(octets)
    assert message.id == id_
    assert (message.question[0].name, message.question[0].rdtype) == (asked, dns.rdatatype.from_text(kind))
    assert bool(message.flags & dns.flags.RD) == recursion
    assert bool(message.flags & dns.flags.CD) == checking_disabled
    assert message.flags & dns.flags.AD
    assert (message.edns, message.payload) == ((0, edns) if edns else (-1, 0))


@st.composite
def messages(draw: st.DrawFn) -> dns.message.Message:
    """An answer with rows of many kinds; owners share suffixes, so that dnspython compresses them."""
    asked, kind = draw(name), draw(a_type)
    answer = dns.message.make_response(dns.message.make_query(asked, kind, id=draw(number(0, 65535)), use_edns=draw(st.booleans())))
    answer.set_rcode(draw(st.sampled_from([dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL, dns.rcode.REFUSED])))
    for flag in (dns.flags.AA, dns.flags.AD, dns.flags.TC):
        answer.flags |= flag if draw(st.booleans()) else 0
    if answer.edns >= 0:
        codes = draw(st.lists(number(0, 65535), max_size=2))
        answer.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.make(code), "why") for code in codes])
    owners = [asked, *draw(st.lists(name, max_size=3))]
    for section in (answer.answer, answer.authority, answer.additional):
        for _ in range(draw(number(0, 3))):
            type_ = draw(a_type)
            rdata = _rdata(type_, draw(DATA[type_]))
            rrset = dns.rrset.from_rdata(draw(st.sampled_from(owners)), draw(number(0, 2**31 - 1)), rdata)
            section.append(rrset)
    return answer


def _rows(section: list[dns.rrset.RRset]) -> list[tuple[dns.name.Name, int, int, bytes]]:
    return [(rrset.name, rrset.rdtype, rrset.ttl, rdata.to_digestable()) for rrset in section for rdata in rrset]


def _ours(rows: tuple[Row, ...]) -> list[tuple[dns.name.Name, int, int, bytes]]:
    found = []
    for row in rows:
        type_ = dns.rdatatype.from_text(row.type)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, type_, row.value)
        found.append((dns.name.from_text(row.name), int(type_), row.ttl, rdata.to_digestable()))
    return found


@given(messages())
@settings(max_examples=150)
def test_an_answer_is_read_as_dnspython_reads_it(answer: dns.message.Message) -> None:
    octets = answer.to_wire(max_size=65535)
    oracle = dns.message.from_wire(octets, ignore_trailing=True, one_rr_per_rrset=True)
    read = wire.parse(octets)
    assert (read.id, read.rcode) == (oracle.id, oracle.rcode())
    assert read.truncated == bool(oracle.flags & dns.flags.TC)
    assert read.authentic == bool(oracle.flags & dns.flags.AD)
    assert read.authoritative == bool(oracle.flags & dns.flags.AA)
    assert read.question is not None
    assert (dns.name.from_text(read.question[0]), dns.rdatatype.from_text(read.question[1])) == (
        oracle.question[0].name,
        oracle.question[0].rdtype,
    )
    assert _ours(read.answer) == _rows(oracle.answer)
    assert _ours(read.authority) == _rows(oracle.authority)
    assert list(read.errors) == [int(option.code) for option in oracle.options if isinstance(option, dns.edns.EDEOption)]


def _read(octets: bytes) -> Message | None:
    try:
        return wire.parse(octets)
    except Malformed:
        return None


@given(st.binary(max_size=600))
def test_any_octets_are_read_or_malformed(octets: bytes) -> None:
    _read(octets)
    _read(struct.pack("!6H", 7, 0x8180, 1, 3, 2, 1) + octets)


@given(messages(), st.data())
@settings(max_examples=60)
def test_a_damaged_answer_is_read_or_malformed(answer: dns.message.Message, data: st.DataObject) -> None:
    octets = bytearray(answer.to_wire(max_size=65535))
    for _ in range(data.draw(number(1, 8))):
        octets[data.draw(number(0, len(octets) - 1))] = data.draw(number(0, 255))
    _read(bytes(octets))
    _read(bytes(octets[: data.draw(number(0, len(octets)))]))


@given(messages(), st.data())
@settings(max_examples=30)
def test_an_answer_cut_short_is_malformed(answer: dns.message.Message, data: st.DataObject) -> None:
    octets = answer.to_wire(max_size=65535)
    with pytest.raises(Malformed):
        wire.parse(octets[: data.draw(number(0, len(octets) - 1))])


HEAD = struct.pack("!6H", 1, 0x8180, 1, 1, 0, 0)
QUESTION = wire.name_wire(OWNER) + struct.pack("!HH", 16, 1)


def _answer(owner: bytes, type_: int, data: bytes, ttl: int = 60, class_: int = 1, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return HEAD + QUESTION + owner + struct.pack("!HHIH", type_, class_, ttl, size) + data


HERE = b"\xc0\x0c"
START = len(HEAD + QUESTION)


@pytest.mark.parametrize(
    ("what", "octets"),
    [
        ("nothing", b""),
        ("a head alone", HEAD),
        ("a question", struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + QUESTION),
        ("an update", struct.pack("!6H", 1, 0xA800, 0, 0, 0, 0)),
        ("two questions", struct.pack("!6H", 1, 0x8180, 2, 0, 0, 0) + QUESTION * 2),
        ("another class", struct.pack("!6H", 1, 0x8180, 1, 0, 0, 0) + wire.name_wire(OWNER) + struct.pack("!HH", 16, 3)),
        ("a pointer to itself", _answer(struct.pack("!H", 0xC000 | START), 16, b"\1a")),
        ("pointers at each other", _answer(struct.pack("!HH", 0xC000 | START + 2, 0xC000 | START), 16, b"\1a")),
        ("a label before a pointer to itself", _answer(b"\1a" + struct.pack("!H", 0xC000 | START), 16, b"\1a")),
        ("a pointer forward", _answer(struct.pack("!H", 0xC000 | START + 12), 16, b"\1a\0")),
        ("half a pointer", _answer(HERE, 5, b"\xc0")),
        ("a bit-string label", _answer(b"\x41a\0", 16, b"\1a")),
        ("a name of 256 octets", _answer((b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0", 16, b"\1a")),
        ("an address of 3 octets", _answer(HERE, 1, b"abc")),
        ("an IPv4 address as AAAA", _answer(HERE, 28, b"abcd")),
        ("an IPv6 address as A", _answer(HERE, 1, b"a" * 16)),
        ("a string beyond its record", _answer(HERE, 16, b"\2a")),
        ("a record without strings", _answer(HERE, 16, b"")),
        ("a record beyond the message", _answer(HERE, 16, b"\1a", length=3)),
        ("a target and more", _answer(HERE, 5, HERE + b"x")),
        ("an MX record without host", _answer(HERE, 15, b"\0\1")),
        ("an SOA record without numbers", _answer(HERE, 6, HERE + HERE)),
        ("a DS record of 3 octets", _answer(HERE, 43, b"\1\2\3")),
        ("a CAA tag beyond its record", _answer(HERE, 257, b"\0\x09issue")),
        ("a CAA record without tag", _answer(HERE, 257, b"\0\0")),
    ],
)
def test_malformed(what: str, octets: bytes) -> None:
    with pytest.raises(Malformed):
        wire.parse(octets)


def test_record_data_alone_can_be_malformed() -> None:
    with pytest.raises(Malformed):
        wire.rdata_text("MX", b"\0")


@pytest.mark.parametrize(
    ("kind", "octets", "printed"),
    [
        ("A", b"\x0a\x00\x00\x01", "10.0.0.1"),
        ("AAAA", bytes.fromhex("20010db8000000000000000000000001"), "2001:db8::1"),
        ("MX", b"\0\x0a\3In1\7Example\0", "10 in1.example."),
        ("MX", b"\0\0\0", "0 ."),
        ("TXT", b'\3a"b\2\\\xff\0', '"a\\"b" "\\\\\\255" ""'),
        ("CAA", b"\x80\5ISSUEca.example", '128 issue "ca.example"'),
        ("TLSA", b"\3\1\1\xab\xcd", "3 1 1 abcd"),
        ("DS", b"\x30\x39\x0d\2\xab", "12345 13 2 ab"),
        ("SOA", b"\2ns\0\1h\0" + struct.pack("!5I", 1, 2, 3, 4, 5), "ns. h. 1 2 3 4 5"),
        ("CNAME", b"\3a.b\0", "a\\046b."),
        ("TYPE731", b"\x0a\0", "\\# 2 0a00"),
        ("TYPE731", b"", "\\# 0"),
    ],
)
def test_presentation(kind: str, octets: bytes, printed: str) -> None:
    assert wire.rdata_text(kind, octets) == printed


def test_a_ttl_with_the_highest_bit_set_is_zero() -> None:
    assert wire.parse(_answer(HERE, 16, b"\1a", ttl=0x80000001)).answer == (Row(OWNER, "TXT", 0, '"a"'),)


def test_records_of_another_class_are_left_out() -> None:
    assert wire.parse(_answer(HERE, 16, b"\1a", class_=3)).answer == ()


def test_the_upper_bits_of_the_rcode_come_from_edns() -> None:
    octets = struct.pack("!6H", 1, 0x8180, 0, 0, 0, 1) + struct.pack("!BHHIH", 0, 41, 1232, 1 << 24, 0)
    assert (wire.parse(octets).rcode, wire.parse(octets).question) == (16, None)  # BADVERS


@pytest.mark.parametrize(("hops", "readable"), [(200, True), (300, False)])
def test_pointers_are_followed_so_far_and_no_further(hops: int, readable: bool) -> None:
    """Thousands of records whose owners are long chains of pointers must not keep the program busy."""
    first = 23  # where the data of the first record begins: pointers, each at the one before
    chain = struct.pack("!H", 0xC00C) + b"".join(struct.pack("!H", 0xC000 | first + 2 * i) for i in range(hops))
    row = struct.pack("!HHHIH", 0xC000 | first + 2 * hops, 65400, 1, 0, 0)
    octets = struct.pack("!6H", 1, 0x8180, 0, 1, 4000, 0) + b"\0" + struct.pack("!HHIH", 65400, 1, 0, len(chain)) + chain
    message = _read(octets + row * 4000)
    assert (message is not None) == readable
    if message:
        assert message.authority == (Row(".", "TYPE65400", 0, "\\# 0"),) * 4000
