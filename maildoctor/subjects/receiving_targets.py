"""What receipt rules hand mail to: buckets, keys, roles, topics, functions, and what these say of SES."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from maildoctor.ask import Ask, Reply, each
from maildoctor.operations import (
    DESCRIBE_KEY,
    GET_BUCKET_ENCRYPTION,
    GET_BUCKET_LOCATION,
    GET_BUCKET_POLICY,
    GET_FUNCTION_POLICY,
    GET_KEY_POLICY,
    GET_OBJECT_LOCK,
    GET_ROLE,
    GET_TOPIC_ATTRIBUTES,
)
from maildoctor.records.iam_policy import Request, Verdict, verdict
from maildoctor.registry import fact
from maildoctor.subjects.receiving import Rule, RuleSet, each_rule

SES = "ses.amazonaws.com"


@dataclass(frozen=True)
class Arn:
    """The parts of an Amazon resource name."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def of(cls, text: str) -> Arn:
        """Take a name apart. What is none has empty parts."""
        parts = text.split(":", 5)
        return cls(*parts[1:]) if len(parts) == 6 else cls("", "", "", "", text)


@dataclass(frozen=True)
class Step:
    """One action of a rule in force: who asks, in which rule, with which members."""

    rules: RuleSet
    rule: Rule
    kind: str
    data: Mapping[str, Any]

    @property
    def account(self) -> str:
        """The account that receives."""
        return str(self.rules.caller.data.get("Account", ""))

    @property
    def partition(self) -> str:
        """The part of AWS in which it is."""
        return Arn.of(str(self.rules.caller.data.get("Arn", ""))).partition or "aws"

    @property
    def arn(self) -> str:
        """The name of the rule, by which policies know it."""
        return self.arn_in(self.account)

    def arn_in(self, account: str) -> str:
        """What the rule would be called in an account."""
        rule = f"receipt-rule-set/{self.rules.name}:receipt-rule/{self.rule.name}"
        return f"arn:{self.partition}:ses:{self.rules.region}:{account}:{rule}"

    @property
    def named(self) -> str:
        """The rule, for messages."""
        return f"the rule {self.rule.name} of {self.rules.place}"

    def judge(self, policy: str | Mapping[str, Any], action: str, resource: str, account: str = "") -> Verdict:
        """Ask a policy whether SES may do something for this rule, or for a rule of that name in another account."""
        account = account or self.account
        context = {
            "aws:sourceaccount": account,
            "aws:sourcearn": self.arn_in(account),
            "aws:referer": account,
            "aws:securetransport": "true",
            "aws:principalisawsservice": "true",
            "aws:principalservicename": SES,
            "aws:viaawsservice": "false",
            "kms:encryptioncontext:aws:ses:source-account": account,
            "kms:encryptioncontext:aws:ses:rule-name": self.rule.name,
            "kms:encryptioncontext:aws:ses:message-id": "any",
        }
        return verdict(policy, Request(SES, action, resource, context))


@dataclass(frozen=True)
class Bucket:
    """A bucket into which a rule writes."""

    step: Step
    policy: Reply
    location: Reply
    lock: Reply

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.step.data.get("BucketName", ""))

    @property
    def role(self) -> str:
        """The role with which SES writes, "" where it writes as itself."""
        return str(self.step.data.get("IamRoleArn", ""))

    @property
    def region(self) -> str:
        """Where it is. Buckets tell the oldest regions by other names."""
        told = self.location.data.get("LocationConstraint") or "us-east-1"
        return "eu-west-1" if told == "EU" else str(told)

    @property
    def exists(self) -> bool:
        """Whether it is there."""
        return "NoSuchBucket" not in (self.location.missing, self.policy.missing)


@dataclass(frozen=True)
class Role:
    """A role that SES takes on for an action."""

    step: Step
    arn: str
    reply: Reply

    @property
    def trust(self) -> str | Mapping[str, Any]:
        """Who may take it on: a policy, of which AWS sends the text in the form of a URL."""
        told = (self.reply.data.get("Role") or {}).get("AssumeRolePolicyDocument", "")
        return unquote(told) if isinstance(told, str) else dict(told)


@dataclass(frozen=True)
class Topic:
    """A topic to which an action hands mail, or tells of it."""

    step: Step
    arn: str
    reply: Reply

    @property
    def attributes(self) -> Mapping[str, str]:
        """What SNS says of it."""
        return self.reply.data.get("Attributes") or {}


@dataclass(frozen=True)
class Function:
    """A function that a rule calls."""

    step: Step
    arn: str
    policy: Reply


def _steps(active_rules: tuple[RuleSet, ...], *kinds: str) -> Iterator[Step]:
    for rules, rule in each_rule(active_rules):
        for kind, data in rule.actions:
            if not kinds or kind in kinds:
                yield Step(rules, rule, kind, data)


