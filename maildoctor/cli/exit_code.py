"""Exit codes, the same in every format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # help is there sooner without
    from maildoctor.model import Report

CLEAN, FINDINGS, USAGE, INCOMPLETE, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 130
FAIL_ON = ("fail", "warn", "never")
_WORST_FIRST = (INTERRUPTED, USAGE, BUG, FINDINGS, INCOMPLETE, CLEAN)


def exit_code(report: Report, fail_on: str, *, exit_zero: bool = False) -> int:
    """Return the exit code of one report. `exit_zero` turns findings into 0, and nothing else."""
    from maildoctor.model import Severity, Status

    if report.interrupted:
        return INTERRUPTED
    if report.count(Status.CRASH):
        return BUG
    counted = (outcome for outcome in report.outcomes if outcome.status is not Status.WAIVED)
    severities = {finding.severity or outcome.check.severity for outcome in counted for finding in outcome.findings}
    if fail_on != "never" and not exit_zero and any(severity >= Severity[fail_on.upper()] for severity in severities):
        return FINDINGS
    judged = (Status.PASS, Status.FAIL, Status.WARN, Status.NOTE, Status.WAIVED)
    if report.count(Status.UNKNOWN) or not any(map(report.count, judged)):
        return INCOMPLETE
    return CLEAN


def worst(codes: Iterable[int]) -> int:
    """Return the exit code that stands for several."""
    codes = set(codes)
    return next(code for code in _WORST_FIRST if code in codes)
