"""The least IAM policy with which checks can see all that they look at: read off their code, never written by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from maildoctor.audit import HEAD
from maildoctor.model import Check
from maildoctor.operations import Operation
from maildoctor.registry import operations


def asked(checks: Iterable[Check]) -> frozenset[Operation]:
    """Return the operations of AWS that an audit with these checks can ask."""
    return operations([*HEAD, *(name for check in checks for name in check.parameters)])


def actions(checks: Iterable[Check]) -> tuple[str, ...]:
    """Return the IAM actions that these checks need, in alphabetical order."""
    return tuple(sorted({operation.iam for operation in asked(checks)} - {""}))


def policy(checks: Iterable[Check]) -> dict[str, Any]:
    """Return an IAM policy document that permits exactly these actions.

    They are reads. Most of them know no narrower resource, or one whose name is only found by asking.
    """
    statement = {"Sid": "MaildoctorReads", "Effect": "Allow", "Action": list(actions(checks)), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
