"""checkdmarc reads our answers, sees no failed lookup, and remembers nothing from one source to the next."""

from __future__ import annotations

from typing import cast

import pytest

from maildoctor.ask import Answer, Ask, CouldNotLook, Dns, DnsAnswer, Failure, NotYet, Question, Result
from maildoctor.engines.second_opinion import Opinion, dmarc, spf


def world(**texts: str | Result) -> Ask:
    """A world in which only the names below `example.` given here have TXT records."""
    memo: dict[Question, Result] = {
        Dns(f"{label}.example.", "TXT"): DnsAnswer(records=(f'"{text}"',)) if isinstance(text, str) else text
        for label, text in texts.items()
    }

    def ask(question: Dns) -> Answer:
        if question.name.split(".")[0] in texts and question.type != "TXT":
            memo.setdefault(question, DnsAnswer())
        return Answer(question, memo)

    return cast("Ask", ask)  # it is only asked about the DNS


def test_spf_is_read_with_all_that_it_includes() -> None:
    ask = world(shop="v=spf1 include:ours.example -all", ours="v=spf1 include:theirs.example -all", theirs="v=spf1 -all")
    assert spf(ask, "shop.example.", "v=spf1 include:ours.example -all") == Opinion(lookups=2)


def test_a_fault_is_named_by_the_class_of_its_exception() -> None:
    ask = world(ours=DnsAnswer("nxdomain"))
    assert spf(ask, "shop.example.", "v=spf1 include:ours.example -all").fault == "SPFRecordNotFound"


def test_an_answer_under_way_passes_through() -> None:
    with pytest.raises(NotYet):
        spf(world(), "shop.example.", "v=spf1 include:ours.example -all")


def test_a_failed_lookup_passes_through() -> None:
    with pytest.raises(CouldNotLook):
        spf(world(ours=Failure("timeout")), "shop.example.", "v=spf1 include:ours.example -all")


def test_nothing_is_remembered_from_one_source_to_the_next() -> None:
    record = "v=spf1 include:ours.example -all"
    assert not spf(world(ours="v=spf1 -all"), "shop.example.", record).fault
    assert spf(world(ours=DnsAnswer("nxdomain")), "shop.example.", record).fault


@pytest.mark.parametrize("ours", ["v=spf1 -all", "v=spf1 exp=why.example -all"])
def test_an_explanation_is_not_fetched(ours: str) -> None:
    # It would be fetched past the resolver, through a socket.
    record = "v=spf1 include:ours.example exp=why.example -all"
    assert spf(world(ours=ours), "shop.example.", record) == Opinion(lookups=1)


def test_a_dmarc_record_is_read_without_any_question() -> None:
    opinion = dmarc("v=DMARC1; p=none; rua=mailto:a@reports.example")
    assert opinion == Opinion(tags=(("p", "none"), ("rua", "a@reports.example"), ("v", "DMARC1")))


def test_a_dmarc_record_that_it_refuses() -> None:
    assert dmarc("v=DMARC1; p=nonee").fault == "InvalidDMARCTagValue"
