"""SPF: which names matter, what their records lead to and cost, and what SES mail gets there."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from maildoctor import names, regions
from maildoctor.ask import CouldNotLook, Dns, DnsAnswer, Failure, Question, Result, Source
from maildoctor.engines import spf_tree
from maildoctor.learning import Learning
from maildoctor.rdata import Text
from maildoctor.records import spf
from maildoctor.registry import catalogue, closure
from maildoctor.settings import Domain, Settings
from maildoctor.sources.aws_errors import NO_CREDENTIALS
from maildoctor.subjects.spf import SES_ADDRESS, SesSpf

catalogue()
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FEEDBACK = "10 feedback-smtp.us-east-1.amazonses.com."


class Records:
    """A source: SPF records by name, or what else is there by (name, type)."""

    def __init__(self, policies: Mapping[str, str], others: Mapping[tuple[str, str], str] | None = None) -> None:
        self.said: dict[Dns, Result] = {
            Dns(names.absolute(name), "TXT"): DnsAnswer(records=(str(Text.of(text)),)) if text else Failure("timeout")
            for name, text in {"amazonses.com": regions.table().spf, **policies}.items()
        }
        for (name, type_), value in (others or {}).items():
            self.said[Dns(names.absolute(name), type_)] = DnsAnswer(records=(value,))
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Result | None:
        if not isinstance(question, Dns):
            return NO_CREDENTIALS
        self.asked.append(question)
        return self.said.get(question, DnsAnswer("nxdomain", zone="example."))

    def answers(self) -> Mapping[Question, Result]:
        return {}


def learnt(source: Source, domain: str, fact: str, **settings: Any) -> Any:
    """Learn one fact about a domain."""
    learning = Learning(source, {"domain": Domain(names.absolute(domain)), "settings": Settings(**settings), "now": NOW})
    learning.learn(closure([fact]))
    if fact in learning.undecided:
        raise learning.undecided[fact]
    return learning.values[fact]


def tree(policies: Mapping[str, str], root: str = "shop.example") -> spf_tree.Tree:
    source = Records(policies)
    learning = Learning(source, {"domain": Domain(root), "settings": Settings(), "now": NOW})
    return spf_tree.read(learning.ask, names.absolute(root))


@pytest.mark.parametrize(
    ("policies", "cost"),
    [
        ({"shop.example": "v=spf1 ip4:192.0.2.1 -all"}, 0),
        ({"shop.example": "v=spf1 a mx ptr exists:%{i}.a.example -all"}, 4),
        ({"shop.example": "v=spf1 include:a.example -all", "a.example": "v=spf1 a mx -all"}, 3),
        ({"shop.example": "v=spf1 redirect=a.example", "a.example": "v=spf1 a mx -all"}, 3),
        ({"shop.example": "v=spf1 -all include:a.example redirect=a.example"}, 0),
        ({"shop.example": "v=spf1 include:a.example include:a.example -all", "a.example": "v=spf1 mx -all"}, 4),
        ({"shop.example": "v=spf1 include:missing.example -all"}, 1),
        ({"shop.example": "v=spf1 include:%{d}.a.example -all"}, 1),
        ({"shop.example": "v=spf1 a b -all"}, 0),
        ({"shop.example": "v=spf1 include:shop.example -all"}, spf_tree.ENDLESS),
    ],
)
def test_the_lookups_of_all_records_are_counted(policies: Mapping[str, str], cost: int) -> None:
    found = tree(policies)
    assert found.cost() == cost or (cost == spf_tree.ENDLESS and found.cost() >= cost)


def test_loops_are_found_wherever_they_are() -> None:
    found = tree(
        {
            "shop.example": "v=spf1 include:a.example -all",
            "a.example": "v=spf1 include:b.example -all",
            "b.example": "v=spf1 redirect=a.example",
        }
    )
    assert [(node.name, lookup.target) for node, lookup in found.loops()] == [
        ("a.example.", "b.example."),
        ("b.example.", "a.example."),
    ]


def test_the_same_record_twice_is_no_loop() -> None:
    found = tree(
        {
            "shop.example": "v=spf1 include:a.example include:b.example -all",
            "a.example": "v=spf1 include:b.example -all",
            "b.example": "v=spf1 -all",
        }
    )
    assert found.loops() == ()
    assert found.cost() == 3


def test_one_dead_branch_does_not_hide_the_others() -> None:
    found = tree(
        {"shop.example": "v=spf1 include:dead.example include:a.example -all", "dead.example": "", "a.example": "v=spf1 mx -all"}
    )
    assert found.cost("a.example.") == 1
    with pytest.raises(CouldNotLook):
        found.cost()


def test_records_of_others_cannot_make_us_ask_without_end() -> None:
    includes = " ".join(f"include:n{number}.example" for number in range(200))
    source = Records({f"n{number}.example": f"v=spf1 {includes} -all" for number in range(200)})
    learning = Learning(source, {"domain": Domain("n0.example."), "settings": Settings(), "now": NOW})
    found = spf_tree.read(learning.ask, "n0.example.")
    assert len(source.asked) == spf_tree.MOST
    assert found.loops()


@pytest.mark.parametrize(
    ("policy", "result"),
    [
        ("v=spf1 include:amazonses.com ~all", "pass"),
        ("v=spf1 redirect=amazonses.com", "pass"),
        ("v=spf1 ip4:198.51.100.1 ~all", "softfail"),
        ("v=spf1 -all", "fail"),
        ("v=spf1 ?all", "neutral"),
        ("v=spf1 include:missing.example ~all", "permerror"),
        ("no record of SPF", "none"),
    ],
)
def test_what_ses_mail_gets_at_the_mail_from_name(policy: str, result: str) -> None:
    source = Records({"bounce.shop.example": policy}, {("bounce.shop.example", "MX"): FEEDBACK})
    (found,) = learnt(source, "shop.example", "ses_spf")
    assert isinstance(found, SesSpf)
    assert (found.name, found.result, found.address) == ("bounce.shop.example.", result, SES_ADDRESS)
    assert "bounce.shop.example" in found.because


def test_an_unreachable_include_makes_it_unknown_and_never_a_fail() -> None:
    source = Records(
        {"bounce.shop.example": "v=spf1 include:dead.example -all", "dead.example": ""}, {("bounce.shop.example", "MX"): FEEDBACK}
    )
    with pytest.raises(CouldNotLook):
        learnt(source, "shop.example", "ses_spf")


def test_a_domain_that_is_itself_a_mail_from_name_is_judged_as_one() -> None:
    source = Records({"bounce.shop.example": "v=spf1 include:amazonses.com ~all"}, {("bounce.shop.example", "MX"): FEEDBACK})
    (site,) = learnt(source, "bounce.shop.example", "spf_sites")
    assert site.ses
    assert [found.result for found in learnt(source, "bounce.shop.example", "ses_spf")] == ["pass"]


def test_the_address_of_ses_is_one() -> None:
    blocks = [term.network for term in spf.parse(regions.table().spf).terms if term.network]
    assert any(ipaddress.ip_address(SES_ADDRESS) in block for block in blocks)
