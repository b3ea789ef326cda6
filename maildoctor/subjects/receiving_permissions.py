"""What receipt rules hand mail to must be there, and must let SES in. What SES cannot hand on is lost after it was accepted."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.ask import sift
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.records.iam_policy import Verdict
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.receiving_commands import added, commands, statement
from maildoctor.subjects.receiving_targets import SES, Arn, Bucket, Function, Key, Role, Topic

PERMISSIONS = "SES developer guide: receiving-email-permissions"
REFUSED = (Verdict.DENIED, Verdict.SILENT)


@check("receiving-action-denied", Severity.FAIL, PERMISSIONS)
def receiving_action_denied(
    domain: Domain,
    receiving_buckets: tuple[Bucket, ...],
    receiving_roles: tuple[Role, ...],
    receiving_topics: tuple[Topic, ...],
    receiving_functions: tuple[Function, ...],
) -> Iterator[Finding]:
    """The bucket, topic, role and function of each receipt rule are there and let SES in.

    SES accepts mail before it runs the actions. Where an action then fails, the sender believes that the mail has arrived, and the
    mail is nowhere.
    """
    for bucket in sift(lambda bucket: not bucket.exists, receiving_buckets):
        yield _lost(domain, f"the bucket {bucket.name} of {bucket.step.named} does not exist", "Make the bucket, or name another.")
    for bucket in sift(_locked, receiving_buckets):
        yield _locked_bucket(domain, bucket)
    for role in sift(_distrusts, receiving_roles):
        yield _lost(
            domain,
            f"the role {Arn.of(role.arn).resource} of {role.step.named} is not there, or does not trust SES",
            f"Let its trust policy allow {SES} the action sts:AssumeRole, for this account.",
        )
    for topic in sift(_shut_topic, receiving_topics):
        yield _lost(
            domain,
            f"the topic {Arn.of(topic.arn).resource} of {topic.step.named} is not there, or does not let SES publish",
            f"Let the policy of the topic allow {SES} the action SNS:Publish, for this account.",
        )
    for function in sift(_shut_function, receiving_functions):
        yield _function(domain, function)


def _lost(domain: Domain, message: str, text: str) -> Finding:
    return Finding(message, where=domain.name, remedy=Remedy(text))


def _locked(bucket: Bucket) -> bool:
    lock = bucket.lock.data.get("ObjectLockConfiguration") or {}
    return bool((lock.get("Rule") or {}).get("DefaultRetention"))


def _locked_bucket(domain: Domain, bucket: Bucket) -> Finding:
    unlocked = ("--object-lock-configuration", '{"ObjectLockEnabled": "Enabled"}', "--region", bucket.region)
    words = ("aws", "s3api", "put-object-lock-configuration", "--bucket", bucket.name, *unlocked)
    return Finding(
        f"the bucket {bucket.name} of {bucket.step.named} locks what is written into it: SES cannot write there",
        where=domain.name,
        found=("Object Lock with a default retention",),
        remedy=Remedy("Use a bucket without default retention.", commands=commands(bucket.step.rules.caller, words)),
    )


def _distrusts(role: Role) -> bool:
    return bool(role.reply.missing) or role.step.judge(role.trust, "sts:AssumeRole", role.arn) in REFUSED


def _shut_topic(topic: Topic) -> bool:
    if topic.reply.missing:
        return True
    if topic.step.data.get("IamRoleArn"):
        return False
    said = topic.step.judge(topic.attributes.get("Policy", ""), "SNS:Publish", topic.arn)
    # SES may publish to topics of its own account unless it is forbidden.
    return said is Verdict.DENIED or (said is Verdict.SILENT and Arn.of(topic.arn).account != topic.step.account)


def _shut_function(function: Function) -> bool:
    if function.policy.missing:
        return True
    return function.step.judge(function.policy.data.get("Policy", ""), "lambda:InvokeFunction", function.arn) in REFUSED


def _function(domain: Domain, function: Function) -> Finding:
    step, arn = function.step, Arn.of(function.arn)
    name = arn.resource.removeprefix("function:")
    label = "ses-" + "".join(letter if letter.isalnum() else "-" for letter in step.rule.name)
    whom = ("--principal", SES, "--source-account", step.account, "--source-arn", step.arn)
    what = ("--function-name", function.arn, "--statement-id", label, "--action", "lambda:InvokeFunction")
    return Finding(
        f"the function {name} of {step.named} is not there, or does not let SES call it",
        where=domain.name,
        remedy=Remedy(
            f"Let SES call the function {name} for this rule.",
            commands=commands(step.rules.caller, ("aws", "lambda", "add-permission", *what, *whom, "--region", arn.region)),
        ),
    )


@check("receiving-kms-denied", Severity.FAIL, PERMISSIONS)
def receiving_kms_denied(domain: Domain, receiving_keys: tuple[Key, ...]) -> Iterator[Finding]:
    """Each KMS key that receipt rules need is there and lets SES use it.

    SES encrypts mail with the key of the action, and needs the key of an encrypted bucket or topic as well. Without it nothing is
    stored, and SES only says that it could not write to the bucket.
    """
    for key in sift(lambda key: bool(_complaint(key)), receiving_keys):
        yield Finding(
            f"the key that {key.need.what} for {key.need.step.named} {_complaint(key)}",
            where=domain.name,
            found=(key.need.name,),
            remedy=_key_remedy(key),
        )


_USABLE = ("", "Enabled", "Creating", "Updating")


def _complaint(key: Key) -> str:
    if key.described.missing:
        return "does not exist"
    if key.metadata.get("KeyState", "") not in _USABLE:
        return f"is not usable ({key.metadata['KeyState']})"
    if key.policy is None:
        # The key that AWS made for SES is open to SES; the one for topics is to nobody else, and cannot be changed.
        return "is AWS's own, which SES may not use" if key.need.name.endswith("alias/aws/sns") else ""
    return "does not let SES use it" if _refuses(key) else ""


def _refuses(key: Key) -> bool:
    policy = key.policy.data.get("Policy", "") if key.policy else ""
    return any(key.need.step.judge(policy, action, str(key.metadata.get("Arn", ""))) in REFUSED for action in _actions(key))


def _actions(key: Key) -> tuple[str, ...]:
    # What SES encrypts by itself it need not read again.
    by_itself = key.need.name == key.need.step.data.get("KmsKeyArn")
    return ("kms:GenerateDataKey",) if by_itself else ("kms:GenerateDataKey", "kms:Decrypt")


def _key_remedy(key: Key) -> Remedy:
    step = key.need.step
    if key.described.missing and key.need.name.endswith("alias/aws/ses"):
        return Remedy("Make the rule once in the SES console, which creates this key, or name a key of your own.")
    if key.policy is None or key.metadata.get("KeyState", "") not in _USABLE:
        return Remedy("Name a key that is there, enabled, and your own.")
    allowed = [f"{action}*" if action.endswith("DataKey") else action for action in _actions(key)]
    wanted = statement(step.account, (step.arn,), allowed, "*")
    words = ("--key-id", str(key.metadata["KeyId"]), "--policy-name", "default", "--region", key.region)
    whole = added(key.policy.data.get("Policy", ""), wanted)
    lines = commands(step.rules.caller, ("aws", "kms", "put-key-policy", *words, "--policy", whole)) if whole else ()
    return Remedy(f"Add to the policy of the key, for this account: {SES} may {' and '.join(allowed)}.", commands=lines)
