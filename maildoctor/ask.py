"""Questions to the outside world, and their lazy answers.

`ask(question)` returns at once. Reading an answer that has not come raises `NotYet`, and the fact that read it is run again
when it has come. Reading an answer that failed raises `CouldNotLook`: "could not look" is never "is not there".

    BaseException
      NotYet               the answer is under way
      Undecided            why there is no value
        CouldNotLook       a timeout, SERVFAIL, access denied: the outcome is `unknown`
          Denied           the last of these
        NotAsked           this source does not answer such questions: `skipped`
        DoesNotApply       it does not concern this domain: `not-applicable`
          ExplainedBy      another check already names the cause

They derive from BaseException so that no `except Exception` inside a library swallows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast, overload

from maildoctor import names
from maildoctor.rdata import Mx, Text

T = TypeVar("T")
V = TypeVar("V")


class NotYet(BaseException):
    """The answer to `question` is still under way."""

    def __init__(self, question: Question) -> None:
        super().__init__(str(question))
        self.question = question


class Undecided(BaseException):
    """There is no value, for the reason given."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CouldNotLook(Undecided):
    """The question was asked and got no usable answer."""


class Denied(CouldNotLook):
    """These credentials may not ask, now or later: what can be judged without AWS is judged as if there were none."""


class NotAsked(Undecided):
    """The question was not asked: the source knows nothing of such things."""


class DoesNotApply(Undecided):
    """The value does not concern this domain."""


class ExplainedBy(DoesNotApply):
    """Another check names the cause; repeating its consequences would hide it."""

    def __init__(self, check: str) -> None:
        super().__init__(f"explained by {check}")
        self.check = check


class Question(Protocol):
    """One thing that the outside world can be asked: frozen, hashable, printable."""

    kind: ClassVar[str]

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Dns:
    """Records of one type at one name. Use `Dns.of` for names that are not yet in canonical form.

    `server` is an address to ask directly, without recursion: for what one authoritative server says.
    `over` is "" (EDNS over UDP, then TCP where truncated), "udp" (512 octets, no fallback) or "tcp".
    """

    kind: ClassVar[str] = "dns"
    name: str
    type: str
    server: str = ""
    over: str = ""

    @classmethod
    def of(cls, name: str, type: str) -> Dns:
        """Return the question for a name as people write it. A text that is no name stays as it is: nothing is there."""
        try:
            return cls(names.absolute(name), type)
        except ValueError:
            return cls(name, type)

    def __str__(self) -> str:
        at = f" @{self.server}" if self.server else ""
        return f"{self.name} {self.type}{at}" + (f" +{self.over}" if self.over else "")


@dataclass(frozen=True)
class DnsAnswer:
    """What the DNS said.

    `status`: "noerror" or "nxdomain"; or one of the states in which it told something, but no records: "bogus" (DNSSEC
    validation fails, RFC 4035 5.5), "refused" (a server asked directly does not serve the name), "closed" (TCP is refused).
    `records`: the data of the asked type at the end of the alias chain, in presentation form, sorted.
    `chain`: the targets of the aliases that were followed. `ttl`: seconds. `zone`: the owner of the SOA in a negative answer.
    `authentic`: the resolver validated it by DNSSEC. `truncated`: the answer did not fit (`over` "udp" only).
    """

    status: str = "noerror"
    records: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    ttl: int = 0
    zone: str = ""
    authentic: bool = False
    truncated: bool = False


class Members(tuple[tuple[str, Any], ...]):
    """The parameters of a question to AWS, or a structure inside one: pairs of name and value, hashable."""

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Members:
        """Take them from what JSON gives, in alphabetical order, so that a question is the same whoever writes it."""
        return cls((name, cls._value(value)) for name, value in sorted(members.items()))

    @classmethod
    def _value(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return cls.of(value)
        return tuple(map(cls._value, value)) if isinstance(value, (list, tuple)) else value

    @property
    def plain(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {name: _plain(value) for name, value in self}


def _plain(value: Any) -> Any:
    if isinstance(value, Members):
        return value.plain
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


_NONE = Members()


@dataclass(frozen=True)
class Aws:
    """One reading operation of AWS: `service` as boto3 calls it, `region` "" where the service has none. See `operations.py`."""

    kind: ClassVar[str] = "aws"
    service: str
    operation: str
    region: str = ""
    parameters: Members = _NONE

    def __str__(self) -> str:
        import json

        given = (f"{name}={value if isinstance(value, str) else json.dumps(_plain(value))}" for name, value in self.parameters)
        return " ".join(filter(None, (self.service, self.operation, *given, self.region)))


@dataclass(frozen=True)
class AwsAnswer:
    """What AWS said: `data` as JSON would hold it, read-only, or `missing`, the error code by which it says "is not there"."""

    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    missing: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> AwsAnswer:
        """Take what JSON gives."""
        frozen: Mapping[str, Any] = _frozen(data)
        return cls(frozen)


def _frozen(value: Any) -> Any:
    if isinstance(value, Mapping):
        return MappingProxyType({name: _frozen(item) for name, item in value.items()})
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class Failure:
    """Nobody answered usably.

    `kind`: "timeout", "servfail", "refused", "unreachable", "malformed", "interrupted"; of AWS also "denied", "throttled",
    "credentials" and "error".
    """

    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Unasked:
    """The source does not answer such questions; `reason` is for the report."""

    reason: str


Result = DnsAnswer | AwsAnswer | Failure | Unasked


R = TypeVar("R", DnsAnswer, AwsAnswer)


class Lazy(Generic[R]):
    """The lazy answer to one question. Two are equal when their questions are."""

    __slots__ = ("_memo", "question")

    def __init__(self, question: Question, memo: Mapping[Question, Result]) -> None:
        self.question = question
        self._memo = memo

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lazy) and self.question == other.question

    def __hash__(self) -> int:
        return hash(self.question)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.question}: {self._memo.get(self.question, 'not yet')})"

    @property
    def result(self) -> R:
        """What was said, whatever it was. Raises `NotYet`, `CouldNotLook` or `NotAsked`."""
        result = self._memo.get(self.question)
        if result is None:
            raise NotYet(self.question)
        if isinstance(result, Unasked):
            raise NotAsked(result.reason)
        if isinstance(result, Failure):
            reason = Denied if result.kind in ("denied", "credentials") else CouldNotLook
            raise reason(f"{self.question}: {result.detail or result.kind}")
        return cast("R", result)  # a source answers in kind


