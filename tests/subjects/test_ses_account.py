"""The remedies of the account's checks are carried out on the account of their story, which then is audited again."""

from __future__ import annotations

import pytest

from maildoctor.audit import audit
from maildoctor.model import Status, Waiver
from maildoctor.settings import Settings
from tests.ses.account import Account
from tests.ses.told import Told
from tests.story import NOW, Expected, Story, stories

CASES = [(story, expected) for story in stories() if story.name.startswith("account/") for expected in story.reports]
WAITS = {"ses-sandbox"}
"""Checks that are cured by AWS alone, which the command only asks."""


@pytest.mark.parametrize(("story", "expected"), CASES, ids=lambda value: value.name if isinstance(value, Story) else "")
def test_what_a_remedy_runs_cures(story: Story, expected: Expected) -> None:
    told = story.source()
    assert isinstance(told, Told)
    for outcome in story.run(expected).outcomes:
        for finding in outcome.findings:
            if not finding.remedy.commands:
                continue
            account = Account(dict(told.said), told.below)
            for line in finding.remedy.commands:
                account.run(line)
            again = audit(expected.domain, account, expected.settings, expected.checks, NOW)
            after = next(other for other in again.outcomes if other.check is outcome.check)
            assert after.status is (outcome.status if outcome.check.id in WAITS else Status.PASS), outcome.check.id


def test_the_sandbox_of_a_test_account_can_be_waived() -> None:
    story = next(story for story in stories() if story.name == "account/sandbox.md")
    expected = story.reports[0]
    waiver = Waiver("ses-sandbox", "this account is for tests", "2027-03-31")
    told = audit(expected.domain, story.source(), Settings(regions=("eu-west-1",), waivers=(waiver,)), expected.checks, NOW)
    assert [outcome.status for outcome in told.outcomes if outcome.check.id == "ses-sandbox"] == [Status.WAIVED]
    assert told.verdict == "pass"


def test_the_report_opens_with_the_account() -> None:
    story = next(story for story in stories() if story.name == "account/sandbox-in-second-region.md")
    first, second = story.run(story.reports[0]).accounts
    assert (first.region, first.sandbox, first.sending_enabled, first.enforcement) == ("eu-west-1", False, True, "HEALTHY")
    assert (first.max_24h, first.sent_24h, first.max_per_second) == (50000.0, 1200.0, 14.0)
    assert (second.region, second.sandbox) == ("eu-central-1", True)


@pytest.mark.parametrize("name", ["denied", "without-credentials", "of-another-account"])
def test_an_account_that_is_not_told_is_no_part_of_the_report(name: str) -> None:
    story = next(story for story in stories() if story.name == f"account/{name}.md")
    assert story.run(story.reports[0]).accounts == ()
