"""A session with AWS by boto3: the only module that imports it."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from maildoctor.ask import Aws, Failure, Result, Unasked
from maildoctor.operations import Operation
from maildoctor.sources.aws_errors import (
    NO_CREDENTIALS,
    STRANGER,
    UNKNOWN_KEY,
    UNLIKE_AWS,
    explained,
    failed,
    misconfigured,
    too_old,
)
from maildoctor.sources.redaction import Redaction

_SILENCE = 0.3


class Unusable(Exception):
    """There is no answer from AWS, for this reason."""

    def __init__(self, result: Failure | Unasked) -> None:
        super().__init__(result)
        self.result = result


def on_ec2() -> bool:
    """Tell whether this machine is an instance of EC2, which may have credentials of its own."""
    # The instance's own credentials come from an address that, elsewhere, costs a second to find silent.
    for path, mark in (("/sys/hypervisor/uuid", "ec2"), ("/sys/class/dmi/id/sys_vendor", "amazon ec2")):
        try:
            if Path(path).read_text("ascii").lower().startswith(mark):
                return True
        except (OSError, UnicodeDecodeError):
            continue
    return False


class Session:
    """A session with AWS: credentials and clients, made once and by whichever thread comes first."""

    def __init__(self, profile: str, deadline: float, clock: Callable[[], float]) -> None:
        self.profile, self.deadline, self.clock = profile, deadline, clock
        self.redaction = Redaction()
        self.stop = threading.Event()
        self._making = threading.RLock()
        self._session: Any = None
        self._unusable: Failure | Unasked | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._known: bool | None = None

    @property
    def region(self) -> str:
        """The default region that is configured, or "". Raises `Unusable`."""
        return self._boto().region_name or ""

    def _boto(self) -> Any:
        with self._making:
            if self._unusable:
                raise Unusable(self._unusable)
            if self._session is None:
                try:
                    self._session = self._opened()
                except Unusable as reason:
                    self._unusable = reason.result
                    raise
            return self._session

    def _opened(self) -> Any:
        import boto3.session
        import botocore.exceptions
        import botocore.session

        try:
            base = botocore.session.Session()
            if not on_ec2():
                # Where nothing else is configured, boto3 asks an address that is silent elsewhere; by default it waits a second.
                base.set_config_variable("metadata_service_timeout", _SILENCE)
            session = boto3.session.Session(profile_name=self.profile or None, botocore_session=base)
            found = session.get_credentials()
        except botocore.exceptions.BotoCoreError as error:
            raise Unusable(misconfigured(error)) from error
        if found is None:
            raise Unusable(NO_CREDENTIALS)
        return session

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a region. Raises what boto3 raises, or `Unusable`."""
        from botocore.config import Config

        with self._making:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._boto().client(
                    service,
                    region_name=region or self.region or "us-east-1",
                    config=Config(
                        connect_timeout=min(5.0, self._left()),
                        read_timeout=min(10.0, self._left()),
                        retries={"total_max_attempts": 1, "mode": "standard"},
                        user_agent_extra="maildoctor",
                    ),
                )
            return self._clients[service, region]

    def _left(self) -> float:
        return max(0.1, self.deadline - self.clock())

    def call(self, client: Any, question: Aws, operation: Operation, parameters: dict[str, Any]) -> dict[str, Any] | Result:
        """Make one request."""
        import botocore.exceptions
        from botocore import xform_name

        method = getattr(client, xform_name(operation.name), None)
        if method is None:
            return too_old(question)
        try:
            response = method(**parameters)
        except botocore.exceptions.ClientError as error:
            return self._refused(question, error.response)
        except KeyError:
            return UNLIKE_AWS
        except Exception as error:  # noqa: BLE001 - botocore's parsers raise plain exceptions too
            return failed(question, error)
        kind = response.pop("ResponseMetadata", {}).get("HTTPHeaders", {}).get("content-type", "")
        if "html" in kind:
            return Failure("malformed", "the endpoint answered with a web page, not as AWS does (a proxy?)")
        said: dict[str, Any] = _json(response)
        return said

    def _refused(self, question: Aws, response: Mapping[str, Any]) -> Result:
        code = str(response.get("Error", {}).get("Code", ""))
        message = self.redaction.text(str(response.get("Error", {}).get("Message", "")))
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in STRANGER and (question.service == "sts" or not self._known_elsewhere()):
            return UNKNOWN_KEY
        return explained(question, code, message, status)

    def _known_elsewhere(self) -> bool:
        """Tell whether AWS knows these credentials at all: where a region does not, it is one that the account has not enabled."""
        import botocore.exceptions

        with self._making:
            if self._known is None:
                try:
                    self.client("sts", "").get_caller_identity()
                    self._known = True
                except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
                    self._known = False
            return self._known


def _json(value: Any) -> Any:
    """Return what boto3 gives as JSON would hold it: times as ISO 8601 text in UTC, octets as text."""
    if isinstance(value, Mapping):
        return {str(name): _json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value
