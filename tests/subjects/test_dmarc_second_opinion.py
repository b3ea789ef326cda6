"""checkdmarc is not asked about plain records: here it is, so that both readings are known to agree on all of them."""

from __future__ import annotations

from itertools import product

import pytest

from maildoctor.engines import second_opinion
from maildoctor.rdata import Text
from maildoctor.records import dmarc
from maildoctor.subjects.dmarc_second_opinion import COMPARED, disagreement, faulty
from tests.records.test_dmarc import vectors
from tests.story import stories, world

POLICIES = ("none", "quarantine", "reject")
OPTIONS = (
    *("", "; sp=none", "; np=reject; t=y", "; adkim=s; aspf=r", "; psd=n", "; psd=y; t=n"),
    *("; fo=1; ruf=mailto:a.b@c-d.example", "; sp=reject;"),
)
LISTS = (
    *("", "; rua=mailto:a@b.example", ";rua=mailto:a+x@b.example,mailto:c@d.e.example"),
    "; rua=mailto:1_a-b@b.example, mailto:c@d.example",
)


def published() -> set[str]:
    """Every TXT record in any story that is a DMARC record, and every vector."""
    zones = (*world(), *(zone for story in stories() for zone in story.zones))
    rows = [row for zone in zones for node in zone.nodes.values() for row in node.get("TXT", ())]
    texts = {Text.parse(row.value).text for row in rows if "DMARC1" in row.value}
    return texts | {vector["input"] for vector in vectors("dmarc")}


MADE = {f"v=DMARC1; p={p}{options}{lists}" for p, options, lists in product(POLICIES, OPTIONS, LISTS) if lists[:1] != options[-1:]}
PLAIN = sorted(MADE | {text for text in published() if (record := dmarc.parse(text)) and record.plain})


@pytest.mark.parametrize("text", PLAIN)
def test_both_read_a_plain_record_alike(text: str) -> None:
    record = dmarc.parse(text)
    assert record is not None
    assert record.plain
    assert not faulty(record)
    opinion = second_opinion.dmarc(text)
    assert opinion.fault == ""
    tags = dict(opinion.tags)
    assert {name: tags.get(name, "") for name in COMPARED} == {name: record.value(name) for name in COMPARED}


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1; p=none; p=none",
        "v=DMARC1; p=none; ruf=a@b.example",
        "v=DMARC1; P=none",
        "v=DMARC1; p=none; pct=50",
        "v=DMARC1; p=none; fo=0:1",
        "v=DMARC1; adkim=s; p=none",
        "v=DMARC1; p=none; rua=mailto:a@b.example!10m",
        "v=DMARC1; p=none; rua=https://b.example/",
        "v=DMARC1;; p=none",
    ],
)
def test_what_is_not_plain(text: str) -> None:
    record = dmarc.parse(text)
    assert record is not None
    assert not record.plain


OTHERWISE = {
    "v=DMARC1;; p=reject; rua=mailto:dmarc@foxhollow.example": "4.8 has no empty part, and 4.7 has receivers leave it out",
    "v=DMARC1;;": "4.8 has no empty part, and 4.7 has receivers leave it out",
}
"""Where checkdmarc refuses what RFC 9989 reads, in any story or vector, with the clause."""


def test_each_disagreement_in_a_story_or_vector_is_explained() -> None:
    records = [record for text in published() if (record := dmarc.parse(text))]
    assert {record.text for record in records if disagreement(record)} == OTHERWISE.keys()
