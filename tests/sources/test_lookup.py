"""What messages make of a question: tables of what a server says, and what comes of it. No socket is opened."""

from __future__ import annotations

import pytest

from maildoctor.ask import Dns, DnsAnswer, Failure
from maildoctor.sources.lookup import Lookup, Step
from maildoctor.sources.wire import Message, Row

NAME = "shop.example."
SAME, NEXT = Step.SAME, Step.NEXT


def said(
    *answer: Row,
    rcode: int = 0,
    soa: str = "",
    truncated: bool = False,
    authentic: bool = False,
    authoritative: bool = False,
    errors: tuple[int, ...] = (),
    name: str = NAME,
    type_: str = "TXT",
) -> Message:
    authority = (Row(soa, "SOA", 60, "ns. h. 1 2 3 4 5"),) if soa else ()
    return Message(1, rcode, truncated, authentic, authoritative, (name, type_), answer, authority, errors)


def referral(*answer: Row) -> Message:
    return said(*answer)._replace(authority=(Row(NAME, "NS", 60, "ns.shop.example."),))


def failed(rcode: int, *errors: int) -> Message:
    return said(rcode=rcode, errors=errors)


def txt(name: str, value: str = '"x"', ttl: int = 60) -> Row:
    return Row(name, "TXT", ttl, value)


def cname(name: str, target: str) -> Row:
    return Row(name, "CNAME", 60, target)


def course(question: Dns, servers: int, *messages: Message) -> list[object]:
    """Let a lookup hear these messages, one after another."""
    lookup = Lookup(question, servers)
    return [lookup.hear(message, f"s{position}") for position, message in enumerate(messages)]


ASK = Dns(NAME, "TXT")
DIRECT = Dns(NAME, "TXT", server="192.0.2.1")
UDP = Dns(NAME, "TXT", over="udp")
CUT = "s1 cuts its answer off, over TCP too"
FOUND = DnsAnswer(records=('"x"',), ttl=60)
FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = 1, 2, 3, 4, 5


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (said(txt(NAME)), FOUND),
        (said(txt(NAME), authentic=True), DnsAnswer(records=('"x"',), ttl=60, authentic=True)),
        (said(txt(NAME, '"b"', 9), txt(NAME, '"a"', 7), txt(NAME, '"b"', 9)), DnsAnswer(records=('"a"', '"b"'), ttl=7)),
        (said(txt("other.example.")), DnsAnswer()),
        (said(Row(NAME, "A", 60, "192.0.2.1")), DnsAnswer()),
        (said(soa="example."), DnsAnswer(zone="example.")),
        (said(soa="example.", rcode=NXDOMAIN), DnsAnswer("nxdomain", zone="example.")),
        (said(txt(NAME), soa="example."), FOUND),
        (said(cname(NAME, "b."), txt("b.")), DnsAnswer(records=('"x"',), chain=("b.",), ttl=60)),
        (said(cname(NAME, "b."), soa="."), DnsAnswer(chain=("b.",), zone=".")),
        (said(cname(NAME, "b."), soa=".", rcode=NXDOMAIN), DnsAnswer("nxdomain", chain=("b.",), zone=".")),
        (said(cname(NAME, "b."), rcode=NXDOMAIN), DnsAnswer("nxdomain", chain=("b.",))),
        (said(Row("example.", "DNAME", 60, "new."), cname(NAME, "shop.new."), txt("shop.new.")),
         DnsAnswer(records=('"x"',), chain=("shop.new.",), ttl=60)),
        (said(cname(NAME, NAME)), DnsAnswer(chain=(NAME,))),
        (said(cname(NAME, "b."), cname("b.", NAME)), DnsAnswer(chain=("b.", NAME))),
        (said(cname(NAME, "b."), cname("b.", "c."), cname("c.", "b.")), DnsAnswer(chain=("b.", "c.", "b."))),
    ],
)  # fmt: skip
def test_one_message(message: Message, answer: DnsAnswer) -> None:
    assert course(ASK, 1, message) == [answer]


