"""Every story that tells of AWS, once more through boto3 and the protocols of AWS: the same report, and nothing that is secret.

The caller may do exactly what the policy for the chosen checks permits.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest

from maildoctor.ask import AwsAnswer, Question, Result, Source
from maildoctor.audit import prepare, report
from maildoctor.model import Report
from maildoctor.operations import CONFIGURED_REGION
from maildoctor.policy import policy
from maildoctor.sources import bundle
from maildoctor.sources.aws import AwsSource
from tests.ses.server import SECRETS, Mood, environment, serving
from tests.ses.told import Told
from tests.story import NOW, Expected, Story, stories

CASES = [(story, expected) for story in stories() if story.account for expected in story.reports]


@dataclass(frozen=True)
class Wired:
    """A source: AWS by boto3, the rest as the story tells it."""

    aws: AwsSource
    story: Source

    def ask(self, question: Question) -> Result | None:
        return self.aws.ask(question) if question.kind == "aws" else self.story.ask(question)

    def answers(self) -> Mapping[Question, Result]:
        return self.aws.answers()


def nameless(whole: Report) -> str:
    """A report without how long it took. Which of several accounts got which stand-in depends on who answered first."""
    return re.sub(r"0000000000\d\d", "ACCOUNT", repr(replace(whole, run=replace(whole.run, seconds=0.0))))


@pytest.mark.loopback
@pytest.mark.parametrize(("story", "expected"), CASES, ids=lambda value: value.name if isinstance(value, Story) else "")
def test_over_the_wire_a_story_comes_out_the_same(monkeypatch: pytest.MonkeyPatch, story: Story, expected: Expected) -> None:
    told = story.source()
    assert isinstance(told, Told)
    with serving(told, Mood(policy=policy(expected.checks))) as ses:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in environment(ses.url).items():
            monkeypatch.setenv(name, value)
        region = told.find(CONFIGURED_REGION())
        if isinstance(region, AwsAnswer) and region.data["Region"]:
            monkeypatch.setenv("AWS_DEFAULT_REGION", region.data["Region"])
        with AwsSource(timeout=30.0, pace=0.0) as aws:
            learning = prepare(expected.domain, Wired(aws, told), expected.settings, NOW)
            wired = report(learning, expected.checks)
    assert nameless(wired) == nameless(story.run(expected))
    assert ses.faults == []
    kept = bundle.dump(bundle.Bundle(expected.domain, expected.settings, NOW, learning.memo)) + repr(wired)
    assert [secret for secret in SECRETS if secret in kept] == []
