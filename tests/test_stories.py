"""Each story's reports come out word for word."""

from __future__ import annotations

import os

import pytest

from tests.story import Story, render, stories, update


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_the_story_comes_out_as_told(story: Story) -> None:
    assert story.reports, "a story needs a report"
    if os.environ.get("UPDATE_STORIES"):
        update(story)
        return
    for expected in story.reports:
        assert render(story.run(expected), expected) == expected.lines
