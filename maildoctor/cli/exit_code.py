"""Exit codes, the same in every format."""

from __future__ import annotations

from collections.abc import Iterable

from maildoctor.model import Report, Severity, Status

CLEAN, FINDINGS, USAGE, INCOMPLETE, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 130
FAIL_ON = {"fail": Severity.FAIL, "warn": Severity.WARN, "never": None}
_WORST_FIRST = (INTERRUPTED, USAGE, BUG, FINDINGS, INCOMPLETE, CLEAN)
_JUDGED = (Status.PASS, Status.FAIL, Status.WARN, Status.NOTE, Status.WAIVED)


def exit_code(report: Report, fail_on: str, *, exit_zero: bool = False) -> int:
    """Return the exit code of one report. `exit_zero` turns findings into 0, and nothing else."""
    if report.interrupted:
        return INTERRUPTED
    if report.count(Status.CRASH):
        return BUG
    lowest = FAIL_ON[fail_on]
    counted = (outcome for outcome in report.outcomes if outcome.status is not Status.WAIVED)
    worst = max((finding.severity or outcome.check.severity for outcome in counted for finding in outcome.findings), default=None)
    if lowest is not None and worst is not None and worst >= lowest and not exit_zero:
        return FINDINGS
    if report.count(Status.UNKNOWN) or not any(report.count(status) for status in _JUDGED):
        return INCOMPLETE
    return CLEAN


def worst(codes: Iterable[int]) -> int:
    """Return the exit code that stands for several."""
    codes = set(codes)
    return next(code for code in _WORST_FIRST if code in codes)
