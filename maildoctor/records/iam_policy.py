"""Resource policies of AWS: whether one lets a service of AWS do something to a resource. No lookups, no identities.

What a policy says can depend on things that are not known here (an address, a tag). The verdict is then "unclear", never a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Verdict(Enum):
    """What a policy says of a request."""

    ALLOWED = "allowed"
    DENIED = "denied by a statement"
    SILENT = "allowed by no statement"
    UNCLEAR = "it depends on what is not known here"


@dataclass(frozen=True)
class Request:
    """A service of AWS ("ses.amazonaws.com") does something to a resource. `context`: the known keys of conditions, lower case."""

    service: str
    action: str
    resource: str
    context: Mapping[str, str]


@dataclass(frozen=True)
class Statement:
    """One statement, its members as they stand."""

    data: Mapping[str, Any]

    @property
    def allows(self) -> bool:
        """Whether it allows rather than denies."""
        return self.data.get("Effect") == "Allow"

    def matches(self, request: Request) -> bool | None:
        """Whether it is about a request; None where that cannot be told."""
        if not self._names(request):
            return False
        met = [_holds(operator, key, values, request.context) for operator, key, values in _conditions(self.data)]
        return False if False in met else None if None in met else True

    def names(self, service: str) -> bool:
        """Whether it is about what a service of AWS does, by name."""
        principal = self.data.get("Principal")
        return isinstance(principal, Mapping) and service in _list(principal.get("Service"))

    def _names(self, request: Request) -> bool:
        return (
            self._principal(request.service)
            and self._either("Action", request.action.lower(), lower=True)
            and self._either("Resource", request.resource)
        )

    def _principal(self, service: str) -> bool:
        if "NotPrincipal" in self.data:
            return not _is(self.data["NotPrincipal"], service)
        return _is(self.data.get("Principal"), service)

    def _either(self, member: str, text: str, *, lower: bool = False) -> bool:
        """Compare with a member or with its negation. Without either it is about everything: a role's trust has no resource."""
        for name, wanted in ((member, True), ("Not" + member, False)):
            if name in self.data:
                patterns = [pattern.lower() if lower else pattern for pattern in _list(self.data[name])]
                return any(like(pattern, text) for pattern in patterns) is wanted
        return True


def statements(policy: str | Mapping[str, Any]) -> tuple[Statement, ...]:
    """Read a policy. Raises `ValueError` where the text is no JSON."""
    data = json.loads(policy) if isinstance(policy, str) else policy
    listed = data.get("Statement", ()) if isinstance(data, Mapping) else ()
    return tuple(Statement(each) for each in ((listed,) if isinstance(listed, Mapping) else listed) if isinstance(each, Mapping))


def verdict(policy: str | Mapping[str, Any], request: Request) -> Verdict:
    """Judge a request: what denies wins, and what is not allowed is denied."""
    try:
        found = [(statement.allows, statement.matches(request)) for statement in statements(policy)]
    except ValueError:
        return Verdict.UNCLEAR
    if (False, True) in found:
        return Verdict.DENIED
    if (True, True) not in found:
        return Verdict.UNCLEAR if (True, None) in found else Verdict.SILENT
    return Verdict.UNCLEAR if (False, None) in found else Verdict.ALLOWED


def like(pattern: str, text: str) -> bool:
    """Compare with a pattern: `*` stands for any characters, `?` for one."""
    parts = re.split(r"([*?])", pattern)
    wild = {"*": ".*", "?": "."}
    return bool(re.fullmatch("".join(wild.get(part, re.escape(part)) for part in parts), text, re.DOTALL))


def _is(principal: Any, service: str) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return service in _list(principal.get("Service")) or "*" in _list(principal.get("AWS"))


def _list(value: Any) -> list[str]:
    listed = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in listed]


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in (statement.get("Condition") or {}).items():
        for key, values in keys.items():
            yield operator.lower(), key.lower(), _list(values)


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "stringequals": lambda value, text: value == text,
    "stringequalsignorecase": lambda value, text: value.lower() == text.lower(),
    "stringlike": like,
    "arnequals": like,
    "arnlike": like,
    "bool": lambda value, text: value.lower() == text.lower(),
}


def _holds(operator: str, key: str, values: list[str], context: Mapping[str, str]) -> bool | None:
    """Tell whether one condition holds. Keys are compared without case; a key that is not known here leaves it open."""
    text = context.get(key)
    if text is None:
        return None
    operator = operator.rpartition(":")[2].removesuffix("ifexists")
    if operator == "null":
        return "false" in [value.lower() for value in values]
    test = _TESTS.get(operator.replace("not", "", 1))
    if test is None:
        return None
    # A list of values is one condition: any of them will do, or none of them must (in a negated operator).
    return any(test(value, text) for value in values) is ("not" not in operator)
