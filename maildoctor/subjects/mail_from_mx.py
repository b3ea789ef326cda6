"""Custom MAIL FROM: its one MX, `10 feedback-smtp.REGION.amazonses.com`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from maildoctor.ask import DoesNotApply, ExplainedBy, NotAsked
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.rdata import Mx
from maildoctor.regions import table
from maildoctor.registry import check, fact
from maildoctor.settings import Settings
from maildoctor.subjects.domain import Regions
from maildoctor.subjects.mail_from import MailFrom, MailFromName, Setting, feedback
from maildoctor.subjects.mail_from_doubled import DoubledMailFrom
from maildoctor.subjects.mail_from_found import MailFromFound
from maildoctor.subjects.mx import Kind, kind, record
from maildoctor.subjects.ses import command

GUIDE = "SES developer guide: mail-from"


class Aim(IntEnum):
    """What an MX of a MAIL FROM name was meant to be; the lower, the better it serves."""

    RIGHT = 0
    SUFFIX = 1
    MISTYPED = 2
    WRONG = 3
    OTHER = 4


def aim(host: str) -> Aim:
    """Tell what the host of an MAIL FROM's MX was meant to be, by its name alone."""
    matched = table().region_of("feedback_smtp", host)
    if table().region_form(matched) and matched not in table().absent:
        return Aim.RIGHT
    region = table().region_in(host)
    if feedback(host) and region and region not in table().absent:
        return Aim.SUFFIX if host.startswith(f"feedback-smtp.{region}.amazonaws.") and host.count(".") == 4 else Aim.MISTYPED
    return Aim.OTHER if kind(host) in (Kind.INBOUND, Kind.INGRESS, Kind.OTHER) and not feedback(host) else Aim.WRONG


@dataclass(frozen=True)
class Judged:
    """One MAIL FROM name with MX records: the one that counts, and those that should not be there."""

    name: str
    main: Mx
    extra: tuple[Mx, ...]
    all: tuple[Mx, ...]
    set: tuple[Setting, ...] = ()

    @property
    def aim(self) -> Aim:
        """What the one that counts was meant to be."""
        return aim(self.main.host)

    @property
    def values(self) -> tuple[str, ...]:
        """All records, as they were found."""
        return tuple(map(str, self.all))


@fact
def mail_from_judged(settings: Settings, mail_from: MailFrom) -> tuple[Judged, ...]:
    """The MAIL FROM names that have an MX of their own, and which of their records counts."""
    return tuple(_judged(settings, item) for item in mail_from.names if item.exchanges and not item.mx.chain)


def _judged(settings: Settings, item: MailFromName) -> Judged:
    wanted = tuple(setting.region for setting in item.set) or settings.regions

    def rank(mx: Mx) -> tuple[Aim, bool, Mx]:
        return aim(mx.host), bool(wanted) and table().region_in(mx.host) not in wanted, mx

    ranked = sorted(item.exchanges, key=rank)
    return Judged(item.name, ranked[0], tuple(sorted(ranked[1:])), item.exchanges, item.set)


def set_anew(name: str, setting: Setting, behaviour: str = "") -> str:
    """Return the command by which SES begins to look for the MX of a name again."""
    rest = f"--mail-from-domain {shlex.quote(bare(name))}"
    if behaviour or setting.rejects:
        rest += f" --behavior-on-mx-failure {behaviour or setting.behaviour}"
    return command("put-email-identity-mail-from-attributes", bare(setting.identity), setting.region, rest)


def host_for(region: str) -> tuple[Mx, ...]:
    """Return the MX that SES wants for a MAIL FROM in a region; none where the region has no such host, or is not known."""
    host = table().feedback_host(region)
    return (Mx(10, host),) if host else ()


def only(regions: Regions) -> str:
    """Return the one region that is known, or ""."""
    return regions.names[0] if len(regions.names) == 1 else ""


