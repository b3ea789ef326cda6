"""Whose host an MX names can be told from its name alone."""

from __future__ import annotations

import pytest

from maildoctor.subjects.mx import Kind, kind
from maildoctor.subjects.mx_hosts import private, untyped


@pytest.mark.parametrize(
    ("host", "whose"),
    [
        (".", Kind.NULL),
        ("inbound-smtp.eu-west-1.amazonaws.com.", Kind.INBOUND),
        ("inbound-smtp.us-gov-west-1.amazonaws.com.", Kind.INBOUND),
        ("inbound-smtp.cn-north-1.amazonaws.com.", Kind.INBOUND),
        ("890123abcdef.ghijk.mail-manager-smtp.amazonaws.com.", Kind.INGRESS),
        ("890123abcdef.fips.ghijk.mail-manager-smtp.amazonaws.com.", Kind.INGRESS),
        # Hosts of SES that take no mail for domains, and what typing makes of those that do.
        ("email-smtp.eu-west-1.amazonaws.com.", Kind.LOOKALIKE),
        ("email-smtp-fips.us-east-1.amazonaws.com.", Kind.LOOKALIKE),
        ("vpce-0a1b.email-smtp.us-east-1.vpce.amazonaws.com.", Kind.LOOKALIKE),
        ("email.eu-west-1.amazonaws.com.", Kind.LOOKALIKE),
        ("feedback-smtp.eu-west-1.amazonses.com.", Kind.LOOKALIKE),
        ("inbound-smtp.eu-west-1.amazonses.com.", Kind.LOOKALIKE),
        ("inbound-smtp.amazonaws.com.", Kind.LOOKALIKE),
        ("inbound-smtp.us-east1.amazonaws.com.", Kind.LOOKALIKE),
        ("inbound.smtp.us-east-1.amazonaws.com.", Kind.LOOKALIKE),
        ("inbound-smtp.us-east-1.amazonaws.com.shop.example.", Kind.LOOKALIKE),
        ("10\\032inbound-smtp.us-east-1.amazonaws.com.", Kind.LOOKALIKE),
        ("amazonses.com.", Kind.LOOKALIKE),
        # Anybody may run a mail server at Amazon.
        ("ec2-203-0-113-25.compute-1.amazonaws.com.", Kind.OTHER),
        ("mail-1a2b.elb.eu-west-1.amazonaws.com.", Kind.OTHER),
        ("smtp.google.com.", Kind.OTHER),
        ("inbound-smtp.shop.example.", Kind.OTHER),
        ("mail7.shop.example.", Kind.OTHER),
        ("1and1.example.", Kind.OTHER),
        ("203.0.113.25.", Kind.ADDRESS),
        ("2001:db8::25.", Kind.ADDRESS),
        ("[2001:db8::25].", Kind.ADDRESS),
    ],
)
def test_whose_host(host: str, whose: Kind) -> None:
    assert kind(host) is whose


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("mail.hoster.example.shop.example.", {"mail.hoster.example."}),
        ("10\\032mail.hoster.example.", {"mail.hoster.example."}),
        (
            "10\\032mail.hoster.example.shop.example.",
            {"mail.hoster.example.shop.example.", "mail.hoster.example.", "10\\032mail.hoster.example."},
        ),
        ("mail.shop.example.", set()),
        ("shop.example.", set()),
        ("mail.hoster.example.", set()),
    ],
)
def test_what_slipped_into_a_host(host: str, meant: set[str]) -> None:
    assert set(untyped(host, "shop.example.")) == meant


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.1.2.3", True), ("172.16.0.1", True), ("172.32.0.1", False), ("192.168.1.1", True), ("100.64.0.1", True),
        ("127.0.0.1", True), ("169.254.1.1", True), ("0.1.2.3", True), ("203.0.113.1", False), ("54.240.252.1", False),
        ("::1", True), ("fe80::1", True), ("fd00::1", True), ("2001:db8::1", False), ("::ffff:10.0.0.1", False),
    ],
)  # fmt: skip
def test_private_addresses(address: str, expected: bool) -> None:
    assert private(address) is expected
