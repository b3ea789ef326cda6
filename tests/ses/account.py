"""An account that changes: the writes that remedies propose, done to what a story tells, and SES's own look at the DNS.

    account.run("aws sesv2 put-email-identity-dkim-attributes --email-identity shop.example --signing-enabled --region eu-west-1")
    account.look(dns)            SES looks for the records of its identities, and their statuses move

So a test can take a remedy's records and commands, carry them out, and audit again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

from maildoctor import names, operations, regions
from maildoctor.ask import Aws, AwsAnswer
from tests.ses import shapes
from tests.ses.told import Refused, Said, Told

Look = Callable[[str, str], tuple[str, ...]]
"""What the DNS says: canonical name and type, to data in presentation form."""

_CLIENTS = {
    "sesv2": "sesv2",
    "ses": "ses",
    "s3api": "s3",
    "iam": "iam",
    "lambda": "lambda",
    "kms": "kms",
    "mailmanager": "mailmanager",
}


WHOSE = "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)"


class Incomplete(AssertionError):
    """AWS would not take this command."""


@dataclass(frozen=True)
class Account(Told):
    """A story's account. `said` changes."""

    said: dict[Aws, Said]

    def run(self, line: str) -> None:
        """Carry out a command of the AWS CLI. Raises `Incomplete` where AWS would refuse it."""
        if line == WHOSE:
            return
        service, name, region, parameters = command(self._expanded(line))
        said = self.change(service, name, region, parameters)
        if isinstance(said, Refused):
            raise Incomplete(f"{line}: {said.code} {said.message}")

    def _expanded(self, line: str) -> str:
        """Do what the shell does with the one variable that commands have."""
        own = self.held(operations.GET_CALLER_IDENTITY()) or {}
        return line.replace('"$ACCOUNT"', own["Account"])

    def change(self, service: str, name: str, region: str, parameters: dict[str, Any]) -> dict[str, Any] | Refused:
        """Carry out a write."""
        if name not in _WRITES:
            raise Incomplete(f"nobody wrote here what {service} {name} does")
        return _WRITES[name](self, region, parameters)

    def held(self, question: Aws) -> dict[str, Any] | None:
        """Return what an answer says, to be changed and kept."""
        said = self.find(question)
        return json.loads(json.dumps(dict(said.data), default=dict)) if isinstance(said, AwsAnswer) else None

    def keep(self, question: Aws, data: dict[str, Any]) -> None:
        """Keep a changed answer, if AWS could give it."""
        shape = shapes.operation(question.service, question.operation).output_shape
        wrong = list(shapes.complaints(shape, data, request=False))
        assert not wrong, wrong
        self.said[question] = AwsAnswer.of(data)

    def look(self, dns: Look) -> None:
        """Let SES look for the records of all identities."""
        for question in [question for question in self.said if question.operation == "GetEmailIdentity"]:
            data = self.held(question)
            name = dict(question.parameters)["EmailIdentity"]
            if data is not None and "@" not in name:
                _look_for_keys(names.absolute(name), data, dns)
                _look_for_mail_from(question.region, data, dns)
                self.keep(question, data)


def _look_for_keys(domain: str, data: dict[str, Any], dns: Look) -> None:
    dkim = data.get("DkimAttributes", {})
    zone = dkim.get("SigningHostedZone", "")
    if not zone or not str(dkim.get("SigningAttributesOrigin", "AWS_SES")).startswith("AWS_SES"):
        return
    found = [dns(names.absolute(f"{token}._domainkey.{names.bare(domain)}"), "CNAME") for token in dkim["Tokens"]]
    wanted = [(names.absolute(f"{token}.{zone}"),) for token in dkim["Tokens"]]
    if found == wanted:
        dkim["Status"] = data["VerificationStatus"] = "SUCCESS"
        data["VerifiedForSendingStatus"] = True
    elif dkim.get("Status") == "SUCCESS":
        dkim["Status"] = "TEMPORARY_FAILURE"


def _look_for_mail_from(region: str, data: dict[str, Any], dns: Look) -> None:
    attributes = data.get("MailFromAttributes", {})
    if not attributes.get("MailFromDomain") or attributes.get("MailFromDomainStatus") == "FAILED":
        return
    host = regions.table().regions[region].feedback_host
    servers = [record.split()[1] for record in dns(names.absolute(attributes["MailFromDomain"]), "MX")]
    if servers == [host]:
        attributes["MailFromDomainStatus"] = "SUCCESS"
    elif attributes.get("MailFromDomainStatus") == "SUCCESS":
        attributes["MailFromDomainStatus"] = "TEMPORARY_FAILURE"


# Commands.


