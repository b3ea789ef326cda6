"""Buckets that take mail: their policies must let SES write, for this account and these rules, or a role must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.ask import sift
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.records.iam_policy import Verdict, statements
from maildoctor.regions import table
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.receiving_commands import added, as_json, commands, statement
from maildoctor.subjects.receiving_permissions import PERMISSIONS, REFUSED
from maildoctor.subjects.receiving_targets import SES, Bucket

STRANGER = "999999999999"
"""An account that is nobody's."""


@dataclass(frozen=True)
class Shared:
    """One bucket with all the rules that write into it as SES itself."""

    uses: tuple[Bucket, ...]

    @property
    def name(self) -> str:
        """Its name."""
        return self.uses[0].name


def _own(receiving_buckets: tuple[Bucket, ...]) -> Iterator[Shared]:
    direct = [bucket for bucket in receiving_buckets if not bucket.role]
    for name in dict.fromkeys(bucket.name for bucket in direct):
        yield Shared(tuple(bucket for bucket in direct if bucket.name == name))


@check("receiving-bucket-policy", Severity.FAIL, PERMISSIONS)
def receiving_bucket_policy(domain: Domain, receiving_buckets: tuple[Bucket, ...]) -> Iterator[Finding]:
    """The policy of each bucket lets SES write into it for the receipt rules, and for nobody else's.

    SES writes as a service of AWS, not as the account, so that the bucket must allow it by name. Where the policy names another
    account or rule, the mail is accepted and then lost. Without any condition, rules of strangers could write there.
    """
    yield from _refusing(domain, receiving_buckets)
    yield from _open(domain, receiving_buckets)


def _refusing(domain: Domain, receiving_buckets: tuple[Bucket, ...]) -> Iterator[Finding]:
    for shared in sift(lambda shared: any(map(_refused, shared.uses)), _own(receiving_buckets)):
        refused = [bucket for bucket in shared.uses if _refused(bucket)]
        rules = ", ".join(bucket.step.named for bucket in refused)
        yield Finding(
            f"the bucket {shared.name} does not let SES write for {rules}: {_why(refused[0])}",
            where=domain.name,
            found=tuple(as_json(dict(each.data)) for each in statements(_policy(refused[0]))),
            expected=(as_json(_wanted(refused)),),
            remedy=_allow(refused),
        )


def _policy(bucket: Bucket) -> str:
    return str(bucket.policy.data.get("Policy", "")) or "{}"


def _judged(bucket: Bucket, account: str = "") -> Verdict:
    key = f"{bucket.step.data.get('ObjectKeyPrefix', '')}message"
    return bucket.step.judge(_policy(bucket), "s3:PutObject", f"arn:{bucket.step.partition}:s3:::{bucket.name}/{key}", account)


def _refused(bucket: Bucket) -> bool:
    return bucket.exists and not _needs_role(bucket) and _judged(bucket) in REFUSED


def _why(bucket: Bucket) -> str:
    if bucket.policy.missing:
        return "it has no policy"
    if _judged(bucket) is Verdict.DENIED:
        return "a statement of its policy forbids it"
    if any(each.names(SES) for each in statements(_policy(bucket))):
        return "its policy allows it for another account, rule or folder"
    return "its policy does not name SES"


def _wanted(refused: list[Bucket]) -> dict[str, object]:
    step = refused[0].step
    resource = f"arn:{step.partition}:s3:::{refused[0].name}/*"
    return statement(step.account, tuple(bucket.step.arn for bucket in refused), ["s3:PutObject"], resource)


def _allow(refused: list[Bucket]) -> Remedy:
    bucket = refused[0]
    if any(_judged(each) is Verdict.DENIED for each in refused):
        return Remedy(f"Except {SES} from the statement that forbids writing, and let another one allow it.")
    words = ("aws", "s3api", "put-bucket-policy", "--bucket", bucket.name, "--region", bucket.region)
    whole = added(_policy(bucket), _wanted(refused))
    lines = commands(bucket.step.rules.caller, (*words, "--policy", whole))
    text = "Add the expected statement to the policy of the bucket, with the id of your account in place of its stand-in."
    return Remedy("Let SES write; the other statements of the policy stay." if lines else text, commands=lines)


def _open(domain: Domain, receiving_buckets: tuple[Bucket, ...]) -> Iterator[Finding]:
    for shared in sift(lambda shared: _judged(shared.uses[0], STRANGER) is Verdict.ALLOWED, _own(receiving_buckets)):
        yield Finding(
            f"the bucket {shared.name} lets SES write for every account, not for yours alone",
            where=domain.name,
            expected=(as_json(_wanted(list(shared.uses))),),
            remedy=Remedy("Add the conditions of the expected statement to the one that allows SES to write."),
            severity=Severity.WARN,
        )


def _needs_role(bucket: Bucket) -> bool:
    return table().receiving(bucket.region) == "no" and not bucket.role


@check("receiving-bucket-role-missing", Severity.FAIL, PERMISSIONS)
def receiving_bucket_role_missing(domain: Domain, receiving_buckets: tuple[Bucket, ...]) -> Iterator[Finding]:
    """A bucket in a region without receiving is written to with a role.

    SES writes as itself only into buckets of regions in which it receives mail. For others the action must name a role that may
    write there.
    """
    for bucket in sift(lambda bucket: bucket.exists and _needs_role(bucket), receiving_buckets):
        yield Finding(
            f"the bucket {bucket.name} of {bucket.step.named} is in {bucket.region}, and the action names no role",
            where=domain.name,
            found=(f"bucket in {bucket.region}", "no IamRoleArn"),
            expected=("IamRoleArn",),
            remedy=_role(bucket),
        )


def _role(bucket: Bucket) -> Remedy:
    step = bucket.step
    name = ("ses-" + "".join(letter if letter.isalnum() else "-" for letter in f"{step.rules.name}-{step.rule.name}"))[:64]
    trust = {"Version": "2012-10-17", "Statement": [statement(step.account, (step.arn,), ["sts:AssumeRole"], "")]}
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:{step.partition}:s3:::{bucket.name}/*"}
    write = {"Version": "2012-10-17", "Statement": [put]}
    arn = f"arn:{step.partition}:iam::{step.account}:role/{name}"
    actions = [{kind: {**data, "IamRoleArn": arn} if data == step.data else data} for kind, data in step.rule.actions]
    rule = as_json({**step.rule.data, "Actions": actions})
    where = ("--rule-set-name", step.rules.name, "--region", step.rules.region)
    lines = (
        ("aws", "iam", "create-role", "--role-name", name, "--assume-role-policy-document", as_json(trust)),
        ("aws", "iam", "put-role-policy", "--role-name", name, "--policy-name", "write", "--policy-document", as_json(write)),
        ("aws", "ses", "update-receipt-rule", *where, "--rule", rule),
    )
    text = "Make a role that SES may take on and that may write into the bucket, and name it in the action (IamRoleArn)."
    return Remedy(text, commands=commands(step.rules.caller, *lines))
