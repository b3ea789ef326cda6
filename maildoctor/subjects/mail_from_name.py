"""Custom MAIL FROM: the name itself. It lies below the identity, is no alias, and serves nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import Answer, NotAsked
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.names import bare
from maildoctor.rdata import Mx
from maildoctor.registry import check
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.domain import Regions
from maildoctor.subjects.mail_from import MailFrom, MailFromName
from maildoctor.subjects.mail_from_doubled import SPF
from maildoctor.subjects.mail_from_found import MailFromFound
from maildoctor.subjects.mail_from_mx import GUIDE, Aim, Judged, aim, host_for, only
from maildoctor.subjects.mx import record


@check("mail-from-not-subdomain", Severity.FAIL, GUIDE, "RFC 9989 4.4")
def mail_from_not_subdomain(domain: Domain, mail_from: MailFrom) -> Iterator[Finding]:
    """The MAIL FROM name lies below the domain or below its parent domain.

    SES refuses any other name, the domain itself included. And a name elsewhere could not align with the sender address, so SPF
    would not count for DMARC.
    """
    told = [item for item in mail_from.names if item.told]
    if not told:
        raise NotAsked("no MAIL FROM name was told (--mail-from)")
    for item in told:
        name = item.name
        # The identity of a parent may have it beside the subdomain that is audited.
        if any(lies_below(name, identity) for identity in (domain.name, *(setting.identity for setting in item.set))):
            continue
        yield Finding(
            f"{bare(name)} cannot be the MAIL FROM name of {bare(domain.name)}: it is no subdomain of it",
            where=name,
            expected=(f"a name such as bounce.{bare(domain.name)}",),
            remedy=Remedy(f"Choose a name that is used for nothing else, such as bounce.{bare(domain.name)}."),
        )


def lies_below(name: str, identity: str) -> bool:
    """Tell whether SES could accept the name. How far up a parent domain reaches is not known; one label up is sure."""
    if names.below(identity, name):
        return False
    parent = names.parent(identity)
    return names.below(name, identity) or (names.depth(parent) > 1 and names.below(name, parent))


@check("mail-from-used-otherwise", Severity.WARN, GUIDE)
def mail_from_used_otherwise(
    domain: Domain, settings: Settings, mail_from_found: MailFromFound, mail_from_judged: tuple[Judged, ...]
) -> Iterator[Finding]:
    """The MAIL FROM name serves nothing else: it is no sender domain and receives no other mail.

    SES wants a name that is used for nothing but this. Where another system has its MX there, SES does not accept the name; where
    people write from it, their replies go to the bounce handling of SES.
    """
    author = settings.author.rpartition("@")[2].lower().removesuffix(".") + "."
    for item in mail_from_found.names:
        if author == item.name != domain.name:
            yield Finding(
                f"{bare(item.name)} is the MAIL FROM name, but mail is also written from {settings.author}",
                where=item.name,
                remedy=Remedy("Write from the domain itself, or choose another MAIL FROM name."),
            )
    for judged in mail_from_judged:
        others = [mx for mx in judged.all if aim(mx.host) is Aim.OTHER]
        if others and judged.aim >= Aim.WRONG:
            yield Finding(
                f"{bare(judged.name)} has the MX {bare(others[0].host)}: another system receives mail there",
                where=judged.name,
                found=judged.values,
                remedy=Remedy(f"Choose another MAIL FROM name, such as bounce.{bare(domain.name)}, and set it in SES."),
                severity=Severity.FAIL,
            )


@check("mail-from-is-alias", Severity.FAIL, "RFC 1034 3.6.2", GUIDE)
def mail_from_is_alias(mail_from_found: MailFromFound, regions: Regions, beneath: Answer) -> Iterator[Finding]:
    """The MAIL FROM name is no alias.

    A name with a CNAME record can hold nothing else: neither the MX that SES looks for, nor the SPF record that receivers look
    for.
    """
    for item in mail_from_found.names:
        chain = item.mx.chain
        if chain:
            yield Finding(
                f"{bare(item.name)} is an alias of {bare(chain[0])}",
                where=item.name,
                found=chain[:1],
                remedy=_unaliased(item, regions, wildcard=beneath.chain[:1] == chain[:1]),
            )


def _unaliased(item: MailFromName, regions: Regions, *, wildcard: bool) -> Remedy:
    """Return the remedy that puts the two records of a MAIL FROM in the place of its alias."""
    right: tuple[Mx, ...] = tuple(mx for mx in item.exchanges if aim(mx.host) is Aim.RIGHT)[:1] or host_for(only(regions))
    if not right:
        return Remedy("Replace the CNAME by the MX 10 feedback-smtp.REGION.amazonses.com. and the SPF record of SES.")
    spf = [text for text in item.txt.records if text.lower().startswith('"v=spf1')] or [SPF]
    return Remedy(
        "Replace the alias by the two records that SES wants.",
        delete=() if wildcard else (Record(item.name, "CNAME", item.mx.chain[0]),),
        publish=(*(record(item.name, mx) for mx in right), *(Record(item.name, "TXT", text) for text in spf)),
    )