def test_of_two_aliases_the_same_one_counts_in_any_order() -> None:
    rows = [cname(NAME, "b."), cname(NAME, "c."), txt("b."), txt("c.", '"y"')]
    assert course(ASK, 1, said(*rows)) == course(ASK, 1, said(*reversed(rows))) != [DnsAnswer()]


def test_an_alias_asked_for_is_a_record() -> None:
    message = said(cname(NAME, "b."), cname("b.", "c."), type_="CNAME")
    assert course(Dns(NAME, "CNAME"), 1, message) == [DnsAnswer(records=("b.",), ttl=60)]


def test_a_chain_ends_after_16_aliases() -> None:
    rows = [cname(f"n{i}.", f"n{i + 1}.") for i in range(40)]
    expected = DnsAnswer(chain=tuple(f"n{i}." for i in range(1, 17)))
    assert course(Dns("n0.", "TXT"), 1, said(*rows, name="n0.")) == [expected]
    one_by_one = [said(row, name=row.name) for row in rows[:16]]
    assert course(Dns("n0.", "TXT"), 1, *one_by_one) == [SAME] * 15 + [expected]


def test_a_chain_is_authentic_if_all_of_it_is() -> None:
    for first, second in ((True, True), (True, False), (False, True)):
        parts = said(cname(NAME, "b."), authentic=first), said(txt("b."), name="b.", authentic=second)
        answer = DnsAnswer(records=('"x"',), chain=("b.",), ttl=60, authentic=first and second)
        assert course(ASK, 1, *parts) == [SAME, answer]


SERVFAILED = Failure("servfail", "s1 answers SERVFAIL")


