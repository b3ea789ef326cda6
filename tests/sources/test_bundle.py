"""What is recorded comes back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maildoctor.ask import Aws, AwsAnswer, Dns, DnsAnswer, Failure, Members, Question, Result, Unasked
from maildoctor.settings import Domain, Settings
from maildoctor.sources.bundle import SCHEMA, Bundle, UnusableBundle, dump, load

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


TOLD = Settings(roles=("send",), regions=("eu-west-1",), mail_from="bounce.shop.example.", author="a@shop.example")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bundle.json"
    path.write_text(text, "utf-8")
    return path


def small() -> dict[str, Any]:
    """A bundle of one answer, as JSON."""
    memo: dict[Question, Result] = {Dns("shop.example.", "TXT"): DnsAnswer(records=('"x"',), ttl=300)}
    whole: dict[str, Any] = json.loads(dump(Bundle(Domain("shop.example."), TOLD, datetime(2026, 11, 22, tzinfo=UTC), memo)))
    return whole


def test_what_was_told_comes_back(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, json.dumps(small())))
    assert (loaded.domain, loaded.settings, loaded.now) == (Domain("shop.example."), TOLD, datetime(2026, 11, 22, tzinfo=UTC))


def test_what_was_not_recorded_was_not_asked(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, json.dumps(small())))
    assert loaded.ask(Dns("shop.example.", "MX")) == Unasked("the bundle has no answer to: shop.example. MX")
    assert loaded.answers() == {}


def test_the_text_does_not_depend_on_the_order_of_the_answers() -> None:
    rows: list[tuple[Question, Result]] = [(Dns(f"{name}.example.", "A"), DnsAnswer()) for name in "abc"]
    now = datetime(2026, 11, 22, tzinfo=UTC)
    texts = {dump(Bundle(Domain("a.example."), Settings(), now, dict(order))) for order in (rows, rows[::-1])}
    assert len(texts) == 1


def test_hostile_records_come_back(tmp_path: Path) -> None:
    hostile = '"\x1b[31m \u2028 \udca0 </script>"'
    memo: dict[Question, Result] = {Dns("shop.example.", "TXT"): DnsAnswer(records=(hostile,))}
    text = dump(Bundle(Domain("shop.example."), Settings(), datetime(2026, 11, 22, tzinfo=UTC), memo))
    assert text.isascii()
    assert load(written(tmp_path, text)).memo == memo


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "not a bundle (no JSON)"),
        ("{", "not a bundle (no JSON)"),
        ("[" * 100_000, "not a bundle (no JSON)"),
        ("[]", "not a bundle of this version (no schema; this program reads maildoctor-bundle/1)"),
        ('"bundle"', "not a bundle of this version (no schema"),
        ('{"schema": "maildoctor-bundle/9"}', "not a bundle of this version (maildoctor-bundle/9; "),
        ('{"schema": "maildoctor/1"}', "not a bundle of this version (maildoctor/1; "),
        (json.dumps({"schema": SCHEMA}), "a damaged bundle (KeyError: 'answers')"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str, error: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UnusableBundle) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {error}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableBundle, match="No such file"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("answers",), 7),
        (("answers", 0), "text"),
        (("answers", 0), {}),
        (("answers", 0, "question"), {"kind": "smoke", "name": "a.", "type": "A"}),
        (("answers", 0, "question", "name"), 7),
        (("answers", 0, "question", "more"), "x"),
        (("answers", 0, "answer"), []),
        (("answers", 0, "answer", "records"), "x"),
        (("answers", 0, "answer", "records"), [1]),
        (("answers", 0, "answer", "ttl"), "300"),
        (("answers", 0, "answer", "status"), None),
        (("answers", 0, "answer", "unheard-of"), 1),
        (("now",), "yesterday"),
        (("now",), "2026-11-22T12:00:00"),
        (("now",), 7),
        (("domain",), "Shop.Example"),
        (("domain",), None),
        (("settings",), []),
        (("settings", "roles"), "send"),
        (("settings", "colour"), "red"),
        (("settings", "author"), "news@\ud800.example"),
    ],
)
def test_damaged_bundles_are_refused(tmp_path: Path, place: tuple[str | int, ...], value: object) -> None:
    whole = small()
    part: Any = whole
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    with pytest.raises(UnusableBundle, match="a damaged bundle"):
        load(written(tmp_path, json.dumps(whole)))
