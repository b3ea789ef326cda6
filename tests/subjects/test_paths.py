"""The words of a sending path: what it rests on, and what was not told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from maildoctor.audit import audit
from maildoctor.model import Path
from maildoctor.registry import choose
from maildoctor.settings import Domain, Settings
from maildoctor.sources import zonefile

ZONE = """\
bounce MX 10 {host}
bounce TXT "v=spf1 include:amazonses.com ~all"
_dmarc TXT "{dmarc}"
{more}
"""
HOST = "feedback-smtp.us-east-1.amazonses.com."
REJECT = "v=DMARC1; p=reject"
LOST = "zr6dxm2gkvb7qhwpyn3jc5tfa4loesui"


def path(host: str = HOST, dmarc: str = REJECT, tokens: tuple[str, ...] = (), more: str = "") -> Path:
    zones = zonefile.ZoneFiles([zonefile.parse(ZONE.format(host=host, dmarc=dmarc, more=more), "thimble.example.")])
    settings = Settings(roles=("send",), mail_from="bounce.thimble.example.", dkim_tokens=tokens)
    report = audit(Domain("thimble.example."), zones, settings, choose(["dmarc"]), datetime(2026, 11, 22, tzinfo=UTC))
    return report.paths[0]


@pytest.mark.parametrize("host", [HOST.removesuffix("."), "mail.thimble.example."])
def test_a_mail_from_that_ses_does_not_take_is_said_to_be_unused(host: str) -> None:
    assert "SES does not use this name before its MX record is right" in path(host).spf_detail
    assert "SES does not use" not in path().spf_detail


def test_dkim_that_nobody_told_is_not_called_failing() -> None:
    assert (
        path(more=f"{LOST}._domainkey CNAME {LOST}.dkim.amazonses.com.").because == "by SPF; whether by DKIM too could not be told"
    )


@pytest.mark.parametrize(("dmarc", "words"), [(REJECT, ": accepted until it is forwarded"), ("v=DMARC1; p=none", "")])
def test_spf_alone_ends_with_forwarding_where_a_policy_asks_for_more(dmarc: str, words: str) -> None:
    assert path(dmarc=dmarc, tokens=(LOST,)).because == f"by SPF alone{words}"


def test_without_a_dmarc_record_there_is_nothing_to_pass() -> None:
    told = path(dmarc="nothing of the kind")
    assert (told.dmarc, told.disposition, told.spf_aligned) == ("none", "accept", True)


def test_the_policy_is_that_of_the_domain_whose_record_it_is() -> None:
    assert path().policy_domain == "thimble.example."
    assert path(dmarc="nothing of the kind").policy_domain == ""
