"""The DNS source against servers on loopback that do what servers do, and what they should not."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import ClassVar, NoReturn

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
import trustme

from maildoctor.ask import Dns, DnsAnswer, Failure, Question, Result, Unasked
from maildoctor.sources.channels import Broken
from maildoctor.sources.dns import DnsSource
from maildoctor.sources.live import Live
from maildoctor.sources.resolvers import Resolver
from tests.sources.nameserver import Answerer, Nameserver, Query, Reply, context, reply, serve, serve_tls

pytestmark = pytest.mark.loopback

TXT = Dns("shop.example.", "TXT")
RECORD = 'shop.example. 60 IN TXT "v=spf1 -all"'
SAID = DnsAnswer(records=('"v=spf1 -all"',), ttl=60)
SOA = "example. 300 IN SOA ns.example. h.example. 1 2 3 4 5"


def source(*servers: Nameserver, pause: float = 5, patience: float = 20, **options: float) -> DnsSource:
    """Return a source that asks these servers. It has all the time of the world, unless the test is about lost messages."""
    asked = [Resolver(server.address, server.port) for server in servers]
    return DnsSource(asked, pause=pause, patience=patience, **options)  # type: ignore[arg-type]


def ask(dns_source: DnsSource, *questions: Question) -> dict[Question, Result]:
    """Ask all these questions and wait for all the answers."""
    found: dict[Question, Result] = {}
    with dns_source:
        for question in questions:
            result = dns_source.ask(question)
            if result is not None:
                found[question] = result
        while len(found) < len(questions):
            answers = dns_source.answers()
            assert answers
            found.update(answers)
        assert not dns_source.open
        assert dns_source.answers() == {}
    assert not dns_source.channels
    assert all(gate.inside == 0 and not gate.queue for gate in dns_source.gates)
    return found


def ask_one(dns_source: DnsSource, question: Question = TXT) -> Result:
    return ask(dns_source, question)[question]


def good(query: Query) -> Reply:
    return reply(query, RECORD)


def silent(query: Query) -> Reply:
    return []


def empty(query: Query) -> bytes:
    return b""


def code(rcode: dns.rcode.Rcode) -> Answerer:
    return lambda query: reply(query, rcode=rcode)


def nth(*answers: Answerer) -> Answerer:
    """Answer the first query in one way, the next in another, and so on."""
    rest = iter(answers)

    def answer(query: Query) -> Reply:
        return next(rest)(query)

    return answer


@pytest.fixture(autouse=True)
def _nothing_left_open() -> Iterator[None]:
    yield
    gc.collect(1)  # a forgotten socket warns now, and a warning is an error


@pytest.fixture
def closed() -> Nameserver:
    """A port where nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return Nameserver("127.0.0.1", found.getsockname()[1])


# What is said


def test_an_answer_is_told_in_canonical_form() -> None:
    def answer(query: Query) -> Reply:
        records = ("SHOP.example. 60 IN MX 20 Mail2.example.", "shop.example. 30 IN MX 10 mail.example.")
        return reply(query, *records, flags=dns.flags.AD)

    with serve(answer) as server:
        result = ask_one(source(server), Dns("shop.example.", "MX"))
    assert result == DnsAnswer(records=("10 mail.example.", "20 mail2.example."), ttl=30, authentic=True)


@pytest.mark.parametrize(("rcode", "status"), [(dns.rcode.NOERROR, "noerror"), (dns.rcode.NXDOMAIN, "nxdomain")])
def test_nothing_there_is_an_answer(rcode: dns.rcode.Rcode, status: str) -> None:
    with serve(lambda query: reply(query, rcode=rcode, authority=[SOA])) as server:
        assert ask_one(source(server)) == DnsAnswer(status, zone="example.")


def test_a_query_asks_for_recursion_with_edns_and_ad() -> None:
    with serve(good) as server:
        ask_one(source(server))
    query = server.queries[0][1]
    assert query.flags == dns.flags.RD | dns.flags.AD
    assert (query.edns, query.payload) == (0, 1232)


def test_a_name_that_cannot_exist_is_not_asked_for() -> None:
    with serve(good) as server:
        assert ask_one(source(server), Dns("a" * 64 + ".example.", "TXT")) == DnsAnswer("nxdomain")
    assert not server.queries


