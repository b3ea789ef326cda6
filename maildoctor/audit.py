"""Learns the facts that the chosen checks need, judges, and reports.

A fact that reads an answer which has not come is run again when it has. So the judgement is a pure function of the answers, and
everything that can be asked side by side is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from maildoctor import names
from maildoctor.ask import (
    Answer,
    CouldNotLook,
    Dns,
    DnsAnswer,
    Failure,
    NotAsked,
    NotYet,
    Question,
    Result,
    Source,
    Undecided,
)
from maildoctor.model import Check, Finding, Outcome, Report, Run, Severity, Status
from maildoctor.registry import FACTS, GIVEN, closure, parameters
from maildoctor.settings import Domain, Settings

HEAD = ("roles", "regions", "paths")
"""Facts that the report opens with, whatever checks are chosen."""


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

    def ask(self, question: Dns) -> Answer:
        """Put a question, once, and return its lazy answer."""
        if question not in self.asked:
            self.asked.add(question)
            result = self._impossible(question) or self.source.ask(question)
            if result is not None:
                self.memo[question] = result
        return Answer(question, self.memo)

    @staticmethod
    def _impossible(question: Dns) -> DnsAnswer | None:
        # RFC 7208 4.3: a name that cannot exist is no error of the lookup; nothing is there.
        return None if names.possible(question.name) else DnsAnswer("nxdomain")

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
            self.values[name] = function(**self.arguments(needs))
        except NotYet as not_yet:
            self.waiting.setdefault(not_yet.question, set()).add(name)
            return False
        except Undecided as reason:
            self.undecided[name] = reason
        except Exception as error:  # noqa: BLE001 - an error of ours is an outcome, and hides nothing else
            self.undecided[name] = crash(name, error)
        return True

    def arguments(self, needs: Iterable[str]) -> dict[str, Any]:
        """Return the values of facts by name, or raise the reason why one has none."""
        needs = tuple(needs)
        for need in needs:
            if need in self.undecided:
                raise self.undecided[need]
        return {need: self.values[need] for need in needs}

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


def audit(
    domain: Domain,
    source: Source,
    settings: Settings,
    checks: Iterable[Check],
    now: datetime,
    *,
    resolver: str = "",
    clock: Callable[[], float] = time.perf_counter,
) -> Report:
    """Audit one domain: learn the facts that the checks need, judge, report."""
    learning = Learning(source, {"domain": domain, "settings": settings, "now": now})
    return report(learning, tuple(checks), resolver, clock)


def report(learning: Learning, checks: tuple[Check, ...], resolver: str, clock: Callable[[], float]) -> Report:
    """Run a prepared audit to its report. An interrupt ends the questions, not the report."""
    started = clock()
    interrupted = False
    wanted = closure([*HEAD, *(name for check in checks for name in check.parameters)])
    try:
        learning.learn(wanted)
        learning.finish()
    except KeyboardInterrupt:
        interrupted = True
        learning.give_up("interrupted")
    now: datetime = learning.values["now"]
    settings: Settings = learning.values["settings"]
    domain: Domain = learning.values["domain"]
    outcomes = tuple(waived(judge(learning, check), settings, domain, now) for check in checks)
    head = {name: learning.values.get(name) for name in HEAD}
    return Report(
        domain=domain.name,
        roles=head["roles"].reasons if head["roles"] else (),
        regions=head["regions"].names if head["regions"] else (),
        regions_because=head["regions"].because if head["regions"] else "",
        paths=head["paths"] or (),
        outcomes=outcomes,
        run=Run(
            started=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=clock() - started,
            resolver=resolver,
            questions=len(learning.asked),
        ),
        interrupted=interrupted,
        undecided={name: learning.undecided[name].reason for name in HEAD if name in learning.undecided},
    )


def judge(learning: Learning, check: Check) -> Outcome:
    """Let one check judge, and turn the reasons for having no verdict into outcomes.

    A check that could not read everything keeps what it found. Unless that is already the worst that it could find, its outcome is
    unknown: the rest might have been worse.
    """
    findings: list[Finding] = []
    try:
        findings.extend(check.function(**learning.arguments(check.parameters)))
    except Undecided as reason:
        return _undecided(check, tuple(findings), reason)
    except Exception as error:  # noqa: BLE001 - an error of ours is an outcome, and hides nothing else
        return _undecided(check, tuple(findings), crash(check.id, error))
    return Outcome(check, _status(check, findings), tuple(findings))


def _undecided(check: Check, findings: tuple[Finding, ...], reason: Undecided) -> Outcome:
    if isinstance(reason, Crash):
        return Outcome(check, Status.CRASH, findings, reason.reason)
    if isinstance(reason, CouldNotLook):
        if _status(check, findings) is Status.FAIL:
            return Outcome(check, Status.FAIL, findings, reason.reason)
        return Outcome(check, Status.UNKNOWN, findings, reason.reason)
    if findings:
        return Outcome(check, _status(check, findings), findings, reason.reason)
    return Outcome(check, Status.SKIPPED if isinstance(reason, NotAsked) else Status.NOT_APPLICABLE, (), reason.reason)


def _status(check: Check, findings: Iterable[Finding]) -> Status:
    worst = max((finding.severity or check.severity for finding in findings), default=None)
    return {None: Status.PASS, Severity.NOTE: Status.NOTE, Severity.WARN: Status.WARN, Severity.FAIL: Status.FAIL}[worst]


def waived(outcome: Outcome, settings: Settings, domain: Domain, now: datetime) -> Outcome:
    """Mark an outcome that its owner has decided to live with. The findings stay, and are shown."""
    if outcome.status not in (Status.FAIL, Status.WARN, Status.NOTE):
        return outcome
    for waiver in settings.waivers:
        here = not waiver.domain or waiver.domain == names.bare(domain.name)
        if here and waiver.check == outcome.check.id and waiver.expires >= now.date().isoformat():
            return Outcome(outcome.check, Status.WAIVED, outcome.findings, f"{waiver.reason} (until {waiver.expires})")
    return outcome


__all__ = ["GIVEN", "Crash", "Learning", "audit", "judge", "report"]
