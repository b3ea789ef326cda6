"""Where an organization's domain ends (RFC 9989 4.10.2), and what a name inside it inherits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Ask, ExplainedBy, each
from maildoctor.model import Finding, Remedy, Severity, publish
from maildoctor.names import bare
from maildoctor.records.dmarc import Dmarc, weaker
from maildoctor.registry import check, fact
from maildoctor.subjects.dmarc import DmarcPolicy, Elsewhere, cause, change, new, voided
from maildoctor.subjects.dmarc_walk import Published, Walk, is_public_suffix, organizational_by_list, organizational_domain
from maildoctor.subjects.mail_from import MailFrom

_MOST_LABELS = 8


@dataclass(frozen=True)
class Boundary:
    """The organizational domain of the author domain, as found by walking and as the public suffix list has it.

    `parted`: the MAIL FROM names that the two readings judge differently: aligned for one, and not for the other.
    """

    by_walk: str
    by_list: str
    parted: tuple[str, ...] = ()


@fact
def dmarc_boundary(ask: Ask, author_domain: str, dmarc_walk: Walk, mail_from: MailFrom) -> Boundary:
    """The organizational domain in both readings. MAIL FROM names are walked only where these differ."""
    by_walk, by_list = dmarc_walk.organizational, organizational_by_list(author_domain)
    if by_walk == by_list:
        return Boundary(by_walk, by_list)
    owners = each(lambda each_: (each_.name, organizational_domain(ask, each_.name)), mail_from.names)
    parted = (name for name, owner in owners if (owner == by_walk) != (organizational_by_list(name) == by_list))
    return Boundary(by_walk, by_list, tuple(parted))


@check("dmarc-org-domain-differs", Severity.NOTE, "RFC 9989 4.10.2", "RFC 7489 3.2")
def dmarc_org_domain_differs(dmarc_record: Published, dmarc_walk: Walk, dmarc_boundary: Boundary) -> Iterator[Finding]:
    """Receivers old and new see the same organizational domain.

    Newer receivers find it by walking up the tree of names, older ones in the list of public suffixes. Where they come to different
    names, the same mail is aligned for some and not for others. `psd=n` says once and for all where the organization ends.
    """
    walked, listed = dmarc_boundary.by_walk, dmarc_boundary.by_list
    found = dmarc_walk.found()
    last = found[-1].record.value("psd") if found else ""
    if last == "y" and not is_public_suffix(found[-1].domain):
        raise ExplainedBy("dmarc-psd-wrongly-set")
    if walked == listed or last:
        return
    parted = dmarc_boundary.parted
    effect = f", so mail from {bare(parted[0])} is aligned for some only" if parted else ""
    yield Finding(
        f"the organizational domain is {bare(walked)} by tree walk, but {bare(listed)} by the public suffix list{effect}",
        where=names.child("_dmarc", walked),
        found=(walked,),
        expected=(listed,),
        remedy=_pin(found, dmarc_boundary),
        severity=Severity.WARN if parted else None,
    )


def _pin(found: tuple[Published, ...], boundary: Boundary) -> Remedy:
    """Return the record with `psd=n` that makes both readings meet; or, where nothing depends on it, states what is so."""
    lower = boundary.by_list if names.below(boundary.by_list, boundary.by_walk) or boundary.parted else boundary.by_walk
    there = next((published for published in found if published.domain == lower), None)
    if there:
        return change(there, there.record.replaced("psd", "n"))
    if lower != boundary.by_walk and names.below(lower, boundary.by_walk):
        return Remedy(f"Publish a DMARC record with psd=n at _dmarc.{bare(lower)}.")
    return publish(new(lower, "v=DMARC1; p=none; psd=n"))


@check("dmarc-name-too-deep", Severity.WARN, "RFC 9989 4.10")
def dmarc_name_too_deep(author_domain: str, dmarc_walk: Walk, dmarc_policy: DmarcPolicy) -> Iterator[Finding]:
    """A domain in From of more than eight labels has a DMARC record of its own.

    Receivers ask at most eight names: the whole one, and its last seven labels. A record in between is never found.
    """
    own = dmarc_walk.steps[0]
    if names.depth(author_domain) <= _MOST_LABELS or own.records or own.meant:
        return
    above = dmarc_policy.record or Dmarc("v=DMARC1", ())
    record = new(author_domain, above.without("sp", "np", "psd").replaced("p", dmarc_policy.requested or "none").text)
    yield Finding(
        f"{bare(author_domain)} has {names.depth(author_domain)} labels and no DMARC record; the names right above are skipped",
        where=record.name,
        expected=(record.value,),
        remedy=publish(record),
    )


@check("dmarc-policy-inherited", Severity.NOTE, "RFC 9989 4.10.1")
def dmarc_policy_inherited(
    author_domain: str, dmarc_walk: Walk, dmarc_policy: DmarcPolicy, dmarc_elsewhere: Elsewhere
) -> Iterator[Finding]:
    """A name without a DMARC record of its own inherits the same policy that its organization has for itself.

    The record of the organization may treat subdomains (`sp`) and names that do not exist (`np`) differently; and where the
    organization has none, that of the public suffix holds. It is worth knowing which one counts.
    """
    published = dmarc_policy.published
    why = cause(dmarc_walk, dmarc_elsewhere) or (voided(published.record) if published else "")
    if why or published is None:
        raise ExplainedBy(why)
    if not dmarc_policy.inherited:
        return
    record = published.record
    if record.value("psd") == "y" and not is_public_suffix(published.domain):
        raise ExplainedBy("dmarc-psd-wrongly-set")
    if record.value("psd") == "y":
        whose = f"that of the public suffix {bare(published.domain)}"
    elif dmarc_policy.requested != record.value("p") and not weaker(dmarc_policy.requested, record.value("p")):
        whose = f"that of {bare(published.name)} for names below it"
    else:
        return
    yield Finding(
        f"{bare(author_domain)} has no DMARC record; {whose} holds: {dmarc_policy.requested}",
        where=published.name,
        found=(record.text,),
        remedy=Remedy(f"If that is not what you want, publish a record at _dmarc.{bare(author_domain)}."),
    )
