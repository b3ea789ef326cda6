"""Custom MAIL FROM: what SES has set, beside what is published."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import Ask, Denied, Dns, DoesNotApply, ExplainedBy, NotAsked, Undecided
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.registry import check, fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.domain import Applies
from maildoctor.subjects.mail_from import MailFrom, MailFromName, Setting, find_mail_from, look
from maildoctor.subjects.mail_from_doubled import SPF
from maildoctor.subjects.mail_from_mx import GUIDE, Aim, Judged, host_for, set_anew
from maildoctor.subjects.ses import Identities, Identity


@check("mail-from-not-set", Severity.WARN, GUIDE, "RFC 9989 4.4.2")
def mail_from_not_set(identities: Identities, mail_from: MailFrom, ses_sending: Applies) -> Iterator[Finding]:
    """SES has a custom MAIL FROM for the identity.

    Without one, SES writes a name of Amazon's into the envelope. SPF passes for that, but does not count for DMARC, which then
    hangs on DKIM alone. Records that are published for the name change nothing until SES is told to use it.
    """
    if not identities.found:
        raise ExplainedBy("ses-identity-not-found")
    if not identities.usable:
        raise ExplainedBy("ses-identity-unverified")
    for identity in identities.usable:
        if not identity.mail_from.get("MailFromDomain"):
            yield _not_set(identity, mail_from)


def _not_set(identity: Identity, mail_from: MailFrom) -> Finding:
    ready = [item.name for item in mail_from.names if not item.set and item.region == identity.region]
    name = ready[0] if ready else names.child("bounce", identity.name)
    records = (*(f"{name} MX {mx}" for mx in host_for(identity.region)), f"{name} TXT {SPF}")
    command = identity.command(f"put-email-identity-mail-from-attributes --mail-from-domain {bare(name)}")
    return Finding(
        f"{bare(name)} is published as a MAIL FROM, but SES does not use it for {identity.place}"
        if ready
        else f"SES has no custom MAIL FROM for {identity.place}",
        where=name if ready else "",
        expected=() if ready else records,
        remedy=Remedy("Set it in SES." if ready else f"Publish {' and '.join(records)}; then set it in SES.", commands=(command,)),
    )


def broken(mail_from: MailFrom) -> Iterator[tuple[MailFromName, Setting]]:
    """Yield the names that SES has set, but does not use."""
    for item in mail_from.names:
        for setting in item.set:
            if not setting.works:
                yield item, setting


def _set(mail_from: MailFrom, identities: Identities) -> None:
    """Raise why there is nothing to judge, where SES has no MAIL FROM."""
    if not any(item.set for item in mail_from.names):
        if mail_from.covered:
            raise ExplainedBy("mail-from-not-set")
        raise DoesNotApply("SES has no MAIL FROM for the domain, as far as it was asked")


@check("mail-from-not-verified", Severity.WARN, GUIDE)
def mail_from_not_verified(identities: Identities, mail_from: MailFrom, mail_from_judged: tuple[Judged, ...]) -> Iterator[Finding]:
    """SES has found the MX record of the MAIL FROM name, and uses the name.

    While it has not, it falls back to a name of Amazon's, for which SPF does not count for DMARC, without saying so to the sender.
    After 72 hours it stops looking, and the name has to be set again.
    """
    _set(mail_from, identities)
    explained = ""
    for item, setting in broken(mail_from):
        cause = _cause(item, setting, mail_from_judged)
        explained = explained or cause
        if not cause:
            failed = setting.status == "FAILED"
            yield Finding(
                f"SES does not use {bare(item.name)} in {setting.region}: its status is {setting.status}",
                where=item.name,
                found=(setting.status,),
                expected=("SUCCESS",),
                remedy=Remedy(
                    "The MX record is right now, but SES has stopped looking: set the name again."
                    if failed
                    else "The MX record is right: SES finds it by itself, mostly in minutes.",
                    commands=(set_anew(item.name, setting),) if failed else (),
                ),
            )
    if explained:
        raise ExplainedBy(explained)


def _cause(item: MailFromName, setting: Setting, judged: tuple[Judged, ...]) -> str:
    """Return the check that says why SES cannot use a name, or ""."""
    if setting.rejects:
        return "mail-from-reject-while-broken"
    if item.mx.chain:
        return "mail-from-is-alias"
    own = next((one for one in judged if one.name == item.name), None)
    if own is None:
        return "mail-from-mx-missing"
    if own.extra:
        return "mail-from-mx-extra"
    kinds = {
        Aim.RIGHT: "" if item.region == setting.region else "mail-from-mx-wrong-region",
        Aim.SUFFIX: "mail-from-mx-wrong-suffix",
        Aim.MISTYPED: "mail-from-mx-mistyped",
        Aim.WRONG: "mail-from-mx-wrong-host",
    }
    return kinds.get(own.aim, "mail-from-used-otherwise")


@check("mail-from-reject-while-broken", Severity.FAIL, GUIDE)
def mail_from_reject_while_broken(identities: Identities, mail_from: MailFrom) -> Iterator[Finding]:
    """SES is not told to refuse all mail while the MAIL FROM name does not work.

    With REJECT_MESSAGE, SES sends nothing as long as it does not find the MX record: trouble in the DNS becomes an outage.
    Otherwise mail flows with the default name meanwhile.
    """
    _set(mail_from, identities)
    for item, setting in broken(mail_from):
        if setting.rejects:
            yield Finding(
                f"SES in {setting.region} refuses all mail: the status of {bare(item.name)} is {setting.status}",
                where=item.name,
                found=(setting.status, setting.behaviour),
                expected=("SUCCESS, or USE_DEFAULT_VALUE",),
                remedy=Remedy(
                    "Let mail flow with the default name, then repair the MX record.",
                    commands=(set_anew(item.name, setting, "USE_DEFAULT_VALUE"),),
                ),
            )


@fact
def mail_from(ask: Ask, domain: Domain, settings: Settings, identities: Identities | Undecided) -> MailFrom:
    """The MAIL FROM names: the one that was told, or those that SES has set, and all usual names that have the MX of one."""
    found = find_mail_from(ask, domain, settings)
    if settings.mail_from or isinstance(identities, (NotAsked, Denied)):
        return found
    if isinstance(identities, Undecided):
        raise identities
    told: dict[str, list[Setting]] = {}
    for identity in identities.found:
        name = str(identity.mail_from.get("MailFromDomain") or "")
        if name:
            told.setdefault(Dns.of(name, "MX").name, []).append(_setting(identity))
    ours = tuple(look(ask, name, told=True, settings=tuple(set_)) for name, set_ in told.items())
    others = tuple(item for item in found.names if item.name not in told)
    covered = tuple(identity.region for identity in identities.found)
    unset = tuple(identity.region for identity in identities.found if not identity.mail_from.get("MailFromDomain"))
    return MailFrom((*ours, *others), found.tried, covered, unset)


def _setting(identity: Identity) -> Setting:
    attributes = identity.mail_from
    status, behaviour = (str(attributes.get(key) or "") for key in ("MailFromDomainStatus", "BehaviorOnMxFailure"))
    return Setting(identity.region, identity.name, status, behaviour)
