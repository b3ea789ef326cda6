"""What an error of AWS means: "is not there", "could not look" or "was not asked", in one plain line."""

from __future__ import annotations

from maildoctor import regions
from maildoctor.ask import Aws, AwsAnswer, Failure, Result, Unasked
from maildoctor.operations import SES, allowed

MISSING = frozenset(
    {
        "NotFoundException",  # sesv2, kms
        "NotFound",  # sns
        "ResourceNotFoundException",  # mailmanager, lambda
        "RuleSetDoesNotExist",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "ObjectLockConfigurationNotFoundError",
        "ServerSideEncryptionConfigurationNotFoundError",
        "NoSuchEntity",  # iam
        "NoSuchHostedZone",
        "NoSuchResourceException",  # service-quotas
    }
)
THROTTLED = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "PriorRequestNotComplete",
    }
)
STRANGER = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"})
"""The key is unknown: everywhere, or only in a region that the account has not enabled."""

_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "UnauthorizedOperation"}
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken"})
_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
_SIGNATURE = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken"})
_UNSUPPORTED = frozenset({"InvalidAction", "UnknownOperationException", "UnsupportedOperation", "NotImplemented"})
_UNSUBSCRIBED = frozenset({"OptInRequired", "SubscriptionRequiredException"})

NO_CREDENTIALS = Unasked("no AWS credentials were found")
EXPIRED = Failure("credentials", "the AWS session has expired: sign in again (aws sso login, or new temporary credentials)")
UNKNOWN_KEY = Failure("credentials", "AWS does not know this access key: it was deleted, is inactive, or is of another partition")
UNLIKE_AWS = Failure("malformed", "the endpoint answered with something that AWS does not say (a proxy?)")


def explained(question: Aws, code: str, message: str = "", status: int = 0) -> Result:
    """Return what an error response means for the question."""
    if code in MISSING:
        return AwsAnswer(missing=code)
    if code in THROTTLED or status == 429:
        return Failure("throttled", "AWS limits the rate of requests, and did so until the time was up")
    if code in _DENIED:
        return _denied(question, message)
    if code in STRANGER:
        return Unasked(f"the account has not enabled the region {question.region}")
    if code in _UNSUPPORTED and "Receipt" in question.operation:
        return Unasked(f"SES does not receive mail in {question.region}")
    if code in _UNSUPPORTED:
        return Unasked(f"{question.service} has no {question.operation} in {question.region}")
    if code in _UNSUBSCRIBED:
        return Unasked(f"this account is not subscribed to {question.service}")
    return _credentials(code, message) or _other(code, message, status)


def absent(question: Aws) -> Unasked | None:
    """Tell why a region cannot be asked about SES at all, if it cannot."""
    if question.service not in SES:
        return None
    if question.region.startswith("cn-"):
        return Unasked(f"Amazon SES does not exist in China ({question.region})")
    if question.region in regions.table().absent:
        return Unasked(f"Amazon SES does not exist in {question.region}")
    return None


def _denied(question: Aws, message: str) -> Failure:
    operation = allowed().get((question.service, question.operation))
    action = operation.iam if operation else f"{question.service}:{question.operation}"
    if "explicit deny" in message:
        return Failure("denied", f"access denied: a policy denies {action} explicitly")
    return Failure("denied", f"access denied: the policy lacks {action}")


def _credentials(code: str, message: str) -> Failure | None:
    if code in _EXPIRED:
        return EXPIRED
    late = "expired" in message or "not yet current" in message
    if code in _CLOCK or (code in _SIGNATURE and late):
        return Failure("credentials", "the clock of this machine is wrong: AWS refuses requests that are more than 5 minutes off")
    if code in _SIGNATURE:
        return Failure("credentials", "the secret access key does not belong to the access key")
    return None


def _other(code: str, message: str, status: int) -> Failure:
    if code.isdigit() or not code:
        return Failure("malformed", f"the endpoint answered HTTP {code or status} and nothing of AWS (a proxy?)")
    if status >= 500:
        return Failure("servfail", f"AWS has a fault of its own ({code})")
    return Failure("error", f"AWS answered {code}" + (f": {' '.join(message.split())[:200]}" if message else ""))


def misconfigured(error: Exception) -> Failure | Unasked:
    """Return what it means that boto3 cannot open a session."""
    import botocore.exceptions as boto

    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        # The last place in which it looks is the metadata of an instance, and this is none.
        return NO_CREDENTIALS
    if isinstance(error, boto.ProfileNotFound):
        return Failure("credentials", f"no AWS profile is called {error.kwargs['profile']}")
    if isinstance(error, boto.ConfigParseError):
        return Failure("credentials", f"{error.kwargs['path']} cannot be read: not in the form of an AWS configuration file")
    if isinstance(error, boto.PartialCredentialsError):
        return Failure("credentials", f"the AWS credentials are incomplete: {error.kwargs['cred_var']} is missing")
    return Failure("credentials", f"the AWS credentials cannot be loaded ({type(error).__name__})")


def failed(question: Aws, error: Exception) -> Failure | Unasked:
    """Return what it means that a request got no response of AWS. What the error says may hold secrets, and is not repeated."""
    import botocore.exceptions as boto
    from botocore.parsers import ResponseParserError

    if isinstance(error, boto.NoCredentialsError):
        return NO_CREDENTIALS
    if isinstance(error, (boto.SSOError, boto.TokenRetrievalError)):
        return EXPIRED
    if isinstance(
        error, (boto.PartialCredentialsError, boto.CredentialRetrievalError, boto.ProfileNotFound, boto.ConfigParseError)
    ):
        return misconfigured(error)
    if isinstance(error, boto.UnknownServiceError):
        return too_old(question)
    if isinstance(error, boto.InvalidRegionError):
        return Failure("error", f"{question.region} is not the name of a region")
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        return _network(question, error)
    if isinstance(error, ResponseParserError):
        return UNLIKE_AWS
    if isinstance(error, boto.ParamValidationError):
        return Failure("error", "AWS would not take this name")
    return Failure("error", f"the request could not be made ({type(error).__name__})")


def too_old(question: Aws) -> Unasked:
    """Return what it means that boto3 knows no such operation."""
    return Unasked(f"the installed boto3 is too old for {question.service} {question.operation}")


def _network(question: Aws, error: Exception) -> Failure:
    import botocore.exceptions as boto

    if isinstance(error, (boto.ConnectTimeoutError, boto.ReadTimeoutError)):
        return Failure("timeout", "AWS did not answer in time")
    if isinstance(error, boto.ConnectionClosedError):
        return Failure("servfail", "AWS closed the connection")
    return _unreachable(question)


def _unreachable(question: Aws) -> Failure:
    if question.service in SES and question.region not in regions.table().regions:
        return Failure("unreachable", f"no region called {question.region} is known, and its endpoint cannot be reached")
    return Failure("unreachable", "the endpoint cannot be reached")
