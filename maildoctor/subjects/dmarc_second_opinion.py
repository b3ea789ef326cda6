"""A second reader of the DMARC record: where two careful programs disagree, receivers will."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.engines import second_opinion
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.records import dmarc
from maildoctor.records.dmarc import Dmarc
from maildoctor.registry import check
from maildoctor.subjects.dmarc import change
from maildoctor.subjects.dmarc_walk import Published

COMPARED = ("p", "sp", "np", "adkim", "aspf", "psd", "t", "fo")
"""Tags about whose values the readers may disagree. Lists of addresses have checks of their own."""


def faulty(record: Dmarc) -> bool:
    """Tell whether our own reading leaves out a part of the record."""
    # RFC 9989 4.8: a tag is a name and a value of at least one character.
    wrong = any(not tag.name or not tag.value or (tag.name in dmarc.VALUES and not tag.valid) for tag in record.tags)
    return wrong or bool(record.duplicates) or any(uri.fault for tag in ("rua", "ruf") for uri in record.uris(tag))


def disagreement(record: Dmarc) -> str:
    """Say in what checkdmarc reads a record differently; "" where it does not. It is not asked about plain ones."""
    if record.plain:
        return ""
    opinion = second_opinion.dmarc(record.text)
    if opinion.fault:
        return "" if faulty(record) else f"it refuses the record ({opinion.fault})"
    tags = dict(opinion.tags)
    differ = [name for name in COMPARED if tags.get(name, "") != record.value(name)]
    return "; ".join(f"it reads {name}={tags.get(name, '')}, not {name}={record.value(name)}" for name in differ)


@check("dmarc-second-opinion", Severity.NOTE, "RFC 9989 4.8", "checkdmarc 6")
def dmarc_second_opinion(dmarc_record: Published) -> Iterator[Finding]:
    """Another careful program reads the DMARC record in the same way.

    checkdmarc reads the record a second time. What two programs understand differently, receivers understand differently too, so
    such a record is better written in a plainer way.
    """
    record = dmarc_record.record
    words = disagreement(record)
    if words:
        plain = dmarc.build(tag for tag in record.tags if tag.known and tag.value)
        yield Finding(
            f"{bare(dmarc_record.name)} is read differently by checkdmarc: {words}",
            where=dmarc_record.name,
            found=(record.text,),
            expected=(plain.text,),
            remedy=Remedy("Write it in the plain form.") if disagreement(plain) else change(dmarc_record, plain),
        )
