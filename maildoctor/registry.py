"""The catalogue: facts and checks found by walking `subjects/`, and how they are chosen."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any, TypeVar

from maildoctor.ask import Aws
from maildoctor.model import Check, Finding, Severity
from maildoctor.operations import Operation

F = TypeVar("F", bound=Callable[..., Any])

GIVEN = ("ask", "domain", "settings", "now")
"""Parameters that the audit itself supplies."""

FACTS: dict[str, Callable[..., Any]] = {}
CHECKS: dict[str, Check] = {}


class UnknownCheck(ValueError):
    """No check has this id or first word; the message suggests one."""


def fact(function: F) -> F:
    """Register a fact under its name. Its parameters name the facts it needs."""
    if FACTS.setdefault(function.__name__, function) is not function:
        raise ValueError(f"two facts are called {function.__name__}")
    return function


def check(
    id: str,
    severity: Severity,
    *references: str,
) -> Callable[[Callable[..., Iterable[Finding]]], Callable[..., Iterable[Finding]]]:
    """Register a check. The docstring's first line is its title: what holds when it passes; the rest is the explanation."""

    def register(function: Callable[..., Iterable[Finding]]) -> Callable[..., Iterable[Finding]]:
        title, _, explanation = inspect.cleandoc(function.__doc__ or "").partition("\n")
        if id in CHECKS:
            raise ValueError(f"two checks are called {id}")
        CHECKS[id] = Check(id, severity, references, function, parameters(function), title, explanation.strip())
        return function

    return register


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """Return the names of a function's parameters."""
    code: CodeType = function.__code__
    return code.co_varnames[: code.co_argcount]


def tolerates(function: Callable[..., Any], name: str) -> bool:
    """Tell whether a parameter takes the reason in place of a value: whether its type ends in `| Undecided`."""
    return str(function.__annotations__.get(name, "")).endswith("| Undecided")


@cache
def catalogue() -> dict[str, Check]:
    """Import every subject and return all checks by id, in alphabetical order."""
    import maildoctor.subjects

    for module in pkgutil.iter_modules(maildoctor.subjects.__path__, "maildoctor.subjects."):
        importlib.import_module(module.name)
    return dict(sorted(CHECKS.items()))


def choose(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> tuple[Check, ...]:
    """Return the checks whose id or first words are in `select` (all, if empty) and not in `ignore`.

    Raises `UnknownCheck` for a word that matches none.
    """
    every = catalogue()
    select, ignore = tuple(select), tuple(ignore)
    for word in (*select, *ignore):
        if not any(_matches(id, word) for id in every):
            raise UnknownCheck(_suggestion(word, every))
    return tuple(
        check
        for id, check in every.items()
        if (not select or any(_matches(id, word) for word in select)) and not any(_matches(id, word) for word in ignore)
    )


def _matches(id: str, word: str) -> bool:
    return id == word or id.startswith(word + "-")


def _suggestion(word: str, every: Iterable[str]) -> str:
    import difflib

    words = sorted({*every, *(id.partition("-")[0] for id in every)})
    near = difflib.get_close_matches(word, words, n=1)
    return f"no check is called {word!r}" + (f"; did you mean {near[0]}?" if near else "; see: maildoctor checks")


def closure(names: Iterable[str]) -> set[str]:
    """Return the facts that these names need, themselves included; what the audit supplies is left out."""
    found: set[str] = set()
    stack = [name for name in names if name not in GIVEN]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(need for need in parameters(FACTS[name]) if need not in GIVEN)
    return found


@cache
def needs(check: Check) -> tuple[str, ...]:
    """Return the kinds of questions ("dns", "aws", …) that a check can lead to, read off the code that asks them."""
    functions = [FACTS[name] for name in closure(check.parameters)]
    kinds = {kind for function in functions for kind in map(_kind, _named(function, set())) if kind}
    return tuple(sorted(kinds))


def operations(names: Iterable[str]) -> frozenset[Operation]:
    """Return the operations of AWS that facts can lead to, read off the code that asks them."""
    functions = [FACTS[name] for name in closure(names)]
    return frozenset(value for function in functions for value in _named(function, set()) if isinstance(value, Operation))


def _kind(value: Any) -> str:
    if isinstance(value, Operation):
        return Aws.kind
    kind = getattr(value, "kind", None)
    return kind if isinstance(value, type) and isinstance(kind, str) else ""


def _named(function: Callable[..., Any], seen: set[Any]) -> Iterator[Any]:
    """Everything global that the code of a function names, and that of all functions of ours that it names."""
    if not isinstance(function, FunctionType) or function in seen:
        return
    seen.add(function)
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        yield value
        if getattr(value, "__module__", "").startswith("maildoctor.") and isinstance(value, FunctionType):
            yield from _named(value, seen)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
