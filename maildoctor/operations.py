"""Everything that AWS may be asked: reading operations, each with its paging and its IAM action.

A fact asks `ask(GET_ACCOUNT("eu-west-1"))`. No other way leads to a question to AWS, so that this list is the allow-list, and the
IAM policy that a check needs can be read off the operations that its facts name.

Never to be listed, though they look like reads: VerifyDomainDkim and VerifyDomainIdentity create identities,
GetEmailAddressInsights validates addresses for money.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from maildoctor.ask import Aws, Members

SES = ("sesv2", "ses", "mailmanager")
"""The services that share one limit: a request a second and region."""

_PREFIXES = {"sesv2": "ses", "mailmanager": "ses", "service-quotas": "servicequotas"}


@dataclass(frozen=True)
class Operation:
    """One reading operation. `service` is the name of the client in boto3.

    `items` names the list of a response that comes in pages: the pages are gathered, and the answer holds the whole list. `size` is
    the parameter for the length of a page with the greatest length, `token` what carries on. `action` is the IAM action where it is
    not called like the operation, "-" where none is needed.
    """

    service: str
    name: str
    items: str = ""
    size: tuple[str, int] | None = None
    token: str = "NextToken"
    action: str = ""

    def __call__(self, region: str = "", /, **parameters: Any) -> Aws:
        """Return the question: this operation in a region ("" where the service has none)."""
        return Aws(self.service, self.name, region, Members.of(parameters))

    @property
    def iam(self) -> str:
        """The IAM action that permits it, "" where none is needed."""
        action = self.action or f"{_PREFIXES.get(self.service, self.service)}:{self.name}"
        return action.removeprefix("-")


GET_ACCOUNT = Operation("sesv2", "GetAccount")
GET_EMAIL_IDENTITY = Operation("sesv2", "GetEmailIdentity")
LIST_EMAIL_IDENTITIES = Operation("sesv2", "ListEmailIdentities", "EmailIdentities", ("PageSize", 1000))
LIST_RECOMMENDATIONS = Operation("sesv2", "ListRecommendations", "Recommendations", ("PageSize", 100))
LIST_CONFIGURATION_SETS = Operation("sesv2", "ListConfigurationSets", "ConfigurationSets")
GET_CONFIGURATION_SET = Operation("sesv2", "GetConfigurationSet")
GET_EVENT_DESTINATIONS = Operation("sesv2", "GetConfigurationSetEventDestinations")
GET_SUPPRESSED_DESTINATION = Operation("sesv2", "GetSuppressedDestination")
GET_DEDICATED_IPS = Operation("sesv2", "GetDedicatedIps", "DedicatedIps")
LIST_DEDICATED_IP_POOLS = Operation("sesv2", "ListDedicatedIpPools", "DedicatedIpPools")
GET_DEDICATED_IP_POOL = Operation("sesv2", "GetDedicatedIpPool")
LIST_REPUTATION_ENTITIES = Operation("sesv2", "ListReputationEntities", "ReputationEntities")
GET_REPUTATION_ENTITY = Operation("sesv2", "GetReputationEntity")
LIST_TENANTS = Operation("sesv2", "ListTenants", "Tenants")
GET_TENANT = Operation("sesv2", "GetTenant")
LIST_RESOURCE_TENANTS = Operation("sesv2", "ListResourceTenants", "ResourceTenants")
LIST_MULTI_REGION_ENDPOINTS = Operation("sesv2", "ListMultiRegionEndpoints", "MultiRegionEndpoints", ("PageSize", 1000))
GET_MULTI_REGION_ENDPOINT = Operation("sesv2", "GetMultiRegionEndpoint")
BATCH_GET_METRIC_DATA = Operation("sesv2", "BatchGetMetricData")
GET_MESSAGE_INSIGHTS = Operation("sesv2", "GetMessageInsights")

# Receipt rules and notification topics exist only in the first API.
DESCRIBE_ACTIVE_RECEIPT_RULE_SET = Operation("ses", "DescribeActiveReceiptRuleSet")
DESCRIBE_RECEIPT_RULE_SET = Operation("ses", "DescribeReceiptRuleSet")
LIST_RECEIPT_RULE_SETS = Operation("ses", "ListReceiptRuleSets", "RuleSets")
LIST_RECEIPT_FILTERS = Operation("ses", "ListReceiptFilters")
GET_SEND_STATISTICS = Operation("ses", "GetSendStatistics")
GET_IDENTITY_NOTIFICATION_ATTRIBUTES = Operation("ses", "GetIdentityNotificationAttributes")
GET_IDENTITY_VERIFICATION_ATTRIBUTES = Operation("ses", "GetIdentityVerificationAttributes")

LIST_INGRESS_POINTS = Operation("mailmanager", "ListIngressPoints", "IngressPoints", ("PageSize", 50))
GET_INGRESS_POINT = Operation("mailmanager", "GetIngressPoint")
GET_TRAFFIC_POLICY = Operation("mailmanager", "GetTrafficPolicy")
GET_RULE_SET = Operation("mailmanager", "GetRuleSet")

GET_METRIC_DATA = Operation("cloudwatch", "GetMetricData", "MetricDataResults")
GET_SERVICE_QUOTA = Operation("service-quotas", "GetServiceQuota")

LIST_HOSTED_ZONES_BY_NAME = Operation("route53", "ListHostedZonesByName")
GET_HOSTED_ZONE = Operation("route53", "GetHostedZone")
LIST_RESOURCE_RECORD_SETS = Operation("route53", "ListResourceRecordSets")

GET_BUCKET_POLICY = Operation("s3", "GetBucketPolicy")
GET_BUCKET_LOCATION = Operation("s3", "GetBucketLocation")
GET_OBJECT_LOCK = Operation("s3", "GetObjectLockConfiguration", action="s3:GetBucketObjectLockConfiguration")
GET_BUCKET_ENCRYPTION = Operation("s3", "GetBucketEncryption", action="s3:GetEncryptionConfiguration")
DESCRIBE_KEY = Operation("kms", "DescribeKey")
GET_KEY_POLICY = Operation("kms", "GetKeyPolicy")
GET_FUNCTION_POLICY = Operation("lambda", "GetPolicy")
GET_TOPIC_ATTRIBUTES = Operation("sns", "GetTopicAttributes")
GET_ROLE = Operation("iam", "GetRole")
GET_ROLE_POLICY = Operation("iam", "GetRolePolicy")
LIST_ROLE_POLICIES = Operation("iam", "ListRolePolicies", "PolicyNames", token="Marker")  # noqa: S106 - the name of a parameter

GET_CALLER_IDENTITY = Operation("sts", "GetCallerIdentity", action="-")

CONFIGURED_REGION = Operation("configuration", "GetRegion", action="-")
"""The default region of the AWS configuration, as {"Region": …}: boto3 tells it, nobody is asked."""


@cache
def allowed() -> dict[tuple[str, str], Operation]:
    """Return all operations by service and name."""
    every = (value for value in globals().values() if isinstance(value, Operation))
    return {(operation.service, operation.name): operation for operation in every}
