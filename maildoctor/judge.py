"""Judges: lets a check speak, and turns the reasons for having no verdict into outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from maildoctor import names
from maildoctor.ask import CouldNotLook, NotAsked, Undecided
from maildoctor.learning import Crash, Learning, crash
from maildoctor.model import Check, Finding, Outcome, Severity, Status
from maildoctor.settings import Domain, Settings


def judge(learning: Learning, check: Check) -> Outcome:
    """Let one check judge, and turn the reasons for having no verdict into outcomes.

    A check that could not read everything keeps what it found. Unless that is already the worst that it could find, its outcome is
    unknown: the rest might have been worse.
    """
    findings: list[Finding] = []
    try:
        # What it yields before it stops for a reason stays in the list.
        findings.extend(check.function(**learning.arguments(check.function)))
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
