"""AWS, read only, by boto3, which is imported only once AWS is asked.

Threads ask what may be asked side by side: one for each region of SES, which allows one request a second and region, whichever of
its three APIs is used, and one for each region of any other service. They end with the program. What is not answered at the
deadline has failed, whatever they still do.
"""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from maildoctor.ask import Aws, AwsAnswer, Failure, Question, Result, Unasked
from maildoctor.operations import CONFIGURED_REGION, SES, Operation, allowed
from maildoctor.sources.aws_errors import NO_CREDENTIALS, absent, failed
from maildoctor.sources.aws_session import Session, Unusable, on_ec2

PACE = 1.0
"""Seconds between two requests to SES in one region: its limit for everything but sending, which cannot be raised."""

_TRIES = 3
_THROTTLED_TRIES = 8
_LONGEST_PAUSE = 8.0
_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_FILES = {"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "AWS_CONFIG_FILE": "~/.aws/config", "BOTO_CONFIG": "~/.boto"}


class AwsSource:
    """Answers questions to AWS with boto3's own chain of credentials, or those of a `profile`.

    `timeout` seconds after it was made everything open fails. `fileno` is readable while there are answers to take, for whoever
    waits for other things too.
    """

    def __init__(
        self, profile: str = "", *, timeout: float = math.inf, pace: float = PACE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.profile, self.timeout, self.pace, self.clock = profile, timeout, pace, clock
        self.deadline = clock() + timeout
        self.open: set[Question] = set()
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._ready: dict[Question, Result] = {}
        self._news = threading.Condition()
        self._reader, self._writer = os.pipe()
        self._session: Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def fileno(self) -> int:
        """Return the descriptor that is readable while `taken` has something to give."""
        return self._reader

    def ask(self, question: Question) -> Result | None:
        """Take a question to AWS, or tell at once why not."""
        if not isinstance(question, Aws):
            return Unasked(f"AWS knows nothing of {question.kind.upper()}")
        if (question.service, question.operation) not in allowed():
            raise ValueError(f"AWS is not to be asked this: {question}")
        if self._session is None:
            if not credentials_possible(self.profile):
                return NO_CREDENTIALS
            self._session = Session(self.profile, self.deadline, self.clock)
        if question not in self.open:
            self.open.add(question)
            key = ("ses" if question.service in SES else question.service, question.region)
            if key not in self._lanes:
                self._lanes[key] = Lane(self._session, self.pace if key[0] == "ses" else 0.0, self._tell)
            self._lanes[key].questions.put(question)
        return None

    def answers(self) -> Mapping[Question, Result]:
        """Wait until at least one question has its answer."""
        with self._news:
            while self.open and not self._ready and self.clock() < self.deadline:
                left = self.deadline - self.clock()
                self._news.wait(min(left, 3600.0))
        return self.taken()

    def taken(self) -> Mapping[Question, Result]:
        """Return the answers that are there, without waiting."""
        with self._news:
            ready, self._ready = self._ready, {}
            if ready:
                os.read(self._reader, 1)
            if self.clock() >= self.deadline:
                late = Failure("timeout", f"no answer before the deadline of {self.timeout:g} s")
                ready |= dict.fromkeys(self.open - ready.keys(), late)
            self.open -= ready.keys()
            return ready

    def _tell(self, question: Aws, result: Result) -> None:
        with self._news:
            if question in self.open:
                if not self._ready:
                    os.write(self._writer, b"!")
                self._ready[question] = result
                self._news.notify_all()

    def close(self) -> None:
        """Let the threads end after what they are doing. What is open stays unanswered."""
        with self._news:
            self.open.clear()
            self._ready.clear()
        for lane in self._lanes.values():
            lane.questions.put(None)
        self._lanes.clear()
        if self._session:
            self._session.stop.set()
        for descriptor in {self._reader, self._writer} - {-1}:
            os.close(descriptor)
        self._reader = self._writer = -1


def credentials_possible(profile: str = "") -> bool:
    """Tell whether boto3 could find credentials, as far as that can be seen without the time that its import takes."""
    if profile or any(os.environ.get(name) for name in _VARIABLES):
        return True
    if any(Path(os.environ.get(name) or usual).expanduser().exists() for name, usual in _FILES.items()):
        return True
    return os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() != "true" and on_ec2()


def profiles() -> frozenset[str]:
    """Return the names of the profiles that the AWS configuration has, as far as its files can be read."""
    from configparser import Error, RawConfigParser

    found: set[str] = set()
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        parser = RawConfigParser()
        try:
            parser.read(Path(os.environ.get(name) or _FILES[name]).expanduser(), "utf-8")
        except (Error, UnicodeDecodeError):
            continue
        found |= {section.removeprefix("profile ").strip().strip("\"'") for section in parser.sections()}
    return frozenset(found)


class Lane:
    """A thread that asks one question after the other, with a pause between requests."""

    def __init__(self, session: Session, pace: float, tell: Callable[[Aws, Result], None]) -> None:
        self.session, self.pace, self.tell = session, pace, tell
        self.questions: queue.SimpleQueue[Aws | None] = queue.SimpleQueue()
        self.next = -math.inf
        self.connected: set[str] = set()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while question := self.questions.get():
            try:
                result = self._look(question)
            except Unusable as reason:
                result = reason.result
            except Exception as error:  # noqa: BLE001 - every question taken is answered at last
                result = failed(question, error)
            self.tell(question, result)

    def _look(self, question: Aws) -> Result:
        if reason := absent(question):
            return reason
        operation = allowed()[question.service, question.operation]
        if operation is CONFIGURED_REGION:
            return AwsAnswer.of({"Region": self.session.region})
        parameters = self.session.redaction.restored(question.parameters.plain)
        pages = self._pages(question, operation, parameters)
        return AwsAnswer.of(self.session.redaction.data(pages)) if isinstance(pages, dict) else pages

    def _pages(self, question: Aws, operation: Operation, parameters: dict[str, Any]) -> dict[str, Any] | Result:
        """Ask for all pages, and return them as one."""
        if operation.size:
            parameters = {operation.size[0]: operation.size[1], **parameters}
        items: list[Any] = []
        tokens: set[str] = set()
        while True:
            page: dict[str, Any] | Result = self._call(question, operation, parameters)
            if not isinstance(page, dict) or not operation.items:
                return page
            items += page.get(operation.items, [])
            token = page.pop(operation.token, "")
            if not token:
                return page | {operation.items: items}
            if token in tokens:
                return Failure("malformed", "AWS leads from page to page in a circle")
            tokens.add(token)
            parameters = parameters | {operation.token: token}

    def _call(self, question: Aws, operation: Operation, parameters: dict[str, Any]) -> dict[str, Any] | Result:
        """Ask for one page, again where AWS throttles or stumbles."""
        attempt = 0
        client = self.session.client(question.service, question.region)
        while True:
            self._pause()
            said = self.session.call(client, question, operation, parameters)
            if question.service not in self.connected:
                # It came to AWS when the connection stood, not when it was begun.
                self.connected.add(question.service)
                self.next = self.session.clock() + self.pace
            attempt += 1
            if not isinstance(said, Failure) or not self._worth_another_try(said, attempt):
                return said
            self.next = self.session.clock() + min(max(self.pace, 0.05) * 2**attempt, _LONGEST_PAUSE)
            if self.next >= self.session.deadline:
                return said

    @staticmethod
    def _worth_another_try(said: Failure, attempt: int) -> bool:
        if said.kind == "throttled":
            return attempt < _THROTTLED_TRIES
        return said.kind in ("servfail", "timeout") and attempt < _TRIES

    def _pause(self) -> None:
        self.session.stop.wait(max(0.0, self.next - self.session.clock()))
        if self.session.stop.is_set() or self.session.clock() >= self.session.deadline:
            raise Unusable(Failure("timeout", "no answer before the deadline"))
        self.next = self.session.clock() + self.pace
