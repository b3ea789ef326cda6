"""Set-ups that are unusual and healthy come out without a failure or a warning: a false alarm costs the trust of every true one."""

from __future__ import annotations

import pytest

from maildoctor.model import Status
from tests.story import Story, stories

HEALTHY = [story for story in stories() if story.name.startswith("healthy/")]


@pytest.mark.parametrize("story", HEALTHY, ids=lambda story: story.name)
def test_nothing_is_wrong(story: Story) -> None:
    for expected in story.reports:
        told = story.run(expected)
        alarms = [outcome.check.id for outcome in told.outcomes if outcome.status in (Status.FAIL, Status.WARN, Status.CRASH)]
        assert alarms == []
        assert told.verdict == "pass"
        assert all(path.dmarc == "pass" for path in told.paths)


def test_there_are_enough_of_them() -> None:
    assert len(HEALTHY) >= 15
    assert len(stories()) >= 80
