"""The account that changes: remedies carried out as commands, over the wire or not, and SES's own look at the DNS."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from maildoctor.ask import Aws
from maildoctor.operations import (
    DESCRIBE_ACTIVE_RECEIPT_RULE_SET,
    GET_ACCOUNT,
    GET_EMAIL_IDENTITY,
    GET_SUPPRESSED_DESTINATION,
    LIST_EMAIL_IDENTITIES,
)
from maildoctor.sources.zonefile import ZoneFiles
from tests.ses.account import Account, Incomplete, command, tokens
from tests.ses.server import KEY, SECRET, serving
from tests.ses.told import Refused, Said, block

HERE = "eu-west-1"
SHOP = GET_EMAIL_IDENTITY(HERE, EmailIdentity="shop.example")
CREATE = f"aws sesv2 create-email-identity --email-identity shop.example --region {HERE}"
KEYS = "put-email-identity-dkim-signing-attributes --email-identity shop.example --signing-attributes-origin AWS_SES"
SUPPRESSED = {"EmailAddress": "ann@home.example", "Reason": "BOUNCE", "LastUpdateTime": "2026-11-01T00:00:00Z"}
MAIL_FROM = f"aws sesv2 put-email-identity-mail-from-attributes --email-identity shop.example --region {HERE} --mail-from-domain"


def account(*blocks: tuple[str, str], commands: tuple[str, ...] = ()) -> Account:
    said: dict[Aws, Said] = dict(block(line, text) for line, text in blocks)
    changing = Account(said, ZoneFiles(()))
    for line in commands:
        changing.run(line)
    return changing


def held(changing: Account, question: Aws) -> dict[str, Any]:
    data = changing.held(question)
    assert data is not None
    return data


def records(name: str, type_: str) -> tuple[str, ...]:
    """A DNS in which everything is published that SES wants of shop.example."""
    token = re.fullmatch(r"([a-z2-7]{32})\._domainkey\.shop\.example\.", name)
    if token and type_ == "CNAME":
        return (f"{token[1]}.dkim.amazonses.com.",)
    return ("10 feedback-smtp.eu-west-1.amazonses.com.",) if (name, type_) == ("bounce.shop.example.", "MX") else ()


def test_an_identity_is_verified_once_its_records_are_there() -> None:
    changing = account(commands=(CREATE, f"{MAIL_FROM} bounce.shop.example"))
    changing.look(lambda _name, _type: ())
    assert held(changing, SHOP)["VerificationStatus"] == "PENDING"
    changing.look(records)
    data = held(changing, SHOP)
    assert data["VerifiedForSendingStatus"] is True
    assert data["DkimAttributes"]["Status"] == "SUCCESS"
    assert data["DkimAttributes"]["Tokens"] == tokens(HERE, "shop.example")
    assert data["MailFromAttributes"]["MailFromDomainStatus"] == "SUCCESS"
    assert [row["IdentityName"] for row in held(changing, LIST_EMAIL_IDENTITIES(HERE))["EmailIdentities"]] == ["shop.example"]


def test_what_was_verified_and_is_lost_fails_for_a_time() -> None:
    changing = account(commands=(CREATE, f"{MAIL_FROM} bounce.shop.example"))
    changing.look(records)
    changing.look(lambda _name, _type: ())
    data = held(changing, SHOP)
    assert data["DkimAttributes"]["Status"] == data["MailFromAttributes"]["MailFromDomainStatus"] == "TEMPORARY_FAILURE"


def test_tokens_are_others_in_each_region() -> None:
    assert tokens("us-east-1", "shop.example") != tokens(HERE, "shop.example")
    assert all(re.fullmatch("[a-z2-7]{32}", token) for token in tokens(HERE, "shop.example"))


@pytest.mark.parametrize(
    ("line", "question", "members"),
    [
        ("put-account-suppression-attributes --suppressed-reasons BOUNCE", GET_ACCOUNT(HERE), {"SuppressedReasons": ["BOUNCE"]}),
        ("put-account-sending-attributes --no-sending-enabled", GET_ACCOUNT(HERE), {"SendingEnabled": False}),
        ("put-email-identity-dkim-attributes --email-identity shop.example --no-signing-enabled", SHOP, {"SigningEnabled": False}),
        (
            f"{KEYS} --signing-attributes NextSigningKeyLength=RSA_1024_BIT",
            SHOP,
            {"NextSigningKeyLength": "RSA_1024_BIT"},
        ),
        (
            "put-email-identity-feedback-attributes --email-identity shop.example --no-email-forwarding-enabled",
            SHOP,
            {"FeedbackForwardingStatus": False},
        ),
        (
            "put-account-details --production-access-enabled --mail-type TRANSACTIONAL --website-url https://shop.example",
            GET_ACCOUNT(HERE),
            {"Status": "PENDING"},
        ),
        ("delete-email-identity --email-identity shop.example", LIST_EMAIL_IDENTITIES(HERE), {"EmailIdentities": []}),
    ],
)
def test_a_command_changes_what_is_told(line: str, question: Aws, members: dict[str, Any]) -> None:
    changing = account(commands=(CREATE, f"aws sesv2 {line} --region {HERE}"))
    text = str(held(changing, question))
    assert all(f"{name!r}: {value!r}" in text for name, value in members.items())


def test_a_rule_set_is_made_active() -> None:
    rules = '{"Metadata": {"Name": "main"}, "Rules": [{"Name": "store", "Enabled": false}]}'
    changing = account((f"ses DescribeReceiptRuleSet RuleSetName=main {HERE}", rules))
    changing.run(f"aws ses set-active-receipt-rule-set --rule-set-name main --region {HERE}")
    rule = '{"Name": "store", "Enabled": true}'
    changing.run(f"aws ses update-receipt-rule --rule-set-name main --rule '{rule}' --region {HERE}")
    assert held(changing, DESCRIBE_ACTIVE_RECEIPT_RULE_SET(HERE))["Rules"] == [{"Name": "store", "Enabled": True}]


def test_an_address_is_taken_off_the_suppression_list() -> None:
    row = json.dumps({"SuppressedDestination": SUPPRESSED})
    changing = account((f"sesv2 GetSuppressedDestination EmailAddress=ann@home.example {HERE}", row))
    changing.run(f"aws sesv2 delete-suppressed-destination --email-address ann@home.example --region {HERE}")
    assert isinstance(changing.find(GET_SUPPRESSED_DESTINATION(HERE, EmailAddress="ann@home.example")), Refused)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("dig shop.example", "not a command"),
        ("aws sesv2 verify-domain --domain shop.example --region eu-west-1", "no command verify-domain"),
        ("aws sesv2 put-account-sending-attributes --sending --region eu-west-1", "no option --sending"),
        ("aws sesv2 put-account-sending-attributes --sending-enabled", "no region"),
        ("aws sesv2 put-account-suppression-attributes --suppressed-reasons SPAM --region eu-west-1", "none of BOUNCE, COMPLAINT"),
        ("aws sesv2 delete-email-identity --region eu-west-1", "EmailIdentity: is required"),
        ("aws sesv2 delete-email-identity --email-identity lost.example --region eu-west-1", "NotFoundException"),
        (f"{MAIL_FROM} shop.example", "is not subdomain"),
        (CREATE, "AlreadyExistsException"),
    ],
)
def test_a_command_that_aws_would_refuse_is_refused(line: str, complaint: str) -> None:
    with pytest.raises(Incomplete, match=complaint):
        account(commands=(CREATE, line))


def test_options_are_read_as_the_cli_reads_them() -> None:
    line = f"aws sesv2 put-account-suppression-attributes --suppressed-reasons BOUNCE COMPLAINT --region {HERE}"
    assert command(line) == ("sesv2", "PutAccountSuppressionAttributes", HERE, {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]})


@pytest.mark.loopback
def test_writes_work_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3
    import botocore.exceptions

    changing = account()
    with serving(changing) as ses:
        session = boto3.session.Session(KEY, SECRET, region_name=HERE)
        client = session.client("sesv2", endpoint_url=ses.url)
        created = client.create_email_identity(EmailIdentity="shop.example")
        assert created["DkimAttributes"]["Tokens"] == tokens(HERE, "shop.example")
        client.put_email_identity_mail_from_attributes(EmailIdentity="shop.example", MailFromDomain="bounce.shop.example")
        assert client.get_email_identity(EmailIdentity="shop.example")["MailFromAttributes"]["MailFromDomainStatus"] == "PENDING"
        with pytest.raises(botocore.exceptions.ClientError, match="AlreadyExistsException"):
            client.create_email_identity(EmailIdentity="shop.example")
        assert ses.faults == []
