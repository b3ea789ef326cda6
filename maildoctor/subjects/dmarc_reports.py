"""Reports about mail under the domain's name (RFC 9990): their addresses, and whether they may and can be sent there.

An address at somebody else's domain counts only if that domain says that it takes the reports: a TXT record `v=DMARC1` at
`<domain>._report._dmarc.<theirs>` (RFC 9990 4). What is external is told by the tree walk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, DoesNotApply, ExplainedBy, each
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.records import dmarc, report_uri
from maildoctor.records.dmarc import Dmarc, Tag
from maildoctor.records.report_uri import ReportUri
from maildoctor.registry import check, fact
from maildoctor.subjects.dmarc import Mailbox, change
from maildoctor.subjects.dmarc_walk import Published, aligned
from maildoctor.subjects.domain import Roles

LISTS = ("rua", "ruf")


@dataclass(frozen=True)
class MailHost:
    """A domain to which reports are mailed, and its MX."""

    name: str
    mx: Answer


@dataclass(frozen=True)
class Permit:
    """What a report domain of somebody else answers to the question whether it takes reports about the domain."""

    host: str
    answer: Answer

    @property
    def records(self) -> tuple[Dmarc, ...]:
        """What begins with the version of DMARC; one such record is enough (RFC 9990 4)."""
        return tuple(record for text in self.answer.texts if (record := dmarc.parse(text.text)))


def _uris(record: Dmarc) -> Iterator[ReportUri]:
    """Yield the addresses, those that are merely written wrong as they were meant: whom they reach can be told already."""
    whole = dmarc.repaired(record.text) if record.swallowing else record
    for tag in LISTS:
        for uri in whole.uris(tag):
            yield from (mended for text in uri.mended for mended in report_uri.parse(text)) if uri.fault else (uri,)


@fact
def report_mail_hosts(ask: Ask, dmarc_record: Published) -> tuple[MailHost, ...]:
    """The domains to which reports are mailed."""
    hosts = dict.fromkeys(uri.host for uri in _uris(dmarc_record.record) if uri.scheme == "mailto" and not uri.fault)
    return tuple(MailHost(host, ask(Dns(host, "MX"))) for host in hosts)


@fact
def report_permits(ask: Ask, dmarc_record: Published) -> tuple[Permit, ...]:
    """The permits of those report domains that are somebody else's."""
    hosts = dict.fromkeys(uri.host for uri in _uris(dmarc_record.record) if not uri.fault)
    permits = each(lambda host: _permit(ask, dmarc_record.domain, host), hosts)
    return tuple(permit for permit in permits if permit)


def _permit(ask: Ask, domain: str, host: str) -> Permit | None:
    """Return the permit of an external domain; None where domain and host are of one organization (RFC 9990 4 step 3)."""
    kin = names.below(host, domain) or names.below(domain, host)
    if kin and aligned(ask, domain, host, strict=False):
        return None
    permit = Permit(host, ask(Dns(names.child(f"{bare(domain)}._report._dmarc", host), "TXT")))
    # A walk from a stranger's name is eight questions at worst, so it waits until there is no permit.
    return None if not kin and not permit.records and aligned(ask, domain, host, strict=False) else permit


@check("dmarc-no-reports", Severity.WARN, "RFC 9989 4.7", "RFC 9989 5.1.5", "Yahoo: sender best practices")
def dmarc_no_reports(dmarc_record: Published, dmarc_mailbox: Mailbox, roles: Roles) -> Iterator[Finding]:
    """The record names an address for aggregate reports (`rua`).

    The reports of receivers are the only way to learn who sends under the domain's name, and whether one's own mail passes. Without
    them the policy is steered blindly.
    """
    record = dmarc_record.record
    if record.uris("rua"):
        return
    if any(tag.swallowed == "rua" for tag in record.tags):
        raise ExplainedBy("dmarc-unknown-tags")
    if dmarc_record.domain == dmarc_mailbox.domain and roles.parked:
        raise DoesNotApply("the domain is not used for mail")
    uri = dmarc_mailbox.uri if dmarc_record.domain == dmarc_mailbox.domain else ""
    wanted = record.replaced("rua", uri)
    yield Finding(
        f"{bare(dmarc_record.name)} names no address for reports",
        where=dmarc_record.name,
        found=(record.text,),
        expected=(wanted.text,) if uri else (),
        remedy=_with_reports(dmarc_record, wanted)
        if uri
        else Remedy("Add rua=mailto: and a mailbox, or the address of a report service."),
    )


