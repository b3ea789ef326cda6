"""Proves remedies: the records of a finding are laid over the world, the audit is run again, and the finding must be gone.

A remedy whose records do not cure, or make another check worse, is shown without them.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import replace

from maildoctor.ask import ExplainedBy, Question, Result, Source
from maildoctor.judge import judge
from maildoctor.learning import Learning
from maildoctor.model import Check, Finding, Outcome, Remedy, Severity, Status
from maildoctor.registry import closure
from maildoctor.sources.overlay import Overlay

UNPROVEN = "The records that would cure this could not be proven to do so; compare what was found with what is expected."

_BADNESS = {Status.NOTE: 1, Status.WARN: 2, Status.FAIL: 3, Status.CRASH: 4}


class Seen:
    """A source that answers from what was already seen, and asks below only for the rest, which is then seen too."""

    def __init__(self, memo: MutableMapping[Question, Result], below: Source) -> None:
        self.memo = memo
        self.below = below

    def ask(self, question: Question) -> Result | None:
        """Answer from what was seen, or ask below."""
        if question in self.memo:
            return self.memo[question]
        result = self.below.ask(question)
        if result is not None:
            self.memo[question] = result
        return result

    def answers(self) -> Mapping[Question, Result]:
        """Wait for what was asked below."""
        answers = self.below.answers()
        self.memo.update(answers)
        return answers


def proven(learning: Learning, outcomes: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    """Return the outcomes with only such records in their remedies as are proven to cure."""
    return tuple(
        replace(outcome, findings=tuple(_proven(learning, outcomes, outcome.check, finding) for finding in outcome.findings))
        for outcome in outcomes
    )


def _proven(learning: Learning, before: tuple[Outcome, ...], check: Check, finding: Finding) -> Finding:
    if not finding.remedy.records or cures(learning, before, check, finding):
        return finding
    return replace(finding, remedy=Remedy(UNPROVEN, commands=finding.remedy.commands))


def cures(learning: Learning, before: tuple[Outcome, ...], check: Check, finding: Finding) -> bool:
    """Tell whether the finding is gone, and no check worse, once its records are published."""
    old = {outcome.check.id: outcome for outcome in before}
    new = {outcome.check.id: outcome for outcome in rerun(learning, before, finding.remedy)}
    gone = not any(_same(finding, other) for other in new[check.id].findings)
    return gone and not any(
        worse(outcome, new[id], check, finding) and not uncovered(outcome, old, new) for id, outcome in old.items()
    )


def worse(before: Outcome, after: Outcome, check: Check, cured: Finding) -> bool:
    """Tell whether a check has become worse. A note tells of a state: it is no price for the cure of a fault."""
    fault = (cured.severity or check.severity) > Severity.NOTE
    return _bad(after) > max(_bad(before), _BADNESS[Status.NOTE] if fault else 0)


def uncovered(outcome: Outcome, old: Mapping[str, Outcome], new: Mapping[str, Outcome]) -> bool:
    """Tell whether a check was silent because another named the cause, which is mended: what it says now is nothing new."""
    passed = {outcome.check.id}
    while (cause := outcome.reason.removeprefix(str(ExplainedBy("")))) in old and cause not in passed:
        if _bad(new[cause]) < _bad(old[cause]):
            return True
        passed.add(cause)
        outcome = old[cause]
    return False


def _same(finding: Finding, other: Finding) -> bool:
    return (finding.message, finding.where) == (other.message, other.where)


def _bad(outcome: Outcome) -> int:
    return _BADNESS.get(outcome.status, 0)


def rerun(learning: Learning, before: tuple[Outcome, ...], remedy: Remedy) -> tuple[Outcome, ...]:
    """Judge the same checks again in the world in which the remedy's records are published."""
    planned = Overlay(Seen(learning.memo, learning.source), remedy.publish, remedy.delete)
    given = {name: learning.values[name] for name in ("domain", "settings", "now")}
    again = Learning(planned, given)
    checks = [outcome.check for outcome in before]
    again.learn(closure(name for check in checks for name in check.parameters))
    again.finish()
    return tuple(judge(again, check) for check in checks)
