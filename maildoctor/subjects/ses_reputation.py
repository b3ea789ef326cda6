"""What AWS itself thinks of the mail: bounce and complaint rate, recommendations, tenants that it has stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from maildoctor import names
from maildoctor.ask import Ask, DoesNotApply, Reply, each
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.operations import (
    GET_CALLER_IDENTITY,
    GET_METRIC_DATA,
    LIST_RECOMMENDATIONS,
    LIST_REPUTATION_ENTITIES,
    LIST_RESOURCE_TENANTS,
)
from maildoctor.registry import check, fact
from maildoctor.subjects.ses import Identities, Identity
from maildoctor.subjects.ses_account import ENFORCEMENT, Account
from maildoctor.subjects.ses_account_sets import ConfigurationSet

DASHBOARD = "SES developer guide: reputationdashboardmessages"
_DAYS = 7
_METRICS = {"bounces": "Reputation.BounceRate", "complaints": "Reputation.ComplaintRate"}


@dataclass(frozen=True)
class Rates:
    """The rates by which AWS judges the account in one region, from CloudWatch: parts of one, not per cent."""

    region: str
    reply: Reply

    def last(self, id: str) -> float | None:
        """Return the newest value, or None where nothing was sent lately."""
        rows = [row for row in self.reply.data.get("MetricDataResults") or () if row.get("Id") == id]
        values = [pair for row in rows for pair in zip(row.get("Timestamps") or (), row.get("Values") or (), strict=False)]
        return float(max(values)[1]) if values else None


@fact
def rates(ask: Ask, sending_accounts: tuple[Account, ...], now: datetime) -> tuple[Rates, ...]:
    """Both rates of each region in one question. They cover a volume of mail that AWS chooses, so they cannot be computed."""
    begin, end = (moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00Z") for moment in (now - timedelta(_DAYS), now))
    queries = [
        {
            "Id": id,
            "MetricStat": {"Metric": {"Namespace": "AWS/SES", "MetricName": name}, "Period": 3600, "Stat": "Average"},
        }
        for id, name in _METRICS.items()
    ]
    return tuple(
        Rates(account.region, ask(GET_METRIC_DATA(account.region, MetricDataQueries=queries, StartTime=begin, EndTime=end)))
        for account in sending_accounts
    )


def _known(rates: tuple[Rates, ...], id: str) -> Iterator[tuple[str, float]]:
    """Yield region and rate. Raises `DoesNotApply` where there is none anywhere."""
    silent = 0
    for one in rates:
        rate = one.last(id)
        silent += rate is None
        if rate is not None:
            yield one.region, rate
    if silent == len(rates):
        raise DoesNotApply("CloudWatch holds no such rate: nothing was sent with SES lately")


@check("ses-bounce-rate", Severity.WARN, ENFORCEMENT, DASHBOARD)
def ses_bounce_rate(rates: tuple[Rates, ...]) -> Iterator[Finding]:
    """Fewer than 2 of 100 messages bounce.

    AWS takes many bounces for a sign of bought or old address lists. From 5 % on it puts the account under review, from 10 % on it
    may stop its sending.
    """
    for region, rate in _known(rates, "bounces"):
        if rate >= 0.02:
            yield Finding(
                f"{rate:.1%} of the mail of the SES account in {region} bounces{_consequence(rate, 0.05, 0.10)}",
                where=region,
                found=(f"Reputation.BounceRate: {rate:.4f}",),
                expected=("below 0.02",),
                remedy=Remedy(
                    "Write only to addresses whose owners have confirmed them, take bounced ones off the list at once, and find "
                    "out which of your mail bounces."
                ),
                severity=Severity.FAIL if rate >= 0.05 else None,
            )


@check("ses-complaint-rate", Severity.WARN, ENFORCEMENT, DASHBOARD)
def ses_complaint_rate(rates: tuple[Rates, ...]) -> Iterator[Finding]:
    """Fewer than 1 of 1,000 messages are complained about.

    From 0.1 % on AWS puts the account under review, from 0.5 % on it may stop its sending. Gmail does not tell AWS of single
    complaints, so a rate of 0 proves nothing.
    """
    for region, rate in _known(rates, "complaints"):
        if rate >= 0.001:
            yield Finding(
                f"{rate:.2%} of the mail of the SES account in {region} is complained about{_consequence(rate, 0.001, 0.005)}",
                where=region,
                found=(f"Reputation.ComplaintRate: {rate:.5f}",),
                expected=("below 0.001",),
                remedy=Remedy("Write only to those who asked for it, and let them leave the list with one click."),
                severity=Severity.FAIL,
            )


def _consequence(rate: float, review: float, pause: float) -> str:
    if rate >= pause:
        return ": AWS may stop its sending"
    return ": AWS puts accounts under review for that" if rate >= review else ""


@fact
def recommendations(ask: Ask, sending_accounts: tuple[Account, ...]) -> tuple[tuple[str, Reply], ...]:
    """The open recommendations of each region in which the Virtual Deliverability Manager is on."""
    advised = [account for account, on in zip(sending_accounts, each(_advised, sending_accounts), strict=True) if on]
    if not advised:
        raise DoesNotApply("the Virtual Deliverability Manager of SES is not on, which gives recommendations")
    return tuple((account.region, ask(LIST_RECOMMENDATIONS(account.region, Filter={"STATUS": "OPEN"}))) for account in advised)


def _advised(account: Account) -> bool:
    return account.advised


_ADVICE = {
    "DKIM": "its DKIM",
    "DMARC": "its DMARC record",
    "SPF": "the SPF record of its MAIL FROM",
    "BIMI": "its BIMI record",
    "COMPLAINT": "its complaint rate",
    "BOUNCE": "its bounce rate",
    "FEEDBACK_3P": "what mailbox providers say of it",
    "IP_LISTING": "an address that is on a blocklist",
}


@check("ses-advisor-open", Severity.WARN, "SES developer guide: vdm-advisor", "SES API v2: ListRecommendations")
def ses_advisor_open(recommendations: tuple[tuple[str, Reply], ...], identities: Identities) -> Iterator[Finding]:
    """The Virtual Deliverability Manager has nothing to recommend.

    AWS itself looks at records, rates and blocklists for those who have switched the manager on. Something that was mended stands
    in its list for up to six hours more.
    """
    ours = {identity.region: names.bare(identity.name) for identity in identities.found}
    for region, reply in recommendations:
        for row in reply.data.get("Recommendations") or ():
            about = str(row.get("ResourceArn") or "").partition(":identity/")[2].lower()
            if about != ours.get(region) or row.get("Status", "OPEN") != "OPEN":
                continue
            kind = str(row.get("Type") or "")
            yield Finding(
                f"the advisor of SES in {region} finds fault with {about}: {_ADVICE.get(kind, 'something new')}",
                where=region,
                found=(
                    f"{kind or 'no type'}, impact {row.get('Impact') or 'unknown'}, since {row.get('CreatedTimestamp') or '?'}",
                ),
                remedy=Remedy("Virtual Deliverability Manager, Advisor, in the SES console says what to do."),
                severity=Severity.NOTE if row.get("Impact") == "LOW" else None,
            )


@dataclass(frozen=True)
class Disabled:
    """Something with a reputation of its own that may not send: a tenant, an identity or a configuration set of the domain."""

    region: str
    what: str
    entity: Mapping[str, Any]


@fact
def disabled_entities(
    ask: Ask, identities: Identities, configuration_sets: tuple[ConfigurationSet, ...]
) -> tuple[tuple[Disabled, ...], ...]:
    """What may not send and concerns the domain. Tenants are asked for only where one of them is disabled."""
    sets = {(one.region, one.name) for one in configuration_sets}
    return each(lambda identity: _disabled(ask, identity, sets), identities.found)


def _disabled(ask: Ask, identity: Identity, sets: set[tuple[str, str]]) -> tuple[Disabled, ...]:
    question = LIST_REPUTATION_ENTITIES(identity.region, Filter={"SENDING_STATUS": "DISABLED"})
    rows = ask(question).data.get("ReputationEntities") or ()
    stopped = [(_resource(row), row) for row in rows if row.get("SendingStatusAggregate", "DISABLED") == "DISABLED"]
    ours = {
        "identity": {names.bare(identity.name)},
        "configuration-set": {name for region, name in sets if region == identity.region},
        "tenant": _tenants(ask, identity) if any(resource[0] == "tenant" for resource, _ in stopped) else set(),
    }
    return tuple(
        Disabled(identity.region, f"{resource[0].replace('-', ' ')} {resource[1]}", row)
        for resource, row in stopped
        if not ours.get(resource[0], set()).isdisjoint(resource[1:])
    )


def _resource(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts of what an ARN names: ("tenant", NAME, ID), ("identity", NAME)."""
    return tuple(str(row.get("ReputationEntityReference") or "").split(":", 5)[-1].split("/"))


