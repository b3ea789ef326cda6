"""Planned records over what the world says: what it would answer if they were published."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from maildoctor.ask import Dns, DnsAnswer, Failure, Question, Result, Source, Unasked
from maildoctor.model import Record
from maildoctor.sources import zonefile
from maildoctor.sources.overlay import Overlay
from maildoctor.sources.zonefile import ZoneFiles

ZONE = """
@         SOA   ns1 admin 7 7200 900 1209600 300
@         NS    ns1
@         TXT   "v=spf1 -all"
@         TXT   "other"
*         TXT   "made"
mail      A     192.0.2.25
www       CNAME mail
far       CNAME www
gone      CNAME nobody.mail
x.deep    A     192.0.2.1
"""
ELSEWHERE = """
@         SOA   ns1 admin 7 7200 900 1209600 300
*         CNAME mail
mail      A     192.0.2.26
mail      TXT   "aliased"
own       CNAME mail
"""


def record(text: str) -> Record:
    """Read "NAME TYPE VALUE", the name below shop.example unless it ends with a dot."""
    name, type_, value = text.split(" ", 2)
    whole = name if name.endswith(".") else "shop.example." if name == "@" else f"{name}.shop.example."
    return Record(whole, type_, value)


class Late:
    """Answers what a source answers, but one question at a time, and only when waited for."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.open: list[Question] = []

    def ask(self, question: Question) -> Result | None:
        self.open.append(question)
        return None

    def answers(self) -> Mapping[Question, Result]:
        if not self.open:
            return {}
        question = self.open.pop()
        result = self.source.ask(question)
        assert result is not None
        return {question: result}


def world() -> ZoneFiles:
    return ZoneFiles([zonefile.parse(ZONE, "shop.example."), zonefile.parse(ELSEWHERE, "alias.example.")])


def ask(question: str, publish: list[str], delete: list[str], below: Source) -> str:
    """Ask "NAME TYPE" of the planned world, waiting for it where it must be waited for."""
    overlay = Overlay(below, map(record, publish), map(record, delete))
    name, type_ = question.split()
    asked = Dns.of(name, type_)
    result = overlay.ask(asked)
    while result is None:
        result = overlay.answers().get(asked)
    if isinstance(result, Failure):
        return result.kind
    if isinstance(result, Unasked):
        return "unasked"
    assert isinstance(result, DnsAnswer)
    state = "nothing" if result.status == "noerror" else result.status
    return "".join(f"{target} -> " for target in result.chain) + (" | ".join(result.records) or state)


