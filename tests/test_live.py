"""What the live DNS client says, compared with zone files that hold the same data, and in all weathers.

A zone file cannot tell what each name server says, and what it says is never signed. So the comparison asks live what a zone file
can answer too: no question that names a server or a transport is asked, and no answer is authentic. Then the whole reports must be
equal, up to the time they took: roles, regions, paths, outcomes, findings, remedies, reasons, and the number of questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from maildoctor import names
from maildoctor.ask import Dns, DnsAnswer, Failure, Question, Result, Source, Unasked
from maildoctor.audit import audit, prepare, report
from maildoctor.learning import Learning
from maildoctor.model import Report, Status
from maildoctor.sources import bundle, resolvers
from maildoctor.sources.dns import DnsSource
from tests.lab.lab import Lab
from tests.lab.relay import Question as SeenQuestion
from tests.lab.relay import Weather
from tests.lab.zones import LAME, zones
from tests.story import NOW, Expected
from tests.story import asked as read

pytestmark = pytest.mark.loopback

AUDITS = [line for zone in zones().values() for line in zone.audits]
UNLIKE_A_FILE = {
    "tower.example.": "no resolver that validates shows its data",
    "clock.example.": "no resolver that validates shows its data",
    "vault.example.": "no zone file holds its DS, which is in the zone above",
    "carousel.example.": "where aliases go round, a resolver answers SERVFAIL and a zone file shows them",
    LAME: "its server does not serve it",
}
every_audit = pytest.mark.parametrize("line", AUDITS, ids=lambda line: line.split()[0])


class LikeAFile:
    """Asks live, but only what a zone file could be asked, and hears it as a zone file would say it."""

    def __init__(self, below: Source) -> None:
        self.below = below

    def ask(self, question: Question) -> Result | None:
        if isinstance(question, Dns) and (question.server or question.over):
            return Unasked("a zone file cannot tell what each name server says")
        result = self.below.ask(question)
        return unsigned(result) if result else None

    def answers(self) -> Mapping[Question, Result]:
        return {question: unsigned(result) for question, result in self.below.answers().items()}


def unsigned(result: Result) -> Result:
    return replace(result, authentic=False) if isinstance(result, DnsAnswer) else result


@contextmanager
def live(lab: Lab, **options: Any) -> Iterator[DnsSource]:
    with DnsSource([resolvers.parse(lab.resolver)], port=lab.port, **options) as source:
        yield source


def run(source: Source, asked: Expected) -> tuple[Learning, Report]:
    learning = prepare(asked.domain, source, asked.settings, NOW)
    return learning, timeless(report(learning, asked.checks))


def timeless(told: Report) -> Report:
    return replace(told, run=replace(told.run, seconds=0.0))


class Audited(NamedTuple):
    """One audit of live DNS in calm weather: what was asked for, learnt and told, and what the servers were asked."""

    asked: Expected
    learning: Learning
    told: Report
    seen: tuple[SeenQuestion, ...]


@pytest.fixture(scope="session")
def audited(_running_lab: Lab) -> Callable[[str], Audited]:
    """Audit a domain of the lab, once for all tests."""

    @cache
    def audited(line: str) -> Audited:
        _running_lab.calm()
        asked = read(line)
        with live(_running_lab, pause=5.0, patience=10.0) as source:  # a busy machine is no reason to ask again
            learning, told = run(source, asked)
        return Audited(asked, learning, told, tuple(_running_lab.relay.seen))

    return audited


def audit_of(domain: str) -> str:
    return next(line for line in AUDITS if line.startswith(domain))


@every_audit
def test_live_dns_and_zone_files_give_the_same_report(lab: Lab, line: str) -> None:
    asked = read(line)
    if asked.domain.name in UNLIKE_A_FILE:
        return
    with live(lab) as source:
        _, told = run(LikeAFile(source), asked)
    _, offline = run(lab.zone_files(), asked)
    assert told == offline


def test_live_dns_and_zone_files_give_the_same_answers(lab: Lab) -> None:
    files = lab.zone_files()
    with live(lab) as source:
        answers = hear(source, questions(files))
    unlike = {
        str(question): (answer, files.ask(question))
        for question, answer in answers.items()
        if comparable(answer) != comparable(files.ask(question))
    }
    assert unlike == {}


def questions(files: Any) -> Iterator[Dns]:
    """Every name of every zone, and one below and one beside it, with the types that matter."""
    for zone in files.zones.values():
        if zone.origin in UNLIKE_A_FILE or zone.origin in (".", "example.") or names.depth(zone.origin) == 1:
            continue
        found = {name for node in zone.nodes for name in (node, names.child("nothing-here", node))}
        for name, type_ in product(sorted(found), ("A", "AAAA", "CNAME", "MX", "TXT", "NS", "SOA")):
            if not zone.cut(name):
                yield Dns(name, type_)


def hear(source: Source, asked: Iterator[Dns]) -> Mapping[Question, Result]:
    """Ask in batches, as many at a time as a large audit does."""
    heard: dict[Question, Result] = {}
    while batch := set(islice(asked, 50)):
        missing = set[Question]()
        for question in batch:
            result = source.ask(question)
            if result is None:
                missing.add(question)
            else:
                heard[question] = result
        while missing:
            answers = source.answers()
            heard.update(answers)
            missing -= answers.keys()
    return heard


def comparable(result: Result | None) -> Any:
    """An answer without what only a server knows: how long it has been in a cache, and whether it is signed."""
    return replace(result, ttl=0, authentic=False) if isinstance(result, DnsAnswer) else result


@every_audit
def test_a_recorded_audit_gives_an_equal_report(audited: Callable[[str], Audited], line: str, tmp_path: Path) -> None:
    asked, learning, told, _ = audited(line)
    path = tmp_path / "bundle.json"
    path.write_text(bundle.dump(bundle.Bundle(asked.domain, asked.settings, NOW, learning.memo)))
    recorded = bundle.load(path)
    assert timeless(audit(recorded.domain, recorded, recorded.settings, asked.checks, recorded.now)) == told


@every_audit
def test_nothing_is_asked_twice(audited: Callable[[str], Audited], line: str) -> None:
    assert [asked for asked, count in Counter(audited(line).seen).items() if count > 1] == []


@every_audit
def test_nothing_crashes(audited: Callable[[str], Audited], line: str) -> None:
    assert [outcome.reason for outcome in audited(line).told.outcomes if outcome.status is Status.CRASH] == []


@pytest.mark.parametrize("domain", ["bakery.example", "conference.example", "school.example", "vault.example"])
def test_a_healthy_domain_costs_few_questions(audited: Callable[[str], Audited], domain: str) -> None:
    _, _, told, seen = audited(audit_of(domain))
    assert told.verdict == "pass"
    assert len(seen) <= 45


@pytest.mark.parametrize(
    "weather",
    [
        Weather(lie="id"),
        Weather(lie="question"),
        Weather(lie="port"),
        Weather(truncate=True),
        Weather(loss=0.2),
        Weather(lose=(0, 1, 2, 5)),
    ],
    ids=str,
)
@pytest.mark.parametrize("domain", ["bakery.example", "garden.example"])
def test_the_weather_changes_no_report(lab: Lab, audited: Callable[[str], Audited], domain: str, weather: Weather) -> None:
    asked, _, calm, _ = audited(audit_of(domain))
    lab.relay.weather = weather
    with live(lab, pause=0.03) as source:
        _, told = run(source, asked)
    assert told == calm


def test_truncated_answers_are_fetched_over_tcp(lab: Lab) -> None:
    lab.relay.weather = Weather(truncate=True)
    with live(lab) as source:
        answers = hear(source, iter([Dns("bakery.example.", "MX")]))
    assert [result.records for result in answers.values() if isinstance(result, DnsAnswer)] == [
        ("10 inbound-smtp.us-east-1.amazonaws.com.",)
    ]
    assert [asked.over for asked in lab.relay.seen] == ["udp", "tcp"]


@pytest.mark.parametrize("name", ["tower.example.", "clock.example."])
def test_what_does_not_validate_is_bogus(lab: Lab, name: str) -> None:
    with live(lab) as source:
        answers = hear(source, iter([Dns(name, "MX"), Dns(f"_dmarc.{name}", "TXT")]))
    assert [result.status for result in answers.values() if isinstance(result, DnsAnswer)] == ["bogus", "bogus"]


def test_what_validates_is_authentic(lab: Lab) -> None:
    signed, unsigned = Dns("vault.example.", "MX"), Dns("bakery.example.", "MX")
    with live(lab) as source:
        answers = hear(source, iter([signed, unsigned]))
    assert [answers[question].authentic for question in (signed, unsigned)] == [True, False]  # type: ignore[union-attr]


def test_a_server_that_does_not_serve_a_name_refuses(lab: Lab) -> None:
    lame, stale = Dns(LAME, "SOA", server="127.53.0.3"), Dns("ferry.example.", "SOA", server="127.53.0.3")
    with live(lab) as source:
        answers = hear(source, iter([lame, stale, Dns(LAME, "MX")]))
    assert answers[lame] == DnsAnswer("refused")
    assert "2025010101" in answers[stale].records[0]  # type: ignore[union-attr]
    failure = answers[Dns(LAME, "MX")]
    assert isinstance(failure, Failure)
    assert failure.kind == "servfail"


FAULTS: Mapping[str, Callable[[tuple[str, ...]], Weather]] = {
    "servfail": lambda lost: Weather(rcode="SERVFAIL", names=lost),
    "refused": lambda lost: Weather(rcode="REFUSED", names=lost),
    "timeout": lambda lost: Weather(loss=1.0, names=lost),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("domain", ["bakery.example", "garden.example", "brand.example"])
def test_faults_of_the_network_only_blind(lab: Lab, audited: Callable[[str], Audited], domain: str, fault: str) -> None:
    asked, learning, calm, _ = audited(audit_of(domain))
    names_asked = sorted({question.name for question in learning.memo if isinstance(question, Dns)})
    for lost in ((), tuple(names_asked[::3]), tuple(names_asked[1::2])):
        lab.relay.weather = FAULTS[fault](lost)
        with live(lab, pause=0.01, patience=0.05) as source:
            _, told = run(source, asked)
        for before, after in zip(calm.outcomes, told.outcomes, strict=True):
            assert after.status in (before.status, Status.UNKNOWN), f"{after.check.id}: {before.status} became {after.status}"
        if not lost:
            assert told.verdict == "incomplete"
