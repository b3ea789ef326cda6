"""The report for programs."""

from __future__ import annotations

import json
from dataclasses import replace

from maildoctor import __version__
from maildoctor.formats import View, render
from maildoctor.model import Outcome, Record, Remedy, Status
from tests.formats.reports import FULL, MISSING, PRODUCTION, check, report

VIEW = View(needs=lambda _: ("dns",))


def test_the_whole_report() -> None:
    told = json.loads(render("json", FULL, VIEW))
    assert list(told) == [
        "schema", "tool", "domain", "roles", "regions", "verdict", "counts", "paths", "account", "accounts", "outcomes",
        "run",
    ]  # fmt: skip
    assert told["schema"] == "maildoctor/1"
    assert told["tool"] == {"name": "maildoctor", "version": __version__}
    assert (told["domain"], told["roles"], told["regions"]) == ("shop.example", ["send", "receive"], ["us-east-1"])
    assert told["verdict"] == "fail"
    assert told["counts"] == {
        "pass": 1, "fail": 1, "warn": 1, "note": 0, "unknown": 2, "skipped": 2, "not-applicable": 1, "waived": 1, "crash": 1,
    }  # fmt: skip
    assert told["paths"] == [
        {
            "sender": "ses:us-east-1",
            "from": "shop.example",
            "mail_from": "bounce.shop.example",
            "spf": "pass",
            "spf_aligned": True,
            "dkim": "fail",
            "dkim_domain": "shop.example",
            "dkim_aligned": False,
            "dmarc": "pass",
            "policy": "reject",
            "policy_domain": "shop.example",
            "disposition": "accept",
            "because": "by SPF alone, until somebody forwards the message",
        }
    ]
    assert told["account"] is None
    assert told["run"] == {
        "started": "2026-11-22T12:00:00Z", "seconds": 0.41, "resolver": "192.0.2.53", "questions": 37, "asked_twice": 0,
        "aws": 0, "ses": 0,
    }  # fmt: skip


def test_an_outcome_with_its_finding_and_remedy() -> None:
    outcome = json.loads(render("json", FULL, VIEW))["outcomes"][0]
    assert outcome == {
        "check": "dkim-token-missing",
        "subject": "dkim",
        "title": "Each Easy DKIM token has its CNAME record.",
        "status": "fail",
        "severity": "fail",
        "reason": "",
        "findings": [
            {
                "message": "ccc._domainkey.shop.example has no CNAME record",
                "severity": "fail",
                "where": "ccc._domainkey.shop.example.",
                "found": ["ccc._domainkey.shop.example.shop.example. CNAME ccc.dkim.amazonses.com."],
                "expected": ["the same record at ccc._domainkey.shop.example"],
                "remedy": {
                    "text": 'enter only "ccc._domainkey" as host name',
                    "records": [
                        {
                            "name": "ccc._domainkey.shop.example.",
                            "type": "CNAME",
                            "ttl": 300,
                            "value": "ccc.dkim.amazonses.com.",
                            "replaces": [],
                        }
                    ],
                    "delete": [
                        {"name": "ccc._domainkey.shop.example.shop.example.", "type": "CNAME", "value": "ccc.dkim.amazonses.com."}
                    ],
                    "commands": [],
                },
            }
        ],
        "needs": ["dns"],
        "references": ["RFC 6376 3.6.2.1"],
    }


def test_a_record_says_what_it_replaces_at_its_own_name_and_type() -> None:
    old, new = Record("a.example.", "TXT", '"old"'), Record("a.example.", "TXT", '"new"')
    other = Record("a.example.", "MX", "10 a.example.")
    finding = replace(MISSING, remedy=Remedy(publish=(new,), delete=(old, other)))
    told = json.loads(render("json", report(Outcome(check(), Status.FAIL, (finding,))), VIEW))
    remedy = told["outcomes"][0]["findings"][0]["remedy"]
    assert remedy["records"][0]["replaces"] == ['"old"']
    assert [record["type"] for record in remedy["delete"]] == ["TXT", "MX"]


def test_the_first_account_stands_alone_too() -> None:
    told = json.loads(render("json", report(accounts=(PRODUCTION,)), VIEW))
    assert (
        told["account"]
        == told["accounts"][0]
        == {
            "region": "us-east-1",
            "sandbox": False,
            "sending_enabled": True,
            "enforcement": "HEALTHY",
            "quota": {"max_24h": 50000, "sent_24h": 120, "max_per_second": 14},
        }
    )
    assert json.loads(render("json", report(), VIEW))["account"] is None
