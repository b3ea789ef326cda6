"""What each error of AWS means: "is not there", "could not look", or "was not asked"."""

from __future__ import annotations

import pytest

from maildoctor.ask import AwsAnswer, Failure, Unasked
from maildoctor.operations import GET_ACCOUNT, GET_FUNCTION_POLICY, GET_OBJECT_LOCK
from maildoctor.sources.aws_errors import absent, explained

HERE = GET_ACCOUNT("eu-west-1")


@pytest.mark.parametrize(
    "code", ["NotFoundException", "NoSuchBucketPolicy", "NoSuchEntity", "ResourceNotFoundException", "RuleSetDoesNotExist"]
)
def test_what_is_not_there_is_an_answer(code: str) -> None:
    assert explained(HERE, code) == AwsAnswer(missing=code)


@pytest.mark.parametrize(
    ("code", "message", "status", "kind", "words"),
    [
        ("TooManyRequestsException", "", 429, "throttled", "limits the rate"),
        ("Throttling", "Rate exceeded", 400, "throttled", "limits the rate"),
        ("SomethingNew", "", 429, "throttled", "limits the rate"),
        ("AccessDenied", "no identity-based policy allows it", 403, "denied", "the policy lacks ses:GetAccount"),
        ("AccessDeniedException", "with an explicit deny in a policy", 403, "denied", "denies ses:GetAccount explicitly"),
        ("ExpiredToken", "", 400, "credentials", "expired"),
        ("RequestTimeTooSkewed", "", 403, "credentials", "clock"),
        ("SignatureDoesNotMatch", "Signature not yet current: …", 403, "credentials", "clock"),
        ("SignatureDoesNotMatch", "Check your AWS Secret Access Key", 403, "credentials", "does not belong"),
        ("InternalFailure", "", 500, "servfail", "a fault of its own (InternalFailure)"),
        ("502", "<html>", 502, "malformed", "HTTP 502"),
        ("", "", 302, "malformed", "HTTP 302"),
        ("BadRequestException", "no\n" + "x" * 999, 400, "error", "AWS answered BadRequestException: no x"),
    ],
)
def test_what_could_not_be_seen_says_why(code: str, message: str, status: int, kind: str, words: str) -> None:
    failure = explained(HERE, code, message, status)
    assert isinstance(failure, Failure)
    assert failure.kind == kind
    assert words in failure.detail
    assert len(failure.detail) < 300
    assert "\n" not in failure.detail


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("UnrecognizedClientException", "the account has not enabled the region eu-west-1"),
        ("InvalidAction", "sesv2 has no GetAccount in eu-west-1"),
        ("OptInRequired", "this account is not subscribed to sesv2"),
    ],
)
def test_what_cannot_be_asked_is_not(code: str, reason: str) -> None:
    assert explained(HERE, code) == Unasked(reason)


def test_the_missing_action_is_that_of_iam() -> None:
    lacking = explained(GET_OBJECT_LOCK(Bucket="inbox"), "AccessDenied")
    assert lacking == Failure("denied", "access denied: the policy lacks s3:GetBucketObjectLockConfiguration")


@pytest.mark.parametrize(
    ("region", "gone"), [("eu-west-1", False), ("cn-north-1", True), ("us-iso-east-1", True), ("xx-new-1", False)]
)
def test_ses_is_not_everywhere_and_an_unknown_region_may_be_new(region: str, gone: bool) -> None:
    assert (absent(GET_ACCOUNT(region)) is not None) is gone
    assert absent(GET_FUNCTION_POLICY(region, FunctionName="inbox")) is None
