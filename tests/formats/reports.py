"""Reports made by hand, for the tests of formats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from maildoctor.model import Account, Check, Finding, Outcome, Path, Record, Remedy, Report, Role, Run, Severity, Status


def no_findings() -> Iterable[Finding]:
    return ()


def check(id: str = "dkim-token-missing", severity: Severity = Severity.FAIL, **more: Any) -> Check:
    title = "Each Easy DKIM token has its CNAME record."
    why = "SES signs with one of three keys.\nIt may move to another at any time. Nobody reads a third sentence."
    return Check(id, severity, more.get("references", ("RFC 6376 3.6.2.1",)), no_findings, (), title, more.get("explanation", why))


PATH = Path(
    sender="ses:us-east-1",
    author="shop.example.",
    mail_from="bounce.shop.example.",
    spf="pass",
    spf_aligned=True,
    dkim="fail",
    dkim_domain="shop.example.",
    dkim_aligned=False,
    dmarc="pass",
    policy="reject",
    disposition="accept",
    because="by SPF alone, until somebody forwards the message",
    spf_detail="bounce.shop.example allows the addresses of SES",
    dkim_detail="2 of 3 keys can be found",
    policy_domain="shop.example.",
)
PRODUCTION = Account(
    "us-east-1", sandbox=False, sending_enabled=True, enforcement="HEALTHY", max_24h=50000.0, sent_24h=120.0, max_per_second=14.0
)
MISSING = Finding(
    "ccc._domainkey.shop.example has no CNAME record",
    where="ccc._domainkey.shop.example.",
    found=("ccc._domainkey.shop.example.shop.example. CNAME ccc.dkim.amazonses.com.",),
    expected=("the same record at ccc._domainkey.shop.example",),
    remedy=Remedy(
        'enter only "ccc._domainkey" as host name',
        publish=(Record("ccc._domainkey.shop.example.", "CNAME", "ccc.dkim.amazonses.com."),),
        delete=(Record("ccc._domainkey.shop.example.shop.example.", "CNAME", "ccc.dkim.amazonses.com."),),
    ),
)


def report(*outcomes: Outcome, paths: tuple[Path, ...] = (), **more: Any) -> Report:
    return Report(
        domain="shop.example.",
        roles=more.pop("roles", (Role("send", "its SPF record includes amazonses.com"), Role("receive", "it has MX records"))),
        regions=more.pop("regions", ("us-east-1",)),
        regions_because=more.pop("regions_because", "us-east-1 from the MX records"),
        paths=paths,
        outcomes=outcomes,
        run=more.pop("run", Run("2026-11-22T12:00:00Z", 0.41, "192.0.2.53", 37)),
        **more,
    )


FULL = report(
    Outcome(check(), Status.FAIL, (MISSING,)),
    Outcome(
        check("dmarc-no-reports", Severity.WARN, explanation="Reports tell who sends in the name of the domain."),
        Status.WARN,
        (Finding("_dmarc.shop.example has no rua=", remedy=Remedy("say where reports should go")),),
    ),
    Outcome(check("dmarc-policy-none", Severity.WARN), Status.WAIVED, (Finding("p=none"),), "OPS-412 (until 2027-03-31)"),
    Outcome(check("mx-present"), Status.PASS),
    Outcome(check("mx-alias"), Status.UNKNOWN, (), "shop.example. MX: timeout"),
    Outcome(check("mx-host"), Status.UNKNOWN, (), "mx.shop.example. A: timeout"),
    Outcome(check("mx-null"), Status.NOT_APPLICABLE, (), "the domain receives mail"),
    Outcome(check("account-sandbox"), Status.SKIPPED, (), "no AWS credentials"),
    Outcome(check("account-quota"), Status.SKIPPED, (), "no AWS credentials"),
    Outcome(check("spf-crash"), Status.CRASH, (), "spf: KeyError: 'x'"),
    paths=(PATH,),
)
