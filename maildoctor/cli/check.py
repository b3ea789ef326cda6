"""`maildoctor check`: the audit."""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maildoctor import config
from maildoctor.ask import AwsAnswer, DnsAnswer, Failure, Question, Result
from maildoctor.audit import Learning, prepare
from maildoctor.audit import report as audit
from maildoctor.cli import options, output
from maildoctor.cli.exit_code import FAIL_ON, INTERRUPTED, exit_code, worst
from maildoctor.cli.refused import Refused, near
from maildoctor.cli.source import Asked, Audit
from maildoctor.cli.told import Told
from maildoctor.config import Configuration
from maildoctor.formats import View
from maildoctor.formats.harmless import harmless
from maildoctor.model import Check, Report, Status
from maildoctor.registry import choose, needs

SECONDS = 20.0
"""The default deadline: four times what resolvers usually take to give up on a dead server."""


def check(
    domains: options.Domains = None,
    role: options.Roles = None,
    region: options.Regions = None,
    dkim_token: options.Tokens = None,
    mail_from: options.MailFrom = "",
    author: options.Author = "",
    sender_ip: options.Senders = None,
    zone: options.Zones = None,
    record: options.Record = None,
    bundle: options.Bundle = None,
    example: options.Example = False,
    resolver: options.Resolvers = None,
    select: options.Select = None,
    ignore: options.Ignore = None,
    fail_on: options.FailOn = "",
    exit_zero: options.ExitZero = False,
    shapes: options.Formats = None,
    timeout: options.Timeout = None,
    verbose: options.Verbose = 0,
    quiet: options.Quiet = False,
    color: options.Color = "",
    debug: options.Debug = False,
) -> int:
    """Tell whether a domain's mail will be accepted and authenticated, what is wrong, and which record to publish."""
    configuration = Configuration() if example else config.find(Path.cwd())
    given = configuration.options
    fail_on = fail_on or given.get("fail-on", "fail")
    if fail_on not in FAIL_ON:
        raise Refused(f"--fail-on {fail_on!r} is not known{near(fail_on, FAIL_ON)}")
    checks = choose(_words(select or given.get("select")), _words(ignore or given.get("ignore")))
    asked = Asked(
        tuple(domains or ()),
        Told(_tuple(role), _tuple(region), _tuple(dkim_token), mail_from, author, _tuple(sender_ip)),
        _tuple(zone),
        bundle,
        example,
        tuple(_words(resolver or given.get("resolver"))),
        _deadline(timeout, given),
    )
    audits = asked.audits(configuration)
    if record and len(audits) > 1:
        raise Refused("--record keeps one audit; give one domain")
    view = output.view(color or given.get("color", "auto"), verbose, os.environ, quiet=quiet)
    out = output.parse(_words(shapes or given.get("format")) or ["text"])
    if record:
        output.empty(record)
    _say_expired(audits)
    return _Gate(checks, out, view, fail_on, exit_zero or bool(given.get("exit-zero")), record, debug).run(audits)


@dataclass(frozen=True)
class _Gate:
    """How each audit is run, put out and judged."""

    checks: tuple[Check, ...]
    out: output.Output
    view: View
    fail_on: str
    exit_zero: bool
    record: Path | None
    debug: bool

    def run(self, audits: Iterable[Audit]) -> int:
        """Run the audits one after the other, up to an interrupt, and return the worst exit code."""
        codes: list[int] = []
        for one in audits:
            codes.append(self._one(one, first=not codes))
            if codes[-1] == INTERRUPTED:
                break
        return worst(codes)

    def _one(self, one: Audit, *, first: bool) -> int:
        learning = prepare(one.domain, one.source, one.settings, one.now)
        report = audit(learning, self.checks, resolver=one.resolver)
        code = exit_code(report, self.fail_on, exit_zero=self.exit_zero)
        questions = _questions(learning.memo) if self.view.verbose > 1 else ()
        view = replace(self.view, title=one.domain.text, exit_code=code, questions=questions, needs=needs)
        self.out.write(report, view, first=first)
        if self.record:
            _record(self.record, one, learning)
        if self.debug:
            _trace(learning, report, self.checks)
        return code


def _tuple(values: Iterable[Any] | None) -> tuple[Any, ...]:
    return tuple(values or ())


def _words(values: Iterable[str] | None) -> list[str]:
    return [word.strip() for value in values or () for word in value.split(",") if word.strip()]


def _deadline(timeout: float | None, given: Mapping[str, Any]) -> float:
    seconds = float(given.get("timeout", SECONDS)) if timeout is None else timeout
    if not (0 < seconds < math.inf):
        raise Refused("--timeout wants a number of seconds above 0")
    return seconds


def _say_expired(audits: Iterable[Audit]) -> None:
    """Say which waivers have come to their end: a gate that closes overnight should say why."""
    for one in audits:
        today = one.now.date().isoformat()
        for waiver in one.settings.waivers:
            if waiver.expires < today and waiver.domain in ("", one.domain.name.removesuffix(".")):
                _say(f"the waiver of {waiver.check} expired on {waiver.expires}: its findings count again")


def _say(line: str) -> None:
    print(f"maildoctor: {harmless(line)}", file=sys.stderr)


def _questions(memo: Mapping[Question, Result]) -> tuple[str, ...]:
    return tuple(f"{question}  {_result(result)}" for question, result in memo.items())


def _result(result: Result) -> str:
    if isinstance(result, DnsAnswer):
        parts = (result.status, *(f"-> {target}" for target in result.chain), *result.records)
        return "  ".join(parts)
    if isinstance(result, Failure):
        return f"{result.kind} {result.detail}".strip()
    if isinstance(result, AwsAnswer):
        return result.missing or json.dumps(dict(result.data), default=dict)
    return f"not asked: {result.reason}"


def _record(path: Path, one: Audit, learning: Learning) -> None:
    from maildoctor.sources import bundle

    text = bundle.dump(bundle.Bundle(one.domain, one.settings, one.now, learning.memo))
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise Refused(f"cannot write {path}: {error.strerror}") from error


def _trace(learning: Learning, report: Report, checks: Iterable[Check]) -> None:
    """Print where errors of ours come from. Checks are pure, so one that failed fails again."""
    for error in _errors(learning, {outcome.check.id for outcome in report.outcomes if outcome.status is Status.CRASH}, checks):
        traceback.print_exception(error)


def _errors(learning: Learning, crashed: Iterable[str], checks: Iterable[Check]) -> Iterator[BaseException]:
    yield from (reason.__cause__ for reason in learning.undecided.values() if reason.__cause__)
    for one in checks:
        if one.id in crashed and not any(need in learning.undecided for need in one.parameters):
            try:
                list(one.function(**learning.arguments(one.function)))
            except Exception as error:  # noqa: BLE001 - this is what we are looking for
                yield error
