"""The AWS on loopback speaks each protocol that the services in use speak, and is as strict as their models."""

from __future__ import annotations

from typing import Any

import botocore.parsers
import pytest

from maildoctor.sources.zonefile import ZoneFiles
from tests.ses import requests, responses, shapes
from tests.ses.requests import Request
from tests.ses.server import READ_ONLY_ACCESS, permitted, serving
from tests.ses.told import Told

POINTS = {"IngressPoints": [{"IngressPointName": "front", "IngressPointId": "inp-1", "Status": "ACTIVE", "Type": "OPEN"}]}
RULES = {
    "Metadata": {"Name": "main", "CreatedTimestamp": "2026-11-20T10:00:00+00:00"},
    "Rules": [
        {
            "Name": "store",
            "Enabled": True,
            "Recipients": ["a.example", "b.example"],
            "Actions": [{"StopAction": {"Scope": "RuleSet"}}],
        }
    ],
}
TOPICS = {
    "NotificationAttributes": {
        "a.example": {"BounceTopic": "arn", "ComplaintTopic": "arn", "DeliveryTopic": "arn", "ForwardingEnabled": False}
    }
}


def request(service: str, protocol: str, operation: str) -> Request:
    from datetime import UTC, datetime

    return Request(service, protocol, operation, {}, "eu-west-1", "key", "", datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    ("service", "protocol", "operation", "said"),
    [
        ("sesv2", "rest-json", "GetEmailIdentity", {"VerificationInfo": {"LastCheckedTimestamp": "2026-11-20T10:00:00+00:00"}}),
        ("ses", "query", "DescribeActiveReceiptRuleSet", RULES),
        ("ses", "query", "GetIdentityNotificationAttributes", TOPICS),
        ("mailmanager", "json", "ListIngressPoints", POINTS),
        ("mailmanager", "smithy-rpc-v2-cbor", "ListIngressPoints", POINTS),
        ("mailmanager", "smithy-rpc-v2-cbor", "GetIngressPoint", {"CreatedTimestamp": "2026-11-20T10:00:00+00:00"}),
        ("iam", "query", "ListRolePolicies", {"PolicyNames": ["inline"], "IsTruncated": False}),
        ("s3", "rest-xml", "GetBucketEncryption", {"ServerSideEncryptionConfiguration": {"Rules": [{"BucketKeyEnabled": True}]}}),
        ("route53", "rest-xml", "ListHostedZonesByName", {"HostedZones": [{"Id": "/hostedzone/Z1", "Name": "a.example."}]}),
    ],
)
def test_botocore_reads_an_answer_as_it_was_told(service: str, protocol: str, operation: str, said: dict[str, Any]) -> None:
    written = responses.answer(request(service, protocol, operation), said)
    parser = botocore.parsers.create_parser(protocol)
    parsed = parser.parse(
        {"status_code": 200, "headers": written.headers, "body": written.body}, shapes.operation(service, operation).output_shape
    )
    parsed.pop("ResponseMetadata", None)
    assert timeless(parsed) == said


def timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: timeless(item) for name, item in value.items()}
    if isinstance(value, list):
        return [timeless(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


@pytest.mark.parametrize(
    ("service", "protocol"),
    [("sesv2", "rest-json"), ("ses", "query"), ("mailmanager", "smithy-rpc-v2-cbor"), ("mailmanager", "json"), ("s3", "rest-xml")],
)
def test_botocore_reads_an_error_as_it_was_told(service: str, protocol: str) -> None:
    operation = {"sesv2": "GetAccount", "ses": "GetSendQuota", "mailmanager": "ListIngressPoints", "s3": "GetBucketPolicy"}[service]
    written = responses.refusal(request(service, protocol, operation), "SomeException", "why & <how>", 400)
    parser = botocore.parsers.create_parser(protocol)
    parsed = parser.parse(
        {"status_code": 400, "headers": written.headers, "body": written.body}, shapes.operation(service, operation).output_shape
    )
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == ("SomeException", "why & <how>")


def test_a_request_that_is_not_signed_is_strange() -> None:
    with pytest.raises(requests.Strange):
        requests.read("GET", "/v2/email/account", {}, b"")


@pytest.mark.parametrize(
    ("action", "verdict"),
    [
        ("ses:GetAccount", "Allow"),
        ("ses:ListEmailIdentities", "Allow"),
        ("ses:DescribeActiveReceiptRuleSet", ""),
        ("s3:GetBucketPolicy", ""),
    ],
)
def test_the_managed_policy_cannot_read_receipt_rules(action: str, verdict: str) -> None:
    assert permitted(READ_ONLY_ACCESS, action) == verdict


def test_a_denial_outweighs() -> None:
    statements = [{"Effect": "Allow", "Action": "*"}, {"Effect": "Deny", "Action": "SES:get*"}]
    assert permitted({"Statement": statements}, "ses:GetAccount") == "Deny"


@pytest.mark.loopback
def test_it_serves_and_stops() -> None:
    with serving(Told({}, ZoneFiles(()))) as loopback:
        assert loopback.url.startswith("http://127.0.0.1:")