def test_a_name_is_asked_for_in_canonical_form() -> None:
    with serve(good) as server:
        assert ask_one(source(server), Dns("SHOP.example", "TXT")) == SAID


def test_thousands_of_questions_are_each_asked_once() -> None:
    questions = [Dns(f"n{i}.example.", "TXT") for i in range(3000)]

    def answer(query: Query) -> Reply:
        return reply(query, f'{query.question[0].name} 60 IN TXT "{query.question[0].name}"')

    with serve(answer) as server:
        dns_source = source(server)
        found = ask(dns_source, *questions)
    assert found == {question: DnsAnswer(records=(f'"{question.name}"',), ttl=60) for question in questions}
    assert dns_source.datagrams == len(server.queries) == 3000
    assert len(set(server.ports)) > 10  # a port serves for a while only


def test_a_question_that_queues_twice_goes_out_once() -> None:
    with serve(good) as server, source(server) as dns_source:
        gate = dns_source.servers[0].gate
        gate.inside = gate.room
        dns_source.ask(TXT)
        dns_source._enqueue(dns_source.open[TXT])
        assert len(gate.queue) == 2
        gate.inside = 0
        dns_source._let_in(gate, monotonic())
        assert (dns_source.datagrams, gate.inside, len(gate.queue)) == (1, 1, 0)
        assert dns_source.answers() == {TXT: SAID}
        assert gate.inside == 0


def test_a_question_asked_again_while_it_is_open_goes_out_once() -> None:
    with serve(good) as server, source(server) as dns_source:
        assert dns_source.ask(TXT) is None
        assert dns_source.ask(TXT) is None
        assert dns_source.answers() == {TXT: SAID}
    assert len(server.queries) == 1


def test_an_ipv6_resolver() -> None:
    with serve(good, "::1") as server:
        assert ask_one(source(server)) == SAID


# Aliases


def test_aliases_are_followed_within_an_answer() -> None:
    def answer(query: Query) -> Reply:
        return reply(query, 'c.example. 9 IN TXT "x"', "shop.example. 60 IN CNAME b.example.", "b.example. 60 IN CNAME c.example.")

    with serve(answer) as server:
        assert ask_one(source(server)) == DnsAnswer(records=('"x"',), chain=("b.example.", "c.example."), ttl=9)


def test_a_chain_that_the_resolver_did_not_finish_is_followed() -> None:
    def rest(query: Query) -> Reply:
        return reply(query, 'b.example. 9 IN TXT "x"', flags=dns.flags.AD)

    with serve(nth(lambda query: reply(query, "shop.example. 60 IN CNAME b.example."), rest)) as server:
        assert ask_one(source(server)) == DnsAnswer(records=('"x"',), chain=("b.example.",), ttl=9)
    assert [str(query.question[0].name) for _, query in server.queries] == ["shop.example.", "b.example."]


# What gets lost, and what should not be heard


def test_a_lost_question_is_asked_again_at_the_next_resolver() -> None:
    with serve(silent) as first, serve(good) as second:
        assert ask_one(source(first, second, pause=0.1)) == SAID
    assert (len(first.queries), len(second.queries)) == (1, 1)


def test_a_lost_question_is_asked_again_at_the_only_resolver() -> None:
    with serve(nth(silent, silent, *[good] * 9)) as server:
        assert ask_one(source(server, pause=0.05)) == SAID
    assert len({query.id for _, query in server.queries}) == len(server.queries) >= 3


def test_a_resolver_that_stays_silent_loses_its_turn() -> None:
    questions = [Dns(f"n{i}.example.", "TXT") for i in range(4)]
    with serve(silent) as first, serve(lambda query: reply(query, authority=[SOA])) as second:
        dns_source = source(first, second, pause=0.1)
        with dns_source:
            for question in questions:
                dns_source.ask(question)
                assert dns_source.answers() == {question: DnsAnswer(zone="example.")}
    assert len(first.queries) == 2


