"""Learns facts: runs each as soon as what it needs is there, and again whenever an answer that it read has come.

So everything that can be asked side by side is, and what is learnt is a pure function of the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

from maildoctor import names
from maildoctor.ask import Answer, Aws, Dns, DnsAnswer, Failure, NotYet, Question, Reply, Result, Source, Undecided
from maildoctor.registry import FACTS, parameters, tolerates


class Crash(Undecided):
    """A fact or check failed with an error of ours."""


class Learning:
    """The facts of one audit: a memo of answers, and the facts that wait for them."""

    def __init__(self, source: Source, given: Mapping[str, Any]) -> None:
        self.source = source
        self.memo: dict[Question, Result] = {}
        self.asked: set[Question] = set()
        self.values: dict[str, Any] = {**given, "ask": self.ask}
        self.undecided: dict[str, Undecided] = {}
        self.waiting: dict[Question, set[str]] = {}
        self.wanted: set[str] = set()

    @overload
    def ask(self, question: Dns) -> Answer: ...

    @overload
    def ask(self, question: Aws) -> Reply: ...

    def ask(self, question: Dns | Aws) -> Answer | Reply:
        """Put a question, once, and return its lazy answer."""
        if question not in self.asked:
            self.asked.add(question)
            result = self._impossible(question) or self.source.ask(question)
            if result is not None:
                self.memo[question] = result
        return Answer(question, self.memo) if isinstance(question, Dns) else Reply(question, self.memo)

    @staticmethod
    def _impossible(question: Dns | Aws) -> DnsAnswer | None:
        # RFC 7208 4.3: a name that cannot exist is no error of the lookup; nothing is there.
        return None if isinstance(question, Aws) or names.possible(question.name) else DnsAnswer("nxdomain")

    def learn(self, wanted: Iterable[str]) -> None:
        """Run the wanted facts until each has a value or a reason for having none."""
        self.wanted = set(wanted)
        ready = set(self.wanted)
        while True:
            while ready:
                ready = self._run_all(ready)
            if not self.waiting:
                return
            ready = self._hear(self.source.answers())

    def _run_all(self, ready: set[str]) -> set[str]:
        """Run facts; return those that have become ready by what these learnt."""
        learnt = {name for name in sorted(ready) if self._run(name)}
        return {name for name in self.wanted if self._open(name) and not learnt.isdisjoint(parameters(FACTS[name]))}

    def _open(self, name: str) -> bool:
        return name not in self.values and name not in self.undecided

    def _run(self, name: str) -> bool:
        """Run one fact, if what it needs is there; tell whether it is settled now."""
        function = FACTS[name]
        needs = parameters(function)
        if any(self._open(need) for need in needs):
            return False
        try:
            self.values[name] = function(**self.arguments(function))
        except NotYet as not_yet:
            self.waiting.setdefault(not_yet.question, set()).add(name)
            return False
        except Undecided as reason:
            self.undecided[name] = reason
        except Exception as error:  # noqa: BLE001 - an error of ours is an outcome, and hides nothing else
            self.undecided[name] = crash(name, error)
        return True

    def arguments(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Return the facts that a function names, or raise the reason why one has no value, unless it takes that too."""
        needs = parameters(function)
        for need in needs:
            reason = self.undecided.get(need)
            if reason and (isinstance(reason, Crash) or not tolerates(function, need)):
                raise reason
        return {need: self.undecided.get(need) or self.values[need] for need in needs}

    def _hear(self, answers: Mapping[Question, Result]) -> set[str]:
        if not answers:
            raise RuntimeError("the source has no answers left, but questions are open")
        self.memo.update(answers)
        return {name for question in answers for name in self.waiting.pop(question, ())}

    def finish(self) -> None:
        """Hear the answers that no fact waits for, but that a check may read."""
        while self.asked - self.memo.keys():
            self._hear(self.source.answers())

    def give_up(self, kind: str) -> None:
        """Let every open question fail, so that what is known can be judged."""
        for question in self.asked - self.memo.keys():
            self.memo[question] = Failure(kind)
        self.source = _Silent(kind)
        self.waiting.clear()
        self.learn(name for name in self.wanted if self._open(name))


class _Silent:
    """Answers nothing any more."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def ask(self, question: Question) -> Result:
        return Failure(self.kind)

    def answers(self) -> Mapping[Question, Result]:
        return {}


def crash(name: str, error: Exception) -> Crash:
    """Return the reason "an error of ours", keeping the error for `--debug`."""
    reason = Crash(f"{name}: {type(error).__name__}: {error}")
    reason.__cause__ = error
    return reason