def command(line: str) -> tuple[str, str, str, dict[str, Any]]:
    """Read a command of the AWS CLI: service, operation, region, parameters. Raises `Incomplete`."""
    words = shlex.split(line)
    if words[:1] != ["aws"] or words[1] not in _CLIENTS:
        raise Incomplete(f"not a command that is known here: {line}")
    service = _CLIENTS[words[1]]
    every = {xform_name(name, "-"): name for name in shapes.model(service).operation_names}
    if words[2] not in every:
        raise Incomplete(f"{service} has no command {words[2]}")
    shape = shapes.operation(service, every[words[2]]).input_shape
    options = dict(_options(words[3:]))
    region = " ".join(options.pop("region", []))
    members = {xform_name(name, "-"): name for name in shape.members}
    parameters: dict[str, Any] = {}
    for option, values in options.items():
        positive = option.removeprefix("no-")
        if positive not in members:
            raise Incomplete(f"{words[2]} has no option --{option}")
        member = shape.members[members[positive]]
        parameters[members[positive]] = _value(member, values, positive == option)
    wrong = list(shapes.complaints(shape, parameters, request=True))
    if wrong or not (region or service == "iam"):
        raise Incomplete(f"{line}: {'; '.join(wrong) or 'no region'}")
    return service, every[words[2]], region, parameters


