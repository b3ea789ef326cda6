"""The formats of a report, one file each: `def render(report: Report, view: View) -> str`."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

from maildoctor.model import Check, Report

_PARTS = ("harmless", "page")
"""Modules that formats are made of, and that are none themselves."""


def _nothing(_check: Check) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class View:
    """How a report is wanted, and what only the caller knows about it.

    `title`: the domain as people write it, in both forms. `exit_code`: what the program will end with. `questions`: one line a
    question, for whoever asked to see them. `hints`: what could be done about a reason for which checks were skipped. `needs`: the
    kinds of questions that a check can lead to.
    """

    title: str = ""
    width: int = 76
    color: bool = False
    ascii: bool = False
    verbose: int = 0
    quiet: bool = False
    exit_code: int = 0
    questions: tuple[str, ...] = ()
    hints: Mapping[str, str] = field(default_factory=dict)
    needs: Callable[[Check], tuple[str, ...]] = _nothing


def names() -> tuple[str, ...]:
    """Return the names of all formats: those of the modules here."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _PARTS))


def render(name: str, report: Report, view: View) -> str:
    """Return a report in the format of that name."""
    text: str = import_module(f"{__name__}.{name}").render(report, view)
    return text
