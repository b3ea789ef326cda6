"""Planned records laid over what another source says: what the world would answer if they were published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from maildoctor import names
from maildoctor.ask import Dns, DnsAnswer, NotYet, Question, Result, Source
from maildoctor.model import Record

_MAX_CHAIN = 16


class Overlay:
    """A source: `publish` added to, and `delete` taken from, what `under` answers."""

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
            self.memo.update(self.under.answers())
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
        if not isinstance(question, Dns) or not isinstance(base, DnsAnswer) or hops > _MAX_CHAIN:
            return base if question.kind != "dns" or not self._planned(question) else self._new(question, hops)
        if question.name in self.touched:
            return self._changed(question, base, hops)
        for position, target in enumerate(base.chain):
            if target in self.touched:
                return self._continue(question, base.chain[: position + 1], hops)
        return self._unsynthesised(question, base)

    def _planned(self, question: Question) -> bool:
        return isinstance(question, Dns) and any(
            record.name == question.name and record.type in (question.type, "CNAME") for record in self.publish
        )

    def _new(self, question: Question, hops: int) -> Result:
        # Below could not tell, but the plan says what will be there.
        assert isinstance(question, Dns)  # noqa: S101 - `_planned` saw to it
        return self._changed(question, DnsAnswer("nxdomain"), hops)

    def _continue(self, question: Dns, chain: tuple[str, ...], hops: int) -> Result:
        end = self._resolve(replace(question, name=chain[-1]), hops + 1)
        return replace(end, chain=chain + end.chain) if isinstance(end, DnsAnswer) else end

    def _changed(self, question: Dns, base: DnsAnswer, hops: int) -> Result:
        """Answer for a name at which something is planned."""
        alias = self._values(question.name, "CNAME", base.chain[:1] if question.type != "CNAME" else base.records)
        if alias and question.type != "CNAME":
            return self._continue(question, (alias[0],), hops)
        own = () if base.chain and question.type != "CNAME" else base.records
        records = self._values(question.name, question.type, own)
        there = any(names.below(record.name, question.name) for record in self.publish)
        exists = bool(records) or there or base.status == "noerror"
        return replace(
            base,
            status="noerror" if exists else "nxdomain",
            records=records,
            chain=(),
            zone="" if records else base.zone,
        )

    def _values(self, name: str, type_: str, base: tuple[str, ...]) -> tuple[str, ...]:
        gone = {record.value for record in self.delete if (record.name, record.type) == (name, type_)}
        new = {record.value for record in self.publish if (record.name, record.type) == (name, type_)}
        return tuple(sorted((set(base) - gone) | new))

    def _unsynthesised(self, question: Dns, base: DnsAnswer) -> DnsAnswer:
        """Take away what a deleted wildcard had made, and let a name exist above what is planned."""
        for record in self.delete:
            if record.name.startswith("*.") and names.below(question.name, record.name[2:]):
                made = base.chain[:1] if record.type == "CNAME" else base.records
                if record.value in made and question.name != record.name[2:]:
                    return DnsAnswer("nxdomain", zone=base.zone)
        if base.status == "nxdomain" and any(names.below(record.name, question.name) for record in self.publish):
            return replace(base, status="noerror")
        return base
