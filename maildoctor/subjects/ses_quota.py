"""The sending quota of SES: recipients in 24 hours, counted anew at every moment, for each region alone."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.model import Finding, Remedy, Severity
from maildoctor.registry import check
from maildoctor.subjects.ses_account import GET_ACCOUNT_MODEL, Account, production

QUOTAS = "SES developer guide: quotas"
NEARLY = 0.8
"""The part of the quota from which on we warn; AWS names no figure."""
BEGINNERS = 200
"""What an account may send in 24 hours before AWS has raised its quota."""
_RAISE = "Ask AWS for a higher sending quota (Service Quotas, Amazon SES, quota L-804C8AE8), with the figure that you need."


@check("ses-quota-nearly-used", Severity.WARN, QUOTAS, GET_ACCOUNT_MODEL)
def ses_quota_nearly_used(sending_accounts: tuple[Account, ...]) -> Iterator[Finding]:
    """Less than four fifths of the daily sending quota are used.

    SES counts the recipients of the last 24 hours. Beyond the quota it refuses mail, and what is not sent again is lost.
    """
    for account in production(sending_accounts):
        sent, limit = account.quota.get("SentLast24Hours", 0.0), account.limit
        if not limit or sent < NEARLY * limit:
            continue
        full = sent >= limit
        yield Finding(
            f"the SES account in {account.region} has used {'all' if full else f'{sent / limit:.0%}'} of its daily quota",
            where=account.region,
            found=(f"{sent:,.0f} of {limit:,.0f} recipients in 24 hours",),
            expected=(f"fewer than {NEARLY * limit:,.0f}",),
            remedy=Remedy(_RAISE),
            severity=Severity.FAIL if full else None,
        )


@check("ses-quota-not-raised", Severity.WARN, QUOTAS, GET_ACCOUNT_MODEL)
def ses_quota_not_raised(sending_accounts: tuple[Account, ...]) -> Iterator[Finding]:
    """Outside the sandbox the daily quota is above that of the sandbox.

    With production access AWS raises the quota, as a rule. An account that may write to everybody, but only 200 times a day,
    stops on its first busy day.
    """
    for account in production(sending_accounts):
        if 0 < account.limit <= BEGINNERS:
            yield Finding(
                f"the SES account in {account.region} has production access, but may still write to only "
                f"{account.limit:,.0f} recipients a day",
                where=account.region,
                found=(f"Max24HourSend: {account.limit:.0f}",),
                expected=(f"more than {BEGINNERS}",),
                remedy=Remedy(_RAISE),
            )