def test_an_answer_to_an_earlier_attempt_will_do() -> None:
    held: list[dns.message.Message] = []

    def late(query: Query) -> Reply:
        held.append(reply(query, RECORD))
        return held[:1] if len(held) > 1 else []

    with serve(late) as server:
        assert ask_one(source(server, pause=0.05)) == SAID


def test_a_late_refusal_does_not_disturb_who_is_asked_meanwhile() -> None:
    answered = threading.Event()

    def late(query: Query) -> Reply:
        answered.wait(5)
        return reply(query, rcode=dns.rcode.REFUSED)

    def later(query: Query) -> Reply:
        answered.set()
        first_done.wait(5)
        return reply(query, RECORD)

    first_done = threading.Event()
    with serve(late) as first, serve(later) as second, source(first, second, pause=0.1) as dns_source:
        dns_source.ask(TXT)
        while not dns_source.servers[0].usual:
            dns_source._turn()
        first_done.set()
        assert dns_source.answers() == {TXT: SAID}
    assert (len(first.queries), len(second.queries)) == (1, 1)


def test_silence_is_a_timeout() -> None:
    with serve(silent) as server:
        result = ask_one(source(server, pause=0.01, patience=0.1))
    assert result == Failure("timeout", f"no answer from 127.0.0.1:{server.port} in 0.1 s")
    assert len(server.queries) > 1


def test_the_deadline_ends_everything() -> None:
    with serve(silent) as server:
        dns_source = source(server, timeout=0.1)
        late = Failure("timeout", f"no answer from 127.0.0.1:{server.port} before the deadline of 0.1 s")
        other = Dns("other.example.", "TXT")
        assert ask(dns_source, TXT, other) == {TXT: late, other: late}
        assert dns_source.ask(TXT) == late


def _other_id(query: Query) -> bytes:
    octets = bytearray(reply(query, 'shop.example. 60 IN TXT "forged"').to_wire())
    octets[0] ^= 0xFF
    return bytes(octets)


def _other_question(query: Query) -> dns.message.Message:
    other = dns.message.make_query("other.example.", query.question[0].rdtype, id=query.id)
    return reply(other, 'shop.example. 60 IN TXT "forged"')


def _other_type(query: Query) -> dns.message.Message:
    return reply(dns.message.make_query("shop.example.", "SPF", id=query.id))


def _no_question(query: Query) -> dns.message.Message:
    message = reply(query, 'shop.example. 60 IN TXT "forged"')
    message.question = []
    return message


@pytest.mark.parametrize("forge", [_other_id, _other_question, _other_type, _no_question, empty, Query.to_wire])
def test_what_does_not_answer_the_question_is_not_heard(forge: Callable[[Query], dns.message.Message | bytes]) -> None:
    with serve(lambda query: [forge(query), reply(query, RECORD)]) as server:
        assert ask_one(source(server)) == SAID
    assert len(server.queries) == 1


def test_an_answer_from_another_port_is_not_heard() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:

        def answer(query: Query) -> Reply:
            forged = reply(query, 'shop.example. 60 IN TXT "forged"')
            liar.sendto(forged.to_wire(), ("127.0.0.1", server.ports[-1]))
            return reply(query, RECORD)

        with serve(answer) as server:
            assert ask_one(source(server)) == SAID


def test_garbage_is_told_when_nothing_better_comes() -> None:
    with serve(lambda query: reply(query, RECORD).to_wire()[:-3]) as server:
        result = ask_one(source(server, patience=0.1))
    assert result == Failure("malformed", f"127.0.0.1:{server.port} sends a message that ends too early")


def test_a_name_in_other_letters_is_the_same() -> None:
    def answer(query: Query) -> Reply:
        return reply(query, RECORD).to_wire().replace(b"\4shop", b"\4SHOP")

    with serve(answer) as server:
        assert ask_one(source(server)) == SAID


# Streams


def cut(query: Query) -> Reply:
    return reply(query, flags=dns.flags.TC)


def test_what_does_not_fit_a_datagram_comes_over_tcp() -> None:
    with serve(cut, tcp=good) as server:
        assert ask_one(source(server)) == SAID
    assert server.transports == ["udp", "tcp"]