def _with_reports(published: Published, wanted: Dmarc) -> Remedy:
    remedy = change(published, wanted)
    text = "Replace the old data by this record, with a mailbox that somebody reads:" if remedy.publish else remedy.text
    return replace(remedy, text=text)


@check("dmarc-report-uri-invalid", Severity.WARN, "RFC 9989 4.6", "RFC 9989 4.7", "RFC 3986", "RFC 6068")
def dmarc_report_uri_invalid(dmarc_record: Published) -> Iterator[Finding]:
    """Each address for reports is one that receivers can use: `mailto:` and a mail address, with commas between several.

    Whoever makes the reports leaves out an address that it cannot read. The most frequent mistake is a mail address without
    `mailto:`.
    """
    record = dmarc_record.record
    for tag in _lists(record):
        uris = record.uris(tag.name)
        wrong = [uri for uri in uris if uri.fault]
        if wrong:
            words = "; ".join(f"{uri.text or 'an empty one'} ({uri.fault})" for uri in wrong)
            kept = dict.fromkeys(text for uri in uris for text in (uri.mended if uri.fault else (uri.text,)))
            mended = record.replaced(tag.name, ",".join(kept))
            text = f"Write {tag.name}=mailto: and a mail address."
            yield Finding(
                f"{bare(dmarc_record.name)} has addresses in {tag.name} that receivers cannot use: {words}",
                where=dmarc_record.name,
                found=(record.text,),
                expected=(mended.text,) if kept else (),
                remedy=change(dmarc_record, mended) if kept else Remedy(text),
            )


def _lists(record: Dmarc) -> list[Tag]:
    """Return the address lists that are whole. Into which another tag was taken, `dmarc-unknown-tags` tells."""
    return [tag for tag in record.tags if tag.name in LISTS and not tag.swallowed]


@check("dmarc-report-size-suffix", Severity.NOTE, "RFC 9989 4.8", "RFC 9989 C.4")
def dmarc_report_size_suffix(dmarc_record: Published) -> Iterator[Finding]:
    """No report address has a size limit such as `!10m` behind it.

    The limit is a leftover of the older standard. Reporters are told to ignore it; a few still cut or withhold larger reports.
    """
    record = mended = dmarc_record.record
    for tag in _lists(record):
        mended = mended.replaced(tag.name, ",".join(uri.without_size for uri in record.uris(tag.name)))
    sizes = [uri.size for tag in _lists(record) for uri in record.uris(tag.name) if uri.size]
    if sizes:
        yield Finding(
            f"{bare(dmarc_record.name)} has an obsolete size limit behind an address: {', '.join(sizes)}",
            where=dmarc_record.name,
            found=(record.text,),
            expected=(mended.text,),
            remedy=change(dmarc_record, mended),
        )


@check("dmarc-report-not-authorised", Severity.WARN, "RFC 9990 4")
def dmarc_report_not_authorised(dmarc_record: Published, report_permits: tuple[Permit, ...]) -> Iterator[Finding]:
    """Report addresses at other organizations are authorised by these.

    Anybody could have reports sent to a stranger. So receivers ask the other domain whether it takes reports about this one, and
    drop the address if it does not say so.
    """
    for permit in report_permits:
        if not permit.records:
            name = permit.answer.question.name
            yield Finding(
                f"{bare(permit.host)} does not say that it takes reports about {bare(dmarc_record.domain)}, so none are sent there",
                where=name,
                found=permit.answer.records,
                expected=('"v=DMARC1"',),
                remedy=Remedy(
                    f'Have whoever runs {bare(permit.host)} publish: {name} TXT "v=DMARC1"; or send the reports elsewhere.'
                ),
            )


