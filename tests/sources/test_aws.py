"""The source that asks AWS, by boto3 over loopback: what it understands, how it paces itself, and how each fault comes out."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maildoctor.ask import Aws, AwsAnswer, Dns, Failure, Question, Result, Unasked
from maildoctor.operations import (
    CONFIGURED_REGION,
    DESCRIBE_ACTIVE_RECEIPT_RULE_SET,
    GET_ACCOUNT,
    GET_BUCKET_POLICY,
    GET_CALLER_IDENTITY,
    GET_EMAIL_IDENTITY,
    LIST_EMAIL_IDENTITIES,
    LIST_INGRESS_POINTS,
    Operation,
)
from maildoctor.settings import Domain, Settings
from maildoctor.sources import bundle
from maildoctor.sources.aws import AwsSource
from maildoctor.sources.aws_errors import NO_CREDENTIALS
from maildoctor.sources.zonefile import ZoneFiles
from tests.ses.server import READ_ONLY_ACCESS, SECRETS, Loopback, Mood, environment, serving
from tests.ses.told import Said, Told, block, result
from tests.story import NOW

HERE = "eu-west-1"
FUNCTION = "arn:aws:lambda:eu-west-1:000000000001:function:inbox"
RULE = f'{{"Name": "store", "Recipients": ["shop.example"], "Actions": [{{"LambdaAction": {{"FunctionArn": "{FUNCTION}"}}}}]}}'
GROUP = 'MetricDataQueries=\'[{"Id": "bounce"}]\' StartTime=2026-11-21T12:00:00Z EndTime=2026-11-22T12:00:00Z'
STORY = (
    (f"sesv2 GetEmailIdentity EmailIdentity=shop.example {HERE}", '{"VerifiedForSendingStatus": true}'),
    (f"ses DescribeActiveReceiptRuleSet {HERE}", f'{{"Metadata": {{"Name": "main"}}, "Rules": [{RULE}]}}'),
    (f"lambda GetPolicy FunctionName={FUNCTION} {HERE}", '{"Policy": "{\\"Condition\\": \\"000000000001 000000000002\\"}"}'),
    ("s3 GetBucketPolicy Bucket=inbox", "error NoSuchBucketPolicy The bucket policy does not exist"),
    ("s3 GetBucketLocation Bucket=inbox", '{"LocationConstraint": "eu-west-1"}'),
    ("iam ListRolePolicies RoleName=inbox", '{"PolicyNames": ["write"], "IsTruncated": false}'),
    (f"mailmanager ListIngressPoints {HERE}", '{"IngressPoints": []}'),
    (f"cloudwatch GetMetricData {GROUP} {HERE}", '{"MetricDataResults": [{"Id": "bounce", "Values": [0.021]}], "Messages": []}'),
)


class World:
    """A server and an environment in which boto3 finds it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.monkeypatch, self.stack = monkeypatch, stack

    def __call__(self, *blocks: tuple[str, str], **mood: Any) -> Loopback:
        said: dict[Aws, Said] = dict(block(line, text) for line, text in blocks)
        loopback = self.stack.enter_context(serving(Told(said, ZoneFiles(())), Mood(**mood)))
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            self.monkeypatch.delenv(name)
        for name, value in environment(loopback.url).items():
            self.monkeypatch.setenv(name, value)
        return loopback


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(monkeypatch, stack)


def ask(*questions: Question, timeout: float = 10.0, pace: float = 0.0, profile: str = "") -> Mapping[Question, Result]:
    """Ask side by side, and wait for all."""
    answers: dict[Question, Result] = {}
    with AwsSource(profile, timeout=timeout, pace=pace) as source:
        for question in questions:
            at_once = source.ask(question)
            if at_once is not None:
                answers[question] = at_once
        while source.open:
            answers |= source.answers()
    return answers


def one(question: Question, **options: Any) -> Result:
    return ask(question, **options)[question]


# What it understands.


@pytest.mark.loopback
def test_over_the_wire_everything_is_as_the_story_tells_it(aws: World) -> None:
    loopback = aws(*STORY)
    answers = ask(*loopback.told.said, GET_ACCOUNT(HERE), GET_CALLER_IDENTITY())
    expected = {question: result(question, loopback.told.find(question)) for question in answers if isinstance(question, Aws)}
    assert answers == expected
    assert loopback.faults == []