def _options(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    starts = [at for at, word in enumerate(words) if word.startswith("--")]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        yield words[start].removeprefix("--"), words[start + 1 : end]


def _value(shape: Any, values: list[str], positive: bool) -> Any:
    kind = shape.type_name
    if kind == "boolean":
        return positive
    if kind == "list" and not "".join(values).startswith("["):
        return values
    if kind in ("structure", "map", "list"):
        text = " ".join(values)
        return json.loads(text) if text[:1] in "[{" else dict(pair.split("=", 1) for pair in text.split(","))
    return int(values[0]) if kind in ("integer", "long") else " ".join(values)


# Writes.


def _identity(region: str, given: dict[str, Any]) -> Aws:
    return operations.GET_EMAIL_IDENTITY(region, EmailIdentity=given["EmailIdentity"])


def tokens(region: str, domain: str) -> list[str]:
    """Return the Easy DKIM tokens of an identity: always the same, others in each region."""
    digests = (hashlib.sha256(f"{region} {domain} {number}".encode()).digest() for number in range(3))
    return [base64.b32encode(digest).decode().lower()[:32] for digest in digests]


def _create_identity(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    question, name = _identity(region, given), given["EmailIdentity"]
    if account.held(question):
        return Refused("AlreadyExistsException", f"Email identity {name} already exist.")
    zone = names.bare(regions.table().regions[region].dkim_zone)
    dkim = {"SigningEnabled": True, "Status": "PENDING", "SigningAttributesOrigin": "AWS_SES", "SigningHostedZone": zone}
    domain = {"Tokens": tokens(region, name), "CurrentSigningKeyLength": "RSA_2048_BIT", "NextSigningKeyLength": "RSA_2048_BIT"}
    kind = "EMAIL_ADDRESS" if "@" in name else "DOMAIN"
    created: dict[str, Any] = {"IdentityType": kind, "VerifiedForSendingStatus": False}
    if kind == "DOMAIN":
        created["DkimAttributes"] = dkim | domain
    more = {"FeedbackForwardingStatus": True, "VerificationStatus": "PENDING", "Policies": {}}
    account.keep(question, created | more | {"MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}})
    _list(account, region, lambda rows: [*rows, {"IdentityName": name, "IdentityType": kind, "SendingEnabled": False}])
    return created


def _delete_identity(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    question, name = _identity(region, given), given["EmailIdentity"]
    if account.held(question) is None:
        return Refused("NotFoundException", f"Email identity {name} does not exist.")
    account.said[question] = Refused("NotFoundException", f"Email identity {name} does not exist.")
    _list(account, region, lambda rows: [row for row in rows if row["IdentityName"] != name])
    return {}


def _list(account: Account, region: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    every = {operations.LIST_EMAIL_IDENTITIES(region)}
    every |= {question for question in account.said if (question.operation, question.region) == ("ListEmailIdentities", region)}
    for question in every:
        listed = account.held(question) or {}
        wanted = question.parameters.plain.get("Filter", {}).get("IDENTITY_NAME_CONTAINS", "")
        rows = change(listed.get("EmailIdentities", []))
        account.keep(question, {"EmailIdentities": [row for row in rows if wanted in row["IdentityName"]]})


Write = Callable[[Account, str, dict[str, Any]], dict[str, Any] | Refused]


def _on(find: Callable[[str, dict[str, Any]], Aws], change: Callable[[dict[str, Any], dict[str, Any]], str | None]) -> Write:
    """A write that changes one answer in place. `change` returns a complaint, if AWS has one."""

    def write(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
        data = account.held(find(region, given))
        if data is None:
            return Refused("NotFoundException", "There is no such thing.")
        if complaint := change(data, given):
            return Refused("BadRequestException", complaint)
        account.keep(find(region, given), data)
        return {}

    return write


def _mail_from(data: dict[str, Any], given: dict[str, Any]) -> str | None:
    mail_from, behaviour = given.get("MailFromDomain", ""), given.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE")
    identity = names.absolute(given["EmailIdentity"].rpartition("@")[2])
    if not mail_from:
        data["MailFromAttributes"] = {"BehaviorOnMxFailure": behaviour}
        return None
    if names.absolute(mail_from) == identity or not names.below(names.absolute(mail_from), identity):
        return f"Provided MAIL-FROM domain <{mail_from}> is not subdomain of the domain of the identity"
    before = data.get("MailFromAttributes", {})
    kept = before.get("MailFromDomainStatus") == "SUCCESS" and before.get("MailFromDomain") == mail_from
    status = "SUCCESS" if kept else "PENDING"
    data["MailFromAttributes"] = {"MailFromDomain": mail_from, "MailFromDomainStatus": status, "BehaviorOnMxFailure": behaviour}
    return None


def _signing(data: dict[str, Any], given: dict[str, Any]) -> None:
    data["DkimAttributes"]["SigningEnabled"] = given.get("SigningEnabled", False)


def _keys(data: dict[str, Any], given: dict[str, Any]) -> None:
    wanted = given.get("SigningAttributes", {}).get("NextSigningKeyLength", "RSA_2048_BIT")
    data["DkimAttributes"] |= {"SigningAttributesOrigin": given["SigningAttributesOrigin"], "NextSigningKeyLength": wanted}


def _forwarding(data: dict[str, Any], given: dict[str, Any]) -> None:
    data["FeedbackForwardingStatus"] = given.get("EmailForwardingEnabled", False)


def _sending(data: dict[str, Any], given: dict[str, Any]) -> None:
    data["SendingEnabled"] = given.get("SendingEnabled", False)


def _suppression(data: dict[str, Any], given: dict[str, Any]) -> None:
    data["SuppressionAttributes"] = {"SuppressedReasons": given.get("SuppressedReasons", [])}


def _details(data: dict[str, Any], given: dict[str, Any]) -> None:
    told = {name: given[name] for name in ("MailType", "WebsiteURL")}
    data["Details"] = told | {"ReviewDetails": {"Status": "PENDING"}}


def _set_sending(data: dict[str, Any], given: dict[str, Any]) -> None:
    data["SendingOptions"] = {"SendingEnabled": given.get("SendingEnabled", False)}


def _set_tracking(data: dict[str, Any], given: dict[str, Any]) -> None:
    data["TrackingOptions"] = {name: given[name] for name in ("CustomRedirectDomain", "HttpsPolicy") if name in given}


def _account(region: str, given: dict[str, Any]) -> Aws:
    return operations.GET_ACCOUNT(region)


def _configuration_set(region: str, given: dict[str, Any]) -> Aws:
    return operations.GET_CONFIGURATION_SET(region, ConfigurationSetName=given["ConfigurationSetName"])


def _activate(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    active = operations.DESCRIBE_ACTIVE_RECEIPT_RULE_SET(region)
    if "RuleSetName" not in given:
        account.keep(active, {})
        return {}
    rules = account.held(operations.DESCRIBE_RECEIPT_RULE_SET(region, RuleSetName=given["RuleSetName"]))
    if rules is None:
        return Refused("RuleSetDoesNotExist", f"Rule set does not exist: {given['RuleSetName']}")
    account.keep(active, rules)
    return {}


def _update_rule(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    active = operations.DESCRIBE_ACTIVE_RECEIPT_RULE_SET(region)
    data = account.held(active) or {}
    if data.get("Metadata", {}).get("Name") != given["RuleSetName"]:
        return Refused("RuleSetDoesNotExist", f"Rule set does not exist: {given['RuleSetName']}")
    data["Rules"] = [given["Rule"] if rule["Name"] == given["Rule"]["Name"] else rule for rule in data["Rules"]]
    account.keep(active, data)
    return {}


def _move_rule(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    active = operations.DESCRIBE_ACTIVE_RECEIPT_RULE_SET(region)
    data = account.held(active) or {}
    rules = {rule["Name"]: rule for rule in data.get("Rules", ())}
    if data.get("Metadata", {}).get("Name") != given["RuleSetName"] or given["RuleName"] not in rules:
        return Refused("RuleDoesNotExist", f"Rule does not exist: {given['RuleName']}")
    order = [name for name in rules if name != given["RuleName"]]
    order.insert(order.index(given["After"]) + 1 if "After" in given else 0, given["RuleName"])
    account.keep(active, data | {"Rules": [rules[name] for name in order]})
    return {}


def _policy_put(find: Callable[[str, dict[str, Any]], Aws]) -> Write:
    def write(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
        json.loads(given["Policy"])
        account.keep(find(region, given), {"Policy": given["Policy"]})
        return {}

    return write


def _bucket_policy(region: str, given: dict[str, Any]) -> Aws:
    return operations.GET_BUCKET_POLICY(Bucket=given["Bucket"])


def _key_policy(region: str, given: dict[str, Any]) -> Aws:
    return operations.GET_KEY_POLICY(region, KeyId=given["KeyId"], PolicyName=given["PolicyName"])


def _object_lock(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    lock = {"ObjectLockConfiguration": given["ObjectLockConfiguration"]}
    account.keep(operations.GET_OBJECT_LOCK(Bucket=given["Bucket"]), lock)
    return {}


def _permit(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    question = operations.GET_FUNCTION_POLICY(region, FunctionName=given["FunctionName"])
    data = account.held(question) or {}
    policy = json.loads(data.get("Policy", '{"Version": "2012-10-17", "Statement": []}'))
    if given["StatementId"] in [statement.get("Sid") for statement in policy["Statement"]]:
        return Refused("ResourceConflictException", f"The statement id ({given['StatementId']}) provided already exists.")
    conditions = {"StringEquals": {"AWS:SourceAccount": given["SourceAccount"]}, "ArnLike": {"AWS:SourceArn": given["SourceArn"]}}
    whom = {"Sid": given["StatementId"], "Effect": "Allow", "Principal": {"Service": given["Principal"]}}
    policy["Statement"] += [{**whom, "Action": given["Action"], "Resource": given["FunctionName"], "Condition": conditions}]
    account.keep(question, {"Policy": json.dumps(policy)})
    return {}


def _create_role(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    own, name = (account.held(operations.GET_CALLER_IDENTITY()) or {})["Account"], given["RoleName"]
    role = {"Path": "/", "RoleName": name, "RoleId": "R" * 16, "Arn": f"arn:aws:iam::{own}:role/{name}"}
    trust = {"AssumeRolePolicyDocument": given["AssumeRolePolicyDocument"], "CreateDate": "2026-11-22T12:00:00Z"}
    account.keep(operations.GET_ROLE(RoleName=name), {"Role": role | trust})
    return {}


def _role_policy(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    there = account.held(operations.GET_ROLE(RoleName=given["RoleName"]))
    return {} if there else Refused("NoSuchEntity", f"The role with name {given['RoleName']} cannot be found.")


def _open_ingress(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    question = operations.LIST_INGRESS_POINTS(region)
    points = (account.held(question) or {}).get("IngressPoints", [])
    if given["IngressPointId"] not in [point["IngressPointId"] for point in points]:
        return Refused("ResourceNotFoundException", "The ingress endpoint does not exist.")
    for point in points:
        point["Status"] = given["StatusToUpdate"] if point["IngressPointId"] == given["IngressPointId"] else point["Status"]
    account.keep(question, {"IngressPoints": points})
    return {}


def _unsuppress(account: Account, region: str, given: dict[str, Any]) -> dict[str, Any] | Refused:
    question = operations.GET_SUPPRESSED_DESTINATION(region, EmailAddress=given["EmailAddress"])
    if account.held(question) is None:
        return Refused("NotFoundException", "It is not on the suppression list.")
    account.said[question] = Refused("NotFoundException", "It is not on the suppression list.")
    return {}


_WRITES: dict[str, Write] = {
    "CreateEmailIdentity": _create_identity,
    "DeleteEmailIdentity": _delete_identity,
    "PutEmailIdentityMailFromAttributes": _on(_identity, _mail_from),
    "PutEmailIdentityDkimAttributes": _on(_identity, _signing),
    "PutEmailIdentityDkimSigningAttributes": _on(_identity, _keys),
    "PutEmailIdentityFeedbackAttributes": _on(_identity, _forwarding),
    "PutAccountSendingAttributes": _on(_account, _sending),
    "PutAccountSuppressionAttributes": _on(_account, _suppression),
    "PutAccountDetails": _on(_account, _details),
    "PutConfigurationSetSendingOptions": _on(_configuration_set, _set_sending),
    "PutConfigurationSetTrackingOptions": _on(_configuration_set, _set_tracking),
    "DeleteSuppressedDestination": _unsuppress,
    "SetActiveReceiptRuleSet": _activate,
    "UpdateReceiptRule": _update_rule,
    "SetReceiptRulePosition": _move_rule,
    "PutBucketPolicy": _policy_put(_bucket_policy),
    "PutKeyPolicy": _policy_put(_key_policy),
    "PutObjectLockConfiguration": _object_lock,
    "AddPermission": _permit,
    "CreateRole": _create_role,
    "PutRolePolicy": _role_policy,
    "UpdateIngressPoint": _open_ingress,
}
