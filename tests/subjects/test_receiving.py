"""Receiving with SES: which mail a rule takes, and commands that cure what they are given for."""

from __future__ import annotations

import shlex

import pytest

from maildoctor.ask import Aws, AwsAnswer, Reply
from maildoctor.audit import audit
from maildoctor.model import Report
from maildoctor.operations import GET_CALLER_IDENTITY
from maildoctor.proof import uncovered, worse
from maildoctor.subjects.receiving import Rule
from maildoctor.subjects.receiving_commands import WHOSE, commands
from tests.ses.account import WHOSE as RUNS
from tests.ses.account import Account
from tests.ses.told import Said, Told
from tests.story import NOW, Expected, Story, stories

OWN, OTHER = "000000000001", "000000000002"


@pytest.mark.parametrize(
    ("recipients", "whole", "address"),
    [
        ((), True, True),
        (("shop.example",), True, True),
        (("SHOP.example",), True, True),
        ((".example",), True, True),
        ((".shop.example",), False, False),
        (("hop.example",), False, False),
        (("Ann@Shop.example",), False, True),
        (("bob@shop.example",), False, False),
        (("ann@mail.shop.example",), False, False),
        (("other.example", "ann@shop.example"), False, True),
    ],
)
def test_what_a_rule_takes(recipients: tuple[str, ...], whole: bool, address: bool) -> None:
    rule = Rule({"Recipients": recipients})
    assert rule.takes_all("shop.example.") is whole
    assert rule.takes("ann@shop.example") is address


def test_what_a_rule_does_not_say_is_off() -> None:
    rule = Rule({"Name": "new", "Actions": [{"ActionOfTomorrow": {"Colour": "green"}}]})
    assert (rule.enabled, rule.recipients, rule.actions) == (False, (), (("ActionOfTomorrow", {"Colour": "green"}),))


def caller() -> Reply:
    question = GET_CALLER_IDENTITY()
    return Reply(question, {question: AwsAnswer.of({"Account": OWN})})


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (("aws", "it's"), ("aws 'it'\"'\"'s'",)),
        (("aws", f"bucket-{OWN}"), (WHOSE, 'aws bucket-"$ACCOUNT"')),
        (("aws", f'{{"a": "{OWN}:b"}}'), (WHOSE, """aws '{"a": "'"$ACCOUNT"':b"}'""")),
        (("aws", OWN, OTHER), ()),
        (("aws", f'{{"a": "{OWN}", "AWS": "KEY"}}'), ()),
    ],
)
def test_commands_leave_account_ids_to_the_shell(words: tuple[str, ...], lines: tuple[str, ...]) -> None:
    assert commands(caller(), words) == lines
    for line in lines[1:]:
        assert shlex.split(line.replace('"$ACCOUNT"', OWN)) == list(words)


def test_the_account_of_the_tests_knows_the_variable() -> None:
    assert WHOSE == RUNS


CASES = [(story, expected) for story in stories() if story.name.startswith("receiving/") for expected in story.reports]


def changed(story: Story, lines: tuple[str, ...]) -> Told:
    told = story.source()
    assert isinstance(told, Told)
    said: dict[Aws, Said] = dict(told.said)
    account = Account(said, told.below)
    for line in lines:
        account.run(line)
    return account


def again(story: Story, expected: Expected, lines: tuple[str, ...]) -> Report:
    return audit(expected.domain, changed(story, lines), expected.settings, expected.checks, NOW)


@pytest.mark.parametrize(("story", "expected"), CASES, ids=lambda value: value.name if isinstance(value, Story) else "")
def test_commands_cure(story: Story, expected: Expected) -> None:
    before = story.run(expected)
    for outcome in before.outcomes:
        for finding in [finding for finding in outcome.findings if finding.remedy.commands]:
            after = {other.check.id: other for other in again(story, expected, finding.remedy.commands).outcomes}
            assert finding.message not in [other.message for other in after[outcome.check.id].findings]
            old = {other.check.id: other for other in before.outcomes}
            spoke = [id for id in old if not uncovered(old[id], old, after)]
            assert [id for id in spoke if worse(old[id], after[id], outcome.check, finding)] == []
