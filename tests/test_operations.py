"""What AWS may be asked: each operation exists, is a read, and comes in the pages that are declared."""

from __future__ import annotations

import pytest

from maildoctor.operations import Operation, allowed
from tests.ses import shapes

ASKED = [operation for operation in allowed().values() if operation.service != "configuration"]
READS = ("Get", "List", "Describe", "BatchGet")
TRAPS = {"VerifyDomainDkim", "VerifyDomainIdentity", "GetEmailAddressInsights", "GetSessionToken", "GetFederationToken"}


@pytest.mark.parametrize("operation", ASKED, ids=lambda operation: f"{operation.service}-{operation.name}")
def test_an_operation_exists_and_reads(operation: Operation) -> None:
    model = shapes.operation(operation.service, operation.name)
    assert operation.name.startswith(READS)
    assert operation.name not in TRAPS
    assert model.http["method"] in ("GET", "POST")
    assert not model.has_streaming_input


@pytest.mark.parametrize("operation", ASKED, ids=lambda operation: f"{operation.service}-{operation.name}")
def test_pages_are_gathered_wherever_there_are_pages(operation: Operation) -> None:
    model = shapes.operation(operation.service, operation.name)
    taken = model.input_shape.members if model.input_shape else {}
    if operation.token in taken:
        assert operation.token in model.output_shape.members
        assert model.output_shape.members[operation.items].type_name == "list"
        sizes = [name for name in taken if name == "PageSize"]
        greatest = [taken[name].metadata["max"] for name in sizes if "max" in taken[name].metadata]
        assert not greatest or operation.size == ("PageSize", *greatest)
    else:
        assert not operation.items
        assert not {"NextToken", "Marker"} & set(taken)


@pytest.mark.parametrize(
    ("service", "name", "action"),
    [
        ("sesv2", "GetAccount", "ses:GetAccount"),
        ("ses", "DescribeActiveReceiptRuleSet", "ses:DescribeActiveReceiptRuleSet"),
        ("mailmanager", "ListIngressPoints", "ses:ListIngressPoints"),
        ("s3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"),
        ("s3", "GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("service-quotas", "GetServiceQuota", "servicequotas:GetServiceQuota"),
        ("lambda", "GetPolicy", "lambda:GetPolicy"),
        ("sts", "GetCallerIdentity", ""),
    ],
)
def test_the_action_that_permits_it(service: str, name: str, action: str) -> None:
    assert allowed()[service, name].iam == action