@pytest.mark.loopback
def test_the_default_region_is_that_of_the_configuration(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    aws()
    assert one(CONFIGURED_REGION()) == AwsAnswer.of({"Region": ""})
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-south-1")
    assert one(CONFIGURED_REGION()) == AwsAnswer.of({"Region": "eu-south-1"})


@pytest.mark.loopback
def test_ten_thousand_identities_come_in_pages_and_are_one_answer(aws: World) -> None:
    names = ", ".join(f'{{"IdentityName": "d{number}.example"}}' for number in range(10_000))
    loopback = aws((f"sesv2 ListEmailIdentities {HERE}", f'{{"EmailIdentities": [{names}]}}'))
    answer = one(LIST_EMAIL_IDENTITIES(HERE))
    assert isinstance(answer, AwsAnswer)
    assert len(answer.data["EmailIdentities"]) == 10_000
    assert len(loopback.log) == 10


@pytest.mark.loopback
def test_members_of_a_newer_api_do_not_matter(aws: World) -> None:
    loopback = aws(*STORY, novelty=True)
    answers = ask(*loopback.told.said)
    assert all(isinstance(answer, AwsAnswer) for answer in answers.values())


@pytest.mark.loopback
def test_no_secret_of_the_account_comes_in(aws: World) -> None:
    loopback = aws(*STORY)
    answers = ask(*loopback.told.said, GET_ACCOUNT(HERE), GET_CALLER_IDENTITY())
    text = bundle.dump(bundle.Bundle(Domain("shop.example."), Settings(), NOW, answers)) + repr(answers)
    assert [secret for secret in SECRETS if secret in text] == []
    assert FUNCTION in text


# How it paces itself.


def starts(loopback: Loopback, region: str) -> list[float]:
    return [moment for moment, request in loopback.log if request.region == region]


@pytest.mark.loopback
def test_ses_is_asked_in_turn_in_each_region_and_side_by_side_in_several(aws: World) -> None:
    loopback = aws(rate=0.1)
    regions = ("eu-west-1", "us-east-1")
    questions = [
        operation(region)
        for region in regions
        for operation in (GET_ACCOUNT, DESCRIBE_ACTIVE_RECEIPT_RULE_SET, LIST_INGRESS_POINTS)
    ]
    answers = ask(*questions, pace=0.3)
    assert all(isinstance(answer, AwsAnswer) for answer in answers.values())
    first, second = (starts(loopback, region) for region in regions)
    assert len(first) == len(second) == 3
    assert first[0] < second[-1]
    assert second[0] < first[-1]


@pytest.mark.loopback
def test_throttling_is_waited_for(aws: World) -> None:
    loopback = aws(throttle=2)
    assert isinstance(one(GET_ACCOUNT(HERE)), AwsAnswer)
    assert len(loopback.log) == 3


@pytest.mark.loopback
def test_throttling_that_does_not_end_is_told_before_the_deadline(aws: World) -> None:
    aws(throttle=1000)
    started = time.monotonic()
    answer = one(GET_ACCOUNT(HERE), timeout=2.0)
    assert isinstance(answer, Failure)
    assert answer.kind == "throttled"
    assert time.monotonic() - started < 2.5


@pytest.mark.loopback
def test_nothing_waits_beyond_the_deadline(aws: World) -> None:
    aws(delay=5.0)
    started = time.monotonic()
    answer = one(GET_ACCOUNT(HERE), timeout=1.0)
    assert isinstance(answer, Failure)
    assert answer.kind == "timeout"
    assert time.monotonic() - started < 1.5


@pytest.mark.loopback
def test_a_descriptor_tells_that_there_is_an_answer(aws: World) -> None:
    aws()
    with AwsSource(timeout=10.0, pace=0.0) as source:
        poll = select.poll()
        poll.register(source.fileno(), select.POLLIN)
        assert source.taken() == {}
        source.ask(GET_ACCOUNT(HERE))
        assert poll.poll(8000)
        assert list(source.taken()) == [GET_ACCOUNT(HERE)]
        assert not poll.poll(0)
        assert not source.open


# How each fault comes out.


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("mood", "kind", "words"),
    [
        ({"expired": True}, "credentials", "the AWS session has expired"),
        ({"clock": timedelta(hours=1)}, "credentials", "the clock of this machine is wrong"),
        ({"clock": timedelta(hours=-1)}, "credentials", "the clock of this machine is wrong"),
        ({"keys": frozenset()}, "credentials", "AWS does not know this access key"),
        ({"policy": {"Statement": []}}, "denied", "the policy lacks ses:GetAccount"),
        ({"policy": {"Statement": [{"Effect": "Deny", "Action": "*"}]}}, "denied", "denies ses:GetAccount explicitly"),
        ({"down": 200}, "malformed", "a web page"),
        ({"down": 403}, "malformed", "nothing of AWS"),
        ({"down": 502}, "malformed", "nothing of AWS"),
    ],
)
def test_each_fault_has_its_reason(aws: World, mood: dict[str, Any], kind: str, words: str) -> None:
    aws(**mood)
    answer = one(GET_ACCOUNT(HERE))
    assert isinstance(answer, Failure)
    assert answer.kind == kind
    assert words in answer.detail


