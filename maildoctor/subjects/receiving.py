"""Receiving with SES: the receipt rules of the regions to which the MX records lead.

A region has at most one active rule set. Its rules are gone through in order, matched by the recipients of the envelope; where no
enabled rule matches, SES refuses the mail while the sender is still connected. Everything here needs AWS credentials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from maildoctor import names
from maildoctor.ask import Ask, Dns, DoesNotApply, ExplainedBy, NotAsked, Reply, each
from maildoctor.names import bare
from maildoctor.operations import CONFIGURED_REGION, DESCRIBE_ACTIVE_RECEIPT_RULE_SET, GET_CALLER_IDENTITY, LIST_RECEIPT_RULE_SETS
from maildoctor.regions import table
from maildoctor.registry import fact
from maildoctor.settings import Domain
from maildoctor.subjects.domain import Applies
from maildoctor.subjects.mx import Exchangers, WorkMail
from maildoctor.subjects.ses import Identity, SesRegions, covering

KEEPING = ("S3Action", "SNSAction", "LambdaAction", "WorkmailAction", "ConnectAction")
"""Actions that hand the mail on. What a function does with it cannot be seen."""

ENDING = ("StopAction", "BounceAction")


@dataclass(frozen=True)
class Rule:
    """One receipt rule, as SES tells it. What it leaves out is off: a rule is made disabled, and without scanning."""

    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name, unique in its set."""
        return str(self.data.get("Name", ""))

    @property
    def enabled(self) -> bool:
        """Whether it is in force."""
        return bool(self.data.get("Enabled"))

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses, domains and ".domains" that it takes; none means all."""
        return tuple(recipient.lower() for recipient in self.data.get("Recipients") or ())

    @property
    def actions(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """Its actions in order, each with its kind."""
        return tuple((kind, what) for action in self.data.get("Actions") or () for kind, what in action.items())

    def has(self, *kinds: str) -> bool:
        """Whether it has an action of one of these kinds."""
        return any(kind in kinds for kind, _ in self.actions)

    def takes_all(self, domain: str) -> bool:
        """Whether it takes every address at a domain."""
        host = bare(domain)
        return not self.recipients or any(each == host or (each[:1] == "." and host.endswith(each)) for each in self.recipients)

    def addresses(self, domain: str) -> tuple[str, ...]:
        """The addresses at a domain that it names."""
        return tuple(each for each in self.recipients if each.endswith("@" + bare(domain)))

    def takes(self, address: str) -> bool:
        """Whether it takes one address."""
        return address in self.recipients or self.takes_all(address.rpartition("@")[2])


@dataclass(frozen=True)
class RuleSet:
    """The active rule set of a region. `reply`: DescribeActiveReceiptRuleSet; `caller`: whose account it is."""

    region: str
    domain: str
    reply: Reply
    caller: Reply

    @property
    def active(self) -> bool:
        """Whether there is one."""
        return bool(self.reply.data.get("Metadata"))

    @property
    def unsupported(self) -> bool:
        """Whether SES says that it has no receipt rules in this region at all."""
        try:
            _ = self.reply.data
        except NotAsked as reason:
            if "does not receive" in reason.reason:
                return True
            raise
        return False

    @property
    def name(self) -> str:
        """Its name, "" where none is active."""
        return str((self.reply.data.get("Metadata") or {}).get("Name", ""))

    @property
    def place(self) -> str:
        """Its name and where it is, for messages."""
        return f"{self.name} ({self.region})"

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """All its rules, in order."""
        return tuple(map(Rule, self.reply.data.get("Rules") or ()))

    @property
    def enabled(self) -> tuple[Rule, ...]:
        """The rules in force."""
        return tuple(rule for rule in self.rules if rule.enabled)

    @property
    def taking(self) -> tuple[Rule, ...]:
        """The enabled rules that take mail for the domain, all of it or some addresses."""
        return tuple(filter(self.concerns, self.enabled))

    def concerns(self, rule: Rule) -> bool:
        """Whether a rule takes any mail for the domain."""
        return rule.takes_all(self.domain) or bool(rule.addresses(self.domain))


@dataclass(frozen=True)
class Inbound:
    """The regions whose receiving endpoints the MX records of the domain name."""

    regions: tuple[str, ...]


@fact
def ses_inbound(mx: Exchangers, receiving: Applies) -> Inbound:
    """The domain's mail comes in through receipt rules of SES."""
    if not mx.inbound_regions:
        raise DoesNotApply("no MX leads to the receiving endpoint of SES")
    return Inbound(mx.inbound_regions)


