"""The IAM policy names exactly what the chosen checks can ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from maildoctor import registry
from maildoctor.ask import Ask, Aws, Reply
from maildoctor.audit import HEAD, prepare, report
from maildoctor.model import Check, Severity
from maildoctor.operations import DESCRIBE_ACTIVE_RECEIPT_RULE_SET, GET_ACCOUNT, GET_CALLER_IDENTITY, GET_OBJECT_LOCK
from maildoctor.policy import actions, asked, policy
from maildoctor.registry import catalogue, choose, needs
from tests.story import NOW, stories

TOLD = [story for story in stories() if story.account]


def account(ask: Ask) -> Reply:
    return ask(GET_ACCOUNT("eu-west-1"))


def rules(ask: Ask, account: Reply) -> tuple[Reply, ...]:
    return tuple(ask(operation("eu-west-1")) for operation in (DESCRIBE_ACTIVE_RECEIPT_RULE_SET, GET_CALLER_IDENTITY))


def buckets(ask: Ask, rules: tuple[Reply, ...]) -> Reply:
    def inner() -> Reply:
        return ask(GET_OBJECT_LOCK(Bucket="inbox"))

    return inner()


def checked(*names: str) -> Check:
    return Check("x-rule", Severity.WARN, ("RFC",), lambda: (), names, "It holds.", "")


@pytest.fixture
def facts(monkeypatch: pytest.MonkeyPatch) -> None:
    table: dict[str, Callable[..., Any]] = {"account": account, "rules": rules, "buckets": buckets}
    monkeypatch.setattr(registry, "FACTS", table | {name: (lambda: None) for name in HEAD})


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        ("account", ("ses:GetAccount",)),
        ("rules", ("ses:DescribeActiveReceiptRuleSet", "ses:GetAccount")),
        ("buckets", ("s3:GetBucketObjectLockConfiguration", "ses:DescribeActiveReceiptRuleSet", "ses:GetAccount")),
    ],
)
@pytest.mark.usefixtures("facts")
def test_a_check_needs_what_its_facts_ask_and_what_these_rest_on(fact: str, expected: tuple[str, ...]) -> None:
    assert actions([checked(fact)]) == expected
    assert needs.__wrapped__(checked(fact)) == ("aws",)


@pytest.mark.usefixtures("facts")
def test_the_policy_permits_exactly_that() -> None:
    statement = {"Sid": "MaildoctorReads", "Effect": "Allow", "Action": ["ses:GetAccount"], "Resource": "*"}
    assert policy([checked("account")]) == {"Version": "2012-10-17", "Statement": [statement]}


def test_no_wildcard_and_no_write_is_ever_asked_for() -> None:
    verbs = ("Get", "List", "Describe", "BatchGet")
    assert all(action.partition(":")[2].startswith(verbs) and "*" not in action for action in actions(catalogue().values()))


def test_fewer_checks_need_no_more() -> None:
    assert asked(choose(["dkim"])) <= asked(catalogue().values())


@pytest.mark.parametrize("story", TOLD, ids=lambda story: story.name)
def test_a_story_asks_nothing_that_the_policy_does_not_permit(story: Any) -> None:
    for expected in story.reports:
        learning = prepare(expected.domain, story.source(), expected.settings, NOW)
        report(learning, expected.checks)
        permitted = {(operation.service, operation.name) for operation in asked(expected.checks)}
        questions = {(question.service, question.operation) for question in learning.asked if isinstance(question, Aws)}
        assert questions <= permitted
