"""The report for people: the verdict, what receivers compute, then what is wrong and what to publish."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from maildoctor.formats import View
from maildoctor.formats.harmless import harmless
from maildoctor.formats.page import COLORS, Page, Part, cells, shortened, wrap
from maildoctor.model import Account, Finding, Outcome, Path, Record, Remedy, Report, Severity, Status
from maildoctor.rdata import Text

_WORDS = {
    "send": "sends",
    "receive": "receives",
    "bulk": "sends in bulk",
    "direct": "delivers by itself",
    "parked": "is not in use for mail",
}
_VERDICTS = {"pass": "pass", "fail": "fail", "incomplete": "unknown"}
_DISPOSITIONS = {"accept": "accepted", "quarantine": "to the spam folder", "reject": "rejected", "unknown": "cannot be told"}
_DISPOSITION_COLORS = {"accept": "green", "quarantine": "yellow", "reject": "alarm"}
_EVIDENCE = 240
"""How much of one record is shown without `-v`, in signs: the most that four lines hold."""


def render(report: Report, view: View) -> str:
    """Return the report as plain text, coloured if wanted."""
    page = Page(view)
    if view.quiet:
        _findings(page, report, (Severity.FAIL,))
        return str(page)
    _head(page, report)
    for path in report.paths:
        _path(page, path)
    _findings(page, report, (Severity.FAIL, Severity.WARN, Severity.NOTE))
    _blind(page, report)
    _crashes(page, report)
    _waived(page, report)
    if view.verbose:
        _all(page, report)
    _questions(page, view.questions)
    _summary(page, report)
    return str(page)


def _head(page: Page, report: Report) -> None:
    title = page.view.title or report.domain.removesuffix(".")
    purpose = _purpose(report)
    verdict = (COLORS[_VERDICTS[report.verdict]], report.verdict.upper())
    room = page.view.width - cells(verdict[1]) - 2
    if cells(title) > room:
        page.text(title, indent=0, style="bold")
        title = ""
    together = cells(f"{title}  {purpose}") <= room
    page.ends([("bold", title), ("", f"  {purpose}" if together else "")], [verdict])
    if not together:
        page.text(purpose)
    reasons = [f"{_WORDS.get(role.name, role.name)}: {role.because}" for role in report.roles]
    if report.regions_because:
        reasons.append(f"{'regions' if len(report.regions) > 1 else 'region'}: {report.regions_because}")
    if reasons:
        page.text("; ".join(reasons), style="dim")
    for account in report.accounts:
        page.text(f"SES account in {account.region}: {_account(account)}")
    for reason in dict.fromkeys(report.undecided.values()):
        names = " and ".join(name for name, because in report.undecided.items() if because == reason)
        if not reason.startswith("explained by "):
            page.text(f"{names} could not be told: {reason}", style="yellow")


def _account(account: Account) -> str:
    """Return one line: whether the account may send, and how much."""
    parts = [{True: "in the sandbox", False: "production", None: ""}[account.sandbox]]
    parts.append({True: "sending is on", False: "SENDING IS OFF", None: ""}[account.sending_enabled])
    parts.append(account.enforcement.lower() if account.enforcement == "HEALTHY" else account.enforcement)
    if account.max_24h is not None:
        limit = "without limit" if account.max_24h < 0 else f"of {account.max_24h:,.0f}"
        parts.append(f"{account.sent_24h or 0:,.0f} sent {limit} in 24 hours")
    if account.max_per_second is not None:
        parts.append(f"at most {account.max_per_second:,g} a second")
    return ", ".join(filter(None, parts)) or "SES said nothing of it"


def _purpose(report: Report) -> str:
    words = " and ".join(_WORDS.get(role.name, role.name) for role in report.roles)
    if report.regions:
        words += f" with Amazon SES in {', '.join(report.regions)}"
    return words


def _path(page: Page, path: Path) -> None:
    page.blank()
    kind, _, region = path.sender.partition(":")
    ses = f"through SES in {region}" if region else "through SES"
    by = ses if kind == "ses" else f"by {path.sender}"
    author = path.author if "@" in path.author else "…@" + path.author.removesuffix(".")
    author = author.replace("…", "..." if page.view.ascii else "…")
    page.text(f"Sent {by} as {author}, as receivers see it", style="bold")
    envelope = f"envelope sender at {path.mail_from.removesuffix('.')}" if path.mail_from else ""
    _row(page, "SPF", path.spf, path.spf_detail or envelope, _aligned(path.spf_aligned, path.spf))
    domain = path.dkim_domain.removesuffix(".")
    _row(page, "DKIM", path.dkim, path.dkim_detail or (f"d={domain}" if domain else ""), _aligned(path.dkim_aligned, path.dkim))
    policy = f"p={path.policy}" if path.policy and f"p={path.policy}" not in path.because else ""
    above = path.policy_domain.removesuffix(".")
    if policy and above not in ("", path.author.rpartition("@")[2].removesuffix(".")):
        policy += f" of {above}"
    end = (_DISPOSITION_COLORS.get(path.disposition, "yellow"), _DISPOSITIONS.get(path.disposition, path.disposition))
    _row(page, "DMARC", path.dmarc, ": ".join(filter(None, (policy, path.because))), end)


def _aligned(aligned: bool | None, result: str) -> Part:
    word = {True: "aligned", False: "not aligned", None: "aligned?"}[aligned]
    return "", word if result == "pass" else ""


def _row(page: Page, label: str, result: str, detail: str, end: Part) -> None:
    """Add one line of the table: name, result, and in two columns what it rests on and what follows."""
    style = {"pass": "green", "fail": "alarm"}.get(result, "yellow")
    word = result.upper() if result == "fail" else result
    first, *others = wrap(harmless(detail), page.view.width - 18 - max(cells(end[1]), 11))
    page.ends([("", f"    {label:<6} "), (style, f"{word:<6}"), ("", f" {first}")], [end])
    for line in others:
        page.line(("", " " * 18 + line))


def _findings(page: Page, report: Report, severities: Iterable[Severity]) -> None:
    replaced: dict[Record, tuple[str, Remedy]] = {}
    for severity in severities:
        for outcome in report.outcomes:
            if outcome.status is Status.WAIVED:
                continue
            findings = [finding for finding in outcome.findings if (finding.severity or outcome.check.severity) is severity]
            if findings:
                _outcome(page, outcome, severity, findings, replaced)


def _outcome(
    page: Page, outcome: Outcome, severity: Severity, findings: list[Finding], replaced: dict[Record, tuple[str, Remedy]]
) -> None:
    page.blank()
    word = str(severity)
    page.heading(word, ("bold", outcome.check.id))
    for position, finding in enumerate(findings):
        if position:
            page.blank()
        page.text(finding.message)
        if not position:
            _field(page, "Why", why(outcome.check.explanation))
        for label, values in (("Found", finding.found), ("Expected", finding.expected)):
            for row, value in enumerate(values):
                _field(page, "" if row else label, value if page.view.verbose else shortened(value, _EVIDENCE))
        _remedy(page, finding.remedy, _rival(outcome.check.id, finding.remedy, replaced))


def _rival(id: str, remedy: Remedy, replaced: dict[Record, tuple[str, Remedy]]) -> str:
    """Return the check of an earlier finding that puts something else in the place of the same record, or "".

    Each remedy is proven alone. Who publishes two of them has two records where one may be.
    """
    earlier = (replaced.setdefault(record, (id, remedy)) for record in remedy.delete)
    return next((rival for rival, other in earlier if other.publish != remedy.publish), "")


def _field(page: Page, label: str, text: str) -> None:
    if text:
        page.field(label, text)


def why(explanation: str) -> str:
    """Return the first two sentences of an explanation."""
    paragraph = " ".join(explanation.partition("\n\n")[0].split())
    return " ".join(re.split(r"(?<=[.!?])\s+(?=[A-Z])", paragraph)[:2])


def _remedy(page: Page, remedy: Remedy, rival: str) -> None:
    text = remedy.text or _instruction(remedy)
    if rival:
        text = f"{rival}, above, replaces the same record. Do that first, then check again. {text}"
    if text:
        page.field("Fix", text)
    lines = [*(f"; delete: {_line(record, '')}" for record in remedy.delete), *(_line(record) for record in remedy.publish)]
    for copied in (lines, remedy.commands):
        if copied:
            page.blank()
            for line in copied:
                page.copy(line)
            page.blank()


def _instruction(remedy: Remedy) -> str:
    old, new, run = bool(remedy.delete), len(remedy.publish), bool(remedy.commands)
    these = "this record" if new == 1 else "these records"
    if new:
        return f"Replace the old data by {these}:" if old else f"Publish {these}:"
    return "Delete what is marked so:" if old else ("Run:" if run else "")


def _line(record: Record, ttl: str | None = None) -> str:
    """Return a record as a zone file has it, a text cut into strings of at most 255 octets (RFC 1035 3.3)."""
    value = record.value
    if record.type in ("TXT", "SPF"):
        text = Text.parse(value)
        if any(len(string) > 255 for string in text.strings) or not value.startswith('"'):
            value = str(Text.of(text.text))
    ttl = f"{record.ttl} " if ttl is None else ttl
    return f"{record.name} {ttl}IN {record.type} {value}"


def _blind(page: Page, report: Report) -> None:
    """Say what could not be looked at, one line a reason: twenty timeouts are one."""
    reasons: dict[str, list[str]] = {}
    for outcome in _with(report, Status.UNKNOWN):
        question, _, reason = outcome.reason.partition(": ")
        reasons.setdefault(reason or question or "no reason given", []).append(question if reason else "")
    for reason, questions in reasons.items():
        page.blank()
        page.heading("unknown", ("", f"{_many(len(questions), 'check')} could not look"))
        names = sorted({question for question in questions if question})
        shown = names if page.view.verbose else names[:3]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        page.text(": ".join(filter(None, (reason, ", ".join(shown) + more))))


def _crashes(page: Page, report: Report) -> None:
    for outcome in _with(report, Status.CRASH):
        page.blank()
        page.heading("crash", ("bold", outcome.check.id))
        page.text(f"an error in maildoctor, not in the domain: {outcome.reason}")


def _waived(page: Page, report: Report) -> None:
    for outcome in _with(report, Status.WAIVED):
        page.blank()
        page.heading("waived", ("bold", outcome.check.id))
        page.text("; ".join(finding.message for finding in outcome.findings))
        _field(page, "Reason", outcome.reason)


def _all(page: Page, report: Report) -> None:
    """List the checks that found nothing, with what they hold or why they did not judge."""
    page.blank()
    for status in (Status.PASS, Status.SKIPPED, Status.NOT_APPLICABLE):
        for outcome in _with(report, status):
            page.line(page.sign(str(status)), ("", f" {outcome.check.id}"))
            page.text(outcome.check.title if status is Status.PASS else f"{status}: {outcome.reason}", indent=4, style="dim")


def _questions(page: Page, questions: Iterable[str]) -> None:
    page.blank()
    for question in questions:
        page.text(question, style="dim")


def _with(report: Report, status: Status) -> Iterator[Outcome]:
    return (outcome for outcome in report.outcomes if outcome.status is status)


def _summary(page: Page, report: Report) -> None:
    page.blank()
    page.text(_counts(report) + ".", indent=0, style="bold")
    skipped: dict[str, int] = {}
    for outcome in _with(report, Status.SKIPPED):
        skipped[outcome.reason] = skipped.get(outcome.reason, 0) + 1
    for reason, count in sorted(skipped.items(), key=lambda item: (-item[1], item[0])):
        hint = page.view.hints.get(reason, "")
        page.text(f"{count} skipped: {reason}" + (f"; {hint}" if hint else ""), indent=0, style="dim")
    run = report.run
    to = f" to {run.resolver}" if run.resolver else ""
    to += f", {run.aws} to AWS ({run.ses} to SES)" if run.aws else ""
    last = f"{run.seconds:.1f} s, {_many(run.questions, 'question')}{to}.  Exit code {page.view.exit_code}."
    if report.interrupted:
        last = "Interrupted: this is what was known.  " + last
    first = next((outcome.check.id for outcome in _worst_first(report)), "")
    more = f"More: maildoctor explain {first}" if first else ""
    for line in [f"{last}  {more}"] if cells(f"{last}  {more}") <= page.view.width else [last, more]:
        page.text(line, indent=0, style="dim")


def _worst_first(report: Report) -> Iterator[Outcome]:
    for status in (Status.FAIL, Status.WARN, Status.NOTE):
        yield from _with(report, status)


def _counts(report: Report) -> str:
    failed, warned, noted, passed = map(report.count, (Status.FAIL, Status.WARN, Status.NOTE, Status.PASS))
    unknown, crashed, waived = map(report.count, (Status.UNKNOWN, Status.CRASH, Status.WAIVED))
    foreign = report.count(Status.NOT_APPLICABLE)
    parts = [f"{failed} failed", _many(warned, "warning"), _many(noted, "note"), f"{passed} passed"]
    rest = ((unknown, "unknown"), (crashed, "crashed"), (waived, "waived"))
    parts += [f"{count} {word}" for count, word in rest if count]
    if foreign:
        parts.append(f"{foreign} {'does' if foreign == 1 else 'do'} not apply")
    return ", ".join(parts)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