@fact
def receipt_rules(ask: Ask, domain: Domain, ses_inbound: Inbound) -> tuple[RuleSet, ...]:
    """The active rule sets of the regions that the MX records name, whether there are any or not."""
    return tuple(find_rules(ask, domain, region) for region in ses_inbound.regions)


def find_rules(ask: Ask, domain: Domain, region: str) -> RuleSet:
    """Ask for the active rule set of a region."""
    return RuleSet(region, domain.name, ask(DESCRIBE_ACTIVE_RECEIPT_RULE_SET(region)), ask(GET_CALLER_IDENTITY()))


@fact
def receipt_rules_elsewhere(
    ask: Ask, domain: Domain, ses_regions: SesRegions, receipt_rules: tuple[RuleSet, ...]
) -> tuple[RuleSet, ...]:
    """Rules that take the domain's mail in a region to which no MX leads. Looked for only where the MX leads to no rules at all."""
    if any(rules.active for rules in receipt_rules):
        return ()
    workmail = WorkMail(ask(Dns(names.child("autodiscover", domain.name), "CNAME")))
    configured = ask(CONFIGURED_REGION())
    if workmail.used:
        raise DoesNotApply("Amazon WorkMail receives its mail, with rules of another account")
    here = {rules.region for rules in receipt_rules}
    regions = dict.fromkeys([*ses_regions.names, str(configured.data.get("Region", ""))])
    others = [region for region in regions if region and region not in here and table().receiving(region) != "no"]
    found = each(lambda region: _at_work(ask, domain, region), others)
    return tuple(rules for rules in found if rules)


def _at_work(ask: Ask, domain: Domain, region: str) -> RuleSet | None:
    """Return the rules of a region, if mail for the domain could come in there."""
    rules = find_rules(ask, domain, region)
    try:
        if not rules.active or not rules.taking:
            return None
    except NotAsked:
        # A region that the account has not enabled has no rules.
        return None
    identity = covering(ask, domain.name, region)
    return rules if identity and verified(identity) else None


def verified(identity: Identity) -> bool:
    """Tell whether SES holds an identity for verified."""
    return identity.verified or identity.data.get("VerificationStatus") == "SUCCESS"


@fact
def active_rules(receipt_rules: tuple[RuleSet, ...], receipt_rules_elsewhere: tuple[RuleSet, ...]) -> tuple[RuleSet, ...]:
    """The rule sets that mail for the domain meets."""
    active = tuple(rules for rules in receipt_rules if rules.active)
    if not active:
        raise ExplainedBy("mx-region-without-rules" if receipt_rules_elsewhere else "receiving-no-active-rule-set")
    return active


@dataclass(frozen=True)
class Spare:
    """The names of all rule sets of a region in which none is active."""

    region: str
    reply: Reply

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order in which SES tells them."""
        return tuple(str(row.get("Name", "")) for row in self.reply.data.get("RuleSets") or ())


@fact
def spare_rule_sets(
    ask: Ask, receipt_rules: tuple[RuleSet, ...], receipt_rules_elsewhere: tuple[RuleSet, ...]
) -> tuple[Spare, ...]:
    """What could be activated in the regions of the MX records, where nothing is active anywhere."""
    if receipt_rules_elsewhere or any(rules.active for rules in receipt_rules):
        return ()
    return tuple(Spare(rules.region, ask(LIST_RECEIPT_RULE_SETS(rules.region))) for rules in receipt_rules)


@dataclass(frozen=True)
class Inbox:
    """The identity under which SES receives in a region; None where there is none."""

    region: str
    identity: Identity | None


@fact
def inboxes(ask: Ask, domain: Domain, ses_inbound: Inbound) -> tuple[Inbox, ...]:
    """The identities that cover the domain in the regions of its MX records."""
    return each(lambda region: Inbox(region, covering(ask, domain.name, region)), ses_inbound.regions)


def each_rule(active_rules: tuple[RuleSet, ...]) -> Iterator[tuple[RuleSet, Rule]]:
    """Return every enabled rule that takes mail for the domain, with its set."""
    for rules in active_rules:
        for rule in rules.taking:
            yield rules, rule