def _tenants(ask: Ask, identity: Identity) -> set[str]:
    """The names and ids of the tenants that send with an identity."""
    caller = ask(GET_CALLER_IDENTITY()).data
    partition = str(caller.get("Arn") or "arn:aws:").split(":")[1]
    arn = f"arn:{partition}:ses:{identity.region}:{caller.get('Account', '')}:identity/{names.bare(identity.name)}"
    rows = ask(LIST_RESOURCE_TENANTS(identity.region, ResourceArn=arn)).data.get("ResourceTenants") or ()
    return {str(row.get(member) or "") for row in rows for member in ("TenantName", "TenantId")} - {""}


@check("ses-tenant-disabled", Severity.FAIL, "SES developer guide: tenants", "SES API v2: ListReputationEntities")
def ses_tenant_disabled(disabled_entities: tuple[tuple[Disabled, ...], ...]) -> Iterator[Finding]:
    """No tenant that sends with the domain is disabled.

    SES keeps a reputation for each tenant, identity and configuration set, and stops the one whose mail does harm, or lets you stop
    it. What it sends is refused then, while the account as a whole looks well.
    """
    for one in (entity for group in disabled_entities for entity in group):
        by_aws = (one.entity.get("AwsSesManagedStatus") or {}).get("Status") == "DISABLED"
        yield Finding(
            f"the {one.what} may not send in {one.region}: {'SES' if by_aws else 'its owner'} has stopped it",
            where=one.region,
            found=("SendingStatusAggregate: DISABLED",),
            expected=("SendingStatusAggregate: ENABLED or REINSTATED",),
            remedy=Remedy(
                "Mend the findings that SES names beside it (Tenants, Reputation, in the console); it may send again after that."
                if by_aws
                else "Mend why it was stopped, and reinstate it (Tenants, Reputation, in the console)."
            ),
        )
