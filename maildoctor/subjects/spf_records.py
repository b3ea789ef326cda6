"""SPF: whether there is exactly one record at each name that matters, in a form that receivers take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, DoesNotApply, ExplainedBy, Undecided, each
from maildoctor.engines.spf_tree import Tree
from maildoctor.model import Finding, Record, Remedy, Severity, publish
from maildoctor.names import bare
from maildoctor.records import spf, spf_repair
from maildoctor.registry import check, fact
from maildoctor.settings import Settings
from maildoctor.subjects.dns_doubled import Doubled
from maildoctor.subjects.domain import Applies, Roles
from maildoctor.subjects.spf import Entry, Site, cause, change, readable, record, sound

_QUOTED = re.compile(r"[\s\\]*[\"'\u201c\u201d]+\s*v=spf1", re.IGNORECASE)
_LIKE = re.compile(r"\W*v\s*[=:\-]\s*spf\s?[0-9.]*[^\w+\-~?]*|\W*spf1\s", re.IGNORECASE)
_SENDER_ID = re.compile(r"(?:v=)?spf2\.0/", re.IGNORECASE)
_UDP, _CAUTIOUS = 512, 450
"""Octets of a DNS message that every resolver takes over UDP, and of name and text that surely fit into it (RFC 7208 3.4)."""


@dataclass(frozen=True)
class Misplaced:
    """SPF records at a name that nobody asks for, while the right one has none."""

    site: Site
    name: str
    records: tuple[str, ...]


@fact
def spf_misplaced(ask: Ask, spf_sites: tuple[Site, ...]) -> tuple[Misplaced, ...]:
    """The SPF records at decorative names. They are looked for only where the right name has none."""
    bare_sites = [site for site in spf_sites if _has_none(site)]
    wanted = [(site, names.child(label, site.name)) for site in bare_sites for label in ("spf", "_spf")]
    found = each(lambda pair: _misplaced(ask, *pair), wanted)
    return tuple(misplaced for misplaced in found if misplaced.records)


def _misplaced(ask: Ask, site: Site, name: str) -> Misplaced:
    there = _policies(ask(Dns(name, "TXT")))
    # A wildcard has its records at every name.
    made = ask(Dns(names.probe(site.name), "TXT")).records if there else ()
    return Misplaced(site, name, tuple(record for record in there if record not in made))


def _has_none(site: Site) -> bool:
    try:
        return not like_spf(site) and not site.txt.chain
    except Undecided:
        return False  # each check that judges this name reads it too, and says why it cannot


def _policies(answer: Answer) -> tuple[str, ...]:
    return tuple(value for value, text in zip(answer.records, answer.texts, strict=True) if spf.is_policy(text.text))


def like_spf(site: Site) -> bool:
    """Tell whether there is an SPF record, or something that was meant as one."""
    return any(spf.is_policy(text) or _QUOTED.match(text) or _LIKE.match(text) for text in (entry.text for entry in site.entries))


def spoilt(site: Site) -> str:
    """Return the check that tells why a record at a name is not recognised, or ""."""
    if site.records or not like_spf(site):
        return ""
    return "spf-literal-quotes" if any(_QUOTED.match(entry.text) for entry in site.entries) else "spf-version-tag-wrong"


def meant(text: str) -> spf.Policy | None:
    """Return what a record with a spoilt version says, or None where that cannot be told."""
    if spf.is_policy(text) or _SENDER_ID.match(text):
        return None
    stripped = re.sub(r"[\"\\\u201c\u201d]", "", text).strip(" '\u00a0\ufeff\u200b")
    match = _LIKE.match(stripped)
    if not match:
        return None
    return spf_repair.mend(spf.parse("v=spf1 " + stripped[match.end() :]))


@check("spf-multiple-records", Severity.FAIL, "RFC 7208 3.2", "RFC 7208 4.5")
def spf_multiple_records(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No name has more than one SPF record.

    With two or more, a receiver cannot tell which one counts, and treats all as an error: no sender passes SPF, not even those that
    are listed. A new sender is added to the record that is there, never as a second one.
    """
    for site in readable(spf_sites):
        if len(site.records) > 1:
            merged = spf.merge(found.policy for found in site.records)
            yield Finding(
                f"{bare(site.name)} has {len(site.records)} SPF records",
                where=site.name,
                found=tuple(found.value for found in site.records),
                expected=(str(merged),),
                remedy=change(site, merged, "Merge them into one record."),
            )


