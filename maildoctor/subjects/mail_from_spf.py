"""Custom MAIL FROM: its SPF record."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.ask import ExplainedBy, Undecided
from maildoctor.model import Finding, Severity, publish
from maildoctor.names import bare
from maildoctor.records import spf
from maildoctor.registry import check
from maildoctor.subjects.mail_from_doubled import DoubledMailFrom
from maildoctor.subjects.mail_from_found import MailFromFound
from maildoctor.subjects.spf import SES_TERM, Site, is_ses, record
from maildoctor.subjects.spf_records import Misplaced, like_spf

_WANTED = spf.parse(f"v=spf1 {SES_TERM} ~all")


@check("mail-from-spf-missing", Severity.FAIL, "SES developer guide: mail-from", "RFC 7208 2.4")
def mail_from_spf_missing(
    spf_sites: tuple[Site, ...],
    spf_misplaced: tuple[Misplaced, ...],
    mail_from_found: MailFromFound | Undecided,
    mail_from_doubled: tuple[DoubledMailFrom, ...],
) -> Iterator[Finding]:
    """The MAIL FROM name of SES has an SPF record.

    SES writes this name into the envelope, so receivers ask for SPF here and nowhere else. SES itself checks only the MX record: it
    shows the MAIL FROM as verified while every message fails to pass SPF.
    """
    sites = [site for site in spf_sites if site.ses]
    if not sites and isinstance(mail_from_found, Undecided):
        raise mail_from_found
    explained = ""
    for site in sites:
        if like_spf(site) or any(found.site == site for found in spf_misplaced):
            continue
        if site.txt.chain:
            explained = "mail-from-is-alias"
        elif any(item.right == site.name for item in mail_from_doubled):
            explained = "mail-from-doubled-name"
        else:
            yield _missing(site, spf_sites)
    if explained:
        raise ExplainedBy(explained)


def _missing(site: Site, sites: tuple[Site, ...]) -> Finding:
    message = f"{bare(site.name)} is the MAIL FROM of SES, but has no SPF record"
    astray = [other for other in sites if not other.ses for entry in other.records if any(map(is_ses, entry.policy.terms))]
    if astray:
        message += f"; that of {bare(astray[0].name)} is not asked for"
    return Finding(message, where=site.name, expected=(str(_WANTED),), remedy=publish(record(site.name, _WANTED)))
