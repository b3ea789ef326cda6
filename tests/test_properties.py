"""The invariants, over every story: what no answer, no fault and no order of answers may change.

A story tells a small world. Each is audited again: from its own recording, with some answers lost, with answers that come late, and
with the remedies published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.ask import AwsAnswer, DnsAnswer, Failure, Question, Result, Source
from maildoctor.audit import audit, prepare, report
from maildoctor.learning import Learning
from maildoctor.model import Finding, Outcome, Report, Status
from maildoctor.proof import UNPROVEN, rerun, uncovered, worse
from maildoctor.sources import bundle
from tests.story import NOW, Expected, Story, stories

CASES = [(story, expected) for story in stories() for expected in story.reports]
every_case = pytest.mark.parametrize(("story", "expected"), CASES, ids=lambda value: value.name if isinstance(value, Story) else "")
FAULTS = (Failure("timeout"), Failure("servfail"), Failure("refused"))
SETTLED = (Status.PASS, Status.FAIL, Status.WARN, Status.NOTE, Status.SKIPPED, Status.NOT_APPLICABLE)


def run(source: Source, expected: Expected, *, prove: bool = False) -> tuple[Learning, Report]:
    """Audit, and keep what was learnt."""
    learning = prepare(expected.domain, source, expected.settings, NOW)
    return learning, report(learning, expected.checks, prove=prove)


_UNDISTURBED: dict[tuple[str, str], tuple[frozenset[Question], Report]] = {}


def undisturbed(story: Story, expected: Expected) -> tuple[frozenset[Question], Report]:
    """All that a story is asked, and its report when nothing goes wrong; computed once."""
    key = story.name, repr(expected)
    if key not in _UNDISTURBED:
        learning, told = run(story.source(), expected)
        _UNDISTURBED[key] = frozenset(learning.memo), told
    return _UNDISTURBED[key]


def timeless(whole: Report) -> Report:
    """A report without how long it took."""
    return replace(whole, run=replace(whole.run, seconds=0.0))


class Counting:
    """Counts how often each question is asked."""

    def __init__(self, below: Source) -> None:
        self.below = below
        self.asked: Counter[Question] = Counter()

    def ask(self, question: Question) -> Result | None:
        self.asked[question] += 1
        return self.below.ask(question)

    def answers(self) -> Mapping[Question, Result]:
        return self.below.answers()


class Faulty:
    """Loses some answers."""

    def __init__(self, below: Source, faults: Mapping[Question, Failure]) -> None:
        self.below = below
        self.faults = faults

    def ask(self, question: Question) -> Result | None:
        return self.faults.get(question) or self.below.ask(question)

    def answers(self) -> Mapping[Question, Result]:
        return self.below.answers()


class Late:
    """Gives its answers later, a few at a time, in an order drawn by chance."""

    def __init__(self, below: Source, chance: Random) -> None:
        self.below = below
        self.chance = chance
        self.open: list[Question] = []

    def ask(self, question: Question) -> Result | None:
        self.open.append(question)
        return None

    def answers(self) -> Mapping[Question, Result]:
        self.chance.shuffle(self.open)
        count = self.chance.randint(1, len(self.open))
        now, self.open = self.open[:count], self.open[count:]
        answers = {question: self.below.ask(question) for question in now}
        return {question: result for question, result in answers.items() if result is not None}


@every_case
def test_a_replayed_bundle_gives_an_equal_report(story: Story, expected: Expected, tmp_path: Path) -> None:
    learning, told = run(story.source(), expected, prove=True)
    path = tmp_path / "bundle.json"
    path.write_text(bundle.dump(bundle.Bundle(expected.domain, expected.settings, NOW, learning.memo)))
    recorded = bundle.load(path)
    again = audit(recorded.domain, recorded, recorded.settings, expected.checks, recorded.now)
    assert timeless(again) == timeless(told)


@every_case
def test_every_remedy_cures_and_nothing_becomes_worse(story: Story, expected: Expected) -> None:
    learning, told = run(story.source(), expected, prove=True)
    before = {outcome.check.id: outcome for outcome in told.outcomes}
    for outcome, finding in findings(told):
        assert finding.remedy.text != UNPROVEN, f"{outcome.check.id}: its records do not cure, or do harm: {finding.message}"
        if not finding.remedy.records:
            continue
        after = {other.check.id: other for other in rerun(learning, told.outcomes, finding.remedy)}
        assert finding.message not in [other.message for other in after[outcome.check.id].findings if other.where == finding.where]
        open_ = {check: old for check, old in before.items() if not uncovered(old, before, after)}
        harmed = [id for id, old in open_.items() if worse(old, after[id], outcome.check, finding)]
        assert not harmed, f"{outcome.check.id}: {finding.remedy}"


def findings(told: Report) -> Iterator[tuple[Outcome, Finding]]:
    for outcome in told.outcomes:
        for finding in outcome.findings:
            yield outcome, finding


@every_case
def test_each_single_fault_only_blinds(story: Story, expected: Expected) -> None:
    learning, told = run(story.source(), expected)
    for question in [question for question, result in learning.memo.items() if isinstance(result, (DnsAnswer, AwsAnswer))]:
        _, blind = run(Faulty(story.source(), {question: FAULTS[0]}), expected)
        assert_only_blinded(told, blind, str(question))


@every_case
@given(data=st.data())
def test_faults_only_blind(story: Story, expected: Expected, data: st.DataObject) -> None:
    asked, told = undisturbed(story, expected)
    questions = sorted(asked, key=str)
    faults = data.draw(st.dictionaries(st.sampled_from(questions), st.sampled_from(FAULTS), max_size=len(questions)))
    _, blind = run(Faulty(story.source(), faults), expected)
    assert_only_blinded(told, blind, ", ".join(map(str, faults)))


def assert_only_blinded(told: Report, blind: Report, lost: str) -> None:
    """Each outcome is as before or unknown, and nothing is found that was not there."""
    for before, after in zip(told.outcomes, blind.outcomes, strict=True):
        assert after.status in (before.status, Status.UNKNOWN), f"{after.check.id}: {before.status} became {after}, without {lost}"
        seen = {(finding.message, finding.where) for finding in before.findings}
        assert {(finding.message, finding.where) for finding in after.findings} <= seen, f"{after.check.id}, without {lost}"
    if len(told.paths) == len(blind.paths):
        for path, dim in zip(told.paths, blind.paths, strict=True):
            for word, now in (
                (path.spf, dim.spf),
                (path.dkim, dim.dkim),
                (path.dmarc, dim.dmarc),
                (path.disposition, dim.disposition),
            ):
                assert now in (word, "unknown"), f"{path} became {dim}, without {lost}"


@every_case
@given(seed=st.integers(0, 2**32))
def test_the_order_of_the_answers_does_not_matter(story: Story, expected: Expected, seed: int) -> None:
    _, told = undisturbed(story, expected)
    _, late = run(Late(story.source(), Random(seed)), expected)
    assert timeless(late) == timeless(told)


@every_case
def test_no_question_is_asked_twice(story: Story, expected: Expected) -> None:
    counting = Counting(story.source())
    run(counting, expected)
    assert [str(question) for question, count in counting.asked.items() if count > 1] == []


@every_case
def test_nothing_crashes(story: Story, expected: Expected) -> None:
    _, told = undisturbed(story, expected)
    assert [outcome.reason for outcome in told.outcomes if outcome.status is Status.CRASH] == []
    assert all(outcome.status in (*SETTLED, Status.UNKNOWN) for outcome in told.outcomes)
