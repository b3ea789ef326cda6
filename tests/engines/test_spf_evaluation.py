"""The RFC 7208 test suite through our engine and our seam, and what pyspf must not do with our answers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from maildoctor import names
from maildoctor.ask import Ask, CouldNotLook, Dns, DnsAnswer, Failure, Question, Result, Source
from maildoctor.engines import spf_evaluation, spf_plain, spf_tree
from maildoctor.engines.spf_evaluation import Evaluation, evaluate
from maildoctor.learning import Learning
from maildoctor.rdata import Text
from maildoctor.registry import FACTS
from maildoctor.settings import Domain, Settings
from maildoctor.sources import bundle
from tests.story import Story, stories

SUITE = Path(__file__).parent.parent.parent.parent / "shared/suites/spf/rfc7208-tests.yml"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class SuiteZone:
    """A source made of the zone data of one scenario: lists of {type: data}, "TIMEOUT", aliases, records of type SPF."""

    def __init__(self, data: Mapping[str, list[Any]]) -> None:
        self.data = {names.absolute(name): rows for name, rows in data.items()}

    def ask(self, question: Question) -> Result | None:
        assert isinstance(question, Dns)
        return self._follow(question.name, question.type, ())

    def answers(self) -> Mapping[Question, Result]:
        return {}

    def _follow(self, name: str, type_: str, chain: tuple[str, ...]) -> Result:
        rows = self.data.get(name)
        if rows is None:
            return Failure("timeout") if name.startswith("error.") else DnsAnswer("nxdomain", chain=chain)
        if self._times_out(rows, type_):
            return Failure("timeout")
        alias = next((row["CNAME"] for row in rows if row != "TIMEOUT" and "CNAME" in row), "")
        if alias and type_ != "CNAME":
            target = names.absolute(alias)
            if target in chain:
                return DnsAnswer("noerror", chain=chain)
            return self._follow(target, type_, (*chain, target))
        return DnsAnswer("noerror", tuple(sorted(self._records(rows, type_))), chain)

    @staticmethod
    def _times_out(rows: list[Any], type_: str) -> bool:
        """A bare TIMEOUT is for every type that has no data of its own."""
        if any(row != "TIMEOUT" and row.get(type_) == "TIMEOUT" for row in rows):
            return True
        return "TIMEOUT" in rows and not list(SuiteZone._records(rows, type_))

    @staticmethod
    def _records(rows: list[Any], type_: str) -> Iterator[str]:
        # What the suite calls SPF is meant as TXT, unless the name has TXT records of its own ("NONE": none).
        own = any(row != "TIMEOUT" and "TXT" in row for row in rows)
        for row in rows:
            for kind, data in row.items() if row != "TIMEOUT" else ():
                if type_ == kind or (type_ == "TXT" and kind == "SPF" and not own):
                    yield from _presentation(type_, data)


def _presentation(type_: str, data: Any) -> Iterator[str]:
    if data in ("NONE", "TIMEOUT"):
        return
    if type_ in ("TXT", "SPF"):
        strings = [data] if isinstance(data, str) else data
        yield str(Text(tuple(string.encode("utf-8") for string in strings)))
    elif type_ == "MX":
        yield f"{data[0]} {names.absolute(data[1]) if data[1] else '.'}"
    elif type_ in ("PTR", "CNAME"):
        yield names.absolute(data)
    else:
        yield data.lower()


def scenarios() -> Iterator[Any]:
    """All tests of the suite, each with the zone data of its scenario."""
    if not SUITE.exists() and not os.environ.get("CI"):
        return
    for scenario in yaml.safe_load_all(SUITE.read_text("utf-8")):
        for name, test in scenario["tests"].items():
            yield pytest.param(scenario["zonedata"], test, id=name)


def learn(source: Source, test: Mapping[str, Any]) -> tuple[Evaluation, Learning]:
    """Evaluate one test through the seam, as a fact would."""
    learning = Learning(source, {"domain": Domain("suite.example."), "settings": Settings(), "now": NOW})
    try:
        return evaluate(learning.ask, test["host"], test["mailfrom"] or "", test["helo"]), learning
    except CouldNotLook as reason:
        return Evaluation("temperror", str(reason), "", 0), learning


def agrees(found: Evaluation, test: Mapping[str, Any]) -> bool:
    results = [test["result"]] if isinstance(test["result"], str) else test["result"]
    wanted = test.get("explanation")
    return found.result in results and (wanted in (None, "DEFAULT") or found.explanation == wanted)


@pytest.mark.parametrize(("zone", "test"), list(scenarios()))
def test_the_suite_of_rfc_7208(zone: Mapping[str, list[Any]], test: Mapping[str, Any], tmp_path: Path) -> None:
    found, learning = learn(SuiteZone(zone), test)
    assert agrees(found, test), found
    # … and again from its recording.
    path = tmp_path / "bundle.json"
    path.write_text(bundle.dump(bundle.Bundle(Domain("suite.example."), Settings(), NOW, learning.memo)))
    again, _ = learn(bundle.load(path), test)
    assert again == found


@pytest.mark.parametrize(("zone", "test"), list(scenarios()))
def test_what_is_decided_without_pyspf_agrees_with_the_suite(zone: Mapping[str, list[Any]], test: Mapping[str, Any]) -> None:
    learning = Learning(SuiteZone(zone), {"domain": Domain("suite.example."), "settings": Settings(), "now": NOW})
    domain = (test["mailfrom"] or test["helo"]).rpartition("@")[2]
    try:
        mechanism = spf_plain.passing(spf_tree.read(learning.ask, names.absolute(domain)), test["host"])
    except ValueError:
        return
    if mechanism:
        assert "pass" in test["result"], mechanism
        assert learn(SuiteZone(zone), test)[0].mechanism == mechanism


def published() -> Iterator[tuple[Story, str]]:
    """Every name of every story at which something like an SPF record is published."""
    for story in stories():
        for zone in story.zones:
            for name, node in zone.nodes.items():
                if any("v=spf1" in record.value.lower() for record in node.get("TXT", [])) and not name.startswith("*"):
                    yield story, name


def test_what_is_decided_without_pyspf_pyspf_decides_alike() -> None:
    decided = 0
    for story, name in published():
        learning = Learning(story.source(), {"domain": Domain(name), "settings": Settings(), "now": NOW})
        for address in ("54.240.8.1", "198.51.100.25", "203.0.113.9", "2001:db8::25"):
            mechanism = spf_plain.passing(spf_tree.read(learning.ask, name), address)
            if mechanism:
                decided += 1
                found = evaluate(learning.ask, address, f"postmaster@{names.bare(name)}", names.bare(name))
                assert (found.result, found.mechanism) == ("pass", mechanism), f"{story.name}: {name} for {address}"
    assert decided > 100, "nearly every MAIL FROM is plain"


def test_the_suite_is_whole() -> None:
    assert len(list(scenarios())) in ((203,) if SUITE.exists() or os.environ.get("CI") else (0,))


class Slow:
    """A source whose answers all come late, all that are open at once."""

    def __init__(self, below: Source) -> None:
        self.below = below
        self.open: list[Question] = []
        self.rounds = 0

    def ask(self, question: Question) -> Result | None:
        self.open.append(question)
        return None

    def answers(self) -> Mapping[Question, Result]:
        self.rounds += 1
        now, self.open = self.open, []
        return {question: result for question in now if (result := self.below.ask(question)) is not None}


WORLD: dict[str, list[Any]] = {
    "shop.example": [{"TXT": "v=spf1 mx a:out.shop.example include:one.example include:two.example -all exp=why.shop.example"}],
    "one.example": [{"TXT": "v=spf1 ip4:192.0.2.1 include:three.example -all"}],
    "two.example": [{"TXT": "v=spf1 ip4:192.0.2.2 -all"}],
    "three.example": [{"TXT": "v=spf1 ip4:192.0.2.3 -all"}],
    "why.shop.example": [{"TXT": "%{i} is not ours"}],
    "out.shop.example": [{"A": "192.0.2.4"}],
    "odd.example": [{"TXT": "v=spf1 REDIRECT=two.example"}],
    "mute.example": [{"TXT": "v=spf1 -all exp=why.mute.example"}],
    "why.mute.example": ["TIMEOUT"],
    "asks.example": [{"TXT": "v=spf1 -all exp=%{v}.why.asks.example"}],
    "in-addr.why.asks.example": [{"TXT": "not by IPv4"}],
}


def learn_late(source: Source, domain: str, address: str, runs: list[int]) -> Evaluation:
    """Evaluate as a fact that is run again whenever it has to wait; count the runs of pyspf."""
    learning = Learning(source, {"domain": Domain("suite.example."), "settings": Settings(), "now": NOW})
    check = spf_evaluation._Query.check

    def counted(self: Any) -> Any:
        runs.append(1)
        return check(self)

    def spf_of_the_sender(ask: Ask) -> Evaluation:
        return evaluate(ask, address, f"postmaster@{domain}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spf_evaluation._Query, "check", counted)
        patch.setitem(FACTS, "spf_of_the_sender", spf_of_the_sender)
        learning.learn(["spf_of_the_sender"])
    if "spf_of_the_sender" in learning.undecided:
        raise learning.undecided["spf_of_the_sender"]
    found: Evaluation = learning.values["spf_of_the_sender"]
    return found


def test_the_questions_go_out_side_by_side_and_pyspf_runs_once() -> None:
    late, runs = Slow(SuiteZone(WORLD)), list[int]()
    assert learn_late(late, "shop.example", "192.0.2.3", runs).result == "pass"
    assert late.rounds == 3, "as many as the deepest include"
    assert len(runs) == 1


def test_an_explanation_is_waited_for() -> None:
    assert learn_late(Slow(SuiteZone(WORLD)), "shop.example", "192.0.2.9", []).explanation == "192.0.2.9 is not ours"


def test_an_explanation_that_only_an_evaluation_can_name_is_waited_for_too() -> None:
    assert learn_late(Slow(SuiteZone(WORLD)), "asks.example", "192.0.2.9", []).explanation == "not by IPv4"


def test_an_explanation_that_cannot_be_read_changes_nothing() -> None:
    assert learn_late(Slow(SuiteZone(WORLD)), "mute.example", "192.0.2.9", []).result == "fail"


def test_a_modifier_may_be_written_in_capitals() -> None:
    assert learn_late(Slow(SuiteZone(WORLD)), "odd.example", "192.0.2.2", []).result == "pass"


@pytest.mark.parametrize("lost", ["shop.example", "one.example", "three.example", "out.shop.example"])
def test_a_lost_answer_is_never_a_verdict(lost: str) -> None:
    broken = SuiteZone({**WORLD, lost: ["TIMEOUT"]})
    with pytest.raises(CouldNotLook):
        learn_late(Slow(broken), "shop.example", "192.0.2.3", [])


def test_a_lost_answer_behind_the_match_does_not_matter() -> None:
    broken = SuiteZone({**WORLD, "two.example": ["TIMEOUT"]})
    assert learn_late(Slow(broken), "shop.example", "192.0.2.1", []).result == "pass"
