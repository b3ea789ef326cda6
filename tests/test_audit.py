"""How facts are learnt and checks are judged: what becomes of an answer that comes late, fails, or crashes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from maildoctor import registry
from maildoctor.ask import (
    Answer,
    Ask,
    CouldNotLook,
    Dns,
    DnsAnswer,
    DoesNotApply,
    ExplainedBy,
    Failure,
    NotAsked,
    NotYet,
    Question,
    Result,
    Unasked,
    Undecided,
    any_of,
    each,
    sift,
)
from maildoctor.audit import prepare, report
from maildoctor.judge import judge, waived
from maildoctor.learning import Learning
from maildoctor.model import Check, Finding, Outcome, Severity, Status, Waiver
from maildoctor.settings import Domain, Settings

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HERE = Domain("example.com.")
A = Dns("a.example.com.", "TXT")
B = Dns("b.example.com.", "TXT")


class Answers:
    """A source that answers from a table, at once or one after the other."""

    def __init__(self, table: Mapping[Question, Result], *, late: bool = False) -> None:
        self.table = table
        self.late = late
        self.open: list[Question] = []
        self.log: list[str] = []

    def ask(self, question: Question) -> Result | None:
        self.log.append(f"ask {question}")
        if self.late:
            self.open.append(question)
            return None
        return self.table[question]

    def answers(self) -> Mapping[Question, Result]:
        question = self.open.pop(0)
        self.log.append(f"hear {question}")
        return {question: self.table[question]}


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[..., Any]]:
    """An empty catalogue of facts."""
    table: dict[str, Callable[..., Any]] = {}
    monkeypatch.setattr(registry, "FACTS", table)
    monkeypatch.setattr("maildoctor.learning.FACTS", table)
    return table


def learn(facts: dict[str, Callable[..., Any]], source: Any, *wanted: str) -> Learning:
    learning = Learning(source, {"domain": HERE, "settings": Settings(), "now": NOW})
    learning.learn(wanted or tuple(facts))
    learning.finish()
    return learning


def checked(function: Callable[..., Any]) -> Check:
    return Check("x-rule", Severity.WARN, ("RFC",), function, registry.parameters(function), "It holds.", "")


def test_all_that_a_fact_asks_before_it_reads_goes_out_side_by_side(facts: dict[str, Any]) -> None:
    def both(ask: Ask) -> tuple[str, ...]:
        first, second = ask(A), ask(B)
        return first.records + second.records

    facts["both"] = both
    source = Answers({A: DnsAnswer(records=("1",)), B: DnsAnswer(records=("2",))}, late=True)
    assert learn(facts, source).values["both"] == ("1", "2")
    assert source.log == [f"ask {A}", f"ask {B}", f"hear {A}", f"hear {B}"]


def test_a_dependent_fact_does_not_wait_for_answers_that_it_does_not_read(facts: dict[str, Any]) -> None:
    def pair(ask: Ask) -> tuple[Answer, Answer]:
        return ask(A), ask(B)

    def next_step(ask: Ask, pair: tuple[Answer, Answer]) -> str:
        return ask(Dns(f"{pair[0].records[0]}.example.com.", "A")).records[0]

    facts.update(pair=pair, next_step=next_step)
    following = Dns("1.example.com.", "A")
    source = Answers({A: DnsAnswer(records=("1",)), B: DnsAnswer(), following: DnsAnswer(records=("x",))}, late=True)
    assert learn(facts, source).values["next_step"] == "x"
    assert source.log.index(f"ask {following}") < source.log.index(f"hear {B}")


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (DnsAnswer(records=("x",)), Status.PASS),
        (DnsAnswer("nxdomain"), Status.WARN),
        (Failure("timeout", "no answer within 5 s"), Status.UNKNOWN),
        (DnsAnswer("bogus"), Status.UNKNOWN),
        (Unasked("a zone file knows nothing of it"), Status.SKIPPED),
    ],
)
def test_could_not_look_is_not_is_not_there(facts: dict[str, Any], result: Result, status: Status) -> None:
    def record(ask: Ask) -> Answer:
        return ask(A)

    def rule(record: Answer) -> Iterator[Finding]:
        if not record.records:
            yield Finding("it is missing")

    facts["record"] = record
    assert judge(learn(facts, Answers({A: result})), checked(rule)).status is status


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (CouldNotLook("timeout"), Status.UNKNOWN),
        (NotAsked("no tokens"), Status.SKIPPED),
        (DoesNotApply("receives nothing"), Status.NOT_APPLICABLE),
        (ExplainedBy("spf-syntax"), Status.NOT_APPLICABLE),
        (ValueError("a bug"), Status.CRASH),
    ],
)
def test_why_there_is_no_value_decides_the_outcome_of_all_that_need_it(
    facts: dict[str, Any], reason: BaseException, status: Status
) -> None:
    def source_fact() -> str:
        raise reason

    def between(source_fact: str) -> str:
        return source_fact

    def rule(between: str) -> Iterator[Finding]:
        yield Finding("never reached")

    facts.update(source_fact=source_fact, between=between)
    outcome = judge(learn(facts, Answers({})), checked(rule))
    assert outcome.status is status
    assert str(reason) in outcome.reason


def test_a_fact_may_take_the_reason_instead_of_a_value(facts: dict[str, Any]) -> None:
    def lost() -> str:
        raise CouldNotLook("timeout")

    def tolerant(lost: str | Undecided) -> str:
        return f"told: {lost}"

    facts.update(lost=lost, tolerant=tolerant)
    assert learn(facts, Answers({})).values["tolerant"] == "told: timeout"


def half_blind(severity: Severity) -> Check:
    def rule() -> Iterator[Finding]:
        yield Finding("seen", severity=severity)
        raise CouldNotLook("the rest timed out")

    return checked(rule)


@pytest.mark.parametrize(("severity", "status"), [(Severity.FAIL, Status.FAIL), (Severity.WARN, Status.UNKNOWN)])
def test_a_check_that_read_a_part_keeps_what_it_found(facts: dict[str, Any], severity: Severity, status: Status) -> None:
    outcome = judge(learn(facts, Answers({})), half_blind(severity))
    assert (outcome.status, outcome.findings[0].message, outcome.reason) == (status, "seen", "the rest timed out")


def test_a_name_that_cannot_exist_is_not_asked_for(facts: dict[str, Any]) -> None:
    def strange(ask: Ask) -> bool:
        return ask(Dns("a" * 64 + ".example.com.", "A")).exists

    facts["strange"] = strange
    source = Answers({})
    assert learn(facts, source).values["strange"] is False
    assert source.log == []


def test_each_waits_for_none_before_all_have_asked() -> None:
    asked: list[Dns] = []

    def read(question: Dns) -> str:
        asked.append(question)
        raise NotYet(question)

    with pytest.raises(NotYet):
        each(read, [A, B])
    assert asked == [A, B]


def blind() -> bool:
    raise CouldNotLook("timeout")


def test_one_sign_that_holds_decides_and_none_that_is_lost_means_no() -> None:
    assert any_of(blind, lambda: True)
    assert not any_of(lambda: False)
    with pytest.raises(CouldNotLook):
        any_of(lambda: False, blind)


def test_what_could_not_be_seen_outweighs_what_was_not_asked() -> None:
    def unasked(_item: object = None) -> bool:
        raise NotAsked("no zone file holds it")

    def blind(_item: object = None) -> bool:
        raise CouldNotLook("timeout")

    for reasons in ((unasked, blind), (blind, unasked)):
        with pytest.raises(CouldNotLook):
            any_of(*reasons)
        with pytest.raises(CouldNotLook):
            each(lambda reason: reason(), reasons)
        with pytest.raises(CouldNotLook):
            list(sift(lambda reason: reason(), reasons))


class Interrupted(Answers):
    """The user presses Ctrl-C while the first answer is awaited."""

    def answers(self) -> Mapping[Question, Result]:
        raise KeyboardInterrupt


def test_an_interrupt_ends_the_questions_not_the_report() -> None:
    checks = registry.choose(["dkim-token-missing"])
    learning = prepare(HERE, Interrupted({}, late=True), Settings(dkim_tokens=("a" * 32,)), NOW)
    whole = report(learning, checks)
    assert whole.interrupted
    assert whole.verdict == "incomplete"
    assert [(outcome.status, outcome.reason.rpartition(": ")[2]) for outcome in whole.outcomes] == [(Status.UNKNOWN, "interrupted")]


@pytest.mark.parametrize(
    ("waiver", "status"),
    [
        (Waiver("x-rule", "known, OPS-412", "2026-11-22"), Status.WAIVED),
        (Waiver("x-rule", "known, OPS-412", "2026-11-21"), Status.WARN),
        (Waiver("x-rule", "known, OPS-412", "2027-01-01", "example.com"), Status.WAIVED),
        (Waiver("x-rule", "known, OPS-412", "2027-01-01", "other.example"), Status.WARN),
        (Waiver("x-other", "known, OPS-412", "2027-01-01"), Status.WARN),
    ],
)
def test_a_waived_finding_is_kept_until_the_waiver_expires(waiver: Waiver, status: Status) -> None:
    outcome = Outcome(half_blind(Severity.WARN), Status.WARN, (Finding("seen"),))
    after = waived(outcome, Settings(waivers=(waiver,)), HERE, NOW)
    assert (after.status, after.findings) == (status, outcome.findings)
