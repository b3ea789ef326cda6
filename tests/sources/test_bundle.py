"""What is recorded comes back as it was."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from maildoctor.ask import Aws, AwsAnswer, Dns, DnsAnswer, Failure, Members, Question, Result, Unasked
from maildoctor.settings import Domain, Settings
from maildoctor.sources.bundle import Bundle, dump, load

RULES = {"Rules": [{"Name": "store", "Recipients": ["shop.example"], "Actions": [{"S3Action": {"BucketName": "inbox"}}]}]}
QUERIES = {"MetricDataQueries": [{"Id": "bounce", "Period": 300}], "StartTime": "2026-11-21T12:00:00Z"}


def test_questions_and_answers_of_every_kind_come_back(tmp_path: Path) -> None:
    memo: dict[Question, Result] = {
        Dns("shop.example.", "TXT", server="192.0.2.53", over="udp"): DnsAnswer(
            records=('"v=spf1 -all"',), ttl=300, authentic=True
        ),
        Dns("shop.example.", "MX"): Failure("timeout", "no answer within 5 s"),
        Aws("ses", "DescribeActiveReceiptRuleSet", "eu-west-1"): AwsAnswer.of(RULES),
        Aws("sesv2", "GetEmailIdentity", "eu-west-1", Members.of({"EmailIdentity": "shop.example"})): AwsAnswer(
            missing="NotFoundException"
        ),
        Aws("cloudwatch", "GetMetricData", "eu-west-1", Members.of(QUERIES)): Unasked("no AWS credentials"),
    }
    path = tmp_path / "bundle.json"
    path.write_text(dump(Bundle(Domain("shop.example."), Settings(), datetime(2026, 11, 22, tzinfo=UTC), memo)))
    assert load(path).memo == memo


def test_a_question_to_aws_prints_as_one_writes_it() -> None:
    plain = Aws("sesv2", "GetEmailIdentity", "eu-west-1", Members.of({"EmailIdentity": "shop.example"}))
    assert str(plain) == "sesv2 GetEmailIdentity EmailIdentity=shop.example eu-west-1"
    nested = Aws("cloudwatch", "GetMetricData", "", Members.of({"MetricDataQueries": [{"Id": "bounce"}]}))
    assert str(nested) == 'cloudwatch GetMetricData MetricDataQueries=[{"Id": "bounce"}]'
    assert nested.parameters.plain == {"MetricDataQueries": [{"Id": "bounce"}]}