@check("mail-from-mx-missing", Severity.FAIL, GUIDE)
def mail_from_mx_missing(
    mail_from_found: MailFromFound, mail_from_doubled: tuple[DoubledMailFrom, ...], regions: Regions
) -> Iterator[Finding]:
    """The MAIL FROM name has its MX record.

    SES uses the name only while that record is there. Without it SES falls back to a name of its own, so that SPF no longer counts
    for DMARC, or refuses to send at all. After 72 hours SES gives up looking and the name has to be set again.
    """
    if mail_from_doubled:
        raise ExplainedBy("mail-from-doubled-name")
    for item in mail_from_found.names:
        if item.mx.chain:
            raise ExplainedBy("mail-from-is-alias")
        if not item.exchanges:
            wanted = host_for(item.set[0].region if len(item.set) == 1 else only(regions))
            failed = [setting for setting in item.set if setting.status == "FAILED"]
            yield Finding(
                f"{bare(item.name)} has no MX record",
                where=item.name,
                expected=tuple(map(str, wanted)) or ("10 feedback-smtp.REGION.amazonses.com.",),
                remedy=Remedy(
                    "Publish it, then set the MAIL FROM domain in SES again if SES says that it failed."
                    if wanted
                    else "Publish 10 feedback-smtp.REGION.amazonses.com. with the region in which SES sends (--region).",
                    publish=tuple(record(item.name, mx) for mx in wanted),
                    commands=tuple(set_anew(item.name, setting) for setting in failed),
                ),
                # SES says what it does meanwhile: falling back to its own name keeps the mail flowing.
                severity=Severity.WARN if item.set and not any(setting.rejects for setting in item.set) else None,
            )


@check("mail-from-mx-extra", Severity.FAIL, GUIDE)
def mail_from_mx_extra(mail_from_found: MailFromFound, mail_from_judged: tuple[Judged, ...]) -> Iterator[Finding]:
    """The MAIL FROM name has exactly one MX record.

    SES refuses the name when there is another one beside its own, and sends without it. For two regions use two names.
    """
    for item in mail_from_judged:
        if item.extra and item.aim < Aim.WRONG:
            yield Finding(
                f"{bare(item.name)} has {len(item.all)} MX records; SES accepts only one",
                where=item.name,
                found=item.values,
                expected=(str(item.main),),
                remedy=Remedy(
                    "Delete the others. What they are for needs another name.",
                    delete=tuple(record(item.name, mx) for mx in item.extra),
                ),
            )


def _instead(item: Judged, host: tuple[Mx, ...], text: str) -> Remedy:
    """Return the remedy that puts the right host in the place of the record that counts."""
    if not host:
        return Remedy("Publish 10 feedback-smtp.REGION.amazonses.com. instead, with the region in which SES sends (--region).")
    return Remedy(text, delete=(record(item.name, item.main),), publish=tuple(record(item.name, mx) for mx in host))


@check("mail-from-mx-wrong-suffix", Severity.FAIL, GUIDE)
def mail_from_mx_wrong_suffix(mail_from_found: MailFromFound, mail_from_judged: tuple[Judged, ...]) -> Iterator[Finding]:
    """The feedback host of the MAIL FROM name ends with amazonses.com.

    The hosts for receiving and submitting end with amazonaws.com, this one does not. Under the other ending it does not exist, SES
    does not accept the name, and bounces go nowhere.
    """
    for item in mail_from_judged:
        if item.aim is Aim.SUFFIX:
            right = host_for(table().region_in(item.main.host))
            yield Finding(
                f"{bare(item.name)} has the MX {bare(item.main.host)}; it must end with amazonses.com",
                where=item.name,
                found=item.values,
                expected=tuple(map(str, right)),
                remedy=_instead(item, right, "Replace the record."),
            )


@check("mail-from-mx-mistyped", Severity.FAIL, GUIDE, "RFC 1035 5.1")
def mail_from_mx_mistyped(mail_from_found: MailFromFound, mail_from_judged: tuple[Judged, ...]) -> Iterator[Finding]:
    """Nothing slipped into the MX of the MAIL FROM name: no preference before the host, no zone behind it.

    DNS panels have a field of their own for the preference, and many append the zone to a host without a final dot. What results is
    another host, which does not exist.
    """
    for item in mail_from_judged:
        if item.aim is Aim.MISTYPED:
            right = host_for(table().region_in(item.main.host))
            yield Finding(
                f"{bare(item.name)} has the MX {bare(item.main.host)}, which is not quite the host of SES",
                where=item.name,
                found=item.values,
                expected=tuple(map(str, right)),
                remedy=_instead(item, right, "Enter the preference in its own field, and end the host with a dot."),
            )


