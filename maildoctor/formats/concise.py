"""One line a finding, for grep and for logs: `shop.example fail dkim-token-missing: message`."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.formats import View
from maildoctor.formats.harmless import harmless, no_commands
from maildoctor.model import Outcome, Report, Status

_SILENT = (Status.PASS, Status.SKIPPED, Status.NOT_APPLICABLE)


def render(report: Report, view: View) -> str:
    """Return a line for each finding and for each check that could not judge; with `-v` for every check."""
    domain = report.domain.removesuffix(".")
    lines = (f"{domain} {line}" for outcome in report.outcomes for line in _lines(outcome, view))
    return no_commands("".join(f"{harmless(line)}\n" for line in lines))


def _lines(outcome: Outcome, view: View) -> Iterator[str]:
    check = outcome.check
    for finding in outcome.findings:
        severity = str(finding.severity or check.severity)
        word = str(outcome.status) if outcome.status is Status.WAIVED else severity
        if not view.quiet or word == "fail":
            yield f"{word} {check.id}: {finding.message}"
    judged = outcome.findings and outcome.status not in (Status.UNKNOWN, Status.CRASH)
    if not judged and not view.quiet and (view.verbose or outcome.status not in _SILENT):
        yield f"{outcome.status} {check.id}: {outcome.reason or check.title}"