class Answer(Lazy[DnsAnswer]):
    """The lazy answer to one question to the DNS."""

    __slots__ = ()

    question: Dns

    @property
    def _said(self) -> DnsAnswer:
        result = self.result
        if result.status not in ("noerror", "nxdomain"):
            raise CouldNotLook(f"{self.question}: {result.status}")
        return result

    @property
    def records(self) -> tuple[str, ...]:
        """The data in presentation form, empty where there is none."""
        return self._said.records

    @property
    def exists(self) -> bool:
        """Whether the name exists, with or without data of this type (false: NXDOMAIN)."""
        return self._said.status == "noerror"

    @property
    def chain(self) -> tuple[str, ...]:
        """The alias targets that were followed, in order."""
        return self._said.chain

    @property
    def texts(self) -> tuple[Text, ...]:
        """The records of a TXT question."""
        return tuple(Text.parse(record) for record in self.records)

    @property
    def exchanges(self) -> tuple[Mx, ...]:
        """The records of an MX question, best preference first."""
        return tuple(sorted(Mx.parse(record) for record in self.records))


class Reply(Lazy[AwsAnswer]):
    """The lazy answer to one question to AWS."""

    __slots__ = ()

    question: Aws

    @property
    def data(self) -> Mapping[str, Any]:
        """The members of the response, times as ISO 8601 text; empty where what was asked for is not there."""
        return self.result.data

    @property
    def missing(self) -> str:
        """The code by which AWS says that there is no such thing ("NotFoundException", "NoSuchBucketPolicy"), else ""."""
        return self.result.missing


class Ask(Protocol):
    """How a fact asks. The answer is lazy."""

    @overload
    def __call__(self, question: Dns) -> Answer: ...

    @overload
    def __call__(self, question: Aws) -> Reply: ...


class Source(Protocol):
    """Whoever answers questions: the only seam to the world."""

    def ask(self, question: Question) -> Result | None:
        """Answer, or take the question and return None: the answer then comes out of `answers`."""

    def answers(self) -> Mapping[Question, Result]:
        """Wait for the next answers to the questions taken. Every question taken is answered at last."""


def _graver(first: Undecided | None, then: Undecided) -> Undecided:
    """Return the first of two reasons; but where one could not look, what it missed might have decided."""
    unseen = isinstance(then, CouldNotLook) and not isinstance(first, CouldNotLook)
    return then if first is None or unseen else first


def each(function: Callable[[T], V], items: Iterable[T]) -> tuple[V, ...]:
    """Call `function` on every item, so that all their questions go out side by side, before waiting for any.

    Without it, the second item's questions would only go out when the first one's answers are in.
    """
    values: list[V] = []
    waiting: NotYet | None = None
    undecided: Undecided | None = None
    for item in items:
        try:
            values.append(function(item))
        except NotYet as not_yet:
            waiting = waiting or not_yet
        except Undecided as reason:
            undecided = _graver(undecided, reason)
    if waiting or undecided:
        raise waiting or undecided or AssertionError
    return tuple(values)


def any_of(*tests: Callable[[], bool]) -> bool:
    """Tell whether any test holds. One that holds decides, even where another could not look; all are waited for."""
    found = False
    waiting: NotYet | None = None
    undecided: Undecided | None = None
    for test in tests:
        try:
            found = test() or found
        except NotYet as not_yet:
            waiting = waiting or not_yet
        except Undecided as reason:
            undecided = _graver(undecided, reason)
    if waiting:
        raise waiting
    if undecided and not found:
        raise undecided
    return found


def sift(test: Callable[[T], bool], items: Iterable[T]) -> Iterator[T]:
    """Yield the items for which the test holds. What could not be tested stops none: its reason is raised at the end."""
    waiting: NotYet | None = None
    undecided: Undecided | None = None
    for item in items:
        try:
            holds = test(item)
        except NotYet as not_yet:
            waiting = waiting or not_yet
        except Undecided as reason:
            undecided = _graver(undecided, reason)
        else:
            if holds:
                yield item
    if waiting or undecided:
        raise waiting or undecided or AssertionError
