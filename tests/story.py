"""Stories: Markdown files that a mail admin can read and a test can run.

A story has a title, a paragraph, blocks with what the world says, and the reports that must come out, word for word:

    ```zone example.com          a zone file with this origin
    ```dns                       what else the DNS says: single questions, asked of a resolver or of one server
    ```aws sesv2 GetAccount      what AWS says, as JSON or as an error: see tests/ses/told.py
    ```report example.com --dkim-token T --select dkim     (-v shows every outcome)

A line of a dns block is `QUESTION -> ANSWER`; it says what the zones would not:

    big.example TXT -> timeout                       nobody answers (also: servfail, refused, unreachable, malformed)
    big.example MX -> bogus                          DNSSEC validation fails
    big.example DS -> nothing                        the name exists, without such records (also: nxdomain)
    big.example SOA @192.0.2.53 -> ns1.big.example. admin.big.example. 7 7200 900 1209600 300
    big.example MX @192.0.2.53 -> 10 a.big.example. | 20 b.big.example.
    big.example TXT @192.0.2.53 +udp -> truncated    512 octets were not enough
    big.example TXT @192.0.2.53 +tcp -> closed       TCP is refused (of a server that does not hold the name: lame)

The zones in `fixtures/world` (Amazon's own names, mailbox providers) are there in every story, unless it brings its own.
`UPDATE_STORIES=1 pytest tests/test_stories.py` writes the reports as they come out; read the diff.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from maildoctor import names
from maildoctor.ask import Aws, Dns, DnsAnswer, Failure, Question, Result, Source
from maildoctor.audit import audit
from maildoctor.model import Check, Finding, Outcome, Remedy, Report, Status
from maildoctor.model import Path as SendingPath
from maildoctor.registry import choose
from maildoctor.settings import Domain, Settings
from maildoctor.sources import zonefile
from maildoctor.sources.zonefile import Zone, ZoneFiles
from tests.ses import told
from tests.ses.told import Told

FIXTURES = Path(__file__).parent.parent / "fixtures"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_BLOCK = re.compile(r"^```(?P<kind>zone|dns|aws|report)(?: +(?P<line>.*))?\n(?P<text>(?:(?!```).*\n)*)```$", re.MULTILINE)


@dataclass(frozen=True)
class Expected:
    """One report that must come out of a story: what is asked, and the lines."""

    domain: Domain
    settings: Settings
    checks: tuple[Check, ...]
    verbose: bool
    whole: bool
    lines: str


@dataclass(frozen=True)
class Story:
    """One story: the zones of its world, and its reports."""

    path: Path
    zones: tuple[Zone, ...]
    said: Mapping[Question, Result]
    reports: tuple[Expected, ...]
    account: Mapping[Aws, told.Said] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its place below `fixtures`."""
        return str(self.path.relative_to(FIXTURES))

    def source(self) -> Source:
        """A source that answers as its world does."""
        own = {zone.origin for zone in self.zones}
        zones = ZoneFiles((*self.zones, *(zone for zone in world() if zone.origin not in own)))
        return Told(self.account, Said(self.said, zones))

    def run(self, expected: Expected) -> Report:
        """Audit as one of its reports asks."""
        return audit(expected.domain, self.source(), expected.settings, expected.checks, NOW)


@dataclass(frozen=True)
class Said:
    """A source: what a story's dns blocks say, and what `zones` answer to all else."""

    said: Mapping[Question, Result]
    zones: ZoneFiles

    def ask(self, question: Question) -> Result | None:
        """Answer at once."""
        return self.said.get(question) or self.zones.ask(question)

    def answers(self) -> Mapping[Question, Result]:
        """Nothing is ever under way."""
        return {}


_SAID = re.compile(r"(?P<name>\S+) (?P<type>[A-Z]+)(?: @(?P<server>\S+))?(?: \+(?P<over>udp|tcp))? -> (?P<answer>.+)")
_STATES: dict[str, Result] = {
    "nothing": DnsAnswer(),
    "nxdomain": DnsAnswer("nxdomain"),
    "bogus": DnsAnswer("bogus"),
    "lame": DnsAnswer("refused"),
    "closed": DnsAnswer("closed"),
    "truncated": DnsAnswer(truncated=True),
    **{kind: Failure(kind) for kind in ("timeout", "servfail", "refused", "unreachable", "malformed")},
}


def said(text: str) -> dict[Question, Result]:
    """Read the lines of a dns block."""
    answers: dict[Question, Result] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _SAID.fullmatch(line)
        assert match, f"not a line of a dns block: {line}"
        question = Dns(names.absolute(match["name"]), match["type"], match["server"] or "", match["over"] or "")
        records = tuple(sorted(record.strip() for record in match["answer"].split("|")))
        answers[question] = _STATES.get(match["answer"]) or DnsAnswer(records=records, ttl=300)
    return answers


