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
