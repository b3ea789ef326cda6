"""The options about AWS, against an AWS and name servers on loopback."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from maildoctor.operations import SES
from maildoctor.policy import policy
from maildoctor.registry import choose
from maildoctor.sources.dns import DnsSource
from maildoctor.sources.zonefile import ZoneFiles
from tests.cli.conftest import Program
from tests.lab.lab import Lab
from tests.ses.server import SECRETS, Loopback, Mood, environment, serving
from tests.ses.told import Told, block

TOKENS = [f"shoptoken{letter * 23}" for letter in "abc"]
IDENTITY: dict[str, Any] = {
    "IdentityType": "DOMAIN",
    "VerifiedForSendingStatus": True,
    "VerificationStatus": "SUCCESS",
    "FeedbackForwardingStatus": True,
    "DkimAttributes": {
        "SigningEnabled": True,
        "Status": "SUCCESS",
        "Tokens": TOKENS,
        "SigningHostedZone": "dkim.amazonses.com",
        "SigningAttributesOrigin": "AWS_SES",
        "CurrentSigningKeyLength": "RSA_2048_BIT",
        "NextSigningKeyLength": "RSA_2048_BIT",
    },
    "MailFromAttributes": {
        "MailFromDomain": "bounce.bakery.example",
        "MailFromDomainStatus": "SUCCESS",
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    },
}
SANDBOX = {
    "ProductionAccessEnabled": False,
    "SendingEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 7.0},
}
DKIM = [word for token in TOKENS for word in ("--dkim-token", token)]
BAKERY = ("check", "bakery.example", *DKIM, "--mail-from", "bounce.bakery.example", "-f", "json")
OURS = ("--select", "dns,mx,spf,dkim,mail-from,dmarc,ses-sandbox,ses-quota,ses-bounce-rate")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AbstractContextManager[Loopback]]:
    """Serve an account that has the domain of the lab as an identity, and configure it."""
    from contextlib import contextmanager

    @contextmanager
    def started(account: dict[str, Any] | None = None, region: str = "us-east-1", **mood: Any) -> Iterator[Loopback]:
        blocks = [(f"sesv2 GetEmailIdentity EmailIdentity=bakery.example {region}", json.dumps(IDENTITY))]
        if account:
            blocks.append((f"sesv2 GetAccount {region}", json.dumps(account)))
        said = dict(block(line, text) for line, text in blocks)
        with serving(Told(said, ZoneFiles(())), Mood(**mood)) as ses:
            for name, value in environment(ses.url).items():
                monkeypatch.setenv(name, value)
            yield ses
            assert ses.faults == []

    return started


@pytest.fixture
def at_the_lab(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """The options with which the program asks the lab."""
    monkeypatch.setitem(DnsSource.__init__.__kwdefaults__ or {}, "port", lab.port)
    return ("--resolver", lab.resolver)


lab_test = [
    pytest.mark.loopback,
    # The program leaves its sockets to its end, which does not come here.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]


class TestAgainstTheLab:
    """Both sides: name servers, and an AWS that permits exactly what the policy says."""

    pytestmark = lab_test

    @pytest.fixture(autouse=True)
    def _nothing_left_for_other_tests(self) -> Iterator[None]:
        yield
        gc.collect()

    def test_what_ses_says_stands_beside_what_the_dns_says(self, program: Program, aws: Any, at_the_lab: tuple[str, ...]) -> None:
        checks = choose(OURS[1].split(","))
        with aws(SANDBOX, policy=policy(checks)) as ses:
            ran = program(*BAKERY, *OURS, *at_the_lab)
        report = json.loads(ran.out)
        assert report["account"] == {
            "region": "us-east-1",
            "sandbox": True,
            "sending_enabled": True,
            "enforcement": "HEALTHY",
            "quota": {"max_24h": 200, "sent_24h": 7, "max_per_second": 1},
        }
        assert ran.code == 1
        assert [outcome["check"] for outcome in report["outcomes"] if outcome["status"] == "fail"] == ["ses-sandbox"]
        assert not [outcome for outcome in report["outcomes"] if outcome["status"] in ("unknown", "crash")]
        asked = [request.operation for _, request in ses.log]
        assert len(asked) == len(set(asked))
        of_ses = [request for _, request in ses.log if request.service in SES]
        assert (report["run"]["aws"], report["run"]["ses"]) == (len(asked), len(of_ses))
        assert not [secret for secret in SECRETS if secret in ran.out + ran.err]

    def test_without_credentials_the_verdict_is_that_of_the_dns(self, program: Program, at_the_lab: tuple[str, ...]) -> None:
        alone = program(*BAKERY, *OURS, *at_the_lab)
        assert alone.code == 0
        assert json.loads(alone.out)["account"] is None
        told = program(*BAKERY[:-2], *OURS, *at_the_lab).out
        lines = [
            line
            for line in " ".join(told.split()).split(". ")
            if "skipped: no AWS credentials were found; aws configure or --aws-profile gives some" in line
        ]
        assert len(lines) == 1

    def test_no_aws_asks_nobody(self, program: Program, aws: Any, at_the_lab: tuple[str, ...]) -> None:
        with aws(SANDBOX) as ses:
            ran = program(*BAKERY, *OURS, "--no-aws", *at_the_lab)
        assert (ran.code, ses.log) == (0, [])
        assert "AWS was not asked: --no-aws" in ran.out

    def test_expired_credentials_leave_it_incomplete(self, program: Program, aws: Any, at_the_lab: tuple[str, ...]) -> None:
        with aws(SANDBOX, expired=True):
            ran = program(*BAKERY, *OURS, *at_the_lab)
        assert ran.code == 3
        assert "has expired" in ran.out
        assert "fail" not in {outcome["status"] for outcome in json.loads(ran.out)["outcomes"]}

    def test_an_aws_that_is_silent_takes_nothing_from_the_dns(
        self, program: Program, aws: Any, at_the_lab: tuple[str, ...]
    ) -> None:
        alone = json.loads(program(*BAKERY, "--select", "spf", "--no-aws", *at_the_lab).out)
        with aws(SANDBOX, delay=3.0):
            ran = program(*BAKERY, "--select", "spf,ses-sandbox", "--timeout", "2", *at_the_lab)
        told = {outcome["check"]: outcome["status"] for outcome in json.loads(ran.out)["outcomes"]}
        assert (ran.code, told.pop("ses-sandbox")) == (3, "unknown")
        assert told == {outcome["check"]: outcome["status"] for outcome in alone["outcomes"]}

    def test_every_region_is_looked_into(self, program: Program, aws: Any, at_the_lab: tuple[str, ...]) -> None:
        with aws(SANDBOX, region="eu-north-1", disabled=frozenset({"me-south-1"})) as ses:
            ran = program(*BAKERY, "--select", "ses-sandbox", "--region", "all", *at_the_lab)
        report = json.loads(ran.out)
        assert (ran.code, report["account"]["region"]) == (1, "eu-north-1")
        regions = {request.region for _, request in ses.log if request.operation == "GetEmailIdentity"}
        assert len(regions) == 27
        assert [request.region for _, request in ses.log if request.operation == "GetAccount"] == ["eu-north-1"]

    def test_to_want_aws_with_a_configuration_that_holds_no_credentials_is_an_error(
        self, program: Program, at_the_lab: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        ran = program("check", "bakery.example", "--aws", "--select", "ses-sandbox", *at_the_lab)
        assert (ran.code, ran.out) == (2, "")
        assert "no AWS credentials were found" in ran.err


def test_to_want_aws_without_credentials_is_an_error(program: Program) -> None:
    ran = program("check", "shop.example", "--aws")
    assert (ran.code, ran.out) == (2, "")
    assert "no AWS credentials were found; try: aws configure" in ran.err


PROFILES = """[default]
region = eu-west-1
[profile mail-prod]
region = eu-west-1
"""


@pytest.mark.parametrize(("given", "hint"), [("mail-prd", "did you mean mail-prod?"), ("x", "it is one of: default, mail-prod")])
def test_an_unknown_profile_is_refused(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, hint: str
) -> None:
    (tmp_path / "config").write_text(PROFILES)
    (tmp_path / "credentials").write_text("this is no such file")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    ran = program("check", "shop.example", "--aws-profile", given)
    assert (ran.code, ran.out) == (2, "")
    assert f"no AWS profile is called {given!r}; {hint}" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--aws-profile", "mail"), "no AWS profile is called 'mail'; the AWS configuration has none"),
        (("--region", "all,eu-west-1"), "--region all is every region"),
        (("--region", "cn-north-1"), "Amazon SES does not exist in cn-north-1: it takes an account outside China"),
        (("--region", "eu-west-9"), "did you mean eu-west-"),
        (("--zone", "shop.zone", "--aws"), "ask nobody; --aws and --aws-profile do not go with them"),
    ],
)
def test_what_cannot_be_is_refused(program: Program, arguments: tuple[str, ...], said: str) -> None:
    ran = program("check", "shop.example", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_the_policy_is_printed(program: Program) -> None:
    ran = program("aws-policy", "--select", "ses-sandbox")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out) == policy(choose(["ses-sandbox"]))


def test_the_whole_policy_has_no_wildcard(program: Program) -> None:
    actions = json.loads(program("aws-policy").out)["Statement"][0]["Action"]
    assert {"ses:GetAccount", "ses:GetEmailIdentity", "cloudwatch:GetMetricData"} <= set(actions)
    assert not any("*" in action for action in actions)


def test_a_policy_for_unknown_checks_is_refused(program: Program) -> None:
    ran = program("aws-policy", "--select", "ses-sandbx")
    assert (ran.code, ran.out) == (2, "")
    assert "did you mean ses-sandbox?" in ran.err
