"""The report for people, word for word."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from maildoctor.formats import View, render
from maildoctor.model import Account, Finding, Outcome, Record, Remedy, Report, Status
from tests.formats.reports import FULL, MISSING, PATH, PRODUCTION, check, report

EXPECTED = """\
shop.example  sends and receives with Amazon SES in us-east-1           FAIL
  sends: its SPF record includes amazonses.com; receives: it has MX records;
  region: us-east-1 from the MX records

  Sent through SES in us-east-1 as …@shop.example, as receivers see it
    SPF    pass   bounce.shop.example allows the addresses of SES    aligned
    DKIM   FAIL   2 of 3 keys can be found
    DMARC  pass   p=reject: by SPF alone, until somebody forwards   accepted
                  the message

✗ FAIL  dkim-token-missing
  ccc._domainkey.shop.example has no CNAME record
  Why       SES signs with one of three keys. It may move to another at any
            time.
  Found     ccc._domainkey.shop.example.shop.example. CNAME
            ccc.dkim.amazonses.com.
  Expected  the same record at ccc._domainkey.shop.example
  Fix       enter only "ccc._domainkey" as host name

; delete: ccc._domainkey.shop.example.shop.example. IN CNAME ccc.dkim.amazonses.com.
ccc._domainkey.shop.example. 300 IN CNAME ccc.dkim.amazonses.com.

! WARN  dmarc-no-reports
  _dmarc.shop.example has no rua=
  Why       Reports tell who sends in the name of the domain.
  Fix       say where reports should go

? UNKNOWN  2 checks could not look
  timeout: mx.shop.example. A, shop.example. MX

# CRASH  spf-crash
  an error in maildoctor, not in the domain: spf: KeyError: 'x'

~ WAIVED  dmarc-policy-none
  p=none
  Reason    OPS-412 (until 2027-03-31)

