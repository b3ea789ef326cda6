"""How close the DNS part of one audit comes to its bound: the longest chain of lookups that depend on each other."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from maildoctor.ask import Question, Result, Source
from maildoctor.audit import prepare, report
from maildoctor.sources import resolvers
from maildoctor.sources.dns import DnsSource
from tests.bench import stage
from tests.lab.relay import Weather
from tests.lab.servers import RESOLVER
from tests.story import NOW, asked

_MS = 50


class Rounds:
    """Answers everything asked in one round in the next, and counts the rounds."""

    def __init__(self, below: Mapping[Question, Result]) -> None:
        self.below = below
        self.open: set[Question] = set()
        self.count = 0

    def ask(self, question: Question) -> Result | None:
        """Take a question."""
        self.open.add(question)
        return None

    def answers(self) -> Mapping[Question, Result]:
        """Answer all that are open."""
        self.count += 1
        asked_now, self.open = self.open, set()
        return {question: self.below[question] for question in asked_now}


def audit(source: Source, line: str) -> tuple[float, Mapping[Question, Result]]:
    """Return how long the audit took, and what was answered."""
    wanted = asked(line)
    learning = prepare(wanted.domain, source, wanted.settings, NOW)
    told = report(learning, wanted.checks, prove=False)  # the proofs ask nothing here
    return told.run.seconds, learning.memo


def main() -> None:
    """Print the ratio."""
    line = " ".join(stage.audit_of()[1:])
    with stage.Stage() as world:
        with DnsSource([resolvers.parse(RESOLVER)]) as source:
            _, memo = audit(source, line)
        rounds = Rounds(memo)
        audit(rounds, line)
        world.seen(Weather(rtt=_MS / 1000))
        times = []
        for _ in range(9):
            with DnsSource([resolvers.parse(RESOLVER)]) as source:
                times.append(audit(source, line)[0])
        bound = rounds.count * _MS / 1000
        ratio = statistics.median(times) / bound
        print(f"{rounds.count} rounds of {_MS} ms: bound {bound * 1000:.0f} ms; median {statistics.median(times) * 1000:.0f} ms")
        stage.line("DNS part of one audit / (chain x RTT), 50 ms", f"{ratio:.2f}", "at most 1.10", met=ratio <= 1.10)


if __name__ == "__main__":
    stage.enter()
    main()