@check("mail-from-mx-wrong-host", Severity.FAIL, GUIDE)
def mail_from_mx_wrong_host(
    mail_from_found: MailFromFound, mail_from_judged: tuple[Judged, ...], regions: Regions
) -> Iterator[Finding]:
    """The MX of the MAIL FROM name is a feedback host of SES.

    Bounces come back to this name, and only feedback-smtp.REGION.amazonses.com takes them. SES accepts the name with no other host.
    """
    for item in mail_from_judged:
        if item.aim is Aim.WRONG and all(aim(mx.host) is Aim.WRONG for mx in item.all):
            right = host_for(table().region_in(item.main.host)) or host_for(only(regions))
            remedy = _instead(item, right, "Replace the record.")
            if remedy.records:
                remedy = Remedy(remedy.text, remedy.publish, tuple(record(item.name, mx) for mx in item.all))
            shown = "a null MX" if item.main.host == "." else f"the MX {bare(item.main.host)}"
            yield Finding(
                f"{bare(item.name)} has {shown}, which is no feedback host of SES",
                where=item.name,
                found=item.values,
                expected=tuple(map(str, right)),
                remedy=remedy,
            )


@check("mail-from-mx-wrong-region", Severity.WARN, GUIDE)
def mail_from_mx_wrong_region(
    settings: Settings, mail_from_found: MailFromFound, mail_from_judged: tuple[Judged, ...]
) -> Iterator[Finding]:
    """The feedback host of the MAIL FROM name is in the region in which SES sends.

    SES looks for the host of the identity's own region. With another one it may not accept the name, or lose the bounces.
    """
    if not settings.regions and not any(item.set for item in mail_from_judged):
        raise NotAsked("the region in which SES sends was not told (--region)")
    right = [item for item in mail_from_judged if item.aim is Aim.RIGHT]
    if not right:
        raise DoesNotApply("no MAIL FROM name has a feedback host of SES")
    for item in right:
        if item.set:
            yield from _other_region(item)
    right = [item for item in right if not item.set]
    if any(item.set for item in mail_from_judged) or not settings.regions:
        return
    if any(table().region_in(item.main.host) in settings.regions for item in right) and not settings.mail_from:
        # Names for other regions may well stand beside it.
        return
    for item in right:
        region = table().region_in(item.main.host)
        if region not in settings.regions:
            wanted = host_for(settings.regions[0]) if len(settings.regions) == 1 else ()
            yield Finding(
                f"{bare(item.name)} has the feedback host of {region}, but SES sends in {', '.join(settings.regions)}",
                where=item.name,
                found=item.values,
                expected=tuple(map(str, wanted)),
                remedy=_instead(item, wanted, "Replace the record, unless SES sends with this name in that region too."),
            )


def _other_region(item: Judged) -> Iterator[Finding]:
    """Yield the finding about a name whose feedback host is not of the one region in which SES has set it."""
    region, regions = table().region_in(item.main.host), [setting.region for setting in item.set]
    if region in regions:
        return
    wanted = host_for(regions[0]) if len(regions) == 1 else ()
    works = all(setting.works for setting in item.set)
    failed = [setting for setting in item.set if setting.status == "FAILED"]
    remedy = _instead(item, wanted, "Replace the record." if not works else "SES accepts it as it is, but promises nothing.")
    yield Finding(
        f"{bare(item.name)} has the feedback host of {region}, but SES has set it in {', '.join(regions)}",
        where=item.name,
        found=item.values,
        expected=tuple(map(str, wanted)),
        remedy=replace(remedy, commands=tuple(set_anew(item.name, setting) for setting in failed)),
        severity=None if works else Severity.FAIL,
    )
