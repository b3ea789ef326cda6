"""DNS over the network: one `poll()` loop over sockets that do not block, and no thread.

A question goes to the first resolver that is well. Without an answer it goes to the next one after 0.3 s (sooner where answers
have come soon), then after growing pauses, until it fails; an answer to any of these attempts will do.
"""

from __future__ import annotations

import heapq
import math
import select
from collections.abc import Iterable, Mapping
from itertools import count
from time import monotonic
from types import TracebackType
from typing import Self

from maildoctor import names
from maildoctor.ask import Dns, DnsAnswer, Failure, Question, Result, Unasked
from maildoctor.sources import resolvers, wire
from maildoctor.sources.channels import Broken, Channel, Datagrams, Stream
from maildoctor.sources.lookup import Lookup, Step
from maildoctor.sources.resolvers import Resolver
from maildoctor.sources.servers import Flight, Gate, Server, fresh_id

# As many datagrams as Linux keeps for a server that is busy (212,992 octets with their overhead); it drops the rest.
_ROOM = 160
_STREAMS = 90  # HTTP/2 servers commonly allow 100
_HOUR = 3600.0
_DIRECT_ROOM = 200  # each takes a socket of its own
_RATE = 900.0  # the field's strictest limits are just above 1,000 a second


class DnsSource:
    """Answers DNS questions from resolvers, or from the server that a question names.

    `timeout` seconds after it was made everything open fails. `patience` is how long one question may take, `pause` how long its
    first attempt. `port` is where servers named by a question listen. A resolver, unless it is on this machine, is asked `rate`
    questions a second, and `room` at once.
    """

    def __init__(
        self,
        asked: Iterable[Resolver] = (),
        *,
        timeout: float = math.inf,
        patience: float = 5.0,
        pause: float = 0.3,
        port: int = 53,
        rate: float = _RATE,
        room: int = _ROOM,
    ) -> None:
        self.resolvers = tuple(asked) or resolvers.system()
        self.timeout, self.patience, self.pause, self.port = timeout, patience, pause, port
        self.deadline = monotonic() + timeout
        self.servers = [Server(each, self._gate(each, rate, room)) for each in self.resolvers]
        self.direct = Gate(rate, _DIRECT_ROOM)
        self.gates = [*(server.gate for server in self.servers), self.direct]
        self.open: dict[Question, Flight] = {}
        self.done: dict[Question, Result] = {}
        self.channels: dict[int, tuple[Channel, Server]] = {}
        self.alarms: list[tuple[float, int, Flight]] = []
        self.serial = count(1)
        self.poll = select.poll()
        self.datagrams = 0
        self.messages = 0

    @staticmethod
    def _gate(resolver: Resolver, rate: float, room: int) -> Gate:
        return Gate(math.inf if resolver.loopback else rate, min(room, _STREAMS) if resolver.scheme == "https" else room)

    @property
    def description(self) -> str:
        """Who is asked, for the report."""
        return ", ".join(map(str, self.resolvers))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all sockets. What is open stays unanswered."""
        for channel, _ in list(self.channels.values()):
            self._close(channel)
        self.open.clear()

    # What `Source` asks for.

    def ask(self, question: Question) -> Result | None:
        """Send a question, or tell at once why not."""
        if not isinstance(question, Dns):
            return Unasked(f"{question.kind.upper()} is not asked")
        if question in self.open:
            return None
        if not names.possible(question.name):
            return DnsAnswer("nxdomain")
        if question.server and not resolvers.is_address(question.server):
            return Failure("unreachable", f"{question.server} is no address")
        encrypted = not question.server and any(each.scheme != "udp" for each in self.resolvers)
        if question.over and encrypted:
            return Unasked(f"{self.description} is not asked over {question.over.upper()}")
        if monotonic() >= self.deadline:
            return Failure("timeout", self._late())
        servers = self._servers(question)
        first = min(range(len(servers)), key=lambda at: servers[at].lapses // 2)
        flight = Flight(Lookup(question, len(servers)), servers, first)
        self.open[question] = flight
        self._enqueue(flight)
        return self.done.pop(question, None)

    def answers(self, beside: int = -1) -> Mapping[Question, Result]:
        """Wait until at least one question has its answer, or the descriptor `beside` can be read."""
        if beside >= 0:
            self.poll.register(beside, select.POLLIN)
        try:
            while self.open and not self.done and beside not in self._turn():
                pass
        finally:
            if beside >= 0:
                self.poll.unregister(beside)
        done, self.done = self.done, {}
        return done

    def _servers(self, question: Dns) -> list[Server]:
        if not question.server:
            return self.servers
        return [Server(Resolver(question.server, self.port), self.direct, 1)]

    # Sending.

    def _enqueue(self, flight: Flight) -> None:
        """Send a lookup to the server whose turn it is, at once if its gate is open."""
        self._leave(flight)
        gate, now = flight.server.gate, monotonic()
        if gate.queue or gate.wait(now) > 0:
            self._set_alarm(flight, flight.ends)
            gate.queue.append((flight, flight.alarm))
        else:
            self._send(flight, now)

    def _leave(self, flight: Flight) -> None:
        if flight.gate:
            flight.gate.inside -= 1
            flight.gate = None

    def _send(self, flight: Flight, now: float) -> None:
        server, lookup = flight.server, flight.lookup
        flight.gate = server.gate
        flight.gate.enter(now)
        flight.ends = min(flight.ends, now + self.patience)
        # A stream takes a round trip more until it stands.
        pause = server.pause(self.pause) * 2**flight.sent * (2 if lookup.stream or server.resolver.scheme != "udp" else 1)
        flight.sent += 1
        self._set_alarm(flight, min(now + pause, flight.ends))
        try:
            channel = self._channel(server, stream=lookup.stream)
        except Broken as error:
            server.breaks += 1
            self._unreachable(flight, server, error)
            return
        self.messages += 1
        self.datagrams += isinstance(channel, Datagrams)
        id_ = fresh_id(channel.waiting)
        channel.waiting[id_] = lookup
        flight.attempts[channel, id_] = now
        try:
            channel.send(lookup.octets(id_))
        except Broken as error:
            self._break(channel, server, error)
        else:
            self._watch(channel)

    def _channel(self, server: Server, *, stream: bool) -> Channel:
        """Return the way to a server: the one that stands, or a new one. Raises `Broken`."""
        if stream and server.resolver.scheme == "udp":
            return self._register(server.connect_tcp(), server)
        if server.channel is None or server.channel.spent or server.channel.closed:
            server.channel = self._register(server.connect(), server)
        return server.channel

    def _register(self, channel: Channel, server: Server) -> Channel:
        self.channels[channel.fileno()] = channel, server
        self.poll.register(channel.fileno(), channel.mask)
        return channel

    def _watch(self, channel: Channel) -> None:
        if not (channel.closed or isinstance(channel, Datagrams)):
            self.poll.modify(channel.fileno(), channel.mask)

    def _close(self, channel: Channel) -> None:
        if not channel.closed:
            del self.channels[channel.fileno()]
            self.poll.unregister(channel.fileno())
            channel.close()

    # Waiting.

    def _turn(self) -> set[int]:
        """Wait for the next event, do all that is due, and return the descriptors at which something happened."""
        happened = {descriptor for descriptor, _ in self.poll.poll(self._pause(monotonic()))}
        # Taken together, as a channel that is closed leaves its descriptor to the next one.
        for channel, server in [self.channels[descriptor] for descriptor in happened & self.channels.keys()]:
            if not channel.closed:
                self._hear(channel, server)
        now = monotonic()
        while self.alarms and self.alarms[0][0] <= now:
            _, serial, flight = heapq.heappop(self.alarms)
            if flight.alarm == serial:
                self._ring(flight, now)
        if now >= self.deadline:
            for flight in list(self.open.values()):
                self._finish(flight, flight.lookup.give_up(self._late()))
        for gate in self.gates:
            self._let_in(gate, now)
        return happened

    def _pause(self, now: float) -> int | None:
        """Return for how many milliseconds nothing is due; None is for ever."""
        while self.alarms and self.alarms[0][2].alarm != self.alarms[0][1]:
            heapq.heappop(self.alarms)
        due = min(self.deadline, self.alarms[0][0] if self.alarms else math.inf)
        for gate in self.gates:
            if gate.queue:
                due = min(due, now + gate.wait(now))
        return None if due == math.inf else math.ceil(min(max(0, due - now), _HOUR) * 1000)

    def _let_in(self, gate: Gate, now: float) -> None:
        while gate.queue and gate.wait(now) <= 0:
            flight, serial = gate.queue.popleft()
            if flight.alarm == serial:  # else it has its answer, or its place is elsewhere by now
                self._send(flight, now)

    def _set_alarm(self, flight: Flight, due: float) -> None:
        flight.alarm = next(self.serial)
        if due < math.inf:
            heapq.heappush(self.alarms, (due, flight.alarm, flight))

    def _ring(self, flight: Flight, now: float) -> None:
        """An attempt had no answer in its time."""
        flight.server.lapses += 1
        if now >= flight.ends:
            tried = ", ".join(str(server) for server in flight.servers)
            self._finish(flight, flight.lookup.give_up(f"no answer from {tried} in {self.patience:g} s"))
            return
        flight.at += 1
        self._enqueue(flight)

    def _late(self) -> str:
        return f"no answer from {self.description} before the deadline of {self.timeout:g} s"

    # Hearing.

    def _hear(self, channel: Channel, server: Server) -> None:
        try:
            for data in channel.ready():
                self._take(channel, server, data)
        except Broken as error:
            self._break(channel, server, error)
        else:
            self._watch(channel)

    def _take(self, channel: Channel, server: Server, data: bytes) -> None:
        """Take what may be an answer. What is none is as if it had not come (RFC 5452 9.1)."""
        id_ = int.from_bytes(data[:2], "big")
        lookup = channel.waiting.get(id_)
        if lookup is None:
            return
        try:
            message = wire.parse(data)
        except wire.Malformed as error:
            lookup.unreadable(str(server), str(error))
            return
        if lookup.matches(message):
            flight = self.open[lookup.question]
            server.heard(monotonic() - flight.attempts[channel, id_])
            channel.heard = True
            flight.sent = 0
            step = lookup.hear(message, str(server))
            if step is Step.NEXT and self._asked_elsewhere(flight, server):
                self._forget(flight, (channel, id_))
            else:
                self._go_on(flight, step)

    def _asked_elsewhere(self, flight: Flight, server: Server) -> bool:
        """Tell whether another server may still answer."""
        return any(not channel.closed and self.channels[channel.fileno()][1] is not server for channel, _ in flight.attempts)

    def _go_on(self, flight: Flight, step: DnsAnswer | Failure | Step) -> None:
        if isinstance(step, Step):
            self._forget(flight)
            flight.at += step is Step.NEXT
            self._enqueue(flight)
        else:
            self._finish(flight, step)

    def _finish(self, flight: Flight, result: Result) -> None:
        flight.alarm = 0
        self._leave(flight)
        self._forget(flight)
        del self.open[flight.lookup.question]
        self.done[flight.lookup.question] = result

    def _forget(self, flight: Flight, *attempts: tuple[Channel, int]) -> None:
        """Let these attempts of a lookup, or all so far, be answered no more."""
        for channel, id_ in attempts or tuple(flight.attempts):
            del flight.attempts[channel, id_]
            channel.waiting.pop(id_, None)
            if channel.spent and not channel.waiting:
                self._close(channel)

    def _break(self, channel: Channel, server: Server, error: Broken) -> None:
        """A channel is lost, and with it what was sent through it."""
        server.breaks += 1
        lookups = dict.fromkeys(channel.waiting.values())
        # A server may close a connection when it likes (RFC 7766 6.2.3): what it has not answered is asked again.
        step = Step.SAME if channel.heard and isinstance(channel, Stream) else None
        self._close(channel)
        for lookup in lookups:
            flight = self.open.get(lookup.question)
            if flight is None or (flight.attempts and next(reversed(flight.attempts))[0] is not channel):
                continue  # another attempt is under way
            if step:
                self._go_on(flight, step)
            else:
                self._unreachable(flight, server, error)

    def _unreachable(self, flight: Flight, server: Server, error: Broken) -> None:
        server.lapses += 1
        self._go_on(flight, flight.lookup.unreachable(str(server), str(error), refused=error.refused))