@cache
def world() -> tuple[Zone, ...]:
    """The zones that every story has: one file a zone, named after its origin."""
    return tuple(zonefile.read(path, names.absolute(path.stem)) for path in sorted((FIXTURES / "world").glob("*.zone")))


@cache
def stories() -> tuple[Story, ...]:
    """All stories below `fixtures`."""
    return tuple(read(path) for path in sorted(FIXTURES.rglob("*.md")))


def read(path: Path) -> Story:
    """Read one story."""
    zones, reports, answers, account = [], [], dict[Question, Result](), dict[Aws, told.Said]()
    for match in _BLOCK.finditer(path.read_text("utf-8")):
        assert match["line"] or match["kind"] == "dns", f"{path}: a {match['kind']} block says behind its kind what it is about"
        if match["kind"] == "zone":
            zones.append(zonefile.parse(match["text"], names.absolute(match["line"].strip()), path.name))
        elif match["kind"] == "dns":
            answers |= said(match["text"])
        elif match["kind"] == "aws":
            account |= [told.block(match["line"], match["text"])]
        else:
            reports.append(asked(match["line"], match["text"]))
    return Story(path, tuple(zones), answers, tuple(reports), account)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("domain")
    parser.add_argument("-v", dest="verbose", action="store_true")
    for option in ("--select", "--ignore", "--role", "--region", "--dkim-token", "--sender-ip"):
        parser.add_argument(option, action="append", default=[])
    parser.add_argument("--mail-from", default="")
    parser.add_argument("--from", dest="author", default="")
    return parser


def asked(line: str, text: str = "") -> Expected:
    """Read the arguments of an audit."""
    options = _parser().parse_args(shlex.split(line))
    settings = Settings(
        roles=tuple(options.role),
        regions=tuple(options.region),
        dkim_tokens=tuple(options.dkim_token),
        mail_from=names.absolute(options.mail_from) if options.mail_from else "",
        author=options.author,
        sender_ips=tuple(options.sender_ip),
    )
    select = [word for value in options.select for word in value.split(",")]
    ignore = [word for value in options.ignore for word in value.split(",")]
    checks = choose(select, ignore)
    return Expected(Domain(names.absolute(options.domain)), settings, checks, options.verbose, not select, text)


def update(story: Story) -> None:
    """Write the reports of a story as they come out now."""
    reports = iter(story.reports)

    def fresh(match: re.Match[str]) -> str:
        if match["kind"] != "report":
            return match[0]
        expected = next(reports)
        return f"```report {match['line']}\n{render(story.run(expected), expected)}```"

    story.path.write_text(_BLOCK.sub(fresh, story.path.read_text("utf-8")), "utf-8")


def render(report: Report, expected: Expected) -> str:
    """Return a report as stories write it: the sending paths (if all checks were asked), then what was found."""
    lines = list(_paths(report)) if expected.whole else []
    for outcome in report.outcomes:
        lines += _outcome(outcome, expected.verbose)
    return "".join(f"{line}\n" for line in lines or ["clean"])


def _paths(report: Report) -> Iterator[str]:
    for path in report.paths:
        yield _path(path)


def _path(path: SendingPath) -> str:
    spf = f"spf {path.spf}{' aligned' if path.spf_aligned else ''}"
    dkim = f"dkim {path.dkim}{' aligned' if path.dkim_aligned else ''}"
    return f"path {path.sender} mail-from {path.mail_from}: {spf}, {dkim}, dmarc {path.dmarc}, {path.disposition}"


def _outcome(outcome: Outcome, verbose: bool) -> Iterator[str]:
    for finding in outcome.findings:
        yield from _finding(outcome, finding)
    quiet = (Status.PASS, Status.SKIPPED, Status.NOT_APPLICABLE)
    if not outcome.findings and (verbose or outcome.status not in quiet):
        yield f"{outcome.status} {outcome.check.id}" + (f": {outcome.reason}" if outcome.reason else "")


def _finding(outcome: Outcome, finding: Finding) -> Iterator[str]:
    yield f"{finding.severity or outcome.check.severity} {outcome.check.id}: {finding.message}"
    yield from _remedy(finding.remedy)


def _remedy(remedy: Remedy) -> Iterator[str]:
    for record in remedy.delete:
        yield f"  delete {record.name} {record.type} {record.value}"
    for record in remedy.publish:
        yield f"  publish {record.name} {record.type} {record.value}"
    for command in remedy.commands:
        yield f"  run {command}"
    if not (remedy.records or remedy.commands) and remedy.text:
        yield f"  {remedy.text}"
