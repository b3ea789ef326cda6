"""Zone files: how they are read, and how they answer (RFC 1034 4.3.2, RFC 1035 5, RFC 4592)."""

from __future__ import annotations

from pathlib import Path

import pytest

from maildoctor.ask import Dns, DnsAnswer, Unasked
from maildoctor.sources import zonefile
from maildoctor.sources.zonefile import MalformedZone, ZoneFiles

ZONE = """
$TTL 600
@             SOA   ns1 admin 7 7200 900 1209600 300
@             NS    ns1
ns1           A     192.0.2.53
*             TXT   "made"
*             MX    10 mail
mail          A     192.0.2.25
www           CNAME mail
loop          CNAME pool
pool          CNAME loop
away          CNAME host.elsewhere.test.
gone          CNAME nobody.mail
a.deep        A     192.0.2.1
*.deep        TXT   "made deeper"
branch        NS    ns1.branch
ns1.branch    A     192.0.2.54
branch        DS    20326 13 2 00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff
twice         CNAME one.elsewhere.test.
twice         CNAME two.elsewhere.test.
"""


def zones(text: str = ZONE, origin: str = "shop.example.") -> ZoneFiles:
    return ZoneFiles([zonefile.parse(text, origin, "shop.zone")])


def ask(question: str, source: ZoneFiles | None = None) -> str:
    """Ask "NAME TYPE", and tell in a few words what came."""
    name, type_ = question.split()
    result = (source or zones()).ask(Dns.of(name, type_))
    if isinstance(result, Unasked):
        return f"unasked: {result.reason}"
    assert isinstance(result, DnsAnswer)
    said = " | ".join(result.records) or ("nothing" if result.status == "noerror" else result.status)
    return "".join(f"{target} -> " for target in result.chain) + said


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("mail.shop.example A", "192.0.2.25"),
        ("MAIL.Shop.Example A", "192.0.2.25"),
        ("mail.shop.example AAAA", "nothing"),
        # Aliases are followed to their end.
        ("www.shop.example A", "mail.shop.example. -> 192.0.2.25"),
        ("www.shop.example CNAME", "mail.shop.example."),
        ("www.shop.example TXT", "mail.shop.example. -> nothing"),
        ("gone.shop.example A", "nobody.mail.shop.example. -> nxdomain"),
        ("away.shop.example A", "unasked: no zone file holds host.elsewhere.test"),
        ("twice.shop.example CNAME", "one.elsewhere.test. | two.elsewhere.test."),
        # A wildcard answers for names that do not exist, however deep.
        ("x.shop.example TXT", '"made"'),
        ("x.shop.example MX", "10 mail.shop.example."),
        ("x.shop.example A", "nothing"),
        ("x.y.shop.example TXT", '"made"'),
        ("*.shop.example TXT", '"made"'),
        # It does not for names that exist, with other types or as empty non-terminals,
        ("mail.shop.example TXT", "nothing"),
        ("deep.shop.example TXT", "nothing"),
        # nor below names that exist: the closest one counts.
        ("x.mail.shop.example TXT", "nxdomain"),
        ("b.deep.shop.example TXT", '"made deeper"'),
        ("b.deep.shop.example MX", "nothing"),
        ("x.a.deep.shop.example TXT", "nxdomain"),
        # What is delegated, others know; but the DS record stands above the cut.
        ("branch.shop.example MX", "unasked: branch.shop.example is delegated, and no zone file holds it"),
        ("x.branch.shop.example TXT", "unasked: branch.shop.example is delegated, and no zone file holds it"),
        ("branch.shop.example DS", "20326 13 2 00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"),
        ("shop.example DS", "unasked: no zone file holds the zone above shop.example, where DS records stand"),
        ("other.example A", "unasked: no zone file holds other.example"),
    ],
)
def test_a_zone_answers_as_its_server_would(question: str, answer: str) -> None:
    assert ask(question) == answer


def test_a_loop_of_aliases_ends() -> None:
    result = zones().ask(Dns("loop.shop.example.", "A"))
    assert isinstance(result, DnsAnswer)
    assert not result.records
    assert len(result.chain) > 10


