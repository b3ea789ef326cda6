"""Stray characters are found and taken out, and nothing else is."""

from __future__ import annotations

import pytest

from maildoctor.ask import Answer, Dns, DnsAnswer
from maildoctor.rdata import Text
from maildoctor.subjects.dns_texts import clean, strays


def answer(name: str, *texts: str) -> Answer:
    question = Dns(name, "TXT")
    return Answer(question, {question: DnsAnswer(records=tuple(str(Text.of(text)) for text in texts))})


def found(*texts: str) -> list[tuple[str, bool, bool]]:
    return [(stray.what, stray.hidden, stray.other) for stray in strays(answer("_dmarc.shop.example.", *texts))]


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
    "text", ["v=DMARC1; p=none", "v=dmarc1;p=none", "v=DMARC1", "site-verification=\u201cx\u201d", "v=spf1\u00a0-all"]
)
def test_good_and_foreign_texts_are_left_alone(text: str) -> None:
    assert found(text) == []


def test_a_hidden_version_is_told_from_a_stray_character_elsewhere() -> None:
    assert found("\ufeffv=DMARC1; p=none") == [("the character U+FEFF", True, False)]
    assert found("v=DMARC1;\u00a0p=none") == [("the character U+00A0", False, False)]
    assert found("v=DMARC1;\udca0p=none") == [("the character U+00A0", False, False)]
    assert found(r"v=DMARC1\; p=none") == [("a backslash", True, False)]
    assert found('v=DMARC1; rua="mailto:a@shop.example"') == [("a quotation mark", False, False)]
    assert found(" v=DMARC1; p=none", "v=DMARC1; p=none") == [("a blank at its beginning", True, True)]
