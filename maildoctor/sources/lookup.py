"""One question under way: what goes out for it next, and what the messages that come back make of it. Opens no socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from maildoctor import names
from maildoctor.ask import Dns, DnsAnswer, Failure
from maildoctor.sources import wire

_NOERROR, _FORMERR, _SERVFAIL, _NXDOMAIN, _NOTIMP, _REFUSED, _NOTAUTH, _BADVERS = 0, 1, 2, 3, 4, 5, 9, 16
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH", 16: "BADVERS"}
_KINDS = {_SERVFAIL: "servfail", _FORMERR: "malformed"}
_DNSSEC_ERRORS = frozenset({6, 7, 8, 9, 10, 12})
"""RFC 8914 4: bogus; signature expired, not yet valid; DNSKEY, RRSIGs, NSEC missing."""

_MAX_CHAIN = 16
_EDNS_SIZE = 1232  # fits every path without fragments; SES's DKIM keys do not fit 512


class Step(Enum):
    """What to do when a message has not settled the question."""

    SAME = "ask the same server, in another way"
    NEXT = "ask the next server"


@dataclass(eq=False)
class Lookup:
    """The state of one question. `servers` is how many there are to ask in turn.

    Raises `ValueError` where the type is not known.
    """

    question: Dns
    servers: int
    name: str = ""
    chain: list[str] = field(default_factory=list)
    authentic: bool = True
    edns: bool = True
    stream: bool = False
    checking_disabled: bool = False
    suspect: bool = False
    failures: int = 0
    unreached: int = 0
    trouble: Failure | None = None

    def __post_init__(self) -> None:
        wire.type_number(self.question.type)
        self.name = names.absolute(self.question.name)
        self.edns = self.question.over != "udp"
        self.stream = self.question.over == "tcp"

    def octets(self, id_: int) -> bytes:
        """Return the message to send."""
        return wire.query(
            self.name,
            self.question.type,
            id_,
            recursion=not self.question.server,
            edns=_EDNS_SIZE if self.edns else 0,
            checking_disabled=self.checking_disabled,
        )

    def matches(self, message: wire.Message) -> bool:
        """Tell whether a message answers what was asked. One without question can only say that it was not understood."""
        if message.question is None:
            return message.rcode in _RCODES
        return message.question == (self.name, self.question.type)

    def hear(self, message: wire.Message, server: str) -> DnsAnswer | Failure | Step:
        """Take a message from a server."""
        if message.rcode in (_NOERROR, _NXDOMAIN):
            if message.truncated and self.question.over != "udp":
                return self._cut(server)
            if not self.question.server and self._referral(message):
                return self._failed(f"{server} does not look it up: it refers to other servers", _REFUSED)
            return self._said(message)
        if self.edns and message.rcode in (_FORMERR, _NOTIMP, _BADVERS):
            self.edns = False  # RFC 6891 7: a server that knows no EDNS may answer so
            return Step.SAME
        if self.question.server and message.rcode in (_REFUSED, _NOTAUTH):
            return DnsAnswer("refused")
        if message.rcode == _SERVFAIL and self._bogus(message):
            return DnsAnswer("bogus")
        return self._failed(f"{server} answers {_RCODES.get(message.rcode, f'RCODE {message.rcode}')}", message.rcode)

    def _cut(self, server: str) -> DnsAnswer | Failure | Step:
        """Ask over TCP. What is cut off even there is no answer (RFC 2181 9): what is left of it may be half of what there is."""
        if self.stream or self.question.over == "tcp":
            return self._failed(f"{server} cuts its answer off, over TCP too", _FORMERR)
        self.stream = True
        return Step.SAME

    def _bogus(self, message: wire.Message) -> bool:
        return not self.question.server and (self.suspect or not _DNSSEC_ERRORS.isdisjoint(message.errors))

    @staticmethod
    def _referral(message: wire.Message) -> bool:
        # RFC 2308 2.2: NS without SOA is a referral, not "no data". A server that is no resolver answers so.
        types = {row.type for row in message.authority}
        return message.rcode == _NOERROR and not message.answer and "NS" in types and "SOA" not in types

    def _failed(self, words: str, rcode: int) -> DnsAnswer | Failure | Step:
        self.failures += 1
        self.trouble = Failure(_KINDS.get(rcode, "refused"), words)
        if self.failures < self.servers:
            return Step.NEXT
        if rcode == _SERVFAIL and not self.question.server and not self.checking_disabled:
            self.checking_disabled = True
            return Step.SAME
        return self.trouble

    def unreachable(self, server: str, words: str, *, refused: bool) -> DnsAnswer | Failure | Step:
        """Take note that a server cannot be reached. Each is tried once, and one of them twice."""
        self.unreached += 1
        if refused and self.question.over == "tcp" and self.unreached >= self.servers:
            return DnsAnswer("closed")
        self.trouble = self.trouble or Failure("unreachable", f"no answer from {server}: {words}")
        return self.trouble if self.unreached > self.servers else Step.NEXT

    def unreadable(self, server: str, words: str) -> None:
        """Take note that a server sent what is no message. Another one may still come."""
        self.trouble = self.trouble or Failure("malformed", f"{server} sends {words}")

    def give_up(self, words: str) -> Failure:
        """Return the failure of a question that has waited long enough."""
        return self.trouble or Failure("timeout", words)

    def _said(self, message: wire.Message) -> DnsAnswer | Step:
        if self.question.server and not message.authoritative:
            return DnsAnswer("refused")  # a referral, or out of a cache: the server does not serve the name
        if self.checking_disabled:
            # Without validation there is an answer. If there is still none with it, validation is what fails (RFC 4035 5.5);
            # asking anew keeps a resolver that merely stumbled from being taken for that.
            self.checking_disabled, self.suspect = False, True
            return Step.SAME
        self.authentic = self.authentic and message.authentic
        alias = self._follow(message)
        records = [row for row in message.answer if row.name == self.name and row.type == self.question.type]
        negative = [row.name for row in message.authority if row.type == "SOA"]
        if alias and not records and not negative and message.rcode == _NOERROR and self._may_follow(message):
            return Step.SAME
        return DnsAnswer(
            "nxdomain" if message.rcode == _NXDOMAIN else "noerror",
            tuple(sorted({row.value for row in records})),
            tuple(self.chain),
            min((row.ttl for row in records), default=0),
            negative[0] if negative and not records else "",
            self.authentic,
            message.truncated and self.question.over == "udp",
        )

    def _follow(self, message: wire.Message) -> bool:
        """Go along the aliases in a message; tell whether there was any. A loop ends where it comes back."""
        # Sorted, so that of two aliases at one name, which should not be, the same one counts each time.
        aliases = {row.name: row.value for row in sorted(message.answer, reverse=True) if row.type == "CNAME"}
        if self.question.type == "CNAME":
            return False
        start = len(self.chain)
        while self.name in aliases and len(self.chain) < _MAX_CHAIN and not self._looped():
            self.name = aliases[self.name]
            self.chain.append(self.name)
        return len(self.chain) > start

    def _looped(self) -> bool:
        return self.name in (self.question.name, *self.chain[:-1]) if self.chain else False

    def _may_follow(self, message: wire.Message) -> bool:
        # What one authoritative server says ends where its knowledge does.
        return not self.question.server and not message.truncated and len(self.chain) < _MAX_CHAIN and not self._looped()