def test_without_tcp_there_is_no_answer() -> None:
    with serve(cut) as server:
        result = ask_one(source(server))
    assert result == Failure("unreachable", f"no answer from 127.0.0.1:{server.port}: connection refused")


def test_a_connection_that_is_closed_without_an_answer() -> None:
    with serve(cut, tcp=silent, one_answer_a_stream=True) as server:
        result = ask_one(source(server))
    assert result == Failure("unreachable", f"no answer from 127.0.0.1:{server.port}: the connection was closed")


# Refusals


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.FORMERR, dns.rcode.NOTIMP])
def test_a_resolver_that_will_not_answer_is_passed_over(rcode: dns.rcode.Rcode) -> None:
    with serve(code(rcode)) as first, serve(good) as second:
        assert ask_one(source(first, second)) == SAID


@pytest.mark.parametrize(
    ("rcode", "kind"),
    [
        (dns.rcode.SERVFAIL, "servfail"),
        (dns.rcode.REFUSED, "refused"),
        (dns.rcode.FORMERR, "malformed"),
        (dns.rcode.NOTIMP, "refused"),
    ],
)
def test_if_none_will_answer_it_could_not_look(rcode: dns.rcode.Rcode, kind: str) -> None:
    with serve(code(rcode)) as server:
        result = ask_one(source(server))
    assert result == Failure(kind, f"127.0.0.1:{server.port} answers {dns.rcode.to_text(rcode)}")


def test_a_server_that_knows_no_edns_is_asked_without() -> None:
    def answer(query: Query) -> Reply:
        return reply(query, rcode=dns.rcode.FORMERR) if query.edns >= 0 else reply(query, RECORD)

    with serve(answer) as server:
        assert ask_one(source(server)) == SAID


def test_resolvers_that_nobody_runs_fail_at_once(closed: Nameserver) -> None:
    questions = [Dns(f"n{i}.example.", "TXT") for i in range(50)]
    failure = Failure("unreachable", f"no answer from 127.0.0.1:{closed.port}: connection refused")
    found = ask(source(closed), *questions)
    assert found == dict.fromkeys(questions, failure)


def test_two_attempts_that_are_refused_together_count_once() -> None:
    with serve(silent) as server, source(server, pause=0.05) as dns_source:
        dns_source.ask(TXT)
        flight = dns_source.open[TXT]
        while len(flight.attempts) < 2:
            dns_source._turn()
        channel, _ = next(iter(flight.attempts))
        dns_source._break(channel, flight.server, Broken("connection refused", refused=True))
        assert flight.lookup.unreached == 1
        assert dns_source.open


def test_a_resolver_that_nobody_runs_is_passed_over(closed: Nameserver) -> None:
    with serve(good) as server:
        assert ask_one(source(closed, server)) == SAID


# DNSSEC


def test_a_resolver_that_says_why_it_failed() -> None:
    def answer(query: Query) -> Reply:
        message = reply(query, rcode=dns.rcode.SERVFAIL)
        message.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode.RRSIGS_MISSING, "no signatures")])
        return message

    with serve(answer) as server:
        assert ask_one(source(server)) == DnsAnswer("bogus")
    assert len(server.queries) == 1


def test_an_answer_without_validation_and_none_with_it_is_bogus() -> None:
    def answer(query: Query) -> Reply:
        return reply(query, RECORD) if query.flags & dns.flags.CD else reply(query, rcode=dns.rcode.SERVFAIL)

    with serve(answer) as server:
        assert ask_one(source(server)) == DnsAnswer("bogus")


def test_a_resolver_that_stumbled_once_is_not_taken_for_one_that_validates() -> None:
    with serve(nth(code(dns.rcode.SERVFAIL), good, good)) as server:
        assert ask_one(source(server)) == SAID


# One server asked directly


def direct(server: Nameserver, over: str = "") -> Dns:
    return Dns("shop.example.", "TXT", server=server.address, over=over)


def authoritative(query: Query) -> Reply:
    return reply(query, RECORD, flags=dns.flags.AA)


def test_a_server_is_asked_without_recursion() -> None:
    with serve(silent) as resolver, serve(authoritative) as server:
        assert ask_one(source(resolver, port=server.port), direct(server)) == SAID
    assert not server.queries[0][1].flags & dns.flags.RD
    assert not resolver.queries


