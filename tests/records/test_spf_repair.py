"""What the author of a faulty SPF record meant, and where that is left open."""

from __future__ import annotations

import pytest

from maildoctor.records.spf import parse, term
from maildoctor.records.spf_repair import means_ses, mend, unjoined


@pytest.mark.parametrize(
    ("faulty", "mended"),
    [
        ("v=spf1 ipv4:192.0.2.1 -all", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ip:2001:db8::1 -all", "v=spf1 ip6:2001:db8::1 -all"),
        ("v=spf1 192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.0/24 -all"),
        ("v=spf1 a:192.0.2.1 mx:192.0.2.2 ~all", "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all"),
        ("v=spf1 include:192.0.2.1 ~all", "v=spf1 ip4:192.0.2.1 ~all"),
        ("v=spf1 ip4:2001:db8::/32 ip6:192.0.2.1 ~all", "v=spf1 ip6:2001:db8::/32 ip4:192.0.2.1 ~all"),
        ("v=spf1 include:a.example, include:b.example; ~all", "v=spf1 include:a.example include:b.example ~all"),
        ("v=spf1 include: a.example ~ all", "v=spf1 include:a.example ~all"),
        ("v=spf1 a:mail.example\t-all", "v=spf1 a:mail.example -all"),
        ("v=spf1 mx -all:all", "v=spf1 mx -all"),
        ("v=spf1 mx -all.", "v=spf1 mx -all"),
        ("v=spf1 inlcude:a.example -all", "v=spf1 include:a.example -all"),
        ("v=spf1 include:https://a.example/ -all", "v=spf1 include:a.example -all"),
        ("v=spf1 redirect:a.example", "v=spf1 redirect=a.example"),
        ("v=spf1 include:amazonses -all", "v=spf1 include:amazonses.com -all"),
        ("v=spf1 redirect=a.example redirect=b.example", "v=spf1 redirect=a.example"),
        ("v=spf1 \u201cmx\u201d -all", "v=spf1 mx -all"),
    ],
)
def test_a_fault_is_mended_and_the_rest_kept(faulty: str, mended: str) -> None:
    assert str(mend(parse(faulty))) == mended


@pytest.mark.parametrize(
    "faulty",
    [
        "v=spf1 office -all",
        "v=spf1 ip4:192.0.2 -all",
        "v=spf1 ip4:192.0.2.0/33 -all",
        "v=spf1 exists:%i.a.example -all",
        "v=spf1 ip4: -all",
    ],
)
def test_what_cannot_be_told_is_not_guessed(faulty: str) -> None:
    assert mend(parse(faulty)) is None


@pytest.mark.parametrize(
    ("target", "is_meant"),
    [
        ("amazonses.com", False),
        ("amazonses.com.", False),
        ("AmazonSES.com", False),
        ("eu-west-1.amazonses.com", False),
        ("amazonses", True),
        ("amazonses.org", True),
        ("amazon-ses.com", True),
        ("amazones.com", True),
        ("_spf.amazonses.com", True),
        ("spf.amazonses.com", True),
        ("amazonaws.com", True),
        ("ses.amazonaws.com", True),
        ("email-smtp.us-east-1.amazonaws.com", True),
        ("feedback-smtp.us-east-1.amazonses.com", True),
        ("amazon.com", False),
        ("spf.example", False),
    ],
)
def test_a_misspelt_amazonses_is_recognised(target: str, is_meant: bool) -> None:
    assert means_ses(term(f"include:{target}")) is is_meant


@pytest.mark.parametrize(
    ("strings", "apart"),
    [
        (("v=spf1 include:amazonses.com", "~all"), "v=spf1 include:amazonses.com ~all"),
        (("v=spf1 ip4:192.0.2.1", "include:a.example -all"), "v=spf1 ip4:192.0.2.1 include:a.example -all"),
        (("v=spf1 include:a.example", "include:b.example -all"), "v=spf1 include:a.example include:b.example -all"),
        (("v=spf1", "mx -all"), "v=spf1 mx -all"),
        (("v=spf1 include:a.example ", "-all"), ""),
        (("v=spf1 include:a.exa", "mple -all"), ""),
        (("v=spf1 ip4:192.0.2.1", "5 -all"), ""),
        (("v=spf1 include:spf.m", "x -all"), ""),
        (("v=spf1 include:a", ".example -all"), ""),
        (("v=spf1 include:", "mx.a.example -all"), ""),
        (("v=spf1 -all",), ""),
        ((), ""),
    ],
)
def test_a_joint_that_made_one_term_of_two_is_found(strings: tuple[str, ...], apart: str) -> None:
    assert unjoined(strings) == apart
