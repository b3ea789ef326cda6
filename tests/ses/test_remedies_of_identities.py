"""The commands that remedies propose, carried out: AWS takes them, and what they are for is done."""

from __future__ import annotations

import pytest

from maildoctor.ask import Dns
from maildoctor.audit import audit
from maildoctor.model import Finding, Outcome, Remedy, Status
from maildoctor.sources.overlay import Overlay
from tests.ses.account import Account
from tests.ses.told import Told
from tests.story import NOW, Expected, Story, stories

READ = "aws sesv2 get-email-identity"
FIRST_STEPS = ("ses/token-in-lower-case.md", "ses/token-replaced.md")
"""Stories in which the command makes SES tell tokens, which are then to be published: the next audit says so."""


def commanded() -> list[tuple[Story, Expected, Outcome, Finding]]:
    """Every finding about an identity that comes with commands which change something."""
    return [
        (story, expected, outcome, finding)
        for story in stories()
        if story.path.parent.name == "ses" and story.name not in FIRST_STEPS
        for expected in story.reports
        for outcome in story.run(expected).outcomes
        for finding in outcome.findings
        if any(not line.startswith(READ) for line in finding.remedy.commands)
    ]


CASES = commanded()


def changed(story: Story, remedy: Remedy) -> Account:
    """The world of a story in which a remedy was carried out, and SES has looked again."""
    told = story.source()
    assert isinstance(told, Told)
    account = Account(said=dict(told.said), below=Overlay(told.below, remedy.publish, remedy.delete))
    for line in remedy.commands:
        if not line.startswith(READ):
            account.run(line)

    def look(name: str, type: str) -> tuple[str, ...]:
        result = account.below.ask(Dns(name, type))
        return getattr(result, "records", ())

    account.look(look)
    return account


@pytest.mark.parametrize(
    ("story", "expected", "outcome", "finding"), CASES, ids=[f"{story.name}-{outcome.check.id}" for story, _, outcome, _ in CASES]
)
def test_commands_cure(story: Story, expected: Expected, outcome: Outcome, finding: Finding) -> None:
    account = changed(story, finding.remedy)
    after = {other.check.id: other for other in audit(expected.domain, account, expected.settings, expected.checks, NOW).outcomes}
    now = after[outcome.check.id]
    assert now.status is not Status.CRASH
    assert finding.message not in [other.message for other in now.findings]
