"""DMARC on the receiving side: what SES finds out about incoming mail, and whether anybody hears it."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.receiving import RuleSet

_HEARING = ("LambdaAction", "SNSAction", "WorkmailAction", "ConnectAction")


@check("dmarc-inbound-verdict-ignored", Severity.NOTE, "SES developer guide: receiving-email-notifications-contents")
def dmarc_inbound_verdict_ignored(domain: Domain, active_rules: tuple[RuleSet, ...]) -> Iterator[Finding]:
    """Something that could act on it hears whether incoming mail fails DMARC.

    SES evaluates DMARC on incoming mail and tells the result, but delivers forged mail all the same, even where the forged domain
    asks for its rejection. A function or whoever reads the notifications must act on it.
    """
    for rules in active_rules:
        deaf = rules.taking and not any(rule.has(*_HEARING) for rule in rules.taking)
        if deaf and not any("TopicArn" in action for rule in rules.taking for _, action in rule.actions):
            yield Finding(
                f"nothing acts on mail for {bare(domain.name)} that fails DMARC: {rules.place} only stores it",
                where=domain.name,
                remedy=Remedy(
                    "Let a Lambda function of the rule look at dmarcVerdict and dmarcPolicy in the event, and stop mail where they "
                    "are FAIL and REJECT; or let the reader of the bucket obey the Authentication-Results field."
                ),
            )
