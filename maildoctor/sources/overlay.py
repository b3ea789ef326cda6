"""Planned records laid over what another source says: what the world would answer if they were published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from maildoctor import names
from maildoctor.ask import Dns, DnsAnswer, NotYet, Question, Result, Source, Unasked
from maildoctor.model import Record

_MAX_CHAIN = 16


class Overlay:
    """A source: `publish` added to, and `delete` taken from, what `under` answers.

    Whether `under` made an answer from a wildcard is told by asking it for the wildcard itself.
    """

    def __init__(self, under: Source, publish: Iterable[Record], delete: Iterable[Record] = ()) -> None:
        self.under = under
        self.publish = tuple(publish)
        self.delete = tuple(delete)
        self.touched = {record.name for record in (*self.publish, *self.delete)}
        self.memo: dict[Question, Result] = {}
        self.asked: set[Question] = set()
        self.pending: set[Question] = set()

    def ask(self, question: Question) -> Result | None:
        """Answer from the plan and from below; None while below has not answered."""
        try:
            return self._resolve(question)
        except NotYet:
            self.pending.add(question)
            return None

    def answers(self) -> Mapping[Question, Result]:
        """Wait until at least one pending question can be answered."""
        ready: dict[Question, Result] = {}
        while self.pending and not ready:
            news = self.under.answers()
            if not news:
                raise RuntimeError("the source has no answers left, but questions are open")
            self.memo.update(news)
            for question in sorted(self.pending, key=str):
                result = self.ask(question)
                if result is not None:
                    ready[question] = result
            self.pending -= ready.keys()
        return ready

    def _below(self, question: Question) -> Result:
        if question not in self.asked:
            self.asked.add(question)
            result = self.under.ask(question)
            if result is not None:
                self.memo[question] = result
        if question not in self.memo:
            raise NotYet(question)
        return self.memo[question]

    def _resolve(self, question: Question, hops: int = 0) -> Result:
        base = self._below(question)
        if not isinstance(question, Dns) or hops > _MAX_CHAIN:
            return base
        if isinstance(base, Unasked) and self._planned(question):
            # Nobody knows what is there now, but what will be there.
            base = DnsAnswer("nxdomain")
        if not isinstance(base, DnsAnswer) or base.status not in ("noerror", "nxdomain"):
            return base
        if question.name in self.touched:
            return self._changed(question, base, hops)
        for position, target in enumerate(base.chain):
            if target in self.touched:
                return self._continue(question, base.chain[: position + 1], hops)
        return self._untouched(question, base, hops)

    def _planned(self, question: Dns) -> bool:
        return any(record.name == question.name and record.type in (question.type, "CNAME") for record in self.publish)

    def _continue(self, question: Dns, chain: tuple[str, ...], hops: int) -> Result:
        end = self._resolve(replace(question, name=chain[-1]), hops + 1)
        return replace(end, chain=chain + end.chain) if isinstance(end, DnsAnswer) else end

    def _changed(self, question: Dns, base: DnsAnswer, hops: int) -> Result:
        """Answer for a name at which something is planned."""
        published = (base.records or base.chain) and any(record.name == question.name for record in self.publish)
        if published and not self._apex(question.name) and self._synthesised(question, base, names.parent(question.name)):
            # RFC 4592 2.2.1: a name with records of its own gets none from a wildcard.
            base = DnsAnswer(ttl=base.ttl)
        alias = self._values(question.name, "CNAME", base.chain[:1] if question.type != "CNAME" else base.records)
        if alias and question.type != "CNAME":
            return self._continue(question, (alias[0],), hops)
        own = () if base.chain and question.type != "CNAME" else base.records
        records = self._values(question.name, question.type, own)
        there = base.status == "noerror" if not base.chain else False
        exists = bool(records) or self._above_planned(question.name) or there
        return DnsAnswer(
            "noerror" if exists else "nxdomain", records, ttl=base.ttl, zone="" if records else base.zone, authentic=base.authentic
        )

    def _values(self, name: str, type_: str, base: tuple[str, ...]) -> tuple[str, ...]:
        gone = {record.value for record in self.delete if (record.name, record.type) == (name, type_)}
        new = {record.value for record in self.publish if (record.name, record.type) == (name, type_)}
        return tuple(sorted((set(base) - gone) | new))

    def _above_planned(self, name: str) -> bool:
        """Tell whether a name is that of a planned record or above it, and so will exist (RFC 4592 2.2.2)."""
        return any(names.below(record.name, name) for record in self.publish)

    def _synthesised(self, question: Dns, base: DnsAnswer, encloser: str) -> bool:
        """Tell whether an answer is what a wildcard below `encloser`, or further up, answers."""
        wildcard = self._below(replace(question, name=names.child("*", encloser)))
        if not isinstance(wildcard, DnsAnswer):
            return False
        return bool(wildcard.records or wildcard.chain) and (wildcard.records, wildcard.chain) == (base.records, base.chain)

    def _untouched(self, question: Dns, base: DnsAnswer, hops: int) -> Result:
        """Answer for a name at which nothing is planned, but above or below it, or at a wildcard that covers it."""
        for wildcard in self._wildcards(question.name):
            told = bool(base.records or base.chain)
            if (base.status == "nxdomain" and not told and self._covers(question, wildcard)) or (
                told and self._synthesised(question, base, wildcard[2:])
            ):
                return self._made(question, base, wildcard, hops)
        if base.records or base.chain:
            for encloser in self._new_enclosers(question.name):
                if self._synthesised(question, base, names.parent(encloser)):
                    # The wildcard's place is taken: what is planned made a name exist between it and this one.
                    return DnsAnswer("noerror" if self._above_planned(question.name) else "nxdomain")
        if base.status == "nxdomain" and self._above_planned(question.name):
            return replace(base, status="noerror")
        return base

    def _wildcards(self, name: str) -> list[str]:
        """Return the planned or deleted wildcards that may cover a name, the nearest first."""
        if self._above_planned(name):
            return []
        covering = {each for each in self.touched if each.startswith("*.") and name != each[2:] and names.below(name, each[2:])}
        return sorted(covering, key=names.depth, reverse=True)

    def _covers(self, question: Dns, wildcard: str) -> bool:
        """Tell whether no name exists between a wildcard's place and a name that does not exist (RFC 4592 3.3.1)."""
        between = names.parent(question.name)
        while between != wildcard[2:]:
            said = self._below(replace(question, name=between))
            if self._above_planned(between) or not isinstance(said, DnsAnswer) or said.status != "nxdomain":
                return False
            between = names.parent(between)
        return True

    def _made(self, question: Dns, base: DnsAnswer, wildcard: str, hops: int) -> Result:
        """Answer with what a changed wildcard will make of the name."""
        made = self._resolve(replace(question, name=wildcard), hops + 1)
        return replace(made, zone=made.zone or base.zone) if isinstance(made, DnsAnswer) and not made.records else made

    def _new_enclosers(self, name: str) -> list[str]:
        """Return the names at or above `name` that planned records make exist."""
        found, current = list[str](), name
        while current != "." and not any(record.name == current for record in self.publish):
            if self._above_planned(current):
                if self._apex(current):
                    return found
                found.append(current)
            current = names.parent(current)
        return found

    def _apex(self, name: str) -> bool:
        """Tell whether a zone begins at a name: it and all above it exist in any case, and no wildcard made them."""
        said = self._below(Dns(name, "SOA"))
        return isinstance(said, DnsAnswer) and bool(said.records) and not said.chain
