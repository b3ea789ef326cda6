"""What a newer or a terser SES says is no fault: values that nobody knows yet, members that are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from maildoctor.ask import AwsAnswer, Failure, Question, Result
from maildoctor.audit import audit
from maildoctor.model import Outcome, Status
from maildoctor.operations import CONFIGURED_REGION, GET_EMAIL_IDENTITY, LIST_EMAIL_IDENTITIES
from maildoctor.registry import choose
from maildoctor.settings import Domain, Settings
from maildoctor.sources import zonefile
from maildoctor.sources.aws_errors import NO_CREDENTIALS
from maildoctor.sources.zonefile import ZoneFiles
from tests.story import NOW

SHOP = Domain("shop.example.")
ASKED = GET_EMAIL_IDENTITY("eu-west-1", EmailIdentity="shop.example")
LISTED = LIST_EMAIL_IDENTITIES("eu-west-1", Filter={"IDENTITY_NAME_CONTAINS": "shop.example"})
ZONE = """
@ SOA ns1.shop.example. hostmaster.shop.example. 1 7200 900 1209600 300
@ TXT "v=spf1 include:amazonses.com ~all"
bounce MX 10 feedback-smtp.eu-west-1.amazonses.com.
bounce TXT "v=spf1 include:amazonses.com ~all"
"""


class World:
    """A source: one zone, and what SES says of one identity and its list."""

    def __init__(self, identity: Result, rows: tuple[Mapping[str, Any], ...] = ()) -> None:
        self.zones = ZoneFiles((zonefile.parse(ZONE, "shop.example.", "shop"),))
        self.said: dict[Question, Result] = {ASKED: identity, LISTED: AwsAnswer.of({"EmailIdentities": rows})}

    def ask(self, question: Question) -> Result | None:
        if question.kind == "aws":
            return self.said.get(question, NO_CREDENTIALS)
        return self.zones.ask(question)

    def answers(self) -> Mapping[Question, Result]:
        return {}


def outcomes(identity: Result, *words: str, settings: Settings | None = None) -> dict[str, Outcome]:
    settings = settings or Settings(regions=("eu-west-1",))
    report = audit(SHOP, World(identity), settings, choose(words), NOW)
    return {outcome.check.id: outcome for outcome in report.outcomes}


WORDS = ("ses-identity", "ses-dkim", "ses-verification", "ses-address-identity-overrides", "mail-from", "dkim")
BAD = (Status.FAIL, Status.WARN, Status.CRASH)


@pytest.mark.parametrize(
    "said",
    [
        {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SLEEPING"}, "VerificationStatus": "DREAMING"},
        {"MailFromAttributes": {"MailFromDomain": "bounce.shop.example", "MailFromDomainStatus": "HUMMING"}},
        {"MailFromAttributes": {"MailFromDomain": "bounce.shop.example", "BehaviorOnMxFailure": "SING"}},
        {"DkimAttributes": {"SigningAttributesOrigin": "AWS_SES_MOON_1", "Status": "SUCCESS", "Tokens": []}},
        {"VerificationInfo": {"SOARecord": {}}, "Unheard": {"of": 1}},
    ],
)
def test_what_is_not_known_is_no_fault(said: dict[str, Any]) -> None:
    found = {id: outcome.findings for id, outcome in outcomes(AwsAnswer.of(said), *WORDS).items() if outcome.status in BAD}
    known = {"mail-from-not-set"}  # which is so
    assert set(found) <= known, found


@pytest.mark.parametrize("kind", ["denied", "throttled", "credentials", "timeout"])
def test_what_ses_did_not_answer_is_unknown(kind: str) -> None:
    found = outcomes(Failure(kind), "ses-identity", "ses-dkim", "mail-from-not-set", "dkim-token-missing")
    assert {outcome.status for outcome in found.values()} == {Status.UNKNOWN}


def test_tokens_that_were_told_need_no_aws() -> None:
    told = Settings(regions=("eu-west-1",), dkim_tokens=("shoptokenaaaaaaaaaaaaaaaaaaaaaaa",))
    found = outcomes(Failure("denied"), "dkim-token-missing", settings=told)
    assert found["dkim-token-missing"].status is Status.FAIL


def test_the_zone_of_a_token_names_the_region_before_the_configuration_does() -> None:
    token = "shoptokenaaaaaaaaaaaaaaaaaaaaaaa"
    zone = f"@ SOA ns1.shop.example. h.shop.example. 1 2 3 4 5\n{token}._domainkey CNAME {token}.dkim.eu-south-1.amazonses.com.\n"
    world = World(AwsAnswer.of({"VerifiedForSendingStatus": True}))
    world.zones = ZoneFiles((zonefile.parse(zone, "shop.example.", "shop"),))
    world.said[CONFIGURED_REGION()] = AwsAnswer.of({"Region": "us-east-1"})
    world.said[GET_EMAIL_IDENTITY("eu-south-1", EmailIdentity="shop.example")] = world.said[ASKED]
    world.said[GET_EMAIL_IDENTITY("us-east-1", EmailIdentity="shop.example")] = AwsAnswer(missing="NotFoundException")
    (told,) = audit(SHOP, world, Settings(dkim_tokens=(token,)), choose(["ses-identity-not-found"]), NOW).outcomes
    assert told.status is Status.PASS
