"""Stray characters in TXT records, which make a record unreadable and are hardly seen by the eye."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.ask import Answer
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.names import bare
from maildoctor.rdata import Text
from maildoctor.registry import check, fact

_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_QUOTES = "\"'\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f"
_BLANKS = "\u00a0\udca0\u2007\u202f\t"
_STRAY = re.compile(f"[{_INVISIBLE}{_QUOTES}{_BLANKS}\\\\]|^ ")
_WORDS = {"\\": "a backslash", '"': "a quotation mark", " ": "a blank at its beginning"}
_VERSION = re.compile(r"v=DMARC1[ \t]*(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Stray:
    """A policy record with characters that do not belong there. `hidden`: receivers do not even recognise it."""

    name: str
    value: str
    what: str
    hidden: bool
    clean: str
    other: bool
    """Whether a readable record of the same kind stands beside it."""


@fact
def strays(dmarc_texts: Answer) -> tuple[Stray, ...]:
    """The DMARC records with stray characters. Of SPF records the `spf-` checks tell the same, each with its own cure."""
    return tuple(_strays(dmarc_texts))


def _strays(answer: Answer) -> Iterator[Stray]:
    other = any(_VERSION.match(text.text) and not _STRAY.search(text.text) for text in answer.texts)
    for record in answer.records:
        text = Text.parse(record).text
        found = _STRAY.search(text)
        cleaned = clean(text)
        if found and _VERSION.match(cleaned):
            yield Stray(answer.question.name, record, _what(found[0]), not _VERSION.match(text), cleaned, other)


def _what(character: str) -> str:
    # A surrogate stands for an octet that is no UTF-8.
    code = ord(character) & 0xFF if 0xDC80 <= ord(character) <= 0xDCFF else ord(character)
    return _WORDS.get(character) or f"the character U+{code:04X}"


def clean(text: str) -> str:
    """Return a text without what does not belong into it."""
    for blank in _BLANKS:
        text = text.replace(blank, " ")
    return re.sub(r" {2,}", " ", _STRAY.sub("", text.strip())).strip()


@check("dns-txt-stray-characters", Severity.WARN, "RFC 7208 4.5", "RFC 9989 4.7")
def dns_txt_stray_characters(strays: tuple[Stray, ...]) -> Iterator[Finding]:
    """No quotation marks, backslashes or invisible characters stand in the DMARC record.

    They come with copying from web pages and word processors. Receivers that find them do not recognise the record, or the part of
    it, and say nothing.
    """
    for stray in strays:
        value = str(Text.of(stray.clean))
        yield Finding(
            f"the TXT record of {bare(stray.name)} has {stray.what} in it"
            + (", so that receivers do not recognise it" if stray.hidden else ""),
            where=stray.name,
            found=(stray.value,),
            expected=() if stray.other else (value,),
            remedy=Remedy(
                "Delete it: a readable record stands beside it." if stray.other else "Type the record anew, as plain text.",
                delete=(Record(stray.name, "TXT", stray.value),),
                publish=() if stray.other else (Record(stray.name, "TXT", value),),
            ),
            severity=Severity.FAIL if stray.hidden and not stray.other else None,
        )
