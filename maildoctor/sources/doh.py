"""DNS over HTTPS (RFC 8484): a stream of messages within HTTP/2, which h2 speaks."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from maildoctor.sources.channels import Broken, Stream

_MAX_MESSAGE = 65535


class HttpStream(Stream):
    """One HTTP/2 connection to a resolver. Each message is a POST; the answers come in any order."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext, name: str, path: str, *, uses: int) -> None:
        self.headers = [
            (":method", "POST"),
            (":scheme", "https"),
            (":authority", (f"[{name}]" if ":" in name else name) + (f":{port}" if port != 443 else "")),
            (":path", path),
            ("accept", "application/dns-message"),
            ("content-type", "application/dns-message"),
        ]
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self.bodies: dict[int, bytes] = {}
        super().__init__(address, port, context, name, uses=uses)
        self.http.initiate_connection()
        self.outgoing += self.http.data_to_send()

    def _opened(self) -> None:
        # RFC 8484 5.2: HTTP/2 is the least that is recommended; without it every question would need a connection.
        if self.socket.selected_alpn_protocol() != "h2":
            raise Broken("it does not speak HTTP/2")

    def _pack(self, octets: bytes) -> None:
        try:
            stream = self.http.get_next_available_stream_id()
            self.http.send_headers(stream, [*self.headers, ("content-length", str(len(octets)))])
            self.http.send_data(stream, octets, end_stream=True)
        except h2.exceptions.H2Error as error:
            raise Broken(f"HTTP/2 fails: {error}") from error
        self.outgoing += self.http.data_to_send()

    def _unpack(self, data: bytes) -> Iterator[bytes]:
        try:
            events = self.http.receive_data(data)
        except h2.exceptions.H2Error as error:
            raise Broken(f"HTTP/2 fails: {error}") from error
        for event in events:
            yield from self._event(event)
        self.outgoing += self.http.data_to_send()
        self._flush()

    def _event(self, event: h2.events.Event) -> Iterator[bytes]:
        if isinstance(event, h2.events.ResponseReceived):
            status = dict(event.headers or ()).get(b":status", b"")
            if status != b"200":
                raise Broken(f"it answers with HTTP status {status.decode('ascii', 'replace')}")
        elif isinstance(event, h2.events.DataReceived):
            body = self.bodies.get(event.stream_id, b"") + event.data
            if len(body) > _MAX_MESSAGE:
                raise Broken("it sends more than a DNS message")
            self.bodies[event.stream_id] = body
            self.http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            yield self.bodies.pop(event.stream_id, b"")
        elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated):
            raise Broken(f"HTTP/2 ends with error {event.error_code}")
