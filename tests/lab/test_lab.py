"""The lab does what the tests that use it rely on."""

from __future__ import annotations

import time
from typing import Any

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.lab.lab import Lab
from tests.lab.relay import Question, Weather
from tests.lab.servers import FORGOTTEN, PRIMARIES, RESOLVER

pytestmark = pytest.mark.loopback
KEY = "shoptokenaaaaaaaaaaaaaaaaaaaaaaa._domainkey.bakery.example."


def ask(lab: Lab, name: str, type_: str, server: str = RESOLVER, **options: Any) -> Any:
    query = dns.message.make_query(name, type_, use_edns=0, payload=1232)
    query.flags |= dns.flags.AD
    return dns.query.udp(query, server, port=lab.port, timeout=5, **options)


@pytest.mark.parametrize(
    ("name", "type_", "server", "rcode", "records"),
    [
        ("bakery.example.", "MX", RESOLVER, "NOERROR", 1),
        (KEY, "TXT", RESOLVER, "NOERROR", 2),  # the alias and the key
        ("nobody.example.", "MX", RESOLVER, "NXDOMAIN", 0),
        ("barn.example.", "MX", RESOLVER, "NOERROR", 0),
        ("anything.agency.example.", "TXT", RESOLVER, "NOERROR", 1),
        ("bounce.theatre.example.", "MX", RESOLVER, "NXDOMAIN", 1),
        ("_dmarc.carousel.example.", "TXT", RESOLVER, "SERVFAIL", 0),
        ("quarry.example.", "MX", RESOLVER, "SERVFAIL", 0),
        ("quarry.example.", "MX", FORGOTTEN, "REFUSED", 0),
        ("bakery.example.", "MX", PRIMARIES[1], "NOERROR", 1),
        ("9.100.51.198.in-addr.arpa.", "PTR", RESOLVER, "NXDOMAIN", 0),
    ],
)
def test_servers_answer_as_real_ones_do(lab: Lab, name: str, type_: str, server: str, rcode: str, records: int) -> None:
    answer = ask(lab, name, type_, server)
    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert len(answer.answer) == records


@pytest.mark.parametrize(("name", "valid"), [("vault.example.", True), ("tower.example.", False), ("clock.example.", False)])
def test_the_resolver_validates(lab: Lab, name: str, *, valid: bool) -> None:
    answer = ask(lab, name, "TXT")
    assert bool(answer.flags & dns.flags.AD) is valid
    if not valid:
        assert answer.rcode() == dns.rcode.SERVFAIL
        assert [option.code for option in answer.options if isinstance(option, dns.edns.EDEOption)], "RFC 8914"


@pytest.mark.parametrize(("name", "octets"), [("market.example.", 512), ("plaza.example.", 1232), ("depot.example.", 60000)])
def test_large_answers_come_over_tcp(lab: Lab, name: str, octets: int) -> None:
    answer, _ = dns.query.udp_with_fallback(dns.message.make_query(name, "TXT"), RESOLVER, port=lab.port, timeout=5)
    assert len(answer.to_wire()) > octets
    assert [(asked.over) for asked in lab.relay.seen] == ["udp", "tcp"]


def test_the_forgotten_server_serves_an_old_zone(lab: Lab) -> None:
    serials = [ask(lab, "ferry.example.", "SOA", server).answer[0][0].serial for server in (PRIMARIES[0], FORGOTTEN)]
    assert serials == [2026112201, 2025010101]


def test_the_relay_notes_every_question(lab: Lab) -> None:
    ask(lab, "Bakery.example.", "MX")
    ask(lab, KEY, "TXT", PRIMARIES[0])
    assert lab.relay.seen == [
        Question("bakery.example.", "MX", RESOLVER, "udp", 1232, cd=False),
        Question(KEY, "TXT", PRIMARIES[0], "udp", 1232, cd=False),
    ]
    assert lab.relay.counts() == {("bakery.example.", "MX"): 1, (KEY, "TXT"): 1}


def test_the_relay_takes_its_time(lab: Lab) -> None:
    ask(lab, "bakery.example.", "MX")
    lab.relay.weather = Weather(rtt=0.05)
    begun = time.monotonic()
    ask(lab, "bakery.example.", "MX")
    assert time.monotonic() - begun > 0.05


def test_the_relay_loses_what_it_is_to_lose(lab: Lab) -> None:
    lab.relay.weather = Weather(lose=(0,), names=("bakery.example.",))
    ask(lab, "library.example.", "MX")
    query = dns.message.make_query("bakery.example.", "MX")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, RESOLVER, port=lab.port, timeout=0.1)
    assert ask(lab, "bakery.example.", "MX").answer


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
def test_the_relay_answers_with_errors(lab: Lab, rcode: str) -> None:
    lab.relay.weather = Weather(rcode=rcode)
    assert dns.rcode.to_text(ask(lab, "bakery.example.", "MX").rcode()) == rcode


def test_the_relay_truncates(lab: Lab) -> None:
    lab.relay.weather = Weather(truncate=True)
    answer, tcp = dns.query.udp_with_fallback(dns.message.make_query("bakery.example.", "MX"), RESOLVER, port=lab.port, timeout=5)
    assert tcp
    assert answer.answer


@pytest.mark.parametrize("lie", ["id", "question", "port"])
def test_the_relay_lies_before_it_tells_the_truth(lab: Lab, lie: str) -> None:
    lab.relay.weather = Weather(lie=lie)
    with pytest.raises((dns.query.BadResponse, dns.query.UnexpectedSource)):
        ask(lab, "bakery.example.", "MX")
    if lie != "port":
        assert ask(lab, "bakery.example.", "MX", ignore_errors=True).answer
    assert ask(lab, "bakery.example.", "MX", ignore_unexpected=True, ignore_errors=True).answer