@pytest.mark.parametrize(
    ("servers", "messages", "steps"),
    [
        # The next resolver may do better.
        (2, [failed(SERVFAIL), said(txt(NAME))], [NEXT, FOUND]),
        (2, [failed(REFUSED), said(txt(NAME))], [NEXT, FOUND]),
        (2, [failed(REFUSED), failed(REFUSED)], [NEXT, Failure("refused", "s1 answers REFUSED")]),
        (1, [failed(11)], [Failure("refused", "s0 answers RCODE 11")]),
        # A server that is no resolver, RFC 2308 2.2.
        (2, [referral(), said(txt(NAME))], [NEXT, FOUND]),
        (1, [referral()], [Failure("refused", "s0 does not look it up: it refers to other servers")]),
        (1, [referral(cname(NAME, "b.")), said(soa=".", name="b.")], [SAME, DnsAnswer(chain=("b.",), zone=".")]),
        (1, [referral(txt(NAME))], [FOUND]),
        # Without EDNS.
        (1, [failed(FORMERR), said(txt(NAME))], [SAME, FOUND]),
        (1, [failed(NOTIMP), said(txt(NAME))], [SAME, FOUND]),
        (1, [failed(16), said(txt(NAME))], [SAME, FOUND]),
        (1, [failed(FORMERR), failed(FORMERR)], [SAME, Failure("malformed", "s1 answers FORMERR")]),
        # Over TCP.
        (1, [said(truncated=True), said(txt(NAME))], [SAME, FOUND]),
        (1, [said(truncated=True), said(txt(NAME), truncated=True)], [SAME, Failure("malformed", CUT)]),
        # DNSSEC: a resolver says so …
        *((1, [failed(SERVFAIL, code)], [DnsAnswer("bogus")]) for code in (6, 7, 8, 9, 10, 12)),
        (2, [failed(SERVFAIL), failed(SERVFAIL, 6)], [NEXT, DnsAnswer("bogus")]),
        # … or there is an answer without validation only,
        (1, [failed(SERVFAIL), said(txt(NAME)), failed(SERVFAIL)], [SAME, SAME, DnsAnswer("bogus")]),
        (1, [failed(SERVFAIL), said(rcode=NXDOMAIN), failed(SERVFAIL)], [SAME, SAME, DnsAnswer("bogus")]),
        (2, [failed(SERVFAIL), failed(SERVFAIL), said(), failed(SERVFAIL)], [NEXT, SAME, SAME, DnsAnswer("bogus")]),
        # … but not if it is there with validation too, the second time,
        (1, [failed(SERVFAIL), said(txt(NAME)), said(txt(NAME))], [SAME, SAME, FOUND]),
        # … and not if there is none in either way, whatever else went wrong (22, 23: no authority, network error).
        (1, [failed(SERVFAIL), failed(SERVFAIL)], [SAME, SERVFAILED]),
        (1, [failed(SERVFAIL, 22), failed(SERVFAIL, 23)], [SAME, SERVFAILED]),
        (2, [failed(SERVFAIL), failed(REFUSED)], [NEXT, Failure("refused", "s1 answers REFUSED")]),
    ],
)
def test_a_course_of_messages(servers: int, messages: list[Message], steps: list[object]) -> None:
    assert course(ASK, servers, *messages) == steps


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (said(txt(NAME), authoritative=True), FOUND),
        (said(rcode=NXDOMAIN, soa="example.", authoritative=True), DnsAnswer("nxdomain", zone="example.")),
        (said(cname(NAME, "b."), authoritative=True), DnsAnswer(chain=("b.",))),
        (said(txt(NAME)), DnsAnswer("refused")),
        (said(), DnsAnswer("refused")),
        (failed(REFUSED), DnsAnswer("refused")),
        (failed(9), DnsAnswer("refused")),
        (failed(SERVFAIL), Failure("servfail", "s0 answers SERVFAIL")),
        (failed(SERVFAIL, 6), Failure("servfail", "s0 answers SERVFAIL")),
    ],
)
def test_one_server_asked_directly(message: Message, answer: object) -> None:
    assert course(DIRECT, 1, message) == [answer]


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (said(txt(NAME)), FOUND),
        (said(truncated=True), DnsAnswer(truncated=True)),
        (said(txt(NAME), truncated=True), DnsAnswer(records=('"x"',), ttl=60, truncated=True)),
        (said(cname(NAME, "b."), truncated=True), DnsAnswer(chain=("b.",), truncated=True)),
    ],
)
def test_over_udp_alone(message: Message, answer: object) -> None:
    assert course(UDP, 1, message) == [answer]


def test_each_server_is_tried_and_one_of_them_twice() -> None:
    lookup = Lookup(ASK, 2)
    steps = [lookup.unreachable(server, "connection refused", refused=True) for server in ("s0", "s1", "s0")]
    assert steps == [NEXT, NEXT, Failure("unreachable", "no answer from s0: connection refused")]


def test_tcp_is_closed_where_every_server_refuses_it() -> None:
    lookup = Lookup(Dns(NAME, "TXT", over="tcp"), 2)
    assert lookup.unreachable("s0", "connection refused", refused=True) is NEXT
    assert lookup.unreachable("s1", "connection refused", refused=True) == DnsAnswer("closed")


def test_tcp_that_cannot_be_reached_is_not_known_to_be_closed() -> None:
    lookup = Lookup(Dns(NAME, "TXT", over="tcp"), 1)
    steps = [lookup.unreachable("s0", "no route to host", refused=False) for _ in range(2)]
    assert steps == [NEXT, Failure("unreachable", "no answer from s0: no route to host")]


def test_what_went_wrong_first_is_told_at_the_end() -> None:
    lookup = Lookup(ASK, 2)
    assert lookup.give_up("silence") == Failure("timeout", "silence")
    lookup.hear(failed(SERVFAIL), "s0")
    assert lookup.give_up("silence") == Failure("servfail", "s0 answers SERVFAIL")
