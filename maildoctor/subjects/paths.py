"""The sending paths: for each way in which the domain sends mail, what a receiver will compute (RFC 9989 5.3).

DMARC passes when SPF or DKIM passes for a name that is aligned with the domain in From. With SES, SPF is evaluated at the custom
MAIL FROM, or at a name of Amazon's, which never aligns; DKIM at the domain whose tokens are published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maildoctor.ask import Ask, NotAsked, Undecided, any_of
from maildoctor.model import Path
from maildoctor.names import bare
from maildoctor.registry import fact
from maildoctor.settings import Settings
from maildoctor.subjects.dkim import Signing
from maildoctor.subjects.dmarc import DmarcPolicy
from maildoctor.subjects.dmarc_walk import aligned
from maildoctor.subjects.domain import Regions, Roles
from maildoctor.subjects.mail_from import MailFrom, MailFromName, Setting
from maildoctor.subjects.mail_from_mx import Aim, aim
from maildoctor.subjects.spf import SesSpf, evaluated

NO_MAIL_FROM = "no MAIL FROM name was given, and none was found under the usual names"


@dataclass(frozen=True)
class Leg:
    """One of the two proofs of a path: `result` in the words of RFC 8601, for `name`, and whether that aligns with From.

    `at_times`: it fails for some messages only, as DKIM does while SES signs with the one key of three that cannot be found.
    `cause`: the check that says why SES uses a name of its own instead of one of the domain.
    """

    name: str
    result: str | Undecided
    aligned: bool | Undecided
    detail: str = ""
    at_times: bool = False
    cause: str = ""

    def passes(self) -> bool:
        """Whether it passes and aligns. Raises the reason where that could not be told."""
        if isinstance(self.result, Undecided):
            raise self.result
        return self.result == "pass" and self.aligns()

    def can_pass(self) -> bool:
        """Whether it passes and aligns for some messages at least."""
        return self.passes() or (self.at_times and self.aligns())

    def aligns(self) -> bool:
        """Whether its name belongs to From, whatever the result. Raises the reason where that could not be told."""
        if isinstance(self.aligned, Undecided):
            raise self.aligned
        return self.aligned

    @property
    def word(self) -> str:
        """The result, or "unknown"."""
        return "unknown" if isinstance(self.result, Undecided) else self.result


@dataclass(frozen=True)
class Route:
    """One way in which the domain sends, before it is put into words."""

    sender: str
    author: str
    spf: Leg
    dkim: Leg

    @property
    def ses(self) -> bool:
        """Whether SES sends it."""
        return self.sender.startswith("ses")

    def passes(self) -> bool:
        """Whether DMARC passes. One leg that does decides, even where the other could not be told."""
        return any_of(self.spf.passes, self.dkim.passes)

    def can_pass(self) -> bool:
        """Whether DMARC passes for some messages at least. Why it does not for the others, the checks of the keys tell."""
        return any_of(self.spf.can_pass, self.dkim.can_pass)


@fact
def routes(
    ask: Ask,
    author_domain: str,
    settings: Settings,
    roles: Roles,
    regions: Regions | Undecided,
    mail_from: MailFrom | Undecided,
    ses_spf: tuple[SesSpf, ...] | Undecided,
    signing: Signing | Undecided,
    dmarc_policy: DmarcPolicy | Undecided,
) -> tuple[Route, ...]:
    """All ways in which the domain sends: SES with each MAIL FROM name, and each sender address that was told."""
    judge = _Alignment(ask, author_domain, dmarc_policy)
    found: list[Route] = []
    if roles.ses:
        known = regions.names if isinstance(regions, Regions) else ()
        legs = _ses_legs(judge, mail_from, ses_spf)
        found += [_by_ses(judge, _region(own, known), spf, signing) for spf, own in legs]
    own_dkim = _own_dkim(author_domain)
    found += [Route(address, author_domain, _own_leg(ask, judge, address, settings), own_dkim) for address in settings.sender_ips]
    return tuple(found)


def _region(own: str, known: tuple[str, ...]) -> str:
    """Return the one region of SES, if there is one; else that of its MAIL FROM, which may be mistaken."""
    return known[0] if len(known) == 1 else own


def _by_ses(judge: _Alignment, region: str, spf: Leg, signing: Signing | Undecided) -> Route:
    there = signing if isinstance(signing, Undecided) else signing.at(region)
    return Route(f"ses:{region}" if region else "ses", judge.author, spf, _dkim_leg(judge, there))


@dataclass(frozen=True)
class _Alignment:
    """Whether names align with From, under the modes that the DMARC record asks for (RFC 9989 4.4)."""

    ask: Ask
    author: str
    policy: DmarcPolicy | Undecided

    def of(self, name: str, mode: Callable[[DmarcPolicy], str]) -> bool | Undecided:
        if isinstance(self.policy, Undecided):
            return self.policy
        strict = mode(self.policy) == "s"
        return _told(lambda: aligned(self.ask, name, self.author, strict))


def _told(test: Callable[[], bool]) -> bool | Undecided:
    try:
        return test()
    except Undecided as reason:
        return reason


def _ses_legs(judge: _Alignment, mail_from: MailFrom | Undecided, ses_spf: tuple[SesSpf, ...] | Undecided) -> list[tuple[Leg, str]]:
    if isinstance(mail_from, Undecided):
        return [(Leg("", mail_from, mail_from), "")]
    legs = [_default(region, "no MAIL FROM is set in SES", "mail-from-not-set") for region in mail_from.unset]
    if not mail_from.names and not legs:
        reason = NotAsked(NO_MAIL_FROM)
        return [(Leg("", reason, reason, NO_MAIL_FROM), "")]
    results = {} if isinstance(ses_spf, Undecided) else {spf.name: spf for spf in ses_spf}
    for name in mail_from.names:
        if not name.set and _carried(name) in mail_from.covered:
            continue  # published, but SES uses another name there, or none
        legs += [_fallen_back(name, setting) for setting in name.set if not setting.works]
        if name.set and not any(setting.works for setting in name.set):
            continue
        known = results.get(name.name)
        result: str | Undecided = known.result if known else _missing(ses_spf)
        detail = known.because + _unused(name) if known else ""
        leg = Leg(name.name, result, judge.of(name.name, lambda policy: policy.aspf), detail)
        legs += [(leg, region) for region in [setting.region for setting in name.set if setting.works] or [_carried(name)]]
    return legs


def _default(region: str, why: str, cause: str) -> tuple[Leg, str]:
    """The leg of mail with the name that SES writes into the envelope by itself: SPF passes for that, and never aligns."""
    name = "amazonses.com." if region == "us-east-1" else f"{region}.amazonses.com."
    return Leg(name, "pass", aligned=False, detail=f"{why}: SES uses a name of its own, which does not align", cause=cause), region


def _fallen_back(name: MailFromName, setting: Setting) -> tuple[Leg, str]:
    if setting.rejects:
        detail = f"SES refuses to send: the status of {bare(name.name)} is {setting.status}"
        return Leg(name.name, "none", aligned=False, detail=detail, cause="mail-from-reject-while-broken"), setting.region
    why = f"the status of {bare(name.name)} is {setting.status}"
    return _default(setting.region, why, "mail-from-not-verified")


def _missing(ses_spf: tuple[SesSpf, ...] | Undecided) -> Undecided:
    return ses_spf if isinstance(ses_spf, Undecided) else NotAsked("its SPF was not evaluated")


def _unused(name: MailFromName) -> str:
    """Say so where SES writes another name into the envelope, because the MX of this one is not what SES wants."""
    try:
        right = any(aim(mx.host) is Aim.RIGHT for mx in name.exchanges)
    except Undecided:
        return ""
    return "" if right or name.set else "; but SES does not use this name before its MX record is right"


def _carried(name: MailFromName) -> str:
    try:
        return name.region
    except Undecided:
        return ""


def _dkim_leg(judge: _Alignment, signing: Signing | Undecided) -> Leg:
    if isinstance(signing, Undecided):
        return Leg("", signing, signing)
    if signing.result == "unknown":
        reason = NotAsked(signing.detail)
        return Leg(signing.domain, reason, reason, signing.detail)
    result = "pass" if signing.result == "pass" else "fail"
    aligned = judge.of(signing.domain, lambda policy: policy.adkim)
    return Leg(signing.domain, result, aligned, signing.detail, at_times=signing.result == "partial")


def _own_leg(ask: Ask, judge: _Alignment, address: str, settings: Settings) -> Leg:
    name = settings.mail_from or judge.author
    found = evaluated(ask, name, address)
    return Leg(name, found.result, judge.of(name, lambda policy: policy.aspf), found.because)


def _own_dkim(author: str) -> Leg:
    reason = NotAsked("whether the own server signs is not seen in DNS")
    return Leg(author, reason, reason, reason.reason)


@fact
def paths(routes: tuple[Route, ...], dmarc_policy: DmarcPolicy | Undecided) -> tuple[Path, ...]:
    """The sending paths as the report shows them."""
    return tuple(_path(route, dmarc_policy) for route in routes)


def _path(route: Route, policy: DmarcPolicy | Undecided) -> Path:
    dmarc, disposition, because = _verdict(route, policy)
    return Path(
        sender=route.sender,
        author=route.author,
        mail_from=route.spf.name,
        spf=route.spf.word,
        spf_aligned=_known(route.spf.aligned),
        dkim=route.dkim.word,
        dkim_domain=route.dkim.name,
        dkim_aligned=_known(route.dkim.aligned),
        dmarc=dmarc,
        policy="" if isinstance(policy, Undecided) else policy.policy,
        disposition=disposition,
        because=because,
        spf_detail=route.spf.detail,
        dkim_detail=route.dkim.detail,
        policy_domain="" if isinstance(policy, Undecided) else policy.at,
    )


def _verdict(route: Route, policy: DmarcPolicy | Undecided) -> tuple[str, str, str]:
    """Return the DMARC result, what a receiver does, and why."""
    if isinstance(policy, Undecided):
        return "unknown", "unknown", policy.reason
    if not policy.policy:
        return "none", "accept", "there is no DMARC record: each receiver decides for itself"
    try:
        passes = route.passes()
    except Undecided as reason:
        return "unknown", "unknown", reason.reason
    if passes:
        return "pass", "accept", _by(route, policy.policy)
    disposition = {"none": "accept", "quarantine": "quarantine", "reject": "reject"}[policy.policy]
    if route.can_pass():
        return "fail", disposition, "SPF does not pass, and DKIM only with some of the keys that SES signs with"
    return "fail", disposition, "neither SPF nor DKIM passes for a name that is aligned with From"


def _known(aligned: bool | Undecided) -> bool | None:
    return None if isinstance(aligned, Undecided) else aligned


def _by(route: Route, policy: str) -> str:
    spf, dkim = (_passing(leg) for leg in (route.spf, route.dkim))
    if spf and dkim:
        return "by SPF and by DKIM"
    if dkim:
        return "by DKIM alone" if spf is False else "by DKIM; whether by SPF too could not be told"
    if dkim is None:
        return "by SPF; whether by DKIM too could not be told"
    return "by SPF alone" + (": accepted until it is forwarded" if policy != "none" else "")


def _passing(leg: Leg) -> bool | None:
    """Tell whether a leg passes and aligns, None where that could not be told. One that fails does not, whatever its name."""
    if not isinstance(leg.result, Undecided) and leg.result != "pass":
        return False
    try:
        return leg.passes()
    except Undecided:
        return None
