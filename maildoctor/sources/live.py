"""The live world: every kind of question to the source that can answer it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from maildoctor.ask import Question, Result, Unasked
from maildoctor.sources.dns import DnsSource


class Live:
    """A source that asks the network. Today it asks the DNS alone."""

    def __init__(self, dns: DnsSource) -> None:
        self.dns = dns

    @property
    def description(self) -> str:
        """Who is asked, for the report."""
        return self.dns.description

    def ask(self, question: Question) -> Result | None:
        """Hand a question to whom it is for."""
        if question.kind == "dns":
            return self.dns.ask(question)
        return Unasked(f"nobody is asked about {question.kind.upper()}")

    def answers(self) -> Mapping[Question, Result]:
        """Wait for the next answers."""
        return self.dns.answers()

    def close(self) -> None:
        """Close all sockets."""
        self.dns.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
