"""Whether there is a DMARC record, just one, that receivers find and take for one (RFC 9989 4.5, 4.7, 4.10)."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import ExplainedBy
from maildoctor.model import Finding, Record, Remedy, Severity, publish
from maildoctor.names import bare
from maildoctor.rdata import Text
from maildoctor.records import dmarc
from maildoctor.records.dmarc import Dmarc
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.dmarc import DmarcPolicy, Elsewhere, Mailbox, Stray, cause, hidden, new, sought
from maildoctor.subjects.dmarc_walk import Step, Walk
from maildoctor.subjects.domain import Roles

BULK_RULES = (
    "Gmail: email sender guidelines 81126",
    "Yahoo: sender best practices",
    "Microsoft: Outlook.com bulk sender requirements",
)


@check("dmarc-missing", Severity.WARN, "RFC 9989 4.10.1", *BULK_RULES)
def dmarc_missing(
    domain: Domain,
    author_domain: str,
    dmarc_walk: Walk,
    dmarc_policy: DmarcPolicy,
    dmarc_elsewhere: Elsewhere,
    dmarc_mailbox: Mailbox,
    roles: Roles,
) -> Iterator[Finding]:
    """The domain in From has a DMARC record, its own or one above it.

    Without a record nobody is told what to do with forged mail, and no reports come. Gmail, Yahoo and Outlook.com refuse mail of
    bulk senders without one.
    """
    if dmarc_policy.published:
        return
    why = cause(dmarc_walk, dmarc_elsewhere)
    if why != "dmarc-missing":
        raise ExplainedBy(why)
    if author_domain == domain.name and "bulk" not in roles and roles.parked:
        raise ExplainedBy("dmarc-parked-domain-spoofable")
    uri = dmarc_mailbox.uri
    record = new(author_domain, "v=DMARC1; p=none" + (f"; rua={uri}" if uri else ""))
    yield Finding(
        f"{bare(author_domain)} has no DMARC record, and no domain above it has one",
        where=record.name,
        expected=(record.value,),
        remedy=publish(record, text="Begin with p=none, which changes nothing for your mail, and read the reports."),
        severity=Severity.FAIL if "bulk" in roles else None,
    )


@check("dmarc-multiple-records", Severity.FAIL, "RFC 9989 4.10")
def dmarc_multiple_records(dmarc_walk: Walk) -> Iterator[Finding]:
    """There is exactly one DMARC record at a name.

    Receivers that find several discard them all. The domain then has no policy, as if nothing had been published.
    """
    for step in sought(dmarc_walk):
        records = step.records
        if len(records) > 1:
            # The fuller record is the one that somebody wrote; of equals, the weaker policy cannot harm.
            kept = max(records, key=lambda each: (len(each.record.tags), -_strength(each.record), each.value))
            extra = tuple(each.published for each in records if each != kept)
            yield Finding(
                f"{bare(step.name)} has {len(records)} DMARC records, so none of them counts",
                where=step.name,
                found=tuple(each.value for each in records),
                expected=(kept.value,),
                remedy=Remedy("Keep one record: this one, if you cannot tell which is meant.", delete=extra),
            )


def _strength(record: Dmarc) -> int:
    return dmarc.REQUESTS.index(record.value("p") or "none")


@check("dmarc-syntax", Severity.FAIL, "RFC 9989 4.7", "RFC 9989 4.8", "RFC 6376 3.2")
def dmarc_syntax(dmarc_walk: Walk, dmarc_elsewhere: Elsewhere) -> Iterator[Finding]:
    """What is published at `_dmarc` begins with `v=DMARC1` and a semicolon, and says each thing once.

    Receivers compare the first letters exactly. A record with `v=dmarc1`, a blank before it, a comma behind it or a tag that occurs
    twice is no record to them, and they say nothing about it.
    """
    why = cause(dmarc_walk, dmarc_elsewhere)
    if why in ("dns-txt-stray-characters", "dmarc-multiple-records"):
        raise ExplainedBy(why)
    for step in sought(dmarc_walk):
        texts = tuple(text for text in step.meant if not (step.valid and hidden(Text.parse(text).text)))
        if texts:
            mended = new(step.domain, dmarc.repaired(Text.parse(texts[0]).text).text)
            stays = any(not record.record.duplicates for record in step.records)
            yield Finding(
                f"{bare(step.name)} has a text that is no DMARC record: {_why(Text.parse(texts[0]).text)}",
                where=step.name,
                found=texts,
                expected=() if stays else (mended.value,),
                remedy=_replace(step, texts, () if stays else (mended,)),
                severity=Severity.WARN if stays else None,
            )


def _replace(step: Step, texts: tuple[str, ...], records: tuple[Record, ...]) -> Remedy:
    end = step.answer.chain[-1] if step.answer.chain else step.name
    if not names.below(end, step.domain):
        return Remedy(f"Have whoever runs {bare(end)} mend the record there.")
    moved = tuple(Record(end, record.type, record.value) for record in records)
    return Remedy(publish=moved, delete=tuple(Record(end, "TXT", text) for text in texts))


def _why(text: str) -> str:
    record = dmarc.parse(text)
    if record:
        return f"{' and '.join(record.duplicates)} more than once"
    if dmarc.mention(text) > 0:
        return "something stands before v=DMARC1"
    return "v=DMARC1 must come first, in capitals, with a semicolon behind it"


@check("dmarc-misplaced", Severity.FAIL, "RFC 9989 4.5")
def dmarc_misplaced(author_domain: str, dmarc_elsewhere: Elsewhere) -> Iterator[Finding]:
    """The DMARC record is TXT data at `_dmarc` below the domain, and not somewhere else.

    Receivers look at that one name. A record at the domain itself, at a name without the underscore or as the target of an alias is
    never read. Only looked for where `_dmarc` has none.
    """
    strays = dmarc_elsewhere.strays()
    if not strays:
        return
    record = new(author_domain, dmarc.repaired(strays[0].text).text)
    kept = tuple(rest for stray in strays if (rest := _rest(stray)))
    yield Finding(
        f"{bare(record.name)} has no DMARC record; one lies {_place(strays[0], record.name)}",
        where=strays[0].where.name,
        found=tuple(stray.where.value for stray in strays),
        expected=(record.value,),
        remedy=Remedy(publish=(record, *kept), delete=tuple(stray.where for stray in strays)),
    )


def _place(stray: Stray, right: str) -> str:
    if stray.where.type == "CNAME":
        return "there as the target of a CNAME"
    return f"inside another record at {bare(stray.where.name)}" if _rest(stray) else f"at {bare(stray.where.name)}"


def _rest(stray: Stray) -> Record | None:
    """Return what else the same string says, if it is more than quotation marks: an SPF record into which DMARC was pasted."""
    if stray.where.type != "TXT":
        return None
    before = Text.parse(stray.where.value).text.removesuffix(stray.text).strip(" \t;,\"'\\")
    return Record(stray.where.name, "TXT", str(Text.of(before))) if before else None