REFERRAL = "shop.example. 300 IN NS ns.shop.example."


@pytest.mark.parametrize(
    "lame",
    [
        code(dns.rcode.REFUSED),
        code(dns.rcode.NOTAUTH),
        lambda query: reply(query, authority=[REFERRAL]),
        good,
        code(dns.rcode.NXDOMAIN),
    ],
)
def test_a_server_that_does_not_serve_the_name(lame: Answerer) -> None:
    with serve(lame) as server:
        assert ask_one(source(server, port=server.port), direct(server)) == DnsAnswer("refused")


def test_a_server_that_fails_is_no_answer() -> None:
    with serve(code(dns.rcode.SERVFAIL)) as server:
        result = ask_one(source(server, port=server.port), direct(server))
    assert result == Failure("servfail", f"127.0.0.1:{server.port} answers SERVFAIL")
    assert len(server.queries) == 1


def test_what_one_server_says_of_an_alias_ends_there() -> None:
    def answer(query: Query) -> Reply:
        return reply(query, "shop.example. 60 IN CNAME b.other.", flags=dns.flags.AA)

    with serve(answer) as server:
        assert ask_one(source(server, port=server.port), direct(server)) == DnsAnswer(chain=("b.other.",))


def test_a_server_must_be_an_address() -> None:
    with serve(good) as server:
        assert ask_one(source(server), Dns("shop.example.", "TXT", server="ns.example.")) == Failure(
            "unreachable", "ns.example. is no address"
        )


def test_over_udp_there_is_no_edns_and_no_second_way() -> None:
    with serve(cut, tcp=good) as server:
        assert ask_one(source(server), Dns("shop.example.", "TXT", over="udp")) == DnsAnswer(truncated=True)
    assert server.transports == ["udp"]
    assert server.queries[0][1].edns == -1


def test_over_tcp() -> None:
    def answer(query: Query) -> Reply:
        return reply(query, RECORD, flags=dns.flags.AA)

    with serve(silent, tcp=answer) as server:
        assert ask_one(source(server, port=server.port), direct(server, "tcp")) == SAID
    assert server.transports == ["tcp"]


def test_tcp_that_is_refused_is_an_answer() -> None:
    with serve(good) as server:
        assert ask_one(source(server, port=server.port), direct(server, "tcp")) == DnsAnswer("closed")


# TLS and HTTPS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the certificates."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The same, trusted by the system."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


MANY = [Dns(f"n{i}.example.", "TXT") for i in range(150)]


def echo(query: Query) -> Reply:
    return reply(query, f'{query.question[0].name} 60 IN TXT "{query.question[0].name}"')


def encrypted(server: Nameserver, scheme: str, path: str = "/dns-query") -> DnsSource:
    resolver = Resolver("127.0.0.1", server.port, scheme, "127.0.0.1", path if scheme == "https" else "")
    return DnsSource([resolver], pause=5, patience=20)


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_encrypted_questions_share_a_connection(trusted: trustme.CA, scheme: str) -> None:
    tls = context(trusted, "127.0.0.1", protocols=("dot", "h2"))
    with serve_tls(echo, tls, https=scheme == "https") as server:
        found = ask(encrypted(server, scheme), *MANY)
    assert found == {question: DnsAnswer(records=(f'"{question.name}"',), ttl=60) for question in MANY}
    assert server.transports == [scheme] * len(MANY)
    assert server.connections == 1


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_a_certificate_for_somebody_else(trusted: trustme.CA, scheme: str) -> None:
    with serve_tls(echo, context(trusted, "other.example", protocols=("h2",)), https=scheme == "https") as server:
        result = ask_one(encrypted(server, scheme))
    assert isinstance(result, Failure)
    assert result.kind == "unreachable"
    assert "ip address mismatch" in result.detail
    assert not server.queries


def test_a_certificate_by_nobody_whom_the_system_trusts() -> None:
    with serve_tls(echo, context(trustme.CA(), "127.0.0.1")) as server:
        result = ask_one(encrypted(server, "tls"))
    assert isinstance(result, Failure)
    assert "self-signed certificate" in result.detail or "unable to get local issuer" in result.detail


