"""What is asked before the checks are loaded is what they ask anyway."""

from __future__ import annotations

import pytest

from maildoctor import head_start
from maildoctor.audit import prepare, report
from maildoctor.registry import choose
from tests.story import NOW, Story, stories


@pytest.mark.parametrize("story", stories()[::4], ids=lambda story: story.name)
def test_an_audit_asks_each_of_the_first_questions(story: Story) -> None:
    for expected in story.reports:
        learning = prepare(expected.domain, story.source(), expected.settings, NOW)
        report(learning, choose(), prove=False)
        first = set(head_start.questions(expected.domain, expected.settings))
        assert first
        assert [str(question) for question in first - learning.asked] == []
