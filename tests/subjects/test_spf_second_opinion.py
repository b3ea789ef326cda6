"""On plain records checkdmarc and we agree, so that it need not be asked: over all stories, and over the suite of RFC 7208."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from maildoctor.ask import Dns, Source, Undecided
from maildoctor.engines import second_opinion, spf_tree
from maildoctor.learning import Learning
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.spf import Site
from maildoctor.subjects.spf_lookups import permanent
from maildoctor.subjects.spf_second_opinion import is_plain
from tests.engines.test_spf_evaluation import NOW, SuiteZone, scenarios
from tests.story import stories


def worlds() -> Iterator[tuple[str, Source, set[str]]]:
    """Every source of our tests, with the names that may have an SPF record."""
    for story in stories():
        names = {record for zone in story.zones for record, types in zone.nodes.items() if "TXT" in types}
        yield story.name, story.source(), names
    for parameters in {id(each.values[0]): each for each in scenarios()}.values():
        zone = SuiteZone(parameters.values[0])
        yield f"RFC 7208: {parameters.id}", zone, set(zone.data)


def looked(source: Source, name: str) -> tuple[Learning, Site, spf_tree.Tree]:
    learning = Learning(source, {"domain": Domain(name), "settings": Settings(), "now": NOW})
    return learning, Site(name, "domain", learning.ask(Dns(name, "TXT"))), spf_tree.read(learning.ask, name)


def plain() -> list[tuple[str, Source, str]]:
    found = []
    for title, source, names in worlds():
        for name in sorted(names):
            try:
                _, site, tree = looked(source, name)
                if site.only and is_plain(site, tree):
                    found.append((title, source, name))
            except Undecided:
                continue
    return found


PLAIN = plain()


def test_there_are_many_plain_records() -> None:
    assert len(PLAIN) > 60


@pytest.mark.parametrize(("title", "source", "name"), PLAIN, ids=[f"{title}: {name}" for title, _, name in PLAIN])
def test_both_agree_on_plain_records(title: str, source: Source, name: str) -> None:
    learning, site, tree = looked(source, name)
    assert site.only
    opinion = second_opinion.spf(learning.ask, name, site.only.text)
    assert bool(opinion.fault) == bool(permanent(site, tree)), opinion
    assert opinion.lookups == tree.cost()
