"""Which resolvers are asked: as users write them, and as the system has them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from maildoctor.sources import resolvers
from maildoctor.sources.resolvers import Resolver
from maildoctor.sources.servers import Gate, Server, fresh_id


@pytest.mark.parametrize(
    ("text", "resolver"),
    [
        ("192.0.2.1", Resolver("192.0.2.1")),
        ("192.0.2.1:5353", Resolver("192.0.2.1", 5353)),
        ("2001:db8::1", Resolver("2001:db8::1")),
        ("[2001:db8::1]:5353", Resolver("2001:db8::1", 5353)),
        ("fe80::1%eth0", Resolver("fe80::1%eth0")),
        ("tls://1.1.1.1", Resolver("1.1.1.1", 853, "tls", "1.1.1.1")),
        ("tls://[2001:db8::1]:8853", Resolver("2001:db8::1", 8853, "tls", "2001:db8::1")),
        ("tls://dns.example@192.0.2.1", Resolver("192.0.2.1", 853, "tls", "dns.example")),
        ("tls://dns.example", Resolver("dns.example", 853, "tls", "dns.example")),
        ("https://1.1.1.1/dns-query", Resolver("1.1.1.1", 443, "https", "1.1.1.1", "/dns-query")),
        ("https://dns.example:8443/q", Resolver("dns.example", 8443, "https", "dns.example", "/q")),
    ],
)
def test_a_resolver_reads_and_prints_the_same(text: str, resolver: Resolver) -> None:
    assert resolvers.parse(text) == resolver
    assert str(resolver) == text


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:53", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("TLS://1.1.1.1:853", "tls://1.1.1.1"),
        ("https://dns.example", "https://dns.example/dns-query"),
        ("https://dns.example/dns-query{?dns}", "https://dns.example/dns-query"),
    ],
)
def test_other_ways_to_write_it(text: str, same: str) -> None:
    assert str(resolvers.parse(text)) == same


@pytest.mark.parametrize(
    "text",
    [
        "", "dns.example", "192.0.2", "192.0.2.256", "192.0.2.1:", "192.0.2.1:dns", "192.0.2.1:0", "192.0.2.1:65536",
        "[2001:db8::1", "[2001:db8::1]5353", "[192.0.2.1]:53", "[]:53", "quic://192.0.2.1", "http://192.0.2.1/dns-query", "tls://",
        "tls://192.0.2.1/path", "tls://a@b.example", "tls://two words@192.0.2.1", "https://", "https:///dns-query",
        "https://me@dns.example/", "https://192.0.2", "tls://" + "a" * 64 + ".example", "192.0.2.1\x1b[2J", "192.0.2.1/24",
    ],
)  # fmt: skip
def test_what_is_no_resolver_is_told_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="is no resolver") as told:
        resolvers.parse(text)
    assert str(told.value).isprintable()


@pytest.mark.parametrize(("host", "loopback"), [("127.0.0.53", True), ("::1", True), ("192.0.2.1", False), ("127.example", False)])
def test_loopback(host: str, loopback: bool) -> None:
    assert Resolver(host).loopback == loopback


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", ["192.0.2.1", "2001:db8::1"]),
        ("# nameserver 192.0.2.9\nsearch example\n nameserver\t192.0.2.1 # office\noptions timeout:1\n", ["192.0.2.1"]),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.1\n", ["192.0.2.1"]),
        ("nameserver fe80::1%eth0\n", ["fe80::1%eth0"]),
        ("nameserver nonsense\nnameserver\n", ["127.0.0.1"]),
        ("", ["127.0.0.1"]),
        (None, ["127.0.0.1"]),
    ],
)
def test_the_resolvers_of_the_system(tmp_path: Path, text: str | None, found: list[str]) -> None:
    path = tmp_path / "resolv.conf"
    if text is not None:
        path.write_text(text)
    assert [str(resolver) for resolver in resolvers.system(path)] == found


def test_a_gate_lets_in_a_burst_and_then_so_many_a_second() -> None:
    gate = Gate(rate=900, room=10**6)
    now, entered = 0.0, 0
    while now < 2:
        while gate.wait(now) <= 0:
            gate.enter(now)
            entered += 1
        now += gate.wait(now)
        if now < 1:
            first = entered
    assert first <= 1000
    assert entered == pytest.approx(100 + 2 * 900, abs=2)


def test_a_gate_has_room_for_so_many() -> None:
    gate = Gate(rate=math.inf, room=2)
    gate.enter(0)
    assert gate.wait(0) == 0
    gate.enter(0)
    assert gate.wait(0) == math.inf
    gate.inside -= 1
    assert gate.wait(0) == 0


def test_how_long_to_wait_is_learnt_from_the_answers() -> None:
    server = Server(Resolver("192.0.2.1"), Gate(1, 1))
    assert server.pause(0.3) == 0.3
    for _ in range(20):
        server.heard(0.02)
    assert server.pause(0.3) == 0.15  # no sooner: a name that the resolver has to look up takes longer
    for seconds in (0.04, 0.08, 0.12) * 10:
        server.heard(seconds)
    assert 0.15 < server.pause(0.3) < 0.3
    for seconds in (0.01, 0.3) * 10:
        server.heard(seconds)
    assert server.pause(0.3) == 0.3


def test_an_id_in_use_is_not_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([b"\0\1", b"\0\1", b"\0\2"])
    monkeypatch.setattr("os.urandom", lambda _size: next(drawn))
    assert fresh_id({1: None}) == 2  # type: ignore[dict-item]
