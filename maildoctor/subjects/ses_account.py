"""The SES account in the regions in which the domain is an identity: what it may send, and whether it may send at all.

Another account's mail is not judged by this one's state: where this account has no identity that covers the domain, nothing here
applies. Quotas, sandbox and reviews are kept by region.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from maildoctor import model, names
from maildoctor.ask import Ask, DoesNotApply, ExplainedBy, Reply, sift
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.operations import GET_ACCOUNT
from maildoctor.registry import check, fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.domain import SENDING_ROLES
from maildoctor.subjects.ses import Identities

GET_ACCOUNT_MODEL = "SES API v2: GetAccount"
SANDBOX = "SES developer guide: request-production-access"
ENFORCEMENT = "SES developer guide: faqs-enforcement"

REASONS = ("BOUNCE", "COMPLAINT")
"""What the suppression list can be told to keep, and what somebody has to hear of."""


@dataclass(frozen=True)
class Account:
    """The account in one region, as GetAccount tells it. What it does not say, or says in new words, is no fault."""

    region: str
    reply: Reply

    @property
    def data(self) -> Mapping[str, Any]:
        """The members of GetAccount."""
        return self.reply.data

    @property
    def sandbox(self) -> bool:
        """Whether it may write to verified recipients alone."""
        return self.data.get("ProductionAccessEnabled") is False

    @property
    def paused(self) -> bool:
        """Whether it may not send now."""
        return self.data.get("SendingEnabled") is False

    @property
    def enforcement(self) -> str:
        """HEALTHY, PROBATION, SHUTDOWN or a word that is newer; "" where SES did not say."""
        return str(self.data.get("EnforcementStatus") or "")

    @property
    def quota(self) -> Mapping[str, float]:
        """`SendQuota`: `Max24HourSend` (-1: without limit), `SentLast24Hours`, `MaxSendRate`."""
        return self.data.get("SendQuota") or {}

    @property
    def limit(self) -> float:
        """How many recipients it may write to in 24 hours; 0 where there is no limit, or none is told."""
        return max(self.quota.get("Max24HourSend", 0.0), 0.0)

    @property
    def review(self) -> str:
        """How a request for production access stands: PENDING, FAILED, GRANTED, DENIED or ""."""
        details = self.data.get("Details") or {}
        return str((details.get("ReviewDetails") or {}).get("Status") or "")

    @property
    def advised(self) -> bool:
        """Whether the Virtual Deliverability Manager is on, which gives recommendations."""
        return (self.data.get("VdmAttributes") or {}).get("VdmEnabled") == "ENABLED"

    @property
    def told(self) -> model.Account:
        """What the report opens with."""
        production, quota = self.data.get("ProductionAccessEnabled"), self.quota
        return model.Account(
            self.region,
            None if production is None else not production,
            self.data.get("SendingEnabled"),
            self.enforcement,
            quota.get("Max24HourSend"),
            quota.get("SentLast24Hours"),
            quota.get("MaxSendRate"),
        )


def command(region: str, *words: str) -> str:
    """Return a command of the AWS CLI. What comes from SES is foreign text to a shell."""
    return shlex.join(("aws", "sesv2", *words, "--region", region))


@fact
def accounts(ask: Ask, identities: Identities) -> tuple[Account, ...]:
    """The account in each region in which it has an identity that covers the domain."""
    if not identities.found:
        raise DoesNotApply("this account has no SES identity that covers the domain")
    regions = dict.fromkeys(identity.region for identity in identities.found)
    return tuple(Account(region, ask(GET_ACCOUNT(region))) for region in regions)


@fact
def sending_accounts(accounts: tuple[Account, ...], settings: Settings) -> tuple[Account, ...]:
    """The same, unless the domain was told not to send.

    The DNS is not asked whether it sends: who has just begun has published nothing, and must hear of the sandbox too.
    """
    if settings.roles and not SENDING_ROLES.intersection(settings.roles):
        raise DoesNotApply("the domain does not send, as far as was told (--role)")
    return accounts


def production(sending_accounts: tuple[Account, ...]) -> Iterator[Account]:
    """Yield those that have left the sandbox. Raises `ExplainedBy` where none has."""
    sandboxes = 0
    for account in sift(lambda account: account.sandbox is not None, sending_accounts):
        if not account.sandbox:
            yield account
        sandboxes += account.sandbox
    if sandboxes == len(sending_accounts):
        raise ExplainedBy("ses-sandbox")


@check("ses-sandbox", Severity.FAIL, SANDBOX, GET_ACCOUNT_MODEL)
def ses_sandbox(sending_accounts: tuple[Account, ...], domain: Domain) -> Iterator[Finding]:
    """The SES account has left the sandbox.

    Each account begins in the sandbox, in each region anew. There SES takes mail to verified addresses and domains only, 200
    messages a day, and refuses all the rest: tests among colleagues succeed, and mail to customers fails.
    """
    for account in sift(lambda account: account.sandbox, sending_accounts):
        yield Finding(
            f"the SES account is in the sandbox in {account.region}: it can write to verified addresses and domains only",
            where=account.region,
            found=("ProductionAccessEnabled: false",),
            expected=("ProductionAccessEnabled: true",),
            remedy=_production_access(account, domain),
        )


def _production_access(account: Account, domain: Domain) -> Remedy:
    if account.review == "PENDING":
        return Remedy("Production access was asked for and is being reviewed; AWS usually answers within a day.")
    if account.review == "DENIED":
        return Remedy("AWS has denied production access. Its support case says why; answer it there.")
    kind = (account.data.get("Details") or {}).get("MailType") or "TRANSACTIONAL"
    website = f"https://{names.bare(domain.name)}"
    words = ("--mail-type", str(kind), "--website-url", website, "--contact-language", "EN")
    return Remedy(
        "Ask for production access, once the domain is verified. AWS wants to know what is sent (--mail-type TRANSACTIONAL or "
        "MARKETING), the address of the website, and, where it asks back, how recipients come onto the list and how bounces and "
        "complaints are handled. A person decides, usually within a day.",
        commands=(command(account.region, "put-account-details", "--production-access-enabled", *words),),
    )


@check("ses-sending-paused", Severity.FAIL, GET_ACCOUNT_MODEL)
def ses_sending_paused(sending_accounts: tuple[Account, ...]) -> Iterator[Finding]:
    """The SES account is allowed to send.

    While sending is switched off for the account, SES refuses every message in that region, whatever else is in order.
    """
    stopped = 0
    for account in sift(lambda account: account.paused, sending_accounts):
        if account.enforcement == "SHUTDOWN":
            stopped += 1
            continue
        yield Finding(
            f"sending is switched off for the SES account in {account.region}: SES refuses every message",
            where=account.region,
            found=("SendingEnabled: false",),
            expected=("SendingEnabled: true",),
            remedy=Remedy(
                "Find out who or what switched it off (an alarm on bounces, perhaps); when that is mended, switch it on:",
                commands=(command(account.region, "put-account-sending-attributes", "--sending-enabled"),),
            ),
        )
    if stopped == len(sending_accounts):
        raise ExplainedBy("ses-under-review")


_STATES = {
    "PROBATION": (Severity.WARN, "AWS has put the SES account under review in"),
    "SHUTDOWN": (Severity.FAIL, "AWS has stopped the sending of the SES account in"),
}
_NEW_STATE = (Severity.NOTE, "SES has a new word for the state of the account in")


@check("ses-under-review", Severity.WARN, ENFORCEMENT, GET_ACCOUNT_MODEL)
def ses_under_review(sending_accounts: tuple[Account, ...]) -> Iterator[Finding]:
    """AWS has nothing against what the SES account sends.

    AWS puts accounts under review whose bounces, complaints or contents endanger its own reputation, and stops those that do not
    mend it in time. It writes to the account's address why, and opens a support case.
    """
    for account in sift(lambda account: account.enforcement not in ("", "HEALTHY"), sending_accounts):
        severity, words = _STATES.get(account.enforcement, _NEW_STATE)
        yield Finding(
            f"{words} {account.region}",
            where=account.region,
            found=(f"EnforcementStatus: {account.enforcement}",),
            expected=("EnforcementStatus: HEALTHY",),
            remedy=Remedy("Mend what the support case of AWS names (it is in the Support Center of the account), and answer it."),
            severity=severity,
        )


@check("ses-suppression-off", Severity.WARN, "SES developer guide: sending-email-suppression-list", GET_ACCOUNT_MODEL)
def ses_suppression_off(sending_accounts: tuple[Account, ...]) -> Iterator[Finding]:
    """The account's suppression list keeps addresses that bounced or complained.

    Mail to an address that does not exist, or whose owner has complained, counts against the account each time it is sent again.
    With the suppression list on, SES drops such mail itself.
    """
    for account in production(sending_accounts):
        attributes = account.data.get("SuppressionAttributes")
        if attributes is None:
            continue
        kept = attributes.get("SuppressedReasons") or ()
        missing = [reason for reason in REASONS if reason not in kept]
        if missing:
            yield Finding(
                f"the suppression list of the SES account in {account.region} does not keep {_WORDS[tuple(missing)]}",
                where=account.region,
                found=(f"SuppressedReasons: {', '.join(kept) or 'none'}",),
                expected=(f"SuppressedReasons: {', '.join(REASONS)}",),
                remedy=Remedy(commands=(command(account.region, "put-account-suppression-attributes", *_ALL),)),
            )


_ALL = ("--suppressed-reasons", *REASONS)
_WORDS = {
    ("BOUNCE",): "addresses that bounced",
    ("COMPLAINT",): "addresses that complained",
    REASONS: "addresses that bounced or complained",
}
