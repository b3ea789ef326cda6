"""A remedy's records are shown only where they are proven to cure, and to do no harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from maildoctor import registry
from maildoctor.ask import Answer, Ask, Dns
from maildoctor.judge import judge
from maildoctor.learning import Learning
from maildoctor.model import Check, Finding, Record, Remedy, Severity, Status, publish
from maildoctor.proof import UNPROVEN, proven
from maildoctor.settings import Domain, Settings
from maildoctor.sources.zonefile import ZoneFiles, parse

ZONE = parse("@ SOA ns1.shop.example. admin.shop.example. 1 7200 900 1209600 300\n@ NS ns1.shop.example.\n", "shop.example.")
HERE = Record("a.shop.example.", "TXT", '"good"')


@pytest.fixture(autouse=True)
def _facts(monkeypatch: pytest.MonkeyPatch) -> None:
    def text(ask: Ask) -> Answer:
        return ask(Dns(HERE.name, "TXT"))

    for place in ("maildoctor.learning.FACTS", "maildoctor.registry.FACTS"):
        monkeypatch.setattr(place, {"text": text})


def checked(id: str, function: Callable[..., Any]) -> Check:
    return Check(id, Severity.FAIL, ("RFC",), function, registry.parameters(function), "It holds.", "")


def shown(remedy: Remedy, *others: Check) -> Remedy:
    """What is left of the remedy of a check that misses a record, with other checks beside it."""

    def missing(text: Answer) -> Iterator[Finding]:
        if not text.records:
            yield Finding("it is missing", where=HERE.name, remedy=remedy)

    now = datetime(2026, 11, 22, tzinfo=UTC)
    learning = Learning(ZoneFiles([ZONE]), {"domain": Domain("shop.example."), "settings": Settings(), "now": now})
    learning.learn(["text"])
    outcomes = proven(learning, tuple(judge(learning, check) for check in (checked("x-missing", missing), *others)))
    assert outcomes[0].status is Status.FAIL
    return outcomes[0].findings[0].remedy


def test_a_record_that_cures_is_shown() -> None:
    assert shown(publish(HERE)) == publish(HERE)


def test_a_record_that_does_not_cure_is_not_shown_but_commands_are() -> None:
    astray = Remedy(publish=(Record("b.shop.example.", "TXT", '"good"'),), commands=("aws sesv2 …",))
    assert shown(astray) == Remedy(UNPROVEN, commands=astray.commands)


def test_a_record_that_cures_one_check_and_breaks_another_is_not_shown() -> None:
    def empty(text: Answer) -> Iterator[Finding]:
        if text.records:
            yield Finding("it must be empty", where=HERE.name)

    assert shown(publish(HERE), checked("x-empty", empty)) == Remedy(UNPROVEN)


def test_a_note_is_no_price_for_the_cure_of_a_fault() -> None:
    def remark(text: Answer) -> Iterator[Finding]:
        if text.records:
            yield Finding("it is there", severity=Severity.NOTE)

    assert shown(publish(HERE), checked("x-remark", remark)) == publish(HERE)


def test_words_need_no_proof() -> None:
    assert shown(Remedy("Ask the other side.")) == Remedy("Ask the other side.")