@pytest.mark.loopback
@pytest.mark.parametrize("question", [GET_ACCOUNT, DESCRIBE_ACTIVE_RECEIPT_RULE_SET, GET_BUCKET_POLICY])
def test_a_web_page_is_no_answer_in_any_protocol(aws: World, question: Operation) -> None:
    aws(down=200)
    parameters = {"Bucket": "b"} if question is GET_BUCKET_POLICY else {}
    answer = one(question(HERE, **parameters))
    assert isinstance(answer, Failure)
    assert (answer.kind, "(a proxy?)" in answer.detail) == ("malformed", True)


@pytest.mark.loopback
@pytest.mark.parametrize("question", [GET_ACCOUNT, DESCRIBE_ACTIVE_RECEIPT_RULE_SET])
def test_a_region_that_is_not_enabled_is_not_asked(aws: World, question: Operation) -> None:
    aws(disabled=frozenset({"ap-east-2"}))
    assert one(question("ap-east-2")) == Unasked("the account has not enabled the region ap-east-2")


@pytest.mark.loopback
def test_with_the_managed_policy_only_what_it_permits_is_seen(aws: World) -> None:
    aws(*STORY, policy=READ_ONLY_ACCESS)
    answers = ask(GET_ACCOUNT(HERE), DESCRIBE_ACTIVE_RECEIPT_RULE_SET(HERE), GET_BUCKET_POLICY(Bucket="inbox"))
    assert isinstance(answers[GET_ACCOUNT(HERE)], AwsAnswer)
    lacks = "access denied: the policy lacks"
    assert answers[DESCRIBE_ACTIVE_RECEIPT_RULE_SET(HERE)] == Failure("denied", f"{lacks} ses:DescribeActiveReceiptRuleSet")
    assert answers[GET_BUCKET_POLICY(Bucket="inbox")] == Failure("denied", f"{lacks} s3:GetBucketPolicy")


@pytest.mark.loopback
def test_no_network_is_no_answer(aws: World, monkeypatch: pytest.MonkeyPatch) -> None:
    aws()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert one(GET_ACCOUNT(HERE)) == Failure("unreachable", "the endpoint cannot be reached")
    answer = one(GET_ACCOUNT("eu-wets-1"))
    assert isinstance(answer, Failure)
    assert "no region called eu-wets-1 is known" in answer.detail


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("credentials", "profile", "words"),
    [
        ("[default]\naws_access_key_id = a\naws_secret_access_key = b\n", "shop", "no AWS profile is called shop"),
        ("aws_access_key_id = a\n", "", "cannot be read"),
        ("[default]\naws_access_key_id = a\n", "", "aws_secret_access_key is missing"),
    ],
)
def test_credentials_that_cannot_be_used(
    aws: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, credentials: str, profile: str, words: str
) -> None:
    aws()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    (tmp_path / "credentials").write_text(credentials)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    answer = one(GET_ACCOUNT(HERE), profile=profile)
    assert isinstance(answer, Failure)
    assert answer.kind == "credentials"
    assert words in answer.detail


def test_without_credentials_boto3_is_not_even_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment("").items():
        if name.endswith(("_FILE", "_DISABLED")):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    assert one(GET_ACCOUNT(HERE)) == NO_CREDENTIALS


@pytest.mark.loopback
def test_a_configuration_without_credentials_has_none(aws: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    aws()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert one(GET_ACCOUNT(HERE)) == NO_CREDENTIALS


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("region", "words"), [("cn-north-1", "does not exist in China"), ("us-iso-east-1", "does not exist in us-iso")]
)
def test_regions_without_ses_are_said_to_be_so(aws: World, region: str, words: str) -> None:
    loopback = aws()
    answer = one(GET_ACCOUNT(region))
    assert isinstance(answer, Unasked)
    assert words in answer.reason
    assert loopback.log == []


def test_what_is_not_on_the_list_is_never_asked() -> None:
    with AwsSource("any") as source:
        with pytest.raises(ValueError, match="not to be asked"):
            source.ask(Operation("sesv2", "DeleteEmailIdentity")(HERE, EmailIdentity="shop.example"))
        assert isinstance(source.ask(Dns("shop.example.", "TXT")), Unasked)


@pytest.mark.loopback
def test_a_name_that_aws_cannot_take_is_one_failure(aws: World) -> None:
    aws()
    assert one(GET_EMAIL_IDENTITY(HERE, EmailIdentity="")) == Failure("error", "AWS would not take this name")