@dataclass(frozen=True)
class Need:
    """A key that SES must use for an action, and for what; no name: none is needed."""

    step: Step
    what: str
    name: str
    region: str


@dataclass(frozen=True)
class Key:
    """A KMS key as it is, with its policy where that is the owner's to change."""

    need: Need
    region: str
    described: Reply
    policy: Reply | None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What KMS says of it; empty where there is no such key."""
        return self.described.data.get("KeyMetadata") or {}


@fact
def receiving_buckets(ask: Ask, active_rules: tuple[RuleSet, ...]) -> tuple[Bucket, ...]:
    """The buckets into which the rules write."""
    return tuple(_bucket(ask, step) for step in _steps(active_rules, "S3Action"))


def _bucket(ask: Ask, step: Step) -> Bucket:
    name = str(step.data.get("BucketName", ""))
    policy, location = ask(GET_BUCKET_POLICY(Bucket=name)), ask(GET_BUCKET_LOCATION(Bucket=name))
    return Bucket(step, policy, location, ask(GET_OBJECT_LOCK(Bucket=name)))


@fact
def receiving_functions(ask: Ask, active_rules: tuple[RuleSet, ...]) -> tuple[Function, ...]:
    """The functions that the rules call."""
    steps = [(step, str(step.data.get("FunctionArn", ""))) for step in _steps(active_rules, "LambdaAction")]
    return tuple(Function(step, arn, ask(GET_FUNCTION_POLICY(Arn.of(arn).region, FunctionName=arn))) for step, arn in steps)


@fact
def receiving_topics(ask: Ask, active_rules: tuple[RuleSet, ...]) -> tuple[Topic, ...]:
    """The topics that the rules tell, by an action of their own or beside another."""
    steps = [(step, str(step.data["TopicArn"])) for step in _steps(active_rules) if step.data.get("TopicArn")]
    return tuple(Topic(step, arn, ask(GET_TOPIC_ATTRIBUTES(Arn.of(arn).region, TopicArn=arn))) for step, arn in steps)


@fact
def receiving_roles(ask: Ask, active_rules: tuple[RuleSet, ...]) -> tuple[Role, ...]:
    """The roles of this account that SES takes on to write into buckets. Nothing is asked of those of other accounts."""
    steps = [(step, str(step.data["IamRoleArn"])) for step in _steps(active_rules, "S3Action") if step.data.get("IamRoleArn")]
    own = [(step, arn) for step, arn in steps if Arn.of(arn).account == step.account]
    return tuple(Role(step, arn, ask(GET_ROLE(RoleName=arn.rpartition("/")[2]))) for step, arn in own)


@fact
def receiving_keys(ask: Ask, receiving_buckets: tuple[Bucket, ...], receiving_topics: tuple[Topic, ...]) -> tuple[Key, ...]:
    """The keys that SES itself must use: to encrypt mail, to write into encrypted buckets, to publish to encrypted topics.

    Where an action names a role, SES uses them as that role.
    """
    buckets = [(bucket, ask(GET_BUCKET_ENCRYPTION(Bucket=bucket.name))) for bucket in receiving_buckets if not bucket.role]
    needed = [_of_action(bucket) for bucket, _ in buckets]
    needed += [_of_bucket(*each) for each in buckets]
    needed += [_of_topic(topic) for topic in receiving_topics if not topic.step.data.get("IamRoleArn")]
    return each(lambda need: _key(ask, need), [need for need in needed if need.name])


def _of_action(bucket: Bucket) -> Need:
    return Need(
        bucket.step, f"encrypts mail for {bucket.name}", str(bucket.step.data.get("KmsKeyArn", "")), bucket.step.rules.region
    )


def _of_bucket(bucket: Bucket, encryption: Reply) -> Need:
    rules = (encryption.data.get("ServerSideEncryptionConfiguration") or {}).get("Rules") or ()
    defaults = [rule.get("ApplyServerSideEncryptionByDefault") or {} for rule in rules]
    names = [str(default.get("KMSMasterKeyID", "")) for default in defaults if "kms" in str(default.get("SSEAlgorithm"))]
    return Need(bucket.step, f"encrypts the bucket {bucket.name}", names[0] if names else "", bucket.region)


def _of_topic(topic: Topic) -> Need:
    arn = Arn.of(topic.arn)
    return Need(topic.step, f"encrypts the topic {arn.resource}", str(topic.attributes.get("KmsMasterKeyId", "")), arn.region)


def _key(ask: Ask, need: Need) -> Key:
    region = Arn.of(need.name).region or need.region
    described = ask(DESCRIBE_KEY(region, KeyId=need.name))
    metadata = described.data.get("KeyMetadata") or {}
    own = metadata.get("KeyManager") == "CUSTOMER"
    policy = ask(GET_KEY_POLICY(region, KeyId=str(metadata["KeyId"]), PolicyName="default")) if own else None
    return Key(need, region, described, policy)
