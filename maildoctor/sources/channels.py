"""Ways to one DNS server: datagrams, and streams with or without TLS. Nothing here waits; a `poll()` says when to go on."""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from maildoctor.sources.lookup import Lookup
from maildoctor.sources.resolvers import family

if TYPE_CHECKING:
    import ssl

_DATAGRAM = 4096
_CHUNK = 65536


class Broken(Exception):
    """A channel is of no use any more. `refused`: nobody listens at the other end."""

    def __init__(self, words: str, *, refused: bool = False) -> None:
        super().__init__(words)
        self.refused = refused


def broken(error: OSError) -> Broken:
    """Return what an error of the system means."""
    return Broken((error.strerror or str(error)).lower(), refused=error.errno == errno.ECONNREFUSED)


def _socket(address: str, kind: socket.SocketKind) -> socket.socket:
    found = socket.socket(family(address) or socket.AF_INET, kind)
    found.settimeout(0)
    return found


class Datagrams:
    """One UDP socket, from a port that the system chose by chance. Connected, so that it hears nobody else, and of refusals.

    It is spent after `uses` messages, for a fresh port to take over (RFC 5452 9.2). `waiting` are the lookups sent, by message id;
    `heard` tells whether any was answered.
    """

    mask = select.POLLIN

    def __init__(self, address: str, port: int, uses: int) -> None:
        self.waiting: dict[int, Lookup] = {}
        self.closed = False
        self.heard = False
        self.uses = uses
        try:
            self.socket = _socket(address, socket.SOCK_DGRAM)
        except OSError as error:
            raise broken(error) from error
        try:
            self.socket.connect((address, port))
        except OSError as error:
            self.socket.close()
            raise broken(error) from error

    @property
    def spent(self) -> bool:
        """Whether no more is to be sent through it."""
        return self.uses <= 0

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self.socket.fileno()

    def send(self, octets: bytes) -> None:
        """Send a message. One that finds no room is lost like any other, and sent again in time."""
        self.uses -= 1
        try:
            self.socket.send(octets)
        except BlockingIOError:
            pass
        except OSError as error:
            raise broken(error) from error

    def ready(self) -> Iterator[bytes]:
        """Yield all datagrams that have come."""
        while not self.closed:
            try:
                data = self.socket.recv(_DATAGRAM)
            except BlockingIOError:
                return
            except OSError as error:
                raise broken(error) from error
            yield data

    def close(self) -> None:
        """Close the socket."""
        self.closed = True
        self.waiting.clear()
        self.socket.close()


class Stream:
    """One TCP connection, with TLS where a context is given. Messages follow each other without waiting (RFC 7766 6.2.1.1)."""

    def __init__(self, address: str, port: int, context: ssl.SSLContext | None = None, name: str = "", *, uses: int = 1) -> None:
        self.waiting: dict[int, Lookup] = {}
        self.closed = False
        self.heard = False
        self.uses = uses
        self.outgoing = bytearray()
        self.incoming = bytearray()
        self.context = context
        self.name = name
        self.state = "connecting"
        self.wants_write = True
        try:
            self.socket: Any = _socket(address, socket.SOCK_STREAM)
        except OSError as error:
            raise broken(error) from error
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.connect((address, port))
        except BlockingIOError:
            pass
        except OSError as error:
            self.socket.close()
            raise broken(error) from error

    @property
    def spent(self) -> bool:
        """Whether no more is to be sent through it."""
        return self.uses <= 0

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        descriptor: int = self.socket.fileno()
        return descriptor

    @property
    def mask(self) -> int:
        """The events to poll for."""
        if self.state == "open":
            return select.POLLIN | (select.POLLOUT if self.outgoing else 0)
        return select.POLLOUT if self.wants_write else select.POLLIN

    def send(self, octets: bytes) -> None:
        """Send a message, as soon as the connection stands."""
        self.uses -= 1
        self._pack(octets)
        if self.state == "open":
            self._flush()

    def ready(self) -> Iterator[bytes]:
        """Go on: connect, shake hands, write, read."""
        try:
            if self.state == "connecting":
                self._connected()
            if self.state == "handshake":
                self._shake()
        except OSError as error:
            raise self._broken(error) from error
        if self.state == "open":
            self._flush()
            yield from self._messages()

    def _connected(self) -> None:
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        if self.context is None:
            self.state = "open"
            self._opened()
            return
        self.socket = self.context.wrap_socket(self.socket, server_hostname=self.name, do_handshake_on_connect=False)
        self.state = "handshake"

    def _shake(self) -> None:
        import ssl

        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            self.wants_write = False
        except ssl.SSLWantWriteError:
            self.wants_write = True
        else:
            self.state = "open"
            self._opened()

    def _flush(self) -> None:
        try:
            while self.outgoing:
                sent = self.socket.send(self.outgoing)
                del self.outgoing[:sent]
        except OSError as error:
            if not _would_block(error):
                raise self._broken(error) from error

    def _messages(self) -> Iterator[bytes]:
        while not self.closed:
            try:
                data = self.socket.recv(_CHUNK)
            except OSError as error:
                if _would_block(error):
                    return
                raise self._broken(error) from error
            if not data:
                raise Broken("the connection was closed")
            yield from self._unpack(data)

    def _broken(self, error: OSError) -> Broken:
        reason = getattr(error, "verify_message", "") or getattr(error, "reason", "")
        return Broken(f"TLS fails: {reason.lower().replace('_', ' ')}") if reason else broken(error)

    def _opened(self) -> None:
        """The connection stands."""

    def _pack(self, octets: bytes) -> None:
        self.outgoing += len(octets).to_bytes(2, "big") + octets  # RFC 1035 4.2.2

    def _unpack(self, data: bytes) -> Iterator[bytes]:
        self.incoming += data
        while len(self.incoming) >= 2:
            end = 2 + int.from_bytes(self.incoming[:2], "big")
            if len(self.incoming) < end:
                return
            message = bytes(self.incoming[2:end])
            del self.incoming[:end]
            yield message

    def close(self) -> None:
        """Close the connection."""
        self.closed = True
        self.waiting.clear()
        self.socket.close()


def _would_block(error: OSError) -> bool:
    if isinstance(error, BlockingIOError):
        return True
    import ssl

    return isinstance(error, ssl.SSLWantReadError | ssl.SSLWantWriteError)


Channel = Datagrams | Stream
