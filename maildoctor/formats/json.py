"""The report for programs: schema `maildoctor/1`, stable, always English."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from typing import Any

from maildoctor import __version__
from maildoctor.formats import View
from maildoctor.formats.harmless import harmless
from maildoctor.model import Account, Finding, Outcome, Path, Record, Remedy, Report, Status

SCHEMA = "maildoctor/1"


def render(report: Report, view: View) -> str:
    """Return the report as one JSON object."""
    # ASCII only: whatever reads it, nothing in it can act on a terminal or a log.
    return dumps(_harmless(document(report, view)), indent=2, ensure_ascii=True) + "\n"


def document(report: Report, view: View) -> dict[str, Any]:
    """Return the report as plain values."""
    accounts = [_account(account) for account in report.accounts]
    return {
        "schema": SCHEMA,
        "tool": {"name": "maildoctor", "version": __version__},
        "domain": _bare(report.domain),
        "roles": [role.name for role in report.roles],
        "regions": list(report.regions),
        "verdict": report.verdict,
        "counts": {str(status): report.count(status) for status in Status},
        "paths": [_path(path) for path in report.paths],
        "account": accounts[0] if accounts else None,
        "accounts": accounts,
        "outcomes": [_outcome(outcome, view) for outcome in report.outcomes],
        "run": asdict(report.run) | {"seconds": round(report.run.seconds, 3)},
    }


def _bare(name: str) -> str:
    return name.removesuffix(".") or "."


def _path(path: Path) -> dict[str, Any]:
    return {
        "sender": path.sender,
        "from": _bare(path.author),
        "mail_from": _bare(path.mail_from),
        "spf": path.spf,
        "spf_aligned": path.spf_aligned,
        "dkim": path.dkim,
        "dkim_domain": _bare(path.dkim_domain) if path.dkim_domain else "",
        "dkim_aligned": path.dkim_aligned,
        "dmarc": path.dmarc,
        "policy": path.policy,
        "policy_domain": _bare(path.policy_domain) if path.policy_domain else "",
        "disposition": path.disposition,
        "because": path.because,
    }


def _account(account: Account) -> dict[str, Any]:
    quota = {
        "max_24h": _whole(account.max_24h),
        "sent_24h": _whole(account.sent_24h),
        "max_per_second": _whole(account.max_per_second),
    }
    return {
        "region": account.region,
        "sandbox": account.sandbox,
        "sending_enabled": account.sending_enabled,
        "enforcement": account.enforcement,
        "quota": quota,
    }


def _whole(number: float | None) -> float | None:
    """Return 50000.0, as SES has it, as 50000."""
    return int(number) if number is not None and number == int(number) else number


def _outcome(outcome: Outcome, view: View) -> dict[str, Any]:
    check = outcome.check
    return {
        "check": check.id,
        "subject": check.subject,
        "title": check.title,
        "status": str(outcome.status),
        "severity": str(check.severity),
        "reason": outcome.reason,
        "findings": [_finding(outcome, finding) for finding in outcome.findings],
        "needs": list(view.needs(check)),
        "references": list(check.references),
    }


def _finding(outcome: Outcome, finding: Finding) -> dict[str, Any]:
    return {
        "message": finding.message,
        "severity": str(finding.severity or outcome.check.severity),
        "where": finding.where,
        "found": list(finding.found),
        "expected": list(finding.expected),
        "remedy": _remedy(finding.remedy),
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {
        "text": remedy.text,
        "records": [_record(record, remedy) for record in remedy.publish],
        "delete": [{"name": record.name, "type": record.type, "value": record.value} for record in remedy.delete],
        "commands": list(remedy.commands),
    }


def _record(record: Record, remedy: Remedy) -> dict[str, Any]:
    replaced = [old.value for old in remedy.delete if (old.name, old.type) == (record.name, record.type)]
    return {"name": record.name, "type": record.type, "ttl": record.ttl, "value": record.value, "replaces": replaced}


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {key: _harmless(member) for key, member in value.items()}
    return [_harmless(member) for member in value] if isinstance(value, list) else value
