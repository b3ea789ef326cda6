"""An AWS on loopback: boto3 talks to it as to AWS, and it is as strict, or as broken, as a test wants it.

What it says comes from a story (`told.Told`), or from an account that changes (`account.Account`). Every request and every answer
is held against the models of botocore. On the wire an account id is a real-looking one, and GetAccount tells contact addresses:
nothing of `SECRETS` may come out of the program.
"""

from __future__ import annotations

import fnmatch
import json
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from maildoctor.ask import Aws
from maildoctor.operations import SES, allowed
from tests.ses import requests, responses, shapes
from tests.ses.account import Account
from tests.ses.requests import Request
from tests.ses.responses import Response
from tests.ses.told import NOWHERE, Refused, Told

KEY, SECRET, TOKEN = "AKIAPLANTEDKEYID0001", "planted/secret/access/key/0000000000000001", "planted-session-token"
CONTACT = "planted.contact@owner.example"
_ACCOUNT = "4815162342"
SECRETS = (KEY, SECRET, TOKEN, CONTACT, "planted use case", _ACCOUNT)
READ_ONLY_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ses:Get*", "ses:List*", "ses:BatchGetMetricData"], "Resource": "*"}],
}
"""The managed policy AmazonSESReadOnlyAccess, version 2."""


@dataclass
class Mood:
    """How AWS behaves, beside what it says."""

    policy: Mapping[str, Any] | None = None
    """The IAM policy of the caller, which allows everything if None."""
    disabled: frozenset[str] = frozenset()
    """Regions that the account has not enabled."""
    keys: frozenset[str] = frozenset({KEY})
    expired: bool = False
    clock: timedelta = timedelta(0)
    rate: float = 0.0
    """Seconds that must lie between two requests to SES in one region."""
    throttle: int = 0
    """How many of the next requests are refused as too many."""
    page: int = 1000
    down: int = 0
    """An HTTP status with a web page, in place of everything."""
    novelty: bool = False
    """Responses have members that the models do not know yet."""
    delay: float = 0.0