CASES = [
    # Records are added to a set, taken out of it, and replaced.
    ("shop.example TXT", ['@ TXT "new"'], [], '"new" | "other" | "v=spf1 -all"'),
    ("shop.example TXT", [], ['@ TXT "other"'], '"v=spf1 -all"'),
    ("shop.example TXT", ['@ TXT "v=spf1 ~all"'], ['@ TXT "v=spf1 -all"'], '"other" | "v=spf1 ~all"'),
    ("shop.example TXT", ['@ TXT "other"'], [], '"other" | "v=spf1 -all"'),
    ("mail.shop.example A", [], ["mail A 192.0.2.25"], "nothing"),
    ("shop.example TXT", [], ["mail A 192.0.2.25"], '"other" | "v=spf1 -all"'),
    # A name comes to exist, and those above it.
    ("new.mail.shop.example A", ["new.mail A 192.0.2.7"], [], "192.0.2.7"),
    ("new.mail.shop.example TXT", ["new.mail A 192.0.2.7"], [], "nothing"),
    ("a.b.mail.shop.example A", ["a.b.mail A 192.0.2.7"], [], "192.0.2.7"),
    ("b.mail.shop.example A", ["a.b.mail A 192.0.2.7"], [], "nothing"),
    ("c.b.mail.shop.example A", ["a.b.mail A 192.0.2.7"], [], "nxdomain"),
    # Aliases are added, taken away, replaced and followed, also where the change is at their end.
    ("new.mail.shop.example A", ["new.mail CNAME mail.shop.example."], [], "mail.shop.example. -> 192.0.2.25"),
    ("www.shop.example A", ["www A 192.0.2.9"], ["www CNAME mail.shop.example."], "192.0.2.9"),
    ("www.shop.example A", ["www MX 10 a.example."], ["www CNAME mail.shop.example."], "nothing"),
    ("www.shop.example A", [], ["www CNAME mail.shop.example."], "nxdomain"),
    ("www.shop.example CNAME", ["www CNAME a.test."], ["www CNAME mail.shop.example."], "a.test."),
    ("www.shop.example A", ["mail A 192.0.2.30"], ["mail A 192.0.2.25"], "mail.shop.example. -> 192.0.2.30"),
    ("far.shop.example A", ["mail A 192.0.2.30"], [], "www.shop.example. -> mail.shop.example. -> 192.0.2.25 | 192.0.2.30"),
    ("far.shop.example A", ["www A 192.0.2.9"], ["www CNAME mail.shop.example."], "www.shop.example. -> 192.0.2.9"),
    ("gone.shop.example A", ["nobody.mail A 192.0.2.8"], [], "nobody.mail.shop.example. -> 192.0.2.8"),
    # An alias beside the planned record still hides it.
    ("www.shop.example TXT", ['www TXT "hidden"'], [], "mail.shop.example. -> nothing"),
    # What a wildcard made gives way to a record of the name's own,
    ("x.shop.example TXT", ['x TXT "own"'], [], '"own"'),
    ("x.shop.example TXT", ["x A 192.0.2.3"], [], "nothing"),
    ("x.alias.example TXT", ['x.alias.example. TXT "own"'], [], '"own"'),
    ("x.alias.example A", ['x.alias.example. TXT "own"'], [], "nothing"),
    # and to a name that comes to exist in between.
    ("b.shop.example TXT", ["a.b A 192.0.2.3"], [], "nothing"),
    ("c.b.shop.example TXT", ["a.b A 192.0.2.3"], [], "nxdomain"),
    ("c.shop.example TXT", ["a.b A 192.0.2.3"], [], '"made"'),
    # A wildcard is published, deleted, replaced. Whether it holds records of other types, nobody said.
    ("x.mail.shop.example A", ["*.mail A 192.0.2.4"], [], "192.0.2.4"),
    ("x.y.mail.shop.example A", ["*.mail A 192.0.2.4"], [], "192.0.2.4"),
    ("mail.shop.example A", ["*.mail A 192.0.2.4"], [], "192.0.2.25"),
    ("x.shop.example TXT", [], ['* TXT "made"'], "nothing"),
    ("x.shop.example TXT", ['* TXT "remade"'], ['* TXT "made"'], '"remade"'),
    ("mail.shop.example TXT", ['* TXT "remade"'], ['* TXT "made"'], "nothing"),
    ("x.alias.example TXT", [], ["*.alias.example. CNAME mail.alias.example."], "nxdomain"),
    ("mail.alias.example TXT", [], ["*.alias.example. CNAME mail.alias.example."], '"aliased"'),
    # What no zone holds is what is planned there.
    ("new.test TXT", ['new.test. TXT "planned"'], [], '"planned"'),
    ("new.test MX", ['new.test. TXT "planned"'], [], "unasked"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "publish", "delete", "answer"), CASES)
def test_the_planned_world_answers(question: str, publish: list[str], delete: list[str], answer: str) -> None:
    assert ask(question, publish, delete, world()) == answer


@pytest.mark.parametrize(("question", "publish", "delete", "answer"), CASES)
def test_it_answers_the_same_when_answers_come_late(question: str, publish: list[str], delete: list[str], answer: str) -> None:
    assert ask(question, publish, delete, Late(world())) == answer


class Broken:
    """Answers each question in the same way."""

    def __init__(self, result: Result) -> None:
        self.result = result

    def ask(self, question: Question) -> Result:
        return self.result

    def answers(self) -> Mapping[Question, Result]:
        return {}


@pytest.mark.parametrize("result", [Failure("timeout"), DnsAnswer("bogus"), DnsAnswer("refused")])
def test_a_plan_makes_no_answer_out_of_a_failure(result: Result) -> None:
    overlay = Overlay(Broken(result), [record('@ TXT "new"')])
    assert overlay.ask(Dns("shop.example.", "TXT")) == result


def test_without_a_plan_nothing_changes() -> None:
    for name in ("shop.example.", "x.shop.example.", "far.shop.example.", "gone.shop.example.", "x.alias.example.", "other.test."):
        for type_ in ("A", "TXT", "CNAME"):
            question = Dns(name, type_)
            assert Overlay(world(), []).ask(question) == world().ask(question)


def test_a_question_below_is_asked_once() -> None:
    asked: list[Question] = []

    class Counting(ZoneFiles):
        def ask(self, question: Question) -> Result | None:
            asked.append(question)
            return super().ask(question)

    overlay = Overlay(Counting(world().zones.values()), [record('x TXT "own"')])
    for name in ("x.shop.example.", "y.shop.example.", "x.shop.example."):
        overlay.ask(Dns(name, "TXT"))
        overlay.ask(Dns(name, "A"))
    assert len(asked) == len(set(asked))


def test_a_source_that_falls_silent_is_no_endless_loop() -> None:
    class Silent:
        def ask(self, question: Question) -> Result | None:
            return None

        def answers(self) -> Mapping[Question, Result]:
            return {}

    overlay = Overlay(Silent(), [])
    overlay.ask(Dns("shop.example.", "A"))
    with pytest.raises(RuntimeError):
        overlay.answers()
