"""The order of receipt rules: what ends the set must not stand before what keeps the mail."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.receiving import ENDING, KEEPING, Rule, RuleSet


@dataclass(frozen=True)
class Lost:
    """A rule that would keep mail, and the rule that ends the set before."""

    keeper: Rule
    ender: Rule


@check("receiving-stopped-before-stored", Severity.NOTE, "SES developer guide: receiving-email-action-stop")
def receiving_stopped_before_stored(domain: Domain, active_rules: tuple[RuleSet, ...]) -> Iterator[Finding]:
    """No receipt rule ends the set before the rule that keeps the same mail.

    Rules are gone through in order, and a stop or bounce action ends that. A rule behind it never sees the mail.
    """
    for rules in active_rules:
        for lost in {(lost.keeper.name, lost.ender.name): lost for lost in _lost(rules)}.values():
            same = lost.keeper is lost.ender
            where = "an action before it" if same else f"the rule {lost.ender.name} before it"
            yield Finding(
                f"the rule {lost.keeper.name} of {rules.place} keeps no mail for {bare(domain.name)}: {where} ends the set",
                where=domain.name,
                found=tuple(f"{rule.name}: {', '.join(kind for kind, _ in rule.actions)}" for rule in rules.taking),
                remedy=Remedy("Put the action that keeps the mail first.") if same else _first(rules, lost),
            )


def _lost(rules: RuleSet) -> Iterator[Lost]:
    """Look at mail to any address, then at mail to each that a rule names. To refuse some, then take all is no mistake."""
    general = [rule for rule in rules.taking if rule.takes_all(rules.domain)]
    yield from _walked(general, general)
    for address in dict.fromkeys(address for rule in rules.taking for address in rule.addresses(rules.domain)):
        met = [rule for rule in rules.taking if rule.takes(address)]
        yield from _walked(met, [rule for rule in met if address in rule.recipients])


def _walked(met: list[Rule], meant: list[Rule]) -> Iterator[Lost]:
    """Go through the rules that mail meets, to the first end. `meant`: those of them that are made for this mail."""
    for at, rule in enumerate(met):
        kinds = [kind for kind, _ in rule.actions]
        end = next((place for place, kind in enumerate(kinds) if kind in ENDING), len(kinds))
        if set(kinds[:end]) & set(KEEPING):
            return
        if end < len(kinds):
            behind = [rule] if set(kinds[end:]) & set(KEEPING) else met[at + 1 :]
            yield from (Lost(other, rule) for other in behind if other.has(*KEEPING) and other in meant)
            return


def _first(rules: RuleSet, lost: Lost) -> Remedy:
    names = [rule.name for rule in rules.rules]
    at = names.index(lost.ender.name)
    after = ("--after", names[at - 1]) if at else ()
    place = ("--rule-set-name", rules.name, "--rule-name", lost.keeper.name, *after, "--region", rules.region)
    text = f"Put the rule {lost.keeper.name} before {lost.ender.name}."
    return Remedy(text, commands=(shlex.join(("aws", "ses", "set-receipt-rule-position", *place)),))
