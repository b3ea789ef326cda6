"""Resource policies: who may do what, under which conditions. A row is what a policy says, and what that means for one request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from maildoctor.records.iam_policy import Request, Verdict, like, statements, verdict

ACCOUNT = "111122223333"
RULE = f"arn:aws:ses:eu-west-1:{ACCOUNT}:receipt-rule-set/main:receipt-rule/store"
CONTEXT = {"aws:sourceaccount": ACCOUNT, "aws:sourcearn": RULE, "aws:referer": ACCOUNT, "aws:securetransport": "true"}
STORE = Request("ses.amazonaws.com", "s3:PutObject", "arn:aws:s3:::inbox/new/1", CONTEXT)
WRITER = {"Service": "ses.amazonaws.com"}
ALLOW = {"Effect": "Allow", "Principal": WRITER, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::inbox/*"}
PLAIN = {"Bool": {"aws:SecureTransport": "false"}}
TLS = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": PLAIN}


def on(**conditions: Any) -> dict[str, Any]:
    return {**ALLOW, "Condition": conditions}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], Verdict.SILENT),
        ([ALLOW], Verdict.ALLOWED),
        (ALLOW, Verdict.ALLOWED),
        ([{**ALLOW, "Principal": "*"}], Verdict.ALLOWED),
        ([{**ALLOW, "Principal": {"AWS": "*"}}], Verdict.ALLOWED),
        ([{**ALLOW, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}], Verdict.SILENT),
        ([{**ALLOW, "Principal": {"Service": ["sns.amazonaws.com", "ses.amazonaws.com"]}}], Verdict.ALLOWED),
        ([{**ALLOW, "Principal": {"Service": "sns.amazonaws.com"}}], Verdict.SILENT),
        ([{**ALLOW, "Action": ["s3:GetObject", "S3:put*"]}], Verdict.ALLOWED),
        ([{**ALLOW, "Action": "s3:GetObject"}], Verdict.SILENT),
        ([{**ALLOW, "Resource": "arn:aws:s3:::inbox"}], Verdict.SILENT),
        ([{**ALLOW, "Resource": "arn:aws:s3:::inbox/old/*"}], Verdict.SILENT),
        # New style and old, with patterns, whatever the case of the keys.
        ([on(StringEquals={"AWS:SourceAccount": ACCOUNT, "AWS:SourceArn": RULE})], Verdict.ALLOWED),
        ([on(StringEquals={"aws:sourceaccount": [ACCOUNT, "444455556666"]})], Verdict.ALLOWED),
        ([on(StringEquals={"aws:Referer": ACCOUNT})], Verdict.ALLOWED),
        ([on(StringEquals={"aws:Referer": "444455556666"})], Verdict.SILENT),
        ([on(ArnLike={"aws:SourceArn": f"arn:aws:ses:*:{ACCOUNT}:receipt-rule-set/*"})], Verdict.ALLOWED),
        ([on(StringLike={"aws:SourceArn": "arn:aws:ses:*:44445555????:*"})], Verdict.SILENT),
        ([on(StringEquals={"aws:SourceArn": "arn:aws:ses:*"})], Verdict.SILENT),
        ([on(StringNotEquals={"aws:SourceAccount": "444455556666"})], Verdict.ALLOWED),
        ([on(Null={"aws:SourceArn": "false"})], Verdict.ALLOWED),
        ([on(Null={"aws:SourceArn": True})], Verdict.SILENT),
        # What denies wins.
        ([ALLOW, TLS], Verdict.ALLOWED),
        ([ALLOW, {**ALLOW, "Effect": "Deny"}], Verdict.DENIED),
        ([{**ALLOW, "Effect": "Deny", "NotAction": "s3:GetObject", "Action": "s3:*"}, ALLOW], Verdict.DENIED),
        ([ALLOW, {"Effect": "Deny", "NotPrincipal": {"AWS": "x"}, "Action": "*", "Resource": "*"}], Verdict.DENIED),
        ([ALLOW, {"Effect": "Deny", "NotPrincipal": ALLOW["Principal"], "Action": "*", "Resource": "*"}], Verdict.ALLOWED),
        ([ALLOW, {"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": "arn:aws:s3:::inbox/*"}], Verdict.ALLOWED),
        # What is not known here is not guessed.
        ([on(StringEquals={"aws:SourceOrgID": "o-1"})], Verdict.UNCLEAR),
        ([on(StringEquals={"aws:SourceOrgID": "o-1", "aws:SourceAccount": "444455556666"})], Verdict.SILENT),
        ([on(OperatorOfTomorrow={"aws:SourceAccount": ACCOUNT})], Verdict.UNCLEAR),
        ([ALLOW, {**TLS, "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}], Verdict.UNCLEAR),
    ],
)
def test_what_a_policy_says(said: Any, expected: Verdict) -> None:
    assert verdict(json.dumps({"Version": "2012-10-17", "Statement": said}), STORE) is expected


@pytest.mark.parametrize("text", ["", "<html>", "{"])
def test_what_is_no_policy_says_nothing_clear(text: str) -> None:
    assert verdict(text, STORE) is Verdict.UNCLEAR


def test_the_trust_of_a_role_has_no_resource() -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": ALLOW["Principal"], "Action": "sts:AssumeRole"}]}
    assert verdict(trust, Request("ses.amazonaws.com", "sts:AssumeRole", "role", CONTEXT)) is Verdict.ALLOWED


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [("a*c", "abbc", True), ("a?c", "abbc", False), ("a.c", "abc", False), ("*", "", True), ("a[b]", "a[b]", True)],
)
def test_patterns_know_star_and_question_mark_alone(pattern: str, text: str, expected: bool) -> None:
    assert like(pattern, text) is expected


def test_who_is_named() -> None:
    assert [each.names("ses.amazonaws.com") for each in statements({"Statement": [ALLOW, TLS]})] == [True, False]
