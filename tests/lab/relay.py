"""A relay of DNS between a client and its servers, which notes every question and makes the weather: delay, loss, lies.

As a program (`python -m tests.lab.relay ROUTES [PORT]`, for the benchmarks) it runs in a process of its own, so that it does not
share an interpreter with the client that is timed: it prints its port, then reads a `Weather` as JSON a line, and answers each line
with the questions that it saw since the line before.
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
import struct
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from maildoctor.sources import wire
from tests.lab.ports import free_port

_RESPONSE, _TRUNCATED = 0x8000, 0x0200
_RCODES = {"SERVFAIL": 2, "REFUSED": 5}
_PATIENCE = 15.0


class Question(NamedTuple):
    """One question as it passed. `server`: the address asked; `edns`: the size offered, 0 without EDNS; `cd`: checking disabled."""

    name: str
    type: str
    server: str
    over: str
    edns: int
    cd: bool


@dataclass(frozen=True)
class Weather:
    """What happens to questions. Times in seconds; `names` limits everything but the delay to questions at these names.

    `loss`: share of the datagrams that are lost, each way. `lose`: which questions are lost, counted from 0. `truncate`: answers
    over UDP come truncated. `rcode`: "SERVFAIL" or "REFUSED" instead of an answer. `lie`: a forged "there is nothing" comes before
    the answer, with a wrong "id", a wrong "question", or from a wrong "port".
    """

    rtt: float = 0.0
    loss: float = 0.0
    lose: tuple[int, ...] = ()
    truncate: bool = False
    rcode: str = ""
    lie: str = ""
    names: tuple[str, ...] = ()
    seed: int = 1

    def strikes(self, name: str) -> bool:
        """Tell whether it concerns questions at a name."""
        return not self.names or name in self.names


def question(data: bytes, server: str, over: str) -> Question:
    """Read what a query asks."""
    end = data.index(0, 12)  # what clients send is not compressed, and no label of theirs holds a zero octet
    (number,) = struct.unpack_from("!H", data, end + 1)
    type_ = next((name for name, known in wire.TYPES.items() if known == number), f"TYPE{number}")
    edns = struct.unpack_from("!H", data, end + 8)[0] if data[11] else 0
    return Question(wire.name_text(data[12 : end + 1]), type_, server, over, edns, bool(data[3] & 0x10))


def _empty(query: bytes, *, flags: int = 0, rcode: int = 0) -> bytes:
    """Return an answer that says nothing, to be sent instead of the true one."""
    end = query.index(0, 12) + 5
    said = struct.unpack_from("!H", query, 2)[0] & 0x0110 | _RESPONSE | 0x0080 | flags | rcode
    return query[:2] + struct.pack("!5H", said, 1, 0, 0, 0) + query[12:end]


class _Upstream(asyncio.DatagramProtocol):
    """A socket to one server. Ids are given anew, because clients choose theirs alike."""

    def __init__(self) -> None:
        self.waiting: dict[int, asyncio.Future[bytes]] = {}
        self.transport: asyncio.DatagramTransport
        self.last = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        future = self.waiting.pop(int.from_bytes(data[:2]), None)
        if future and not future.done():
            future.set_result(data)

    async def ask(self, data: bytes) -> bytes:
        """Put a question with an id of ours and return the answer with that of the client."""
        self.last = self.last % 0xFFFF + 1
        future: asyncio.Future[bytes]
        future = self.waiting[self.last] = asyncio.get_running_loop().create_future()
        self.transport.sendto(self.last.to_bytes(2) + data[2:])
        answer = await asyncio.wait_for(future, _PATIENCE)
        return data[:2] + answer[2:]


class _Listener(asyncio.DatagramProtocol):
    """Takes datagrams at one address."""

    def __init__(self, relay: Relay, server: str) -> None:
        self.relay = relay
        self.server = server
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.relay.start(self.relay.datagram(data, self, addr))


class Relay:
    """Listens at the addresses of `routes`, all on one port (a free one), and passes on to the server of each. Runs in a thread.

    `weather` may be changed at any time; `seen` are the questions that came, in order, lost ones and repeated ones included.
    """

    def __init__(self, routes: Mapping[str, tuple[str, int]], port: int = 0, *, tcp: bool = True) -> None:
        self.routes = routes
        self.tcp = tcp
        self.port = port or free_port(*routes)
        self.seen: list[Question] = []
        self._weather = Weather()
        self._count = 0
        self._random = random.Random(1)
        self._upstreams: dict[str, _Upstream] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._stop: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    @property
    def weather(self) -> Weather:
        """What happens to questions now. Setting it counts and draws anew."""
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather, self._count, self._random = weather, 0, random.Random(weather.seed)

    def counts(self) -> Counter[tuple[str, str]]:
        """How often each name and type was asked since `seen` was cleared."""
        return Counter((asked.name, asked.type) for asked in self.seen)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the relay does not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        # epoll rounds times up to milliseconds; select does not.
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        transports: list[asyncio.BaseTransport] = []
        servers: list[asyncio.Server] = []
        for address, upstream_at in self.routes.items():
            sender, upstream = await self._loop.create_datagram_endpoint(_Upstream, remote_addr=upstream_at)
            self._upstreams[address] = upstream
            listener, _ = await self._loop.create_datagram_endpoint(
                lambda address=address: _Listener(self, address),  # type: ignore[misc]
                local_addr=(address, self.port),
            )
            transports += (sender, listener)
            if self.tcp:
                servers.append(await asyncio.start_server(self._stream(address), address, self.port))
        self._ready.set()
        await self._stop.wait()
        for transport in transports:
            transport.close()
        for server in servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, work: Any) -> None:
        """Do something beside everything else."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _lost(self, ordinal: int) -> bool:
        return ordinal in self._weather.lose or (self._weather.loss > 0 and self._random.random() < self._weather.loss)

    def _note(self, data: bytes, server: str, over: str) -> tuple[bool, int]:
        asked = question(data, server, over)
        self.seen.append(asked)
        struck = self._weather.strikes(asked.name)
        self._count += struck
        return struck, self._count - 1

    async def datagram(self, data: bytes, listener: _Listener, client: Any) -> None:
        """Answer one datagram, or lose it."""
        struck, ordinal = self._note(data, listener.server, "udp")
        weather = self._weather if struck else Weather(self._weather.rtt)
        if struck and self._lost(ordinal):
            return
        await self._lie(weather.lie, data, listener, client)
        await asyncio.sleep(weather.rtt)
        if weather.rcode:
            answer = _empty(data, rcode=_RCODES[weather.rcode])
        elif weather.truncate:
            answer = _empty(data, flags=_TRUNCATED)
        else:
            answer = await self._upstreams[listener.server].ask(data)
        if not (struck and weather.loss and self._lost(-1)):
            listener.transport.sendto(answer, client)

    async def _lie(self, lie: str, data: bytes, listener: _Listener, client: Any) -> None:
        forged = _empty(data)
        if lie == "id":
            listener.transport.sendto(bytes([forged[0] ^ 0x55, forged[1] ^ 0x55]) + forged[2:], client)
        elif lie == "question":
            listener.transport.sendto(forged[:13] + bytes([forged[13] ^ 1]) + forged[14:], client)
        elif lie == "port":
            transport, _ = await self._loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(listener.server, 0))
            transport.sendto(forged, client)
            transport.close()

    def _stream(self, address: str) -> Any:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await asyncio.sleep(self._weather.rtt)  # of the handshake, which loopback does at once
                await self._converse(reader, writer, address)
            except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
                pass
            finally:
                writer.close()

        return serve

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        up_reader, up_writer = await asyncio.open_connection(*self.routes[address])
        try:
            while True:
                data = await _read(reader)
                struck, _ = self._note(data, address, "tcp")
                await asyncio.sleep(self._weather.rtt)
                if struck and self._weather.rcode:
                    answer = _empty(data, rcode=_RCODES[self._weather.rcode])
                else:
                    up_writer.write(len(data).to_bytes(2) + data)
                    answer = await _read(up_reader)
                writer.write(len(answer).to_bytes(2) + answer)
                await writer.drain()
        finally:
            up_writer.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))


def main() -> None:
    """Run until stdin ends."""
    routes = {address: (server, int(port)) for address, server, port in json.loads(sys.argv[1])}
    with Relay(routes, *map(int, sys.argv[2:])) as relay:
        print(relay.port, flush=True)
        for line in sys.stdin:
            relay.weather = Weather(**json.loads(line))
            seen, relay.seen = relay.seen, []
            print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
