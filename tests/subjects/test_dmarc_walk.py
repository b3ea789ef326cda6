"""The tree walk, name by name, and what the public suffix list says instead."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from maildoctor.ask import Answer, CouldNotLook, DnsAnswer, Failure, Result, Unasked
from maildoctor.settings import Domain
from maildoctor.subjects.dmarc import DmarcPolicy, dmarc_policy
from maildoctor.subjects.dmarc_walk import aligned, organizational_by_list, organizational_domain, targets, walk
from tests.records.test_dmarc import VECTORS
from tests.story import FIXTURES


class World:
    """A world in which only these names have records at `_dmarc`; a `Result` stands for itself. Other names do not exist."""

    def __init__(self, records: dict[str, str | Result], exists: tuple[str, ...] = ()) -> None:
        self.results = {
            f"_dmarc.{domain}.": DnsAnswer(records=(f'"v=DMARC1; {text}"',)) if isinstance(text, str) else text
            for domain, text in records.items()
        } | {f"{name}.": DnsAnswer() for name in exists}
        self.asked: list[str] = []

    def __call__(self, question: Any) -> Any:
        self.asked.append(question.name)
        return Answer(question, {question: self.results.get(question.name, DnsAnswer("nxdomain"))})

    def policy(self, domain: str) -> DmarcPolicy:
        return dmarc_policy(self, f"{domain}.", walk(self, f"{domain}."))


@pytest.mark.parametrize(
    ("name", "visited"),
    [
        ("shop.example.", ["shop.example.", "example."]),
        ("a.b.shop.example.", ["a.b.shop.example.", "b.shop.example.", "shop.example.", "example."]),
        ("1.2.3.4.5.6.shop.example.", ["1.2.3.4.5.6.shop.example.", "2.3.4.5.6.shop.example."]),
        ("1.2.3.4.5.6.7.shop.example.", ["1.2.3.4.5.6.7.shop.example.", "3.4.5.6.7.shop.example."]),
        # The example of RFC 9989 4.10.
        ("a.b.c.d.e.f.g.h.i.j.mail.example.com.", ["a.b.c.d.e.f.g.h.i.j.mail.example.com.", "g.h.i.j.mail.example.com."]),
    ],
)
def test_the_names_that_are_visited(name: str, visited: list[str]) -> None:
    found = targets(name)
    assert list(found[: len(visited)]) == visited
    assert len(found) <= 8
    assert found[-1].count(".") == 1


def test_all_names_are_asked_side_by_side() -> None:
    world = World({})
    walk(world, "a.shop.example.")
    assert world.asked == ["_dmarc.a.shop.example.", "_dmarc.shop.example.", "_dmarc.example."]


@pytest.mark.parametrize(
    ("records", "name", "organization"),
    [
        # The examples of RFC 9989 4.10.2.
        ({"mail.example.com": "p=none", "example.com": "p=none"}, "a.mail.example.com", "example.com"),
        ({"mail.example.com": "p=none; psd=n", "example.com": "p=none"}, "a.mail.example.com", "mail.example.com"),
        ({"com": "p=none; psd=y"}, "a.mail.example.com", "example.com"),
        # psd=y at the start itself is passed over.
        ({"example.com": "p=none; psd=y"}, "example.com", "example.com"),
        ({"example.com": "p=none; psd=y", "com": "p=none"}, "example.com", "example.com"),
        ({"mail.example.com": "p=none; psd=y"}, "a.mail.example.com", "a.mail.example.com"),
        # Without a record the start is an organization of its own.
        ({}, "mail.example.com", "mail.example.com"),
        ({"mail.example.com": "p=none; psd=u"}, "mail.example.com", "mail.example.com"),
        # Several records at a name are all discarded, and so is a list in which a tag occurs twice.
        ({"example.com": DnsAnswer(records=('"v=DMARC1"', '"v=DMARC1;"'))}, "mail.example.com", "mail.example.com"),
        ({"example.com": "p=none; p=reject"}, "mail.example.com", "mail.example.com"),
        # What a zone file does not hold above its zone is no record of the domain's, if it is a public suffix.
        ({"example.com": "p=none", "com": Unasked("no zone file")}, "example.com", "example.com"),
        ({"example.co.uk": "p=none", "co.uk": Unasked("no zone file")}, "example.co.uk", "example.co.uk"),
        # A failure above a record that ends the walk changes nothing.
        ({"example.com": "p=none; psd=n", "com": Failure("timeout")}, "example.com", "example.com"),
    ],
)
def test_the_organizational_domain(records: dict[str, str | Result], name: str, organization: str) -> None:
    assert organizational_domain(World(records), f"{name}.") == f"{organization}."


def test_a_failure_on_the_way_leaves_the_organization_unknown_but_not_the_policy() -> None:
    world = World({"example.com": "p=reject", "com": Failure("timeout")})
    assert world.policy("example.com").policy == "reject"
    with pytest.raises(CouldNotLook):
        organizational_domain(world, "example.com.")


@pytest.mark.parametrize(
    ("records", "exists", "policy", "at", "inherited"),
    [
        ({"mail.example.com": "p=quarantine", "example.com": "p=reject"}, True, "quarantine", "mail.example.com", False),
        ({"example.com": "p=reject"}, True, "reject", "example.com", True),
        ({"example.com": "p=reject; sp=none"}, True, "none", "example.com", True),
        ({"example.com": "p=none; np=reject"}, True, "none", "example.com", True),
        ({"example.com": "p=none; np=reject"}, False, "reject", "example.com", True),
        ({"example.com": "p=none; sp=quarantine"}, False, "quarantine", "example.com", True),
        ({"example.com": "p=reject; t=y"}, True, "quarantine", "example.com", True),
        ({"example.com": "p=quarantine; t=y"}, True, "none", "example.com", True),
        ({"com": "p=reject; psd=y"}, True, "reject", "com", True),
        # The policy of a public suffix is not for organizations with a record.
        ({"com": "p=reject; psd=y", "example.com": "p=none"}, True, "none", "example.com", True),
        ({}, True, "", "", False),
        ({"example.com": "sp=reject"}, True, "", "example.com", True),
    ],
)
def test_the_policy_that_holds(records: dict[str, str | Result], exists: bool, policy: str, at: str, inherited: bool) -> None:
    found = World(records, exists=("mail.example.com",) if exists else ()).policy("mail.example.com")
    assert (found.policy, found.at, found.inherited) == (policy, f"{at}." if at else "", inherited)


@pytest.mark.parametrize(
    ("a", "b", "strict", "same"),
    [
        ("shop.example.", "shop.example.", True, True),
        ("shop.example.", "bounce.shop.example.", False, True),
        ("shop.example.", "bounce.shop.example.", True, False),
        ("bounce.shop.example.", "news.shop.example.", False, True),
        ("shop.example.", "mill.example.", False, False),
        ("shop.example.", "agency.shop.example.", False, False),
        ("agency.shop.example.", "x.agency.shop.example.", False, True),
    ],
)
def test_alignment(a: str, b: str, strict: bool, same: bool) -> None:
    world = World({"shop.example": "p=none", "agency.shop.example": "p=none; psd=n"})
    assert aligned(world, a, b, strict) is same


def test_what_stands_above_a_common_record_need_not_be_seen() -> None:
    world = World({"post.shop.example": "p=none", "shop.example": Failure("timeout")})
    assert aligned(world, "bounce.post.shop.example.", "post.shop.example.", strict=False)
    parted = World({"post.shop.example": "p=none", "bounce.post.shop.example": "p=none; psd=n", "shop.example": Failure("timeout")})
    with pytest.raises(CouldNotLook):
        aligned(parted, "bounce.post.shop.example.", "post.shop.example.", strict=False)


def suffix_pairs() -> list[dict[str, Any]]:
    rows = json.loads(VECTORS.read_text("utf-8"))
    # The vectors without input, or with a leading dot, are about reading user input; a Domain is canonical by then.
    return [row for row in rows if row["kind"] == "psl" and row["input"] and not row["input"].startswith(".")]


@pytest.mark.parametrize("pair", suffix_pairs(), ids=lambda pair: pair["input"])
def test_the_public_suffix_list(pair: dict[str, Any]) -> None:
    name, wanted = (_ascii(pair[key]) if pair[key] else "" for key in ("input", "registrable"))
    # A public suffix stands for itself.
    assert organizational_by_list(name) == (wanted or name)


def _ascii(name: str) -> str:
    import idna

    return Domain(idna.encode(name.lower()).decode() + ".").name


def test_a_plain_record_of_a_name_of_two_labels_loads_no_heavy_library() -> None:
    code = (
        "import sys\n"
        "from tests.story import FIXTURES, read\n"
        "story = read(FIXTURES / 'dmarc' / 'healthy.md')\n"
        "assert story.run(story.reports[0]).outcomes\n"
        "print(sorted({'checkdmarc', 'publicsuffixlist'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=FIXTURES.parent)  # noqa: S603 - our own code
    assert run.stdout == "[]\n"
