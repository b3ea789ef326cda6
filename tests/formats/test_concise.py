"""One line a finding."""

from __future__ import annotations

from dataclasses import replace

from maildoctor.formats import View, render
from tests.formats.reports import FULL

LINES = """\
shop.example fail dkim-token-missing: ccc._domainkey.shop.example has no CNAME record
shop.example warn dmarc-no-reports: _dmarc.shop.example has no rua=
shop.example waived dmarc-policy-none: p=none
shop.example unknown mx-alias: shop.example. MX: timeout
shop.example unknown mx-host: mx.shop.example. A: timeout
shop.example crash spf-crash: spf: KeyError: 'x'
"""


def test_a_line_for_each_finding_and_for_what_could_not_be_judged() -> None:
    assert render("concise", FULL, View()) == LINES


def test_quiet_keeps_failures_and_verbose_adds_the_rest() -> None:
    assert render("concise", FULL, replace(View(), quiet=True)) == LINES.splitlines(keepends=True)[0]
    verbose = render("concise", FULL, replace(View(), verbose=1))
    assert "shop.example pass mx-present: Each Easy DKIM token has its CNAME record.\n" in verbose
    assert "shop.example skipped account-quota: no AWS credentials\n" in verbose
