"""Stray characters are found and taken out, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from maildoctor.ask import Answer, Dns, DnsAnswer
from maildoctor.rdata import Text
from maildoctor.subjects.dns_texts import clean, strays
from maildoctor.subjects.mail_from import MailFrom


def answer(name: str, *texts: str) -> Answer:
    question = Dns(name, "TXT")
    return Answer(question, {question: DnsAnswer(records=tuple(str(Text.of(text)) for text in texts))})


def found(spf: tuple[str, ...] = (), dmarc: tuple[str, ...] = ()) -> list[tuple[str, bool, bool]]:
    texts, policies = answer("shop.example.", *spf), answer("_dmarc.shop.example.", *dmarc)
    whole: Any = strays(texts, policies, MailFrom(()))
    return [(stray.what, stray.hidden, stray.other) for stray in whole]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\ufeffv=spf1 -all", "v=spf1 -all"),
        (" v=spf1 -all", "v=spf1 -all"),
        ("v=spf1\u00a0include:amazonses.com\u00a0 ~all", "v=spf1 include:amazonses.com ~all"),
        ("v=spf1\udca0-all", "v=spf1 -all"),
        ("\u201cv=DMARC1; p=none\u201d", "v=DMARC1; p=none"),
        ('"v=DMARC1; p=none"', "v=DMARC1; p=none"),
        (r"v=DMARC1\; p=none", "v=DMARC1; p=none"),
        ("v=DMARC1;\u200b p=none", "v=DMARC1; p=none"),
    ],
)
def test_texts_are_cleaned(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "v=spf1 -all",
        "V=SPF1 include:amazonses.com ~all",
        "v=spf1 exists:%{i}._spf.%{d2} -all",
        "site-verification=\u201cx\u201d",
        '"v=spf1 -all"',  # for spf-literal-quotes
    ],
)
def test_good_and_foreign_texts_are_left_alone(text: str) -> None:
    assert found(spf=(text,)) == []


def test_a_hidden_version_is_told_from_a_stray_character_elsewhere() -> None:
    assert found(spf=("\ufeffv=spf1 -all",)) == [("the character U+FEFF", True, False)]
    assert found(spf=("v=spf1 include:amazonses.com\u00a0~all",)) == [("the character U+00A0", False, False)]
    assert found(dmarc=(r"v=DMARC1\; p=none",)) == [("a backslash", True, False)]
    assert found(dmarc=('v=DMARC1; rua="mailto:a@shop.example"',)) == [("a quotation mark", False, False)]
    assert found(dmarc=(" v=DMARC1; p=none", "v=DMARC1; p=none")) == [("a blank at its beginning", True, True)]
