"""Aws blocks of stories: read strictly, and understood as the program understands AWS."""

from __future__ import annotations

import pytest

from maildoctor.ask import Aws, AwsAnswer, Failure, Members, Result, Unasked
from maildoctor.operations import GET_ACCOUNT, GET_EMAIL_IDENTITY, GET_ROLE
from maildoctor.sources.aws_errors import NO_CREDENTIALS
from maildoctor.sources.zonefile import ZoneFiles
from tests.ses.told import Said, Told, block, world

IDENTITY = "sesv2 GetEmailIdentity EmailIdentity=shop.example eu-west-1"


def ask(said: dict[Aws, Said], question: Aws) -> Result | None:
    return Told(said, ZoneFiles(())).ask(question)


def test_a_block_tells_one_answer() -> None:
    question, said = block(IDENTITY, '{"VerifiedForSendingStatus": true}')
    assert question == GET_EMAIL_IDENTITY("eu-west-1", EmailIdentity="shop.example")
    assert ask({question: said}, question) == AwsAnswer.of({"VerifiedForSendingStatus": True})


def test_parameters_have_the_types_of_the_operation() -> None:
    question, _ = block("ses GetIdentityNotificationAttributes Identities='[\"a.example\"]'", '{"NotificationAttributes": {}}')
    assert question.parameters == Members.of({"Identities": ["a.example"]})
    assert question.region == "us-east-1"
    assert block("iam GetRole RoleName=inbox", "error NoSuchEntity")[0] == GET_ROLE(RoleName="inbox")


@pytest.mark.parametrize(
    ("line", "text", "complaint"),
    [
        ("sesv2 DeleteEmailIdentity EmailIdentity=shop.example", "{}", "AWS is never asked"),
        (f"{IDENTITY} us-east-1", "{}", "more than one region"),
        ("sesv2 GetAccount Verbose=1", "{}", "takes no Verbose"),
        (IDENTITY, '{"Verified": true}', "no such member"),
        (IDENTITY, '{"VerificationStatus": "Success"}', "'Success' is none of PENDING, SUCCESS"),
        (IDENTITY, '{"VerifiedForSendingStatus": "yes"}', "is no boolean"),
        (IDENTITY, '{"VerificationInfo": {"LastCheckedTimestamp": "yesterday"}}', "no time"),
    ],
)
def test_what_aws_would_never_say_is_refused(line: str, text: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        block(line, text)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        ("NotFoundException", AwsAnswer(missing="NotFoundException")),
        ("AccessDeniedException", Failure("denied", "access denied: the policy lacks ses:GetEmailIdentity")),
        ("UnrecognizedClientException", Unasked("the account has not enabled the region eu-west-1")),
    ],
)
def test_an_error_means_what_it_means_to_the_program(error: str, result: Result) -> None:
    question, said = block(IDENTITY, f"error {error}")
    assert ask({question: said}, question) == result


def test_a_story_without_a_block_has_no_credentials() -> None:
    assert ask({}, GET_ACCOUNT("us-east-1")) == NO_CREDENTIALS


def test_what_a_story_leaves_out_is_as_in_every_account() -> None:
    said = dict([block(IDENTITY, "{}")])
    account = ask(said, GET_ACCOUNT("us-west-2"))
    assert isinstance(account, AwsAnswer)
    assert account.data["ProductionAccessEnabled"] is True
    assert ask(said, GET_EMAIL_IDENTITY("us-west-2", EmailIdentity="other.example")) == AwsAnswer(missing="NotFoundException")
    assert isinstance(ask(said, GET_ROLE(RoleName="inbox")), Unasked)
    assert ask(said, GET_ACCOUNT("cn-north-1")) == Unasked("Amazon SES does not exist in China (cn-north-1)")


def test_every_account_can_be_read() -> None:
    assert ("sesv2", "GetAccount") in world()


def test_a_region_that_does_not_receive_says_so() -> None:
    question, said = block("ses DescribeActiveReceiptRuleSet eu-south-2", "error InvalidAction Unavailable Operation")
    assert ask({question: said}, question) == Unasked("SES does not receive mail in eu-south-2")
