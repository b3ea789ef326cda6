"""DMARC and SES: whether mail that SES sends is aligned with From, by SPF at the MAIL FROM or by DKIM (RFC 9989 4.4, 5.3)."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import ExplainedBy, NotAsked
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.registry import check
from maildoctor.subjects.dkim import Signing
from maildoctor.subjects.dmarc import DmarcPolicy, change
from maildoctor.subjects.domain import Applies
from maildoctor.subjects.paths import Route

_SES_DMARC = "SES developer guide: send-email-authentication-dmarc"
_SES_MAIL_FROM = "SES developer guide: mail-from"
ENFORCING = ("quarantine", "reject")
_CURE = Remedy(
    "First get DKIM to work for the domain: publish the three CNAME records that SES gives (Easy DKIM). "
    "Then set a custom MAIL FROM domain."
)


def _by_ses(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    return tuple(route for route in routes if route.ses)


@check("dmarc-no-aligned-path", Severity.FAIL, "RFC 9989 4.4", _SES_DMARC)
def dmarc_no_aligned_path(ses_sending: Applies, routes: tuple[Route, ...], dmarc_policy: DmarcPolicy) -> Iterator[Finding]:
    """Mail that the domain sends through SES is aligned by SPF or by DKIM.

    DMARC passes when SPF or DKIM passes for a name of the same organization as From. With the standard MAIL FROM of SES, which is
    Amazon's own name, and without DKIM of the domain, neither does: big receivers count such mail as unauthenticated.
    """
    for route in _by_ses(routes):
        if not route.can_pass():
            if dmarc_policy.policy in ENFORCING:
                raise ExplainedBy("dmarc-unaligned-while-enforcing")
            if dmarc_policy.aspf == "s" and route.spf.word == "pass":
                raise ExplainedBy("dmarc-strict-spf-with-ses")
            yield Finding(_neither(route), where=route.author, found=_legs(route), remedy=_CURE)


def _neither(route: Route) -> str:
    return f"mail from {names.bare(route.author)} through SES passes DMARC neither by SPF nor by DKIM"


def _legs(route: Route) -> tuple[str, ...]:
    spf = f"SPF {route.spf.word} for {names.bare(route.spf.name) or 'an unknown MAIL FROM'}"
    return (f"{spf}{'' if route.spf.aligned is True else ', not aligned'}", f"DKIM {route.dkim.word}: {route.dkim.detail}")


@check("dmarc-unaligned-while-enforcing", Severity.FAIL, "RFC 9989 5.3", "RFC 9989 8", _SES_DMARC)
def dmarc_unaligned_while_enforcing(
    ses_sending: Applies, routes: tuple[Route, ...], dmarc_policy: DmarcPolicy
) -> Iterator[Finding]:
    """The DMARC policy does not hit the domain's own mail through SES.

    The record asks receivers to quarantine or reject what is not aligned, and the domain's own mail is not: neither SPF nor DKIM
    passes for a name that belongs to From. So the policy sends that mail to the spam folder, or has it refused.
    """
    if dmarc_policy.policy not in ENFORCING:
        return
    for route in _by_ses(routes):
        if not route.can_pass():
            yield Finding(
                f"p={dmarc_policy.policy} at _dmarc.{names.bare(dmarc_policy.at)} hits the domain's own mail: it is not aligned",
                where=names.child("_dmarc", dmarc_policy.at),
                found=_legs(route),
                expected=("p=none until DKIM or SPF is aligned",),
                remedy=Remedy("Go back to p=none until mail is aligned, and then raise it again. " + _CURE.text),
            )


@check("dmarc-rests-on-spf-alone", Severity.FAIL, "RFC 9989 7.4", "RFC 9989 8")
def dmarc_rests_on_spf_alone(
    ses_sending: Applies, routes: tuple[Route, ...], dmarc_policy: DmarcPolicy, signing: Signing
) -> Iterator[Finding]:
    """A policy of reject does not rest on SPF alone.

    When a recipient forwards a message, it comes from a host that SPF does not know, and only the DKIM signature still passes. With
    p=reject and no DKIM every forwarded message is refused.
    """
    if dmarc_policy.policy != "reject":
        return
    if signing.result == "unknown":
        raise NotAsked(signing.detail)
    for route in _by_ses(routes):
        if signing.result == "fail" and not route.spf.passes():
            raise ExplainedBy("dmarc-unaligned-while-enforcing")
        if signing.result == "fail":
            yield Finding(
                f"p=reject for {names.bare(route.author)} rests on SPF alone: DKIM does not pass",
                where=names.child("_dmarc", dmarc_policy.at),
                found=_legs(route),
                remedy=Remedy("Get DKIM to work: publish the CNAME records that SES gives for the domain."),
            )


@check(
    "dmarc-mail-from-unaligned",
    Severity.WARN,
    "RFC 9989 4.4.2",
    "Gmail: email sender guidelines 81126",
    "SES developer guide: mail-from",
)
def dmarc_mail_from_unaligned(ses_sending: Applies, routes: tuple[Route, ...], dmarc_policy: DmarcPolicy) -> Iterator[Finding]:
    """The MAIL FROM domain belongs to the domain in From, so that SPF counts for DMARC.

    SPF is looked for at the MAIL FROM domain. Unless that lies in the organization of From, DMARC rests on DKIM alone, and Gmail
    and Outlook.com ask bulk senders for both.
    """
    if dmarc_policy.aspf == "s":
        raise ExplainedBy("dmarc-strict-spf-with-ses")
    for route in _by_ses(routes):
        if route.spf.cause:
            raise ExplainedBy(route.spf.cause)
        if not route.spf.aligns():
            yield Finding(
                f"the MAIL FROM domain {names.bare(route.spf.name)} does not belong to {names.bare(route.author)}",
                where=route.spf.name,
                expected=(f"a name below {names.bare(route.author)}",),
                remedy=Remedy(f"Set a custom MAIL FROM domain below {names.bare(route.author)} for the identity."),
            )


@check("dmarc-strict-spf-with-ses", Severity.WARN, "RFC 9989 4.4.2", _SES_DMARC)
def dmarc_strict_spf_with_ses(ses_sending: Applies, routes: tuple[Route, ...], dmarc_policy: DmarcPolicy) -> Iterator[Finding]:
    """The DMARC record does not ask for strict SPF alignment, which SES cannot give.

    With aspf=s SPF counts only where the MAIL FROM domain and From are the same name. SES wants a subdomain there, so SPF can never
    count, and DMARC hangs on DKIM alone. AWS says to leave the tag out.
    """
    published = dmarc_policy.published
    if dmarc_policy.aspf != "s" or published is None:
        return
    record = published.record
    yield Finding(
        f"aspf=s at _dmarc.{names.bare(dmarc_policy.at)}: SPF can never be aligned with SES",
        where=names.child("_dmarc", dmarc_policy.at),
        found=(str(record),),
        expected=(str(record.without("aspf")),),
        remedy=change(published, record.without("aspf"), "Leave aspf out: relaxed alignment is the default."),
        severity=None if _dkim_carries(routes) else Severity.FAIL,
    )


def _dkim_carries(routes: tuple[Route, ...]) -> bool:
    """Whether DKIM passes on every path, or nobody told: what was not told is no fault."""
    for route in _by_ses(routes):
        try:
            if not route.dkim.passes():
                return False
        except NotAsked:
            continue
    return True
