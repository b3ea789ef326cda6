"""Audits a domain: learns the facts that the chosen checks need, judges, proves the remedies, reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from maildoctor.ask import Aws, Source, Unasked, Undecided
from maildoctor.judge import judge, waived
from maildoctor.learning import Learning
from maildoctor.model import Account, Check, Outcome, Report, Run
from maildoctor.operations import CONFIGURED_REGION, SES
from maildoctor.proof import proven
from maildoctor.registry import closure
from maildoctor.settings import Domain, Settings

HEAD = ("roles", "regions", "paths")
"""Facts that the report opens with, whatever checks are chosen."""


def prepare(domain: Domain, source: Source, settings: Settings, now: datetime) -> Learning:
    """Return an audit that has asked nothing yet. Its memo of answers is what a bundle keeps."""
    return Learning(source, {"domain": domain, "settings": settings, "now": now})


def audit(domain: Domain, source: Source, settings: Settings, checks: Iterable[Check], now: datetime) -> Report:
    """Audit one domain: learn the facts that the checks need, judge, prove, report."""
    return report(prepare(domain, source, settings, now), tuple(checks))


def report(
    learning: Learning,
    checks: tuple[Check, ...],
    *,
    resolver: str = "",
    prove: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> Report:
    """Run a prepared audit to its report. An interrupt ends the questions, not the report. `prove`: keep only proven remedies."""
    started = clock()
    interrupted = False
    try:
        learning.learn(closure([*HEAD, *(name for check in checks for name in check.parameters)]))
        learning.finish()
    except KeyboardInterrupt:
        interrupted = True
        learning.give_up("interrupted")
    resolved, aws, ses = _counted(learning)
    outcomes = judged(learning, checks, prove=prove)
    now: datetime = learning.values["now"]
    return Report(
        outcomes=outcomes,
        run=Run(now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), clock() - started, resolver, resolved, aws=aws, ses=ses),
        interrupted=interrupted,
        **_head(learning),
    )


def _counted(learning: Learning) -> tuple[int, int, int]:
    """Return how many questions went to whoever is not AWS, to AWS, and of these to SES. A configuration is only read."""
    asked = [question for question in learning.asked if isinstance(question, Aws)]
    went = [one for one in asked if one.service != CONFIGURED_REGION.service and not isinstance(learning.memo.get(one), Unasked)]
    return len(learning.asked) - len(asked), len(went), sum(one.service in SES for one in went)


def judged(learning: Learning, checks: tuple[Check, ...], *, prove: bool) -> tuple[Outcome, ...]:
    """Judge, keep only proven remedies, and mark what was waived."""
    outcomes = tuple(judge(learning, check) for check in checks)
    if prove:
        outcomes = proven(learning, outcomes)
    settings, domain, now = (learning.values[name] for name in ("settings", "domain", "now"))
    return tuple(waived(outcome, settings, domain, now) for outcome in outcomes)


def _head(learning: Learning) -> dict[str, Any]:
    """What the report opens with. Parts that could not be told say why instead."""
    roles, regions, paths = (learning.values.get(name) for name in HEAD)
    return {
        "domain": learning.values["domain"].name,
        "roles": roles.reasons if roles else (),
        "regions": regions.names if regions else (),
        "regions_because": regions.because if regions else "",
        "paths": paths or (),
        "accounts": tuple(_told(learning.values.get("accounts", ()))),
        "undecided": {name: learning.undecided[name].reason for name in HEAD if name in learning.undecided},
    }


def _told(accounts: Iterable[Any]) -> Iterator[Account]:
    """What the report opens with of the SES accounts, where a chosen check has asked for them. Why one is silent, checks say."""
    for account in accounts:
        try:
            yield account.told
        except Undecided:
            continue


__all__ = ["HEAD", "Learning", "audit", "prepare", "report"]
