"""Commands of the AWS CLI that change receipt rules and what they need, ready to copy.

The report knows no account id, only stand-ins (see sources/redaction.py). So a command lets the shell put in the true one. Where
it would need the id of another account, or of a key, there is no command.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from maildoctor.ask import Reply
from maildoctor.model import Remedy
from maildoctor.subjects.receiving import Rule, RuleSet

WHOSE = "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)"

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_KEY = re.compile(r'"KEY"|:KEY"')


def commands(caller: Reply, *lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return lines to run, given as words; none where they would hold what the report does not know."""
    text = "\n".join(word for line in lines for word in line)
    ids = set(_ACCOUNT.findall(text))
    if not ids:
        return tuple(map(shlex.join, lines))
    own = str(caller.data.get("Account", ""))
    if ids != {own} or _KEY.search(text):
        return ()
    return (WHOSE, *(" ".join(_word(word, own) for word in line) for line in lines))


def _word(word: str, own: str) -> str:
    if own not in word:
        return shlex.quote(word)
    return '"$ACCOUNT"'.join(shlex.quote(part) if part else "" for part in word.split(own))


def as_json(value: Any) -> str:
    """Write what AWS said, or what it is to say, as JSON."""
    return json.dumps(value, default=dict)


def rule_changed(rules: RuleSet, rule: Rule, text: str, change: Mapping[str, Any]) -> Remedy:
    """Return the remedy "change these members of a rule": the command takes the whole rule."""
    whole = as_json({**rule.data, **change})
    words = ("update-receipt-rule", "--rule-set-name", rules.name, "--rule", whole, "--region", rules.region)
    return Remedy(text, commands=commands(rules.caller, ("aws", "ses", *words)))


def statement(account: str, rules: tuple[str, ...], actions: list[str], resource: str) -> dict[str, Any]:
    """Return the statement by which a policy lets SES do something for receipt rules. No resource: that of a role's trust."""
    what = {"Action": actions[0] if len(actions) == 1 else actions} | ({"Resource": resource} if resource else {})
    conditions = {"AWS:SourceAccount": account, "AWS:SourceArn": rules[0] if len(rules) == 1 else list(rules)}
    return {"Effect": "Allow", "Principal": {"Service": "ses.amazonaws.com"}, **what, "Condition": {"StringEquals": conditions}}


def added(policy: str, wanted: Mapping[str, Any]) -> str:
    """Return a policy with one statement more; "" where the text is no policy."""
    try:
        whole = json.loads(policy)
    except ValueError:
        return ""
    if not isinstance(whole, dict):
        return ""
    there = whole.get("Statement", [])
    listed = [there] if isinstance(there, dict) else list(there)
    return as_json({"Version": "2012-10-17", **whole, "Statement": [*listed, wanted]})