@dataclass
class Loopback:
    """The server: what is told, its mood, and what happened."""

    told: Told
    mood: Mood = field(default_factory=Mood)
    log: list[tuple[float, Request]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What either side said that AWS would not: a test looks that it is empty."""
    url: str = ""
    _last: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer one HTTP request."""
        time.sleep(self.mood.delay)
        if self.mood.down:
            return Response(self.mood.down, b"<html><body>Sign in to this network</body></html>", {"content-type": "text/html"})
        try:
            request = requests.read(method, target, headers, body)
        except requests.Strange as error:
            self.faults.append(str(error))
            return Response(400, b"")
        with self._lock:
            self.log.append((time.monotonic(), request))
            return self._checked(request)

    def _checked(self, request: Request) -> Response:
        for refused in (self._stranger, self._forbidden, self._too_fast, self._malformed):
            if refusal := refused(request):
                code, message, status = refusal
                return responses.refusal(request, code, message, status)
        return self._answer(request)

    def _stranger(self, request: Request) -> tuple[str, str, int] | None:
        if request.key not in self.mood.keys or request.region in self.mood.disabled:
            code = "UnrecognizedClientException" if request.service in ("sesv2", "mailmanager") else "InvalidClientTokenId"
            return code, "The security token included in the request is invalid.", 403
        if self.mood.expired:
            return "ExpiredTokenException", "The security token included in the request is expired", 403
        now = datetime.now(UTC) + self.mood.clock
        if abs(now - request.signed) > timedelta(minutes=5):
            late = f"Signature expired: {request.signed:%Y%m%dT%H%M%SZ} is now earlier than {now:%Y%m%dT%H%M%SZ}"
            return "InvalidSignatureException", late, 403
        return None

    def _forbidden(self, request: Request) -> tuple[str, str, int] | None:
        operation = allowed().get((request.service, request.operation))
        action = operation.iam if operation else f"{request.model.service_model.signing_name}:{request.operation}"
        if self.mood.policy is None or not action:
            return None
        verdict = permitted(self.mood.policy, action)
        if verdict == "Allow":
            return None
        code = "AccessDenied" if request.service in ("ses", "s3", "iam", "sns", "route53") else "AccessDeniedException"
        why = "with an explicit deny in" if verdict == "Deny" else "because no identity-based policy allows the action in"
        return code, f"User: arn:aws:iam::{_ACCOUNT}01:user/x is not authorized to perform: {action} {why} a policy", 403

    def _too_fast(self, request: Request) -> tuple[str, str, int] | None:
        if request.service not in SES:
            return None
        now, last = time.monotonic(), self._last[request.region]
        self._last[request.region] = now
        self.mood.throttle, left = max(0, self.mood.throttle - 1), self.mood.throttle
        if left or now - last < self.mood.rate:
            return ("Throttling", "Rate exceeded", 400) if request.service == "ses" else ("TooManyRequestsException", "slow", 429)
        return None

    def _malformed(self, request: Request) -> tuple[str, str, int] | None:
        shape = request.model.input_shape
        wrong = list(shapes.complaints(shape, request.parameters, request=True)) if shape else []
        self.faults += wrong
        return ("ValidationException", "; ".join(wrong), 400) if wrong else None

    def _write(self, request: Request) -> Response:
        account = self.told
        if not isinstance(account, Account):
            self.faults.append(f"a write: {request.operation}")
            return responses.refusal(request, "InternalFailure", "what a story tells does not change", 500)
        done = account.change(request.service, request.operation, request.region, request.parameters)
        if isinstance(done, Refused):
            return responses.refusal(request, done.code, done.message, 400)
        return responses.answer(request, done)

    def _answer(self, request: Request) -> Response:
        if (request.service, request.operation) not in allowed():
            return self._write(request)
        said = self.told.find(_question(request))
        if said is None:
            self.faults.append(f"nothing is told about {_question(request)}")
            return responses.refusal(request, "InternalFailure", "nothing is told", 500)
        if isinstance(said, Refused):
            return responses.refusal(request, said.code, said.message, 404 if "Not" in said.code or "No" in said.code else 400)
        return self._paged(request, json.loads(json.dumps(dict(said.data), default=dict)))

    def _paged(self, request: Request, said: dict[str, Any]) -> Response:
        if request.operation == "GetAccount":
            said.setdefault("Details", {})["AdditionalContactEmailAddresses"] = [CONTACT]
            said["Details"]["UseCaseDescription"] = "planted use case of the owner"
        operation = allowed()[request.service, request.operation]
        if operation.items and operation.items in said:
            size = min(self.mood.page, request.parameters.get("PageSize", 100))
            start = int(request.parameters.get(operation.token, "token-0").removeprefix("token-"))
            if start + size < len(said[operation.items]):
                said[operation.token] = f"token-{start + size}"
            said[operation.items] = said[operation.items][start : start + size]
        said = json.loads(_disguised(json.dumps(said)))
        self.faults += shapes.complaints(request.model.output_shape, said, request=False)
        return responses.answer(request, said | ({"Novelty": {"Since": "2027"}} if self.mood.novelty else {}))


def _question(request: Request) -> Aws:
    operation = allowed()[request.service, request.operation]
    paging = {operation.token, "PageSize"} if operation.items else set[str]()
    parameters = {name: value for name, value in request.parameters.items() if name not in paging}
    true = json.loads(re.sub(rf"{_ACCOUNT}(\d\d)", r"0000000000\1", json.dumps(parameters)))
    return operation("" if request.service in NOWHERE else request.region, **true)


def _disguised(text: str) -> str:
    return re.sub(r"(?<!\d)0000000000(\d\d)(?!\d)", rf"{_ACCOUNT}\1", text)


def permitted(policy: Mapping[str, Any], action: str) -> str:
    """Return what a policy says of an action: "Allow", "Deny", or "" for nothing. It looks at actions alone."""
    verdicts = set()
    for statement in policy["Statement"]:
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in listed):
            verdicts.add(statement["Effect"])
    return "Deny" if "Deny" in verdicts else "Allow" if verdicts else ""


@contextmanager
def serving(told: Told, mood: Mood | None = None) -> Iterator[Loopback]:
    """Serve on a free port of loopback."""
    loopback = Loopback(told, mood or Mood())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            response = loopback.respond(self.command, self.path, headers, body)
            self.send_response(response.status)
            for name, value in {
                **response.headers,
                "content-length": str(len(response.body)),
                "x-amzn-requestid": responses.ID,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - names given by http.server

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    loopback.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def environment(url: str) -> dict[str, str]:
    """The variables with which boto3 talks to it, and to nobody else."""
    return {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": "/nonexistent/config",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