@check("dmarc-report-override-ignored", Severity.NOTE, "RFC 9990 4")
def dmarc_report_override_ignored(report_permits: tuple[Permit, ...]) -> Iterator[Finding]:
    """Where the permit of a report domain names another address, it is at the same domain.

    The permit may send the reports to another mailbox of the same domain. An address anywhere else is ignored, so that nobody is
    sent from one to the next.
    """
    for permit in report_permits:
        for record in permit.records:
            for uri in (uri for tag in LISTS for uri in record.uris(tag)):
                if uri.fault or uri.host != permit.host:
                    name = permit.answer.question.name
                    yield Finding(
                        f"{bare(name)} sends the reports on to {uri.text}, which is not at {bare(permit.host)} and so ignored",
                        where=name,
                        found=(record.text,),
                        remedy=Remedy(f"Have whoever runs {bare(permit.host)} take the address out of that record."),
                    )


@check("dmarc-report-domain-without-mx", Severity.WARN, "RFC 5321 5.1", "RFC 7505 3")
def dmarc_report_domain_without_mx(report_mail_hosts: tuple[MailHost, ...]) -> Iterator[Finding]:
    """The domains to which reports are mailed receive mail.

    Reports to a domain without MX bounce, or wait for days at a web server that takes no mail.
    """
    for host in report_mail_hosts:
        if not any(mx.host != "." for mx in host.mx.exchanges):
            why = "says by its MX that it takes no mail" if host.mx.exchanges else "has no MX"
            yield Finding(
                f"{bare(host.name)}, to which reports are mailed, {why}",
                where=host.name,
                found=host.mx.records,
                remedy=Remedy("Name an address in rua at a domain that receives mail."),
            )


@check("dmarc-failure-reports-rare", Severity.NOTE, "RFC 9989 4.7", "RFC 9991")
def dmarc_failure_reports_rare(dmarc_record: Published) -> Iterator[Finding]:
    """The record does not count on failure reports: no `ruf`, and no `fo` without it.

    Failure reports contain parts of mail, so hardly any receiver sends them. Where they are not asked for, `fo` means nothing.
    """
    record = dmarc_record.record
    if record.uris("ruf"):
        yield Finding(
            f"{bare(dmarc_record.name)} asks for failure reports (ruf), which hardly any receiver sends",
            where=dmarc_record.name,
            found=(record.text,),
            remedy=Remedy("Nothing needs to be done. Rely on the aggregate reports (rua)."),
        )
    elif record.tag("fo"):
        yield Finding(
            f"{bare(dmarc_record.name)} has fo= without ruf=, so it is ignored",
            where=dmarc_record.name,
            found=(record.text,),
            expected=(record.without("fo").text,),
            remedy=change(dmarc_record, record.without("fo")),
        )


@check("dmarc-failure-options-invalid", Severity.NOTE, "RFC 9989 4.7", "RFC 9989 4.8")
def dmarc_failure_options_invalid(dmarc_record: Published) -> Iterator[Finding]:
    """`fo` is one of 0 and 1, and d and s, each at most once, with colons between.

    0 asks for a report if all ways of authentication fail, 1 if any does; both at once contradict each other. An invalid value
    counts as 0.
    """
    record = dmarc_record.record
    tag = record.tag("fo")
    if tag and not tag.valid and not tag.swallowed:
        options = list(
            dict.fromkeys(option for option in tag.value.lower().replace(",", ":").split(":") if option in tuple("01ds"))
        )
        options = [option for option in options if option != "0" or "1" not in options]
        mended = record.replaced("fo", ":".join(options)) if options else record.without("fo")
        yield Finding(
            f"{bare(dmarc_record.name)} has fo={tag.value}, which is no valid choice",
            where=dmarc_record.name,
            found=(record.text,),
            expected=(mended.text,),
            remedy=change(dmarc_record, mended),
        )
