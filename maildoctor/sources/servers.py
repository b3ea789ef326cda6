"""The servers that are asked: how to reach each, how much it may be asked, and what is under way to it."""

from __future__ import annotations

import math
import os
import socket
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from maildoctor.sources.channels import Broken, Channel, Datagrams, Stream
from maildoctor.sources.lookup import Lookup
from maildoctor.sources.resolvers import Resolver, family

if TYPE_CHECKING:
    import ssl

_DATAGRAM_USES = 128  # messages a UDP port: so many answers also fit its buffer at once
_STREAM_USES = 10_000
_BURST = 100


class Gate:
    """Lets so many questions pass a second, and so many be under way; the others queue."""

    def __init__(self, rate: float, room: int) -> None:
        self.interval = 1 / rate
        self.room = room
        self.inside = 0
        self.due = 0.0
        self.queue: deque[tuple[Flight, int]] = deque()

    def wait(self, now: float) -> float:
        """Return how long the next question has to wait: 0 is now, infinity until one comes back."""
        return max(0.0, self.due - _BURST * self.interval - now) if self.inside < self.room else math.inf

    def enter(self, now: float) -> None:
        """Count one in."""
        self.inside += 1
        self.due = max(self.due, now) + self.interval


class Server:
    """One server: the way to it, and how well it answers. `lapses` counts the attempts without an answer since the last one."""

    def __init__(self, resolver: Resolver, gate: Gate, uses: int = _DATAGRAM_USES) -> None:
        self.resolver = resolver
        self.gate = gate
        self.uses = uses
        self.channel: Channel | None = None
        self.addresses: list[str] = []
        self.breaks = 0
        self.lapses = 0
        self.usual: float | None = None
        self.spread = 0.0

    def heard(self, seconds: float) -> None:
        """Learn how long an answer takes, and how much that varies (RFC 6298 2.2, 2.3)."""
        self.lapses = 0
        if self.usual is None:
            self.usual, self.spread = seconds, seconds / 2
        else:
            self.spread += (abs(self.usual - seconds) - self.spread) / 4
            self.usual += (seconds - self.usual) / 8

    def pause(self, longest: float) -> float:
        """Return how long to wait for an answer before asking again: less than `longest` where answers have come soon."""
        return longest if self.usual is None else min(longest, max(longest / 2, self.usual + 4 * self.spread))

    def __str__(self) -> str:
        return str(self.resolver)

    def connect(self) -> Channel:
        """Open a new way to it. Raises `Broken`."""
        resolver, address = self.resolver, self._address()
        if resolver.scheme == "udp":
            return Datagrams(address, resolver.port, self.uses)
        if resolver.scheme == "tls":
            return Stream(address, resolver.port, _context("dot"), resolver.name, uses=_STREAM_USES)
        from maildoctor.sources.doh import HttpStream

        return HttpStream(address, resolver.port, _context("h2"), resolver.name, resolver.path, uses=_STREAM_USES)

    def connect_tcp(self) -> Channel:
        """Open a connection for one question. Raises `Broken`."""
        return Stream(self._address(), self.resolver.port)

    def _address(self) -> str:
        """Return the address to try now: another one after each break. Raises `Broken`."""
        self.addresses = self.addresses or _addresses(self.resolver)
        return self.addresses[self.breaks % len(self.addresses)]


def _addresses(resolver: Resolver) -> list[str]:
    """Return the addresses of a resolver; the system resolves a name. Raises `Broken`."""
    if family(resolver.host) is not None:
        return [resolver.host]
    try:
        found = socket.getaddrinfo(resolver.host, resolver.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Broken(f"the system cannot resolve {resolver.host}") from error
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _context(protocol: str) -> ssl.SSLContext:
    """Return how TLS is spoken: the certificate must be for the resolver, and by somebody whom the system trusts."""
    import ssl

    context = ssl.create_default_context()
    context.set_alpn_protocols([protocol])
    return context


@dataclass(eq=False)
class Flight:
    """One lookup on its way: where it is, the attempts that may still be answered and when they went out, when it fails.

    `alarm` is the serial number of what is to happen next, be it an alarm or its turn in a queue; whatever has another is stale.
    """

    lookup: Lookup
    servers: list[Server]
    at: int
    attempts: dict[tuple[Channel, int], float] = field(default_factory=dict)
    gate: Gate | None = None
    sent: int = 0
    ends: float = math.inf
    alarm: int = 0

    @property
    def server(self) -> Server:
        """The server whose turn it is."""
        return self.servers[self.at % len(self.servers)]


def fresh_id(waiting: dict[int, Lookup]) -> int:
    """Return a message id that nobody can guess (RFC 5452 4.3) and that is not in use."""
    while True:
        id_ = int.from_bytes(os.urandom(2), "big")
        if id_ not in waiting:
            return id_
