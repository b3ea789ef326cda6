"""Runs the audits that were asked for, puts each out, and finds the exit code."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maildoctor import config, head_start
from maildoctor.ask import AwsAnswer, DnsAnswer, Failure, Question, Result
from maildoctor.audit import Learning, prepare
from maildoctor.audit import report as audit
from maildoctor.cli import output
from maildoctor.cli.exit_code import FAIL_ON, INTERRUPTED, exit_code, worst
from maildoctor.cli.options import PREFIX, VARIABLES
from maildoctor.cli.refused import Refused, near
from maildoctor.cli.source import NO_CREDENTIALS, Asked, Audit
from maildoctor.cli.told import words
from maildoctor.config import Configuration
from maildoctor.formats import View
from maildoctor.formats.harmless import harmless
from maildoctor.model import Check, Report, Status
from maildoctor.registry import choose, needs
from maildoctor.sources import aws_errors

HINTS = {
    aws_errors.NO_CREDENTIALS.reason: "aws configure or --aws-profile gives some, maildoctor aws-policy tells what they must permit"
}


@dataclass(frozen=True)
class Wanted:
    """The options that say how to judge and what to put out, as they were typed."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    fail_on: str = ""
    exit_zero: bool = False
    record: Path | None = None
    verbose: int = 0
    quiet: bool = False
    color: str = ""
    debug: bool = False

    def over(self, given: Mapping[str, Any]) -> Wanted:
        """Return these options, and those of the configuration where the command line says nothing."""
        return replace(
            self,
            select=self.select or tuple(given.get("select", ())),
            ignore=self.ignore or tuple(given.get("ignore", ())),
            formats=self.formats or tuple(given.get("format", ())) or ("text",),
            fail_on=self.fail_on or given.get("fail-on", "fail"),
            exit_zero=self.exit_zero or given.get("exit-zero", False),
            color=self.color or given.get("color", "auto"),
        )


def run(asked: Asked, wanted: Wanted) -> int:
    """Run what was asked for, and return the exit code. Raises what says why that cannot be."""
    configuration = Configuration() if asked.example else config.find(Path.cwd())
    wanted = wanted.over(configuration.options)
    asked = asked.over(configuration.options)
    if wanted.fail_on not in FAIL_ON:
        raise Refused(f"--fail-on {wanted.fail_on!r} is not known{near(wanted.fail_on, FAIL_ON)}")
    audits = asked.audits(configuration)
    started = _head_start(audits[0]) if not (wanted.select or wanted.ignore) else None
    checks = choose(words(wanted.select), words(wanted.ignore))
    if wanted.record and len(audits) > 1:
        raise Refused("--record keeps one audit; give one domain")
    view = replace(output.surroundings(wanted.color), verbose=wanted.verbose, quiet=wanted.quiet)
    out = output.parse(words(wanted.formats))
    if wanted.record:
        output.empty(wanted.record)
    _say_expired(audits)
    _say_unknown(os.environ)
    return Gate(checks, out, view, wanted, started).run(audits)


def _head_start(first: Audit) -> Learning:
    """Put the first questions before the checks are loaded: answers that are under way meanwhile cost no time."""
    learning = prepare(first.domain, first.source, first.settings, first.now)
    for question in head_start.questions(first.domain, first.settings):
        learning.ask(question)
    return learning


@dataclass(frozen=True)
class Gate:
    """How each audit is run, put out and judged."""

    checks: tuple[Check, ...]
    out: output.Output
    view: View
    wanted: Wanted
    started: Learning | None = None

    def run(self, audits: Iterable[Audit]) -> int:
        """Run the audits one after the other, up to an interrupt, and return the worst exit code."""
        codes: list[int] = []
        for one in audits:
            codes.append(self._one(one, first=not codes))
            if codes[-1] == INTERRUPTED:
                break
        return worst(codes)

    def _one(self, one: Audit, *, first: bool) -> int:
        learning = (self.started if first else None) or prepare(one.domain, one.source, one.settings, one.now)
        report = audit(learning, self.checks, resolver=one.resolver)
        if one.aws and aws_errors.NO_CREDENTIALS in learning.memo.values():
            raise Refused(NO_CREDENTIALS)
        code = exit_code(report, self.wanted.fail_on, exit_zero=self.wanted.exit_zero)
        questions = _questions(learning.memo) if self.view.verbose > 1 else ()
        view = replace(self.view, title=one.domain.text, exit_code=code, questions=questions, hints=HINTS, needs=needs)
        self.out.write(report, view, first=first)
        if self.wanted.record:
            _record(self.wanted.record, one, learning)
        if self.wanted.debug:
            _trace(learning, report, self.checks)
        return code


def _say_expired(audits: Iterable[Audit]) -> None:
    """Say which waivers have come to their end: a gate that closes overnight should say why."""
    for one in audits:
        today = one.now.date().isoformat()
        for waiver in one.settings.waivers:
            if waiver.expires < today and waiver.domain in ("", one.domain.name.removesuffix(".")):
                _say(f"the waiver of {waiver.check} expired on {waiver.expires}: its findings count again")


def _say_unknown(environment: Iterable[str]) -> None:
    """Say which variables look like options and are none. They may be somebody else's, so they do not stop anything."""
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in VARIABLES:
            _say(f"the environment has {name}, which is no option{near(name, VARIABLES)}")


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
