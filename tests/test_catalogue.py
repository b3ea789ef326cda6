"""The catalogue is whole: facts fit together, and each check is explained, cited, failed by one story and passed by another."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any, get_type_hints

import pytest

from maildoctor.model import Status
from maildoctor.registry import FACTS, GIVEN, UnknownCheck, catalogue, choose, closure, needs, parameters
from tests.story import stories

catalogue()
WORSE = (Status.FAIL, Status.WARN, Status.NOTE)


@cache
def outcomes() -> dict[str, set[Status]]:
    """Every status that each check comes to in any story."""
    seen = defaultdict(set)
    for story in stories():
        for expected in story.reports:
            for outcome in story.run(expected).outcomes:
                seen[outcome.check.id].add(outcome.status)
    return seen


@pytest.mark.parametrize("id", catalogue())
def test_a_check_is_failed_by_one_story_and_passed_by_another(id: str) -> None:
    assert any(status in WORSE for status in outcomes()[id]), "no story in which it finds something"
    assert Status.PASS in outcomes()[id], "no story in which it passes"


@pytest.mark.parametrize("check", catalogue().values(), ids=catalogue())
def test_a_check_is_titled_explained_and_cited(check: Any) -> None:
    assert check.title.endswith(".")
    assert len(check.title) <= 120
    assert len(check.explanation) > 60, "why does it matter?"
    assert check.references
    assert check.id.startswith(check.subject + "-")
    assert check.function.__module__.rpartition(".")[2].startswith(check.subject.replace("-", "_")), (
        "it lives in another subject's file"
    )
    assert needs(check)


@pytest.mark.parametrize(
    "function", [*FACTS.values(), *(check.function for check in catalogue().values())], ids=lambda f: f.__name__
)
def test_parameters_are_known_facts_of_the_same_type(function: Any) -> None:
    for name in parameters(function):
        if name in GIVEN:
            continue
        assert name in FACTS, f"{name} is no fact"
        wanted = str(function.__annotations__[name]).removesuffix(" | Undecided")
        assert get_type_hints(FACTS[name])["return"] == eval(wanted, function.__globals__)  # noqa: S307 - our own annotations


def test_checks_do_not_ask() -> None:
    assert [check.id for check in catalogue().values() if "ask" in check.parameters] == []


def test_facts_need_each_other_in_no_circle() -> None:
    for name in FACTS:
        for need in set(parameters(FACTS[name])) - set(GIVEN):
            assert name not in closure([need]), f"{name} needs {need}, which needs {name}"


@pytest.mark.parametrize(
    ("select", "ignore", "first"),
    [((), (), "d"), (("dkim",), (), "dkim-"), (("mail-from",), (), "mail-from-"), (("dkim",), ("dkim-token",), "dkim-")],
)
def test_checks_are_chosen_by_id_or_first_words(select: tuple[str, ...], ignore: tuple[str, ...], first: str) -> None:
    chosen = choose(select, ignore)
    assert chosen
    assert all(check.id.startswith(first) for check in chosen if select)
    assert not any(check.id.startswith(word) for check in chosen for word in ignore)


def test_an_unknown_check_is_answered_with_a_suggestion() -> None:
    with pytest.raises(UnknownCheck, match="did you mean dkim-token-missing"):
        choose(["dkim-token-mising"])
