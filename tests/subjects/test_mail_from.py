"""What an MX of a MAIL FROM name was meant to be can be told from its host."""

from __future__ import annotations

import pytest

from maildoctor.subjects.mail_from_mx import Aim, aim
from maildoctor.subjects.mail_from_name import lies_below


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("feedback-smtp.eu-west-1.amazonses.com.", Aim.RIGHT),
        ("feedback-smtp.us-gov-west-1.amazonses.com.", Aim.RIGHT),
        ("feedback-smtp.xx-nowhere-9.amazonses.com.", Aim.RIGHT),  # a region that the table may not know yet
        ("feedback-smtp.eu-west-1.amazonaws.com.", Aim.SUFFIX),
        ("feedback-smtp.eu-west-1.amazonses.com.shop.example.", Aim.MISTYPED),
        ("10\\032feedback-smtp.eu-west-1.amazonses.com.", Aim.MISTYPED),
        ("feedback-smtp.eu-west-1.amazonses.co.", Aim.MISTYPED),
        ("feedback-smtp.eu-west-1.amazonaws.com.shop.example.", Aim.MISTYPED),
        ("feedback-smtp.amazonses.com.", Aim.WRONG),
        ("feedback-smtp.us-east1.amazonses.com.", Aim.WRONG),
        ("feedback-smtp.cn-north-1.amazonses.com.", Aim.WRONG),  # there is no SES in China
        ("email-smtp.eu-west-1.amazonaws.com.", Aim.WRONG),
        ("inbound-smtp.eu-west-1.amazonses.com.", Aim.WRONG),
        (".", Aim.WRONG),
        ("203.0.113.25.", Aim.WRONG),
        ("inbound-smtp.eu-west-1.amazonaws.com.", Aim.OTHER),
        ("890123abcdef.ghijk.mail-manager-smtp.amazonaws.com.", Aim.OTHER),
        ("smtp.google.com.", Aim.OTHER),
        ("mail.shop.example.", Aim.OTHER),
    ],
)
def test_what_was_meant(host: str, meant: Aim) -> None:
    assert aim(host) is meant


@pytest.mark.parametrize(
    ("name", "identity", "accepted"),
    [
        ("bounce.shop.example.", "shop.example.", True),
        ("a.bounce.shop.example.", "shop.example.", True),
        ("bounce.shop.example.", "news.shop.example.", True),
        ("bounce.news.shop.example.", "news.shop.example.", True),
        ("shop.example.", "shop.example.", False),
        ("shop.example.", "news.shop.example.", False),
        ("news.shop.example.", "news.shop.example.", False),
        ("bounce.mill.example.", "shop.example.", False),
        ("bounce.workshop.example.", "shop.example.", False),
    ],
)
def test_where_a_mail_from_may_lie(name: str, identity: str, accepted: bool) -> None:
    assert lies_below(name, identity) is accepted