def test_a_denial_tells_its_zone_and_an_answer_its_ttl() -> None:
    assert zones().ask(Dns("x.mail.shop.example.", "A")) == DnsAnswer("nxdomain", zone="shop.example.")
    assert zones().ask(Dns("mail.shop.example.", "A")) == DnsAnswer(records=("192.0.2.25",), ttl=600)


def test_a_zone_below_another_answers_for_itself() -> None:
    both = ZoneFiles([zonefile.parse(ZONE, "shop.example."), zonefile.parse("@ MX 10 mail", "branch.shop.example.")])
    assert ask("branch.shop.example MX", both) == "10 mail.branch.shop.example."
    assert ask("branch.shop.example DS", both) == "20326 13 2 00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff"


def test_an_alias_leads_into_another_zone() -> None:
    both = ZoneFiles([zonefile.parse(ZONE, "shop.example."), zonefile.parse("host A 203.0.113.7", "elsewhere.test.")])
    assert ask("away.shop.example A", both) == "host.elsewhere.test. -> 203.0.113.7"


def test_what_single_servers_say_it_cannot_tell() -> None:
    assert isinstance(zones().ask(Dns("shop.example.", "SOA", "192.0.2.53")), Unasked)


def test_an_alias_at_the_top_hides_all_but_soa_and_ns() -> None:
    source = zones("@ SOA ns1 admin 7 1 1 1 1\n@ NS ns1\n@ CNAME web\n@ MX 10 mail\nweb A 192.0.2.80")
    assert ask("shop.example MX", source) == "web.shop.example. -> nothing"
    assert ask("shop.example NS", source) == "ns1.shop.example."


def test_soa_and_ns_missing_from_an_export_are_not_missing() -> None:
    source = zones("@ MX 10 mail")
    assert ask("shop.example SOA", source) == "unasked: the zone file has no SOA record: the DNS host adds it"
    assert ask("mail.shop.example NS", source) == "nxdomain"


def test_the_spf_record_of_amazonses_ships() -> None:
    assert ask("amazonses.com TXT").startswith('"v=spf1 ip4:')
    assert ask("amazonses.com MX").startswith("unasked")


