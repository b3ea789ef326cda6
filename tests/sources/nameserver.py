"""A name server in a thread, on a free port of loopback, that answers as a test tells it to: UDP, TCP, TLS and HTTPS."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import h2.config
import h2.connection
import h2.events
import trustme

Query = dns.message.QueryMessage
Reply = dns.message.Message | bytes | Iterable[dns.message.Message | bytes]
Answerer = Callable[[Query], Reply]


def reply(
    query: Query,
    *answer: str,
    authority: Iterable[str] = (),
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
    flags: int = 0,
) -> dns.message.Message:
    """Return the reply to a query, with these records ("shop.example. 60 IN A 192.0.2.1")."""
    message = dns.message.make_response(query)
    message.flags |= flags
    message.set_rcode(rcode)
    message.answer = [_rrset(line) for line in answer]
    message.authority = [_rrset(line) for line in authority]
    return message


def _rrset(line: str) -> dns.rrset.RRset:
    name, ttl, class_, type_, data = line.split(" ", 4)
    return dns.rrset.from_text(name, int(ttl), class_, type_, data)


@dataclass
class Nameserver:
    """What a running server has seen. `queries`: transport and message; `connections` counts the streams."""

    address: str
    port: int
    queries: list[tuple[str, Query]] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    connections: int = 0

    @property
    def transports(self) -> list[str]:
        """How each query came, in order."""
        return [transport for transport, _ in self.queries]

    def octets(self, answer: Answerer, transport: str, data: bytes) -> list[bytes]:
        """Take a query, return the messages to send back."""
        query = dns.message.from_wire(data)
        assert isinstance(query, Query)
        self.queries.append((transport, query))
        replies = answer(query)
        if isinstance(replies, dns.message.Message | bytes):
            replies = [replies]
        return [each if isinstance(each, bytes) else each.to_wire(max_size=65535) for each in replies]


@contextmanager
def serve(
    answer: Answerer, address: str = "127.0.0.1", *, tcp: Answerer | None = None, one_answer_a_stream: bool = False
) -> Iterator[Nameserver]:
    """Run a server on UDP, and on TCP if it is told what to answer there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with _listeners(family, address) as (datagrams, streams):
        server = Nameserver(address, datagrams.getsockname()[1])
        loops = [lambda: _serve_datagrams(server, datagrams, answer)]
        if tcp:
            streams.listen()
            loops.append(lambda: _serve_streams(server, streams, "tcp", tcp, None, once=one_answer_a_stream))
        with _running(loops, [datagrams, streams]):
            yield server


@contextmanager
def serve_tls(answer: Answerer, context: ssl.SSLContext, *, https: bool = False, once: bool = False) -> Iterator[Nameserver]:
    """Run a server on TLS, or HTTPS. `once`: it closes each connection after one answer."""
    with _listeners(socket.AF_INET, "127.0.0.1") as (_, streams):
        streams.listen()
        server = Nameserver("127.0.0.1", streams.getsockname()[1])
        kind = "https" if https else "tls"
        with _running([lambda: _serve_streams(server, streams, kind, answer, context, once=once)], [streams]):
            yield server


def context(authority: trustme.CA, *names: str, protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
    """Return the context of a server with a certificate for these names."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(made)
    if protocols:
        made.set_alpn_protocols(list(protocols))
    return made


@contextmanager
def _listeners(family: socket.AddressFamily, address: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Bind one port for datagrams and streams."""
    while True:
        datagrams, streams = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_STREAM)
        with datagrams, streams:
            datagrams.bind((address, 0))
            try:
                streams.bind((address, datagrams.getsockname()[1]))
            except OSError:
                continue
            yield datagrams, streams
            return


@contextmanager
def _running(loops: list[Callable[[], None]], listeners: list[socket.socket]) -> Iterator[None]:
    threads = [threading.Thread(target=loop, daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for listener in listeners:
            with suppress(OSError):  # wakes the thread that waits for it
                listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)


def _serve_datagrams(server: Nameserver, listener: socket.socket, answer: Answerer) -> None:
    while True:
        data, peer = listener.recvfrom(4096)
        if not data:
            return
        server.ports.append(peer[1])
        for octets in server.octets(answer, "udp", data):
            listener.sendto(octets, peer)


def _serve_streams(
    server: Nameserver, listener: socket.socket, kind: str, answer: Answerer, tls: ssl.SSLContext | None, *, once: bool
) -> None:
    talkers: list[threading.Thread] = []
    while True:
        try:
            stream, _ = listener.accept()
        except OSError:
            break
        server.connections += 1
        talkers.append(threading.Thread(target=_talk, args=(server, stream, kind, answer, tls, once), daemon=True))
        talkers[-1].start()
    for talker in talkers:
        talker.join(5)


def _talk(server: Nameserver, stream: socket.socket, kind: str, answer: Answerer, tls: ssl.SSLContext | None, once: bool) -> None:
    with suppress(OSError), stream:
        secured = tls.wrap_socket(stream, server_side=True) if tls else stream
        with secured:
            if kind == "https":
                _talk_http(server, secured, answer)
            else:
                _talk_dns(server, secured, kind, answer, once=once)


def _talk_dns(server: Nameserver, stream: socket.socket, kind: str, answer: Answerer, *, once: bool) -> None:
    with stream.makefile("rb") as octets:
        while head := octets.read(2):
            for message in server.octets(answer, kind, octets.read(int.from_bytes(head, "big"))):
                # In two pieces, as a network may deliver it.
                stream.sendall(len(message).to_bytes(2, "big") + message[:5])
                stream.sendall(message[5:])
            if once:
                return


def _talk_http(server: Nameserver, stream: socket.socket, answer: Answerer) -> None:
    http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    http.initiate_connection()
    stream.sendall(http.data_to_send())
    bodies: dict[int, bytes] = {}
    status: dict[int, str] = {}
    while data := stream.recv(65536):
        for event in http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                path = dict(event.headers)[b":path"]
                status[event.stream_id] = "200" if path == b"/dns-query" else "404"
            elif isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] = bodies.get(event.stream_id, b"") + event.data
            elif isinstance(event, h2.events.StreamEnded):
                _respond(server, http, event.stream_id, status[event.stream_id], bodies[event.stream_id], answer)
        stream.sendall(http.data_to_send())


def _respond(server: Nameserver, http: h2.connection.H2Connection, stream: int, status: str, body: bytes, answer: Answerer) -> None:
    http.send_headers(stream, [(":status", status), ("content-type", "application/dns-message")])
    for octets in server.octets(answer, "https", body) if status == "200" else [b"not found"]:
        http.send_data(stream, octets[:7])
        http.send_data(stream, octets[7:], end_stream=True)
