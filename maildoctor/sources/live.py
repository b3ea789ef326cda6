"""The live world: every kind of question to the source that can answer it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from maildoctor.ask import Question, Result, Unasked
from maildoctor.sources.dns import DnsSource

if TYPE_CHECKING:
    from maildoctor.sources.aws import AwsSource


class Live:
    """A source that asks the network: the DNS, and AWS where that is wanted."""

    def __init__(self, dns: DnsSource, aws: AwsSource | None = None) -> None:
        self.dns = dns
        self.aws = aws

    @property
    def description(self) -> str:
        """Who is asked, for the report."""
        return self.dns.description

    def ask(self, question: Question) -> Result | None:
        """Hand a question to whom it is for."""
        if question.kind == "dns":
            return self.dns.ask(question)
        if question.kind == "aws":
            return self.aws.ask(question) if self.aws else Unasked("AWS was not asked: --no-aws")
        return Unasked(f"nobody is asked about {question.kind.upper()}")

    def answers(self) -> Mapping[Question, Result]:
        """Wait for the next answers, from whoever has some first."""
        if not self.aws or not self.aws.open:
            return self.dns.answers()
        if not self.dns.open:
            return self.aws.answers()
        return {**self.dns.answers(beside=self.aws.fileno()), **self.aws.taken()}

    def close(self) -> None:
        """Close all sockets."""
        self.dns.close()
        if self.aws:
            self.aws.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