def test_a_server_that_closes_after_each_answer(trusted: trustme.CA) -> None:
    with serve_tls(echo, context(trusted, "127.0.0.1"), once=True) as server:
        found = ask(encrypted(server, "tls"), *MANY[:3])
    assert all(isinstance(result, DnsAnswer) for result in found.values())
    assert server.connections == 3


def test_a_port_that_speaks_no_tls() -> None:
    def babble() -> None:
        for _ in range(2):
            with listener.accept()[0] as stream:
                stream.sendall(b"220 mail.example ESMTP\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        babbler = threading.Thread(target=babble)
        babbler.start()
        result = ask_one(encrypted(Nameserver("127.0.0.1", listener.getsockname()[1]), "tls"))
        babbler.join()
    assert isinstance(result, Failure)
    assert result.kind == "unreachable"


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_nobody_listens(closed: Nameserver, scheme: str) -> None:
    result = ask_one(encrypted(closed, scheme))
    assert isinstance(result, Failure)
    assert result.detail.endswith("connection refused")


def test_https_at_the_wrong_path(trusted: trustme.CA) -> None:
    with serve_tls(echo, context(trusted, "127.0.0.1", protocols=("h2",)), https=True) as server:
        result = ask_one(encrypted(server, "https", "/elsewhere"))
    assert isinstance(result, Failure)
    assert result.detail.endswith("it answers with HTTP status 404")


def test_https_without_http2(trusted: trustme.CA) -> None:
    with serve_tls(echo, context(trusted, "127.0.0.1", protocols=("http/1.1",)), https=True) as server:
        result = ask_one(encrypted(server, "https"))
    assert isinstance(result, Failure)
    assert result.detail.endswith("it does not speak HTTP/2")


def test_a_resolver_by_name(trusted: trustme.CA) -> None:
    with serve_tls(echo, context(trusted, "localhost")) as server:
        result = ask_one(DnsSource([Resolver("localhost", server.port, "tls", "localhost")], patience=20))
    assert isinstance(result, DnsAnswer)


def test_a_resolver_by_name_is_tried_at_each_of_its_addresses(trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.9", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_options: found)
    with serve_tls(echo, context(trusted, "dns.example")) as server:
        result = ask_one(DnsSource([Resolver("dns.example", server.port, "tls", "dns.example")], patience=20))
    assert isinstance(result, DnsAnswer)


def test_a_resolver_by_a_name_that_cannot_be_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_asked: object, **_options: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    result = ask_one(DnsSource([Resolver("dns.example", 853, "tls", "dns.example")], patience=20))
    assert result == Failure("unreachable", "no answer from tls://dns.example: the system cannot resolve dns.example")


def test_what_is_said_over_udp_cannot_be_told_by_an_encrypted_resolver() -> None:
    dns_source = DnsSource([Resolver("127.0.0.1", 853, "tls", "127.0.0.1")])
    assert ask_one(dns_source, Dns("shop.example.", "TXT", over="udp")) == Unasked("tls://127.0.0.1 is not asked over UDP")


# The rest


def test_a_type_that_nobody_knows_is_an_error_of_ours() -> None:
    with serve(good) as server, source(server) as dns_source:
        with pytest.raises(ValueError, match="no type"):
            dns_source.ask(Dns("shop.example.", "NONSENSE"))
        assert not dns_source.open


def test_only_resolvers_of_other_machines_are_spared() -> None:
    near, far = DnsSource([Resolver("127.0.0.1"), Resolver("192.0.2.1")]).servers
    assert near.gate.interval == 0
    assert 1 / far.gate.interval < 1000


def test_live_hands_on_what_is_for_the_dns() -> None:
    class Other:
        kind: ClassVar[str] = "smtp"

    with serve(good) as server, Live(source(server)) as live:
        assert live.ask(Other()) == Unasked("nobody is asked about SMTP")
        assert live.dns.ask(Other()) == Unasked("SMTP is not asked")
        assert live.ask(TXT) is None
        assert live.answers() == {TXT: SAID}
        assert live.description == f"127.0.0.1:{server.port}"