1 failed, 1 warning, 0 notes, 1 passed, 2 unknown, 1 crashed, 1 waived, 1
does not apply.
2 skipped: no AWS credentials
0.4 s, 37 questions to 192.0.2.53.  Exit code 1.
More: maildoctor explain dkim-token-missing
"""


def text(told: Report = FULL, **view: Any) -> str:
    return render("text", told, replace(View(exit_code=1), **view))


def test_the_whole_report() -> None:
    assert text() == EXPECTED


def test_plain_signs_and_no_colours_where_the_terminal_has_neither() -> None:
    assert text(ascii=True).replace("…", "").isascii()
    assert "x FAIL  dkim-token-missing" in text(ascii=True)


def test_colours_change_nothing_but_colours() -> None:
    assert re.sub("\x1b\\[[0-9;]*m", "", text(color=True)) == text()


def test_only_lines_for_copying_are_longer_than_the_page() -> None:
    for width in (40, 60, 76, 120):
        long = [line for line in text(width=width, verbose=1).splitlines() if len(line) > width]
        assert all(re.match(r"(; delete: )?\S+ (300 )?IN CNAME", line) for line in long), long


def test_records_stand_at_the_first_column_ready_to_copy() -> None:
    lines = text().splitlines()
    assert "ccc._domainkey.shop.example. 300 IN CNAME ccc.dkim.amazonses.com." in lines
    assert "; delete: ccc._domainkey.shop.example.shop.example. IN CNAME ccc.dkim.amazonses.com." in lines


def test_a_long_text_is_cut_into_strings_of_255() -> None:
    long = Record("shop.example.", "TXT", '"' + "a" * 300 + '"')
    told = report(Outcome(check(), Status.FAIL, (Finding("x", remedy=Remedy(publish=(long,))),)))
    assert f'shop.example. 300 IN TXT "{"a" * 255}" "{"a" * 45}"\n' in text(told)


def test_a_path_that_could_not_be_told_says_so() -> None:
    blind = replace(PATH, sender="ses", spf="unknown", spf_aligned=False, mail_from="", spf_detail="", disposition="unknown")
    told = text(report(paths=(blind, replace(PATH, sender="192.0.2.25", disposition="reject", because="no proof; p=reject"))))
    assert "  Sent through SES as …@shop.example, as receivers see it\n    SPF    unknown\n" in told
    assert "cannot be told\n" in told
    assert "  Sent by 192.0.2.25 as …@shop.example, as receivers see it\n" in told
    assert re.search("^    DMARC  pass   no proof; p=reject +rejected$", told, re.MULTILINE)


def test_a_policy_of_a_domain_above_says_whose_it_is() -> None:
    told = report()
    for author in ("news.shop.example.", "info@news.shop.example"):
        assert "p=reject of shop.example: by SPF" in render("text", replace(told, paths=(replace(PATH, author=author),)), View())
    own = replace(PATH, author="info@shop.example")
    assert "p=reject: by SPF" in render("text", replace(told, paths=(own,)), View())


def test_each_ses_account_has_a_line() -> None:
    stopped = Account("eu-west-1", sandbox=True, sending_enabled=False, enforcement="SHUTDOWN", max_24h=-1.0, sent_24h=3.0)
    told = text(report(accounts=(PRODUCTION, stopped, Account("eu-west-2"))), width=120)
    assert (
        "  SES account in us-east-1: production, sending is on, healthy, 120 sent of 50,000 in 24 hours, at most 14 a second\n"
        "  SES account in eu-west-1: in the sandbox, SENDING IS OFF, SHUTDOWN, 3 sent without limit in 24 hours\n"
        "  SES account in eu-west-2: SES said nothing of it\n"
    ) in told


def test_what_was_not_told_is_said_once_and_not_beside_its_cause() -> None:
    late = "shop.example. TXT: timeout"
    undecided = {"roles": late, "paths": late, "regions": "explained by dns-domain-missing"}
    told = text(report(undecided=undecided))
    assert f"roles and paths could not be told: {late}" in told
    assert "explained by" not in told


def test_long_evidence_is_shortened_unless_asked_for() -> None:
    told = report(Outcome(check(), Status.FAIL, (Finding("x", found=("a" * 300 + "b" * 300,)),)))
    assert "…" in text(told)
    assert "…" not in text(told, verbose=1)


def test_twenty_timeouts_are_one_line() -> None:
    blind = [Outcome(check(f"mx-{i}"), Status.UNKNOWN, (), f"h{i:02}.shop.example. A: timeout") for i in range(20)]
    told = text(report(*blind))
    assert (
        "20 checks could not look\n  timeout: h00.shop.example. A, h01.shop.example. A, h02.shop.example. A and\n  17 more\n"
        in told
    )


def test_quiet_says_failures_and_nothing_else() -> None:
    quiet = text(quiet=True)
    assert "dkim-token-missing" in quiet
    assert "dmarc" not in quiet
    assert text(report(Outcome(check(), Status.PASS)), quiet=True) == ""


def test_the_findings_of_one_check_share_their_reason() -> None:
    twice = (MISSING, replace(MISSING, message="ddd._domainkey.shop.example has no CNAME record"))
    told = text(report(Outcome(check(), Status.FAIL, twice)))
    assert told.count("  Why ") == 1
    assert told.count("  Fix ") == 2


def test_two_remedies_that_replace_one_record_are_not_to_be_published_together() -> None:
    old = Record("_dmarc.shop.example.", "TXT", '"v=DMARC1; p=none"')

    def finding(text: str) -> Finding:
        return Finding(text, remedy=Remedy(publish=(replace(old, value=f'"{text}"'),), delete=(old,)))

    reports = Outcome(check("dmarc-no-reports"), Status.FAIL, (finding("v=DMARC1; p=none; rua=mailto:a@shop.example"),))
    names = Outcome(check("dmarc-names"), Status.FAIL, (finding("v=DMARC1; p=none; np=reject"),))
    twin = Outcome(check("dmarc-twin"), Status.FAIL, reports.findings)
    first, second = text(report(reports, names)).split("dmarc-names\n")
    assert "above" not in first
    assert "dmarc-no-reports, above, replaces the same record. Do that first" in " ".join(second.split())
    assert "above" not in text(report(reports, twin))


def test_what_aws_was_asked_is_counted_for_itself() -> None:
    asked = replace(FULL, run=replace(FULL.run, aws=8, ses=5))
    assert "0.4 s, 37 questions to 192.0.2.53, 8 to AWS (5 to SES).  Exit code 1." in text(asked)
