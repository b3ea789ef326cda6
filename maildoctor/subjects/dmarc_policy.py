"""What the DMARC record asks for (RFC 9989 4.7): the policies `p`, `sp` and `np`, and the tags that weaken or hide them."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.ask import DoesNotApply, ExplainedBy
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.records import dmarc
from maildoctor.records.dmarc import REQUESTS, Dmarc, Tag
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.dmarc import DmarcPolicy, Elsewhere, cause, change, new, voided
from maildoctor.subjects.dmarc_walk import Published, Walk, is_public_suffix
from maildoctor.subjects.domain import Applies, Roles


def _finding(published: Published, message: str, record: Dmarc, text: str = "", severity: Severity | None = None) -> Finding:
    """Return the finding that the record says something which it should say as in `record`."""
    return Finding(
        f"{bare(published.name)} {message}",
        where=published.name,
        found=(published.record.text,),
        expected=(record.text,),
        remedy=change(published, record, text),
        severity=severity,
    )


@check("dmarc-no-policy", Severity.FAIL, "RFC 9989 4.7", "RFC 9989 4.10.1", "RFC 7489 6.3", "Gmail: help page 3726730")
def dmarc_no_policy(dmarc_record: Published, roles: Roles) -> Iterator[Finding]:
    """The record says `p=none`, `p=quarantine` or `p=reject`, right behind the version.

    A record without a readable `p` counts as `p=none` if it has an address for reports, and for nothing otherwise. Gmail refuses
    mail under such a record, and programs written before 2026 want `p` in the second place.
    """
    record = dmarc_record.record
    tag = record.tag("p")
    if any(tag.name == "p" or tag.swallowed == "p" for tag in record.swallowing):
        raise ExplainedBy("dmarc-unknown-tags")
    bulk = "bulk" in roles
    if not record.value("p"):
        mild = Severity.WARN if record.reports and not bulk else None
        message = f"has the policy p={tag.value}, which does not exist" if tag else "has no policy: p= is missing"
        yield _finding(dmarc_record, message, _policy_first(record, dmarc.nearest(tag.value) if tag else "none"), severity=mild)
    elif record.tags[0].name != "p":
        message = "has p= not right behind v=DMARC1, where older receivers look for it"
        yield _finding(dmarc_record, message, _policy_first(record, record.value("p")), severity=Severity.WARN)


def _policy_first(record: Dmarc, policy: str) -> Dmarc:
    return record.without("p").replaced("p", policy)


@check("dmarc-subdomain-policy-invalid", Severity.FAIL, "RFC 9989 4.10.1")
def dmarc_subdomain_policy_invalid(dmarc_record: Published) -> Iterator[Finding]:
    """`sp` and `np`, where they are given, name a policy that exists.

    One misspelt policy for subdomains voids the whole record: receivers act as if it said `p=none`, or take it for none at all.
    """
    record = dmarc_record.record
    wrong = [tag for tag in record.tags if tag.name in ("sp", "np") and not tag.valid and not tag.swallowed]
    mended = record
    for tag in wrong:
        mended = mended.replaced(tag.name, dmarc.nearest(tag.value))
    if wrong:
        words = " and ".join(f"{tag.name}={tag.value}" for tag in wrong)
        yield _finding(dmarc_record, f"has {words}, which does not exist and voids the whole policy", mended)


@check("dmarc-policy-none", Severity.WARN, "RFC 9989 4.7", "Microsoft: Outlook.com policies")
def dmarc_policy_none(dmarc_record: Published, dmarc_policy: DmarcPolicy, domain: Domain, roles: Roles) -> Iterator[Finding]:
    """The policy asks receivers to quarantine or reject forged mail.

    `p=none` is enough for the rules of mailbox providers, but protects nobody: forged mail is delivered as before. It is meant for
    the weeks in which the reports are read.
    """
    record = dmarc_record.record
    if dmarc_policy.requested in ("quarantine", "reject"):
        return
    if record.broken:
        raise ExplainedBy(voided(record))
    if dmarc.weaker(record.value("sp"), record.value("p")):
        raise ExplainedBy("dmarc-subdomain-weaker")
    if dmarc_record.domain == domain.name and roles.parked:
        raise ExplainedBy("dmarc-parked-domain-spoofable")
    yield Finding(
        f"{bare(dmarc_record.name)} asks for nothing: the policy is none",
        where=dmarc_record.name,
        found=(record.text,),
        remedy=Remedy("When the reports show that all your mail passes, publish p=quarantine, and later p=reject."),
    )


@check("dmarc-subdomain-weaker", Severity.WARN, "RFC 9989 4.7", "RFC 9989 4.10.1")
def dmarc_subdomain_weaker(dmarc_record: Published, dmarc_walk: Walk) -> Iterator[Finding]:
    """The policy for subdomains (`sp`) is not weaker than that for the domain (`p`).

    Who cannot forge the domain takes a name below it, which looks as good to a reader. In a record that does not lie at the
    organizational domain `sp` is ignored.
    """
    record = dmarc_record.record
    if dmarc_walk.organizational != dmarc_record.domain:
        raise DoesNotApply(f"{bare(dmarc_record.domain)} is not the organizational domain, so sp= has no effect")
    if record.broken:
        raise ExplainedBy(voided(record))
    if dmarc.weaker(record.value("sp"), record.value("p")):
        message = f"protects its subdomains less than itself: sp={record.value('sp')} with p={record.value('p')}"
        text = "Give a subdomain that is not ready a record of its own, then drop sp=."
        yield _finding(dmarc_record, message, record.without("sp"), text)


@check("dmarc-nonexistent-names-spoofable", Severity.NOTE, "RFC 9989 4.7")
def dmarc_nonexistent_names_spoofable(dmarc_record: Published, dmarc_walk: Walk) -> Iterator[Finding]:
    """Mail from names below the domain that do not exist is to be rejected.

    Nobody sends honest mail from a name that has no records at all, so `np=reject` costs nothing, even while `p` is still weaker.
    """
    record = dmarc_record.record
    if dmarc_walk.organizational != dmarc_record.domain:
        raise DoesNotApply(f"{bare(dmarc_record.domain)} is not the organizational domain, so np= has no effect")
    if record.broken:
        raise ExplainedBy(voided(record))
    policy = record.requested(below=True, exists=False)
    if policy != "reject":
        yield _finding(
            dmarc_record, f"lets names that do not exist be forged: their policy is {policy}", record.replaced("np", "reject")
        )


@check("dmarc-psd-wrongly-set", Severity.WARN, "RFC 9989 4.7", "RFC 9989 4.10.2")
def dmarc_psd_wrongly_set(dmarc_walk: Walk, dmarc_elsewhere: Elsewhere) -> Iterator[Finding]:
    """`psd=y` stands only in the record of a public suffix.

    It says that strangers register names below this one, so each name below counts as an organization of its own: their mail is not
    aligned with the domain any more.
    """
    why = cause(dmarc_walk, dmarc_elsewhere)
    if why:
        raise ExplainedBy(why)
    for published in dmarc_walk.found():
        if published.record.value("psd") == "y" and not is_public_suffix(published.domain):
            message = f"has psd=y, but {bare(published.domain)} is no public suffix"
            yield _finding(published, message, published.record.without("psd"))


@check("dmarc-testing", Severity.WARN, "RFC 9989 4.7")
def dmarc_testing(dmarc_record: Published) -> Iterator[Finding]:
    """The record is not marked as a test by `t=y`.

    Receivers then act one step milder than the policy says: they quarantine for reject, and do nothing for quarantine.
    """
    record = dmarc_record.record
    if record.testing:
        policy = record.value("p")
        effect = f": p={policy} counts as {dmarc.lowered(policy)}" if policy in REQUESTS[1:] else ""
        yield _finding(dmarc_record, f"has t=y left behind{effect}", record.without("t"))


@check("dmarc-removed-tags", Severity.WARN, "RFC 9989 C.5", "RFC 9989 A.6")
def dmarc_removed_tags(dmarc_record: Published) -> Iterator[Finding]:
    """The record has none of the tags that were removed in 2026: `pct`, `rf`, `ri`.

    Receivers of today ignore `pct` and apply the policy to all mail; older ones still apply it to a part. So the same record means
    two things. `rf` and `ri` never meant anything in practice.
    """
    record = dmarc_record.record
    there = [tag for tag in record.tags if tag.name in dmarc.REMOVED]
    if there:
        words = ", ".join(f"{tag.name}={tag.value}" for tag in there)
        text = "Receivers ignore pct= already. For a policy that is to be tried first, say t=y." if record.tag("pct") else ""
        yield _finding(dmarc_record, f"has tags that no longer exist: {words}", record.without(*dmarc.REMOVED), text)


@check("dmarc-unknown-tags", Severity.WARN, "RFC 9989 4.7", "RFC 9989 4.8")
def dmarc_unknown_tags(dmarc_record: Published) -> Iterator[Finding]:
    """The record has only known tags with possible values, in lower case, each behind a semicolon.

    Receivers leave out what they do not know, without a word. A missing semicolon makes the next tag a part of the value before it.
    """
    record = dmarc_record.record
    odd = tuple(words for tag in record.tags if (words := _odd(tag)))
    if odd:
        lost = any("p" in (tag.name, tag.swallowed) for tag in record.swallowing)
        message = f"has parts that receivers leave out: {'; '.join(odd)}"
        yield _finding(dmarc_record, message, _tidy(record), severity=Severity.FAIL if lost else None)


def _odd(tag: Tag) -> str:
    """Say what is odd about a tag; "" where nothing is, or another check tells it."""
    if not tag.name:
        return f"{tag.text} has no ="
    if not tag.known:
        return f"{tag.name} is no tag of DMARC"
    if tag.swallowed:
        return f"no semicolon before {tag.swallowed}="
    if tag.name in ("adkim", "aspf", "t", "psd") and not tag.valid:
        return f"{tag.name} cannot be {tag.value or 'empty'}"
    return f"{tag.name} is in capitals" if not tag.text.startswith(tag.name) else ""


def _tidy(record: Dmarc) -> Dmarc:
    """Return the record without what is odd in it. Values that other checks tell of stay."""
    if record.swallowing:
        return dmarc.repaired(record.text)
    return dmarc.build(Tag("", tag.name, tag.value) for tag in record.tags if tag.known and (not _odd(tag) or _capitals(tag)))


def _capitals(tag: Tag) -> bool:
    return _odd(tag).endswith("in capitals")


@check("dmarc-parked-domain-spoofable", Severity.WARN, "RFC 9989 5.1", "M3AAWG: protecting parked domains")
def dmarc_parked_domain_spoofable(
    parked: Applies, domain: Domain, dmarc_walk: Walk, dmarc_policy: DmarcPolicy, dmarc_elsewhere: Elsewhere
) -> Iterator[Finding]:
    """A domain that is in no use for mail has the DMARC policy reject.

    An idle domain is a welcome sender address for forgers, and nobody watches it. This record makes its name useless to them,
    together with `v=spf1 -all`, of which `spf-idle-domain-spoofable` tells.
    """
    why = cause(dmarc_walk, dmarc_elsewhere)
    if why not in ("", "dmarc-missing"):
        raise ExplainedBy(why)
    if dmarc_policy.requested != "reject":
        yield _unprotected(domain, dmarc_policy)


def _unprotected(domain: Domain, policy: DmarcPolicy) -> Finding:
    own = policy.published if not policy.inherited else None
    record = own.record.without("sp", "np", "t").replaced("p", "reject") if own else Dmarc("v=DMARC1; p=reject", ())
    wanted = new(domain.name, record.text)
    lack = f"its DMARC policy is {policy.requested}, not reject" if policy.requested else "has no DMARC policy"
    return Finding(
        f"{bare(domain.name)} is not used for mail, but {lack}",
        where=wanted.name,
        found=(own.record.text,) if own else (),
        expected=(record.text,),
        remedy=change(own, record) if own else Remedy(publish=(wanted,)),
    )
