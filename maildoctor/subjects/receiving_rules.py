"""Receipt rules: a set must be active, take the domain's mail, look at it, and keep it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.ask import ExplainedBy
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.registry import check, fact
from maildoctor.settings import Domain
from maildoctor.subjects.domain import Roles
from maildoctor.subjects.mx import Kind, kind
from maildoctor.subjects.mx_hosts import Host
from maildoctor.subjects.receiving import Inbox, Rule, RuleSet, Spare, each_rule, verified
from maildoctor.subjects.receiving_commands import rule_changed
from maildoctor.subjects.ses import Identities
from maildoctor.subjects.ses_identity import Provider

CONCEPTS = "SES developer guide: receiving-email-concepts"
MODEL = "SES API reference: ReceiptRule"


@check("receiving-no-active-rule-set", Severity.FAIL, CONCEPTS)
def receiving_no_active_rule_set(
    domain: Domain,
    receipt_rules: tuple[RuleSet, ...],
    receipt_rules_elsewhere: tuple[RuleSet, ...],
    spare_rule_sets: tuple[Spare, ...],
) -> Iterator[Finding]:
    """A receipt rule set is active in the region to which the MX leads.

    Each region has one active rule set at most, and a new one is not active by itself. Without it SES refuses all mail that the MX
    brings.
    """
    if receipt_rules_elsewhere:
        raise ExplainedBy("mx-region-without-rules")
    if any(rules.active for rules in receipt_rules):
        if not all(rules.active for rules in receipt_rules):
            raise ExplainedBy("mx-region-mismatch")
        return
    for spare in spare_rule_sets:
        yield Finding(
            f"no receipt rule set is active in {spare.region}, to which the MX of {bare(domain.name)} leads",
            where=domain.name,
            found=spare.names,
            remedy=_activate(spare),
        )


def _activate(spare: Spare) -> Remedy:
    if not spare.names:
        return Remedy(
            f"Create a rule set with a rule for the domain in {spare.region} (aws ses create-receipt-rule-set, "
            "create-receipt-rule), then activate it (set-active-receipt-rule-set)."
        )
    if len(spare.names) > 1:
        return Remedy("Activate the rule set that is meant: aws ses set-active-receipt-rule-set --rule-set-name NAME.")
    words = ("aws", "ses", "set-active-receipt-rule-set", "--rule-set-name", spare.names[0], "--region", spare.region)
    return Remedy(f"Activate the rule set {spare.names[0]}.", commands=(shlex.join(words),))


@check("receiving-region-unsupported", Severity.FAIL, "AWS General Reference: Amazon SES endpoints and quotas")
def receiving_region_unsupported(
    domain: Domain, mx_hosts: tuple[Host, ...], receipt_rules: tuple[RuleSet, ...]
) -> Iterator[Finding]:
    """SES has receipt rules in the region to which the MX leads.

    Sending works in more regions than receiving. Where SES itself knows no receipt rules, no mail comes in, whatever the MX says.
    """
    if any(host.shut for host in mx_hosts if kind(host.mx.host) is Kind.INBOUND):
        raise ExplainedBy("mx-region-cannot-receive")
    for rules in receipt_rules:
        if rules.unsupported:
            yield Finding(
                f"the MX of {bare(domain.name)} leads to {rules.region}, where SES receives no mail",
                where=domain.name,
                remedy=Remedy(
                    "Set the receipt rules up in a region that receives, and name its host; sending can stay where it is."
                ),
            )


@dataclass(frozen=True)
class Explained:
    """The check of the identity that names a cause here already, "" where none does."""

    absent: str
    unverified: tuple[str, ...]


@fact
def inboxes_explained(roles: Roles, identities: Identities, ses_provider: Provider) -> Explained:
    """What the checks of sending say of the identities, so that it is not said twice."""
    nowhere = not (identities.found or identities.elsewhere or identities.on_www or ses_provider.because)
    absent = "ses-identity-not-found" if nowhere and roles.ses else ""
    return Explained(absent, tuple(identity.region for identity in identities.found if not identity.verified))


@check("receiving-identity-unverified", Severity.FAIL, "SES developer guide: receiving-email-verification")
def receiving_identity_unverified(
    domain: Domain,
    inboxes: tuple[Inbox, ...],
    inboxes_explained: Explained,
    receipt_rules: tuple[RuleSet, ...],
    receipt_rules_elsewhere: tuple[RuleSet, ...],
) -> Iterator[Finding]:
    """The domain is a verified identity of SES in the region to which its MX leads.

    SES takes mail only for domains that it knows to be the account's own, region by region. Being verified in another region, for
    sending, does not count.
    """
    if receipt_rules_elsewhere:
        raise ExplainedBy("mx-region-without-rules")
    active = {rules.region for rules in receipt_rules if rules.active}
    # Where one region has no active rules and another has, mx-region-mismatch names the cause.
    meant = [inbox for inbox in inboxes if inbox.region in active or not active]
    cause = ""
    for inbox in meant:
        explained = _explained(inbox, inboxes_explained)
        cause = cause or explained
        if not explained and not (inbox.identity and verified(inbox.identity)):
            yield _unverified(domain, inbox)
    if cause:
        raise ExplainedBy(cause)


def _explained(inbox: Inbox, explained: Explained) -> str:
    if inbox.identity is None:
        return explained.absent
    return "ses-identity-unverified" if inbox.region in explained.unverified and not verified(inbox.identity) else ""


def _unverified(domain: Domain, inbox: Inbox) -> Finding:
    if inbox.identity is None:
        return Finding(
            f"{bare(domain.name)} is no identity of SES in {inbox.region}, to which its MX leads",
            where=domain.name,
            remedy=_verify(domain, inbox.region),
        )
    return Finding(
        f"{bare(inbox.identity.name)} is not verified in {inbox.region}, to which the MX of {bare(domain.name)} leads",
        where=domain.name,
        found=(f"VerificationStatus {inbox.identity.data.get('VerificationStatus', 'unknown')}",),
        expected=("VerificationStatus SUCCESS",),
        remedy=Remedy("Publish the DKIM records of the identity in this region; SES verifies it once it sees them."),
    )


def _verify(domain: Domain, region: str) -> Remedy:
    words = ("aws", "sesv2", "create-email-identity", "--email-identity", bare(domain.name), "--region", region)
    return Remedy("Create the identity, and publish the three DKIM records that SES answers with.", commands=(shlex.join(words),))


@check("receiving-recipient-not-covered", Severity.WARN, CONCEPTS, "RFC 5321 4.5.1")
def receiving_recipient_not_covered(domain: Domain, active_rules: tuple[RuleSet, ...]) -> Iterator[Finding]:
    """An enabled receipt rule takes the mail for the domain, that for postmaster too.

    Rules are matched by the recipients of the envelope. Mail that no enabled rule matches is refused. Every domain that receives
    must take mail for its postmaster.
    """
    for rules in active_rules:
        if not any(rule.takes_all(domain.name) for rule in rules.taking):
            yield from _some_covered(domain, rules) if rules.taking else _none_covered(domain, rules)


def _none_covered(domain: Domain, rules: RuleSet) -> Iterator[Finding]:
    off = [rule for rule in rules.rules if rules.concerns(rule)]
    why = f": the rule {off[0].name} is disabled" if off else ""
    yield Finding(
        f"no enabled rule of {rules.place} takes mail for {bare(domain.name)}{why}",
        where=domain.name,
        found=tuple(_described(rule) for rule in rules.rules),
        expected=(f"an enabled rule for {bare(domain.name)}",),
        remedy=_enable(rules, off[0]) if off else _extend(rules, bare(domain.name), rules.enabled),
        severity=Severity.FAIL,
    )


def _some_covered(domain: Domain, rules: RuleSet) -> Iterator[Finding]:
    off = [rule for rule in rules.rules if not rule.enabled]
    whole = [rule for rule in off if rule.takes_all(domain.name)]
    if whole:
        yield Finding(
            f"{bare(domain.name)} is taken for some addresses only: the rule {whole[0].name} for all of them is disabled",
            where=domain.name,
            found=tuple(_described(rule) for rule in rules.taking),
            remedy=_enable(rules, whole[0]),
        )
        return
    taken = {address for rule in rules.taking for address in rule.addresses(domain.name)}
    for rule in off:
        for address in [address for address in rule.addresses(domain.name) if address not in taken]:
            message = f"{address} is taken by the rule {rule.name} alone, which is disabled"
            yield Finding(message, where=domain.name, remedy=_enable(rules, rule))
    postmaster = f"postmaster@{bare(domain.name)}"
    if not any(postmaster in rule.addresses(domain.name) for rule in rules.rules):
        yield Finding(
            f"no enabled rule of {rules.place} takes mail for {postmaster}",
            where=domain.name,
            found=tuple(_described(rule) for rule in rules.taking),
            remedy=_extend(rules, postmaster, rules.taking[:1]),
        )


def _described(rule: Rule) -> str:
    return f"{rule.name}{'' if rule.enabled else ' (disabled)'}: {', '.join(rule.recipients) or 'all recipients'}"


def _enable(rules: RuleSet, rule: Rule) -> Remedy:
    return rule_changed(rules, rule, f"Enable the rule {rule.name}.", {"Enabled": True})


def _extend(rules: RuleSet, recipient: str, candidates: tuple[Rule, ...]) -> Remedy:
    text = f"Add {recipient} to the recipients of a rule, or make a rule for it."
    if len(candidates) != 1:
        return Remedy(text)
    rule = candidates[0]
    text = f"Add {recipient} to the recipients of the rule {rule.name}, or make a rule for it."
    return rule_changed(rules, rule, text, {"Recipients": [*rule.data.get("Recipients", ()), recipient]})


@check("receiving-scan-off", Severity.WARN, CONCEPTS)
def receiving_scan_off(domain: Domain, active_rules: tuple[RuleSet, ...]) -> Iterator[Finding]:
    """The receipt rules scan mail for spam and viruses.

    Only a rule that scans says, in the mail and to functions, whether SES holds it for spam or for a virus. A rule is made
    without it.
    """
    for rules, rule in each_rule(active_rules):
        if not rule.data.get("ScanEnabled"):
            yield Finding(
                f"the rule {rule.name} of {rules.place} does not scan for spam and viruses",
                where=domain.name,
                found=("ScanEnabled false",),
                expected=("ScanEnabled true",),
                remedy=rule_changed(rules, rule, f"Turn scanning on in the rule {rule.name}.", {"ScanEnabled": True}),
            )


@check("receiving-tls-required", Severity.WARN, MODEL)
def receiving_tls_required(domain: Domain, active_rules: tuple[RuleSet, ...]) -> Iterator[Finding]:
    """The receipt rules take mail from senders without TLS too.

    Most senders use TLS, but some do not, and SES refuses their mail where a rule requires it. Where that is intended, waive this.
    """
    for rules, rule in each_rule(active_rules):
        if rule.data.get("TlsPolicy") == "Require":
            yield Finding(
                f"the rule {rule.name} of {rules.place} refuses mail from senders without TLS",
                where=domain.name,
                found=("TlsPolicy Require",),
                expected=("TlsPolicy Optional",),
                remedy=rule_changed(rules, rule, "Take such mail too, unless it is refused on purpose.", {"TlsPolicy": "Optional"}),
            )


@check("receiving-sns-too-small", Severity.WARN, "SES developer guide: quotas")
def receiving_sns_too_small(domain: Domain, active_rules: tuple[RuleSet, ...]) -> Iterator[Finding]:
    """No receipt rule hands mail to an SNS topic alone.

    A notification holds 150 KB, attachments included, and SES bounces what is longer. A bucket takes mail of 40 MB.
    """
    for rules, rule in each_rule(active_rules):
        if rule.has("SNSAction") and not rule.has("S3Action"):
            yield Finding(
                f"the rule {rule.name} of {rules.place} hands mail to an SNS topic alone: over 150 KB it bounces",
                where=domain.name,
                found=("SNSAction",),
                expected=("S3Action with TopicArn",),
                remedy=Remedy("Store the mail in a bucket (S3Action), and name the topic there (TopicArn) to be told of it."),
            )