@pytest.mark.parametrize(
    ("text", "records"),
    [
        ("www A 192.0.2.1", ["www.shop.example. 300 A 192.0.2.1"]),
        ("$TTL 1h\nwww A 192.0.2.1", ["www.shop.example. 3600 A 192.0.2.1"]),
        ("www 60 IN A 192.0.2.1\r\n  TXT x\r\n", ["www.shop.example. 60 A 192.0.2.1", 'www.shop.example. 300 TXT "x"']),
        ("www IN 60 A 192.0.2.1", ["www.shop.example. 60 A 192.0.2.1"]),
        ("$ORIGIN b.shop.example.\n@ A 192.0.2.1\n$ORIGIN c.shop.example.\n@ A 192.0.2.2",
         ["b.shop.example. 300 A 192.0.2.1", "c.shop.example. 300 A 192.0.2.2"]),
        ('@ TXT ( "one " ; first\n "two" )', ['shop.example. 300 TXT "one " "two"']),
        ('@ TXT "a\\"b\\\\c\\009d"', ['shop.example. 300 TXT "a\\"b\\\\c\\009d"']),
        ('@ TXT "gr\u00fcn"', ['shop.example. 300 TXT "gr\\195\\188n"']),
        ("@ TXT v=spf1 -all", ['shop.example. 300 TXT "v=spf1" "-all"']),
        ("b\u00fccher A 192.0.2.1", ["xn--bcher-kva.shop.example. 300 A 192.0.2.1"]),
        ("@ MX 10 10\\032mail", ["shop.example. 300 MX 10 10\\032mail.shop.example."]),
        ("WWW CNAME Mail.Example.NET.", ["www.shop.example. 300 CNAME mail.example.net."]),
        ('@ CAA 0 issue "ca.example"', ['shop.example. 300 CAA 0 issue "ca.example"']),
        ("@ TYPE65534 \\# 3 000100", ["shop.example. 300 TYPE65534 \\# 3 000100"]),
        ("; nothing but a comment\n\n", []),
        ("@ MX 10 a\n@ CNAME b", ["shop.example. 300 MX 10 a.shop.example.", "shop.example. 300 CNAME b.shop.example."]),
        ("$GENERATE 1-2 h$ A 192.0.2.$", ["h1.shop.example. 300 A 192.0.2.1", "h2.shop.example. 300 A 192.0.2.2"]),
    ],
)  # fmt: skip
def test_records_are_read(text: str, records: list[str]) -> None:
    zone = zonefile.parse(text, "shop.example.")
    found = [record for node in zone.nodes.values() for rows in node.values() for record in rows]
    assert [f"{record.name} {record.ttl} {record.type} {record.value}" for record in found] == records


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("www A 192.0.2.300", "shop.zone:1: "),
        ("www A 192.0.2.1\nwww NONSENSE x\nftp A 192.0.2.2", "shop.zone:2: unknown rdatatype 'NONSENSE'"),
        ('@ TXT "never closed\nwww A 192.0.2.1', "shop.zone:1: newline in quoted string"),
        ("www A 192.0.2.1\n\n@ TXT (\n \"a\"\n", "shop.zone:3: unbalanced parentheses"),
        ("@ TXT " + "x" * 256, "shop.zone:1: string too long"),
        ("www A\nftp A 192.0.2.1", "shop.zone:1: "),
        ("@ MX mail", "shop.zone:1: "),
        ("$TTL soon", "shop.zone:1: "),
        ("$INCLUDE other.zone", "shop.zone:1: $INCLUDE is not followed: give each file of its own"),
        ("www CH A 192.0.2.1", "shop.zone:1: "),
        ("a..b A 192.0.2.1", "shop.zone:1: "),
        ("x" * 64 + " A 192.0.2.1", "shop.zone:1: "),
        ("\x00\x01\x02", "shop.zone:1: "),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_its_line(text: str, error: str) -> None:
    with pytest.raises(MalformedZone) as caught:
        zonefile.parse(text, "shop.example.", "shop.zone")
    assert str(caught.value).startswith(error)
    assert "\n" not in str(caught.value)
    assert "<class" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected", "top"),
    [
        ("@ SOA ns1 admin 7 1 1 1 1", "shop.example.", "shop.example."),
        ("shop.example. SOA ns1.shop.example. a.shop.example. 7 1 1 1 1", "news.shop.example.", "shop.example."),
        ("$ORIGIN shop.example.\n@ A 192.0.2.1\nwww A 192.0.2.1", "news.shop.example.", "shop.example."),
        ("$ORIGIN example.\nshop A 192.0.2.1\nwww.shop A 192.0.2.1", "shop.example.", "shop.example."),
        ("$ORIGIN _domainkey.shop.example.\nx TXT y\nshop.example. MX 10 mail", "shop.example.", "shop.example."),
        ("a.test. A 192.0.2.1\nb.invalid. A 192.0.2.1", "shop.example.", "shop.example."),
        ("", "shop.example.", "shop.example."),
    ],
)
def test_the_top_of_a_zone_is_found(text: str, expected: str, top: str) -> None:
    assert zonefile.parse(text, expected).origin == top


def test_files_are_read_with_and_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "shop.zone"
    path.write_bytes("\ufeff@ MX 10 mail\r\n".encode())
    assert ask("shop.example MX", ZoneFiles([zonefile.read(path, "shop.example.")])) == "10 mail.shop.example."


@pytest.mark.parametrize(
    ("content", "error"),
    [(None, "No such file or directory"), ("@ MX 10 mail".encode("utf-16"), "not a text file in UTF-8")],
)
def test_files_that_are_no_text_are_refused(tmp_path: Path, content: bytes | None, error: str) -> None:
    path = tmp_path / "shop.zone"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MalformedZone, match=error):
        zonefile.read(path, "shop.example.")


def test_a_line_that_generates_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zonefile, "_MAX_RECORDS", 50)
    with pytest.raises(MalformedZone, match="more than 50 records"):
        zonefile.parse("$GENERATE 1-100000000 h$ A 192.0.2.1", "shop.example.")