@check("spf-literal-quotes", Severity.FAIL, "RFC 7208 4.5")
def spf_literal_quotes(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No SPF record has quotation marks inside its text.

    Some DNS panels add the quotation marks of a zone file themselves. Who types them too makes them part of the text, which then
    does not begin with v=spf1: to a receiver, there is no SPF record.
    """
    for site in readable(spf_sites):
        for entry in site.entries:
            if _QUOTED.match(entry.text):
                yield _spoilt(site, entry, f"the SPF record of {bare(site.name)} has quotation marks in its text")


@check("spf-version-tag-wrong", Severity.FAIL, "RFC 7208 4.5")
def spf_version_tag_wrong(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """Each SPF record begins with v=spf1 and a space.

    Anything else before, in or behind the version, be it a blank or a semicolon, makes a receiver discard the whole record as some
    other text. It then sees no SPF record at all.
    """
    for site in readable(spf_sites):
        for entry in site.entries:
            if _other_version(entry.text) and not entry.apart:
                yield _spoilt(site, entry, f"a TXT record of {bare(site.name)} is meant as SPF, but does not begin with v=spf1")


def _other_version(text: str) -> bool:
    return bool(_LIKE.match(text)) and not (spf.is_policy(text) or _QUOTED.match(text) or _SENDER_ID.match(text))


def _spoilt(site: Site, entry: Entry, message: str) -> Finding:
    """Say that a record is not recognised; it is mended only where no good one stands beside it."""
    policy = meant(entry.text)
    old = (Record(site.name, "TXT", entry.value),) if not site.txt.chain else ()
    remedy = Remedy("Enter it again as plain text: v=spf1, a space, and the terms.")
    if site.records:
        remedy = Remedy("Delete it: another SPF record is there already.", delete=old)
    elif policy and old:
        remedy = replace(remedy, publish=(record(site.name, policy),), delete=old)
    severity = Severity.WARN if site.records else None
    expected = (str(policy),) if policy else ("v=spf1 …",)
    return Finding(message, where=site.name, found=(entry.value,), expected=expected, remedy=remedy, severity=severity)


@check("spf-misplaced", Severity.FAIL, "RFC 7208 3")
def spf_misplaced_(spf_sites: tuple[Site, ...], spf_misplaced: tuple[Misplaced, ...]) -> Iterator[Finding]:
    """The SPF record lies at the name itself, not at spf. or _spf. below it.

    Receivers ask at exactly the name behind the @ of the envelope sender. A record at another name is used only where the right
    name has one that refers to it by include or redirect.
    """
    for found in spf_misplaced:
        site = found.site
        remedy = Remedy(
            f"Publish it at {bare(site.name)}.", publish=tuple(Record(site.name, "TXT", value) for value in found.records)
        )
        message = f"{bare(site.name)} has no SPF record; one lies unused at {bare(found.name)}"
        yield Finding(message, where=found.name, found=found.records, remedy=remedy)
    list(readable(spf_sites))  # a name that could not be read may be another one


@check("spf-missing", Severity.FAIL, "RFC 7208 3", "RFC 7208 4.5")
def spf_missing(
    spf_sites: tuple[Site, ...],
    spf_misplaced: tuple[Misplaced, ...],
    doubled: tuple[Doubled, ...],
    roles: Roles,
    settings: Settings,
) -> Iterator[Finding]:
    """A domain whose own servers send has an SPF record.

    Without one, SPF says nothing about its mail. Gmail, Yahoo and Outlook.com refuse or junk mail of larger senders that does not
    pass it. Mail that goes through SES is judged by the SPF record of its MAIL FROM name instead.
    """
    for site in readable(site for site in spf_sites if not site.ses):
        if like_spf(site):
            continue
        own = _own_servers(roles, settings)
        if elsewhere(site, spf_misplaced, doubled):
            raise ExplainedBy(elsewhere(site, spf_misplaced, doubled))
        if own:
            message = f"{bare(site.name)} has no SPF record, so no receiver can tell its mail from forged mail"
            yield Finding(message, where=site.name, expected=("v=spf1 … ~all",), remedy=_first_record(site, settings))
            continue
        # Keys alone do not tell who sends, and SES needs no record here.
        message = (
            f"{bare(site.name)} has no SPF record: it needs none if Amazon SES alone sends its mail, and one if anybody else does"
        )
        yield Finding(message, where=site.name, remedy=_unless_ses(), severity=Severity.WARN)


def elsewhere(site: Site, misplaced: tuple[Misplaced, ...], doubled: tuple[Doubled, ...]) -> str:
    """Return the check that says at which wrong name the record of a site lies, or ""."""
    if any(found.site == site for found in misplaced):
        return "spf-misplaced"
    return "dns-doubled-name" if any((found.right, found.type) == (site.name, "TXT") for found in doubled) else ""


def _own_servers(roles: Roles, settings: Settings) -> bool:
    """Tell whether own servers are known to send; raises where it is known that none does."""
    if "direct" in roles or settings.sender_ips:
        return True
    if not roles.sends:
        raise DoesNotApply("the domain shows no sign that it sends mail")
    if roles.ses:
        raise DoesNotApply("SES writes a MAIL FROM of its own, and SPF is asked there")
    return False


def _unless_ses() -> Remedy:
    return Remedy(
        "If SES alone sends, say so (--role send, or its DKIM tokens as --dkim-token): then what SES needs is judged. "
        "Otherwise publish a TXT record that lists whatever sends with this name in the envelope, and ends with ~all."
    )


def _first_record(site: Site, settings: Settings) -> Remedy:
    terms = [f"ip{'6' if ':' in address else '4'}:{address}" for address in settings.sender_ips]
    if not terms or site.txt.chain:
        return Remedy("Publish a TXT record that lists whatever sends with this name in the envelope, and ends with ~all.")
    return publish(record(site.name, spf.parse(" ".join(("v=spf1", *terms, "~all")))))


@check("spf-idle-domain-spoofable", Severity.WARN, "RFC 7208 10.1.2")
def spf_idle_domain_spoofable(
    spf_sites: tuple[Site, ...],
    spf_trees: tuple[Tree, ...],
    spf_misplaced: tuple[Misplaced, ...],
    doubled: tuple[Doubled, ...],
    idle: Applies,
) -> Iterator[Finding]:
    """A domain that sends no mail says so by `v=spf1 -all`.

    Forgers like names that nobody defends. This record tells every receiver that no host may send with the name, and costs nothing.
    """
    for site in readable(site for site in spf_sites if not site.ses):
        policy = site.policy
        end = next(tree for tree in spf_trees if tree.root == site.name).end()
        nobody = end and not end.tested and end.all and end.all.qualifier == "-"
        if nobody:
            continue
        if cause(site):
            raise ExplainedBy(cause(site))
        if not policy and elsewhere(site, spf_misplaced, doubled):
            raise ExplainedBy(elsewhere(site, spf_misplaced, doubled))
        if not policy and like_spf(site):
            raise ExplainedBy(spoilt(site))
        message = f"{bare(site.name)} sends nothing, but {'its SPF record does not say so' if policy else 'has no SPF record'}"
        found = tuple(published.value for published in site.records)
        remedy = change(site, spf.parse("v=spf1 -all"))
        yield Finding(message, where=site.name, found=found, expected=("v=spf1 -all",), remedy=remedy)


@check("spf-answer-too-long", Severity.WARN, "RFC 7208 3.4")
def spf_answer_too_long(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """The TXT records at a name with SPF fit into one small DNS answer.

    A receiver gets all TXT records of the name at once. Above 512 octets the answer has to be fetched again over TCP, which some
    firewalls and old resolvers do not let through: SPF then fails now and then, for some receivers only.
    """
    for site, _ in sound(spf_sites):
        length = len(bare(site.name)) + sum(len(text.raw) for text in site.txt.texts)
        if length > _CAUTIOUS:
            size = "do not fit" if length > _UDP else "hardly fit"
            message = f"the TXT records of {bare(site.name)} {size} into an answer of {_UDP} octets"
            remedy = Remedy(
                "Delete TXT records that are no longer needed, or move senders to a sub-domain with its own SPF record."
            )
            expected = (f"at most {_CAUTIOUS} octets of name and text",)
            yield Finding(message, where=site.name, found=(f"{length} octets",), expected=expected, remedy=remedy)


@check("spf-obsolete-sender-id", Severity.NOTE, "RFC 7208 3.1")
def spf_obsolete_sender_id(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No Sender ID record is left.

    Sender ID was an experiment beside SPF that ended long ago. Its records do nothing but lengthen the answer to every SPF lookup.
    """
    for site in readable(spf_sites):
        old = tuple(Record(site.name, "TXT", entry.value) for entry in site.entries if _SENDER_ID.match(entry.text))
        if old:
            message = f"{bare(site.name)} still has a Sender ID record"
            remedy = Remedy("Delete it.", delete=old if not site.txt.chain else ())
            yield Finding(message, where=site.name, found=tuple(gone.value for gone in old), remedy=remedy)


@fact
def spf_type_99(ask: Ask, spf_sites: tuple[Site, ...]) -> tuple[Answer, ...]:
    """The records of the abandoned type SPF (99) at these names."""
    return tuple(ask(Dns(site.name, "SPF")) for site in spf_sites)


@check("spf-obsolete-record-type", Severity.NOTE, "RFC 7208 3.1", "RFC 7208 14.1")
def spf_obsolete_record_type(spf_type_99: tuple[Answer, ...]) -> Iterator[Finding]:
    """No record of the abandoned DNS type SPF is left.

    The type was given up in 2014, and receivers read the TXT record alone. A forgotten one misleads only whoever edits the zone
    next.
    """
    for answer in spf_type_99:
        if answer.records and not answer.chain:
            name = answer.question.name
            old = tuple(Record(name, "SPF", value) for value in answer.records)
            message = f"{bare(name)} still has a record of the abandoned type SPF"
            yield Finding(message, where=name, found=answer.records, remedy=Remedy("Delete it.", delete=old))
