"""MX: the regions of SES that the records name must be those in which receipt rules are active."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.rdata import Mx
from maildoctor.regions import table
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.mx import Exchangers, record
from maildoctor.subjects.receiving import RuleSet

GUIDE = "SES developer guide: receiving-email-mx-record"


@check("mx-region-without-rules", Severity.FAIL, GUIDE)
def mx_region_without_rules(
    domain: Domain, mx: Exchangers, receipt_rules: tuple[RuleSet, ...], receipt_rules_elsewhere: tuple[RuleSet, ...]
) -> Iterator[Finding]:
    """The MX leads to a region in which receipt rules are active, not past it.

    Receipt rules are kept region by region. A host of another region knows nothing of them and refuses the mail.
    """
    for rules in receipt_rules_elsewhere[:1]:
        wrong = tuple(record for each in receipt_rules for record in _leading_to(mx, each.region))
        host = table().inbound_host(rules.region)
        right = (Mx(wrong[0].preference, host),) if host else ()
        yield Finding(
            f"{bare(domain.name)} has the MX {bare(wrong[0].host)}, but its receipt rules are active in {rules.region}",
            where=domain.name,
            found=tuple(map(str, wrong)),
            expected=tuple(map(str, right)),
            remedy=Remedy(
                f"Name the receiving endpoint of {rules.region}, or make the rules in the region of the MX.",
                delete=tuple(record(domain.name, each) for each in wrong) if right else (),
                publish=tuple(record(domain.name, each) for each in right),
            ),
        )


@check("mx-region-mismatch", Severity.FAIL, GUIDE)
def mx_region_mismatch(domain: Domain, mx: Exchangers, receipt_rules: tuple[RuleSet, ...]) -> Iterator[Finding]:
    """Where MX records name several regions of SES, receipt rules are active in each.

    Senders choose among the hosts by preference and by chance. Those that come to a region without active rules are refused.
    """
    idle = [rules for rules in receipt_rules if not rules.active]
    for rules in idle if len(idle) < len(receipt_rules) else ():
        wrong = _leading_to(mx, rules.region)
        yield Finding(
            f"{bare(domain.name)} has the MX {bare(wrong[0].host)}, but no receipt rule set is active in {rules.region}",
            where=domain.name,
            found=tuple(map(str, wrong)),
            remedy=Remedy(
                "Delete the record: the other region receives the mail. Or make the same rules there.",
                delete=tuple(record(domain.name, each) for each in wrong),
            ),
        )


def _leading_to(mx: Exchangers, region: str) -> tuple[Mx, ...]:
    return tuple(each for each in mx.hosts if table().region_of("inbound_smtp", each.host) == region)
