"""The DNS tree walk (RFC 9989 4.10): which names are asked for a record, and which of them is the organizational domain.

From the domain upwards, one label less each time, at most eight names: of a longer name the whole, then its last seven labels. It
stops at a record that says `psd=y` or `psd=n`. Readers of the older RFC 7489 look into the public suffix list instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, NotAsked
from maildoctor.model import Record
from maildoctor.rdata import Text
from maildoctor.records import dmarc
from maildoctor.records.dmarc import Dmarc

_AFTER_JUMP = 7
"""How many labels are kept of a name that has more than eight (RFC 9989 4.10 step 4)."""


@dataclass(frozen=True)
class Published:
    """One policy record as it is published: for which domain, at which name (the end of any alias), in presentation form."""

    domain: str
    name: str
    value: str
    record: Dmarc

    @property
    def aliased(self) -> bool:
        """Whether `_dmarc` is an alias, and the record lies at its target."""
        return self.name != names.child("_dmarc", self.domain)

    def data(self, record: Dmarc) -> Record:
        """Return the data to publish for a changed record."""
        return Record(self.name, "TXT", str(Text.of(record.text)))

    @property
    def published(self) -> Record:
        """The data that is published now."""
        return Record(self.name, "TXT", self.value)


@dataclass(frozen=True)
class Step:
    """One name of a walk, and what `_dmarc` below it answers."""

    domain: str
    answer: Answer

    @property
    def name(self) -> str:
        """The name that is asked."""
        return self.answer.question.name

    @property
    def values(self) -> tuple[str, ...]:
        """The TXT records there, in presentation form.

        A zone file knows nothing of the names above its own zone. Where these are public suffixes, nothing is there for the domain.
        """
        try:
            return self.answer.records
        except NotAsked:
            if not is_public_suffix(self.domain):
                raise
            return ()

    @property
    def records(self) -> tuple[Published, ...]:
        """All that begin with the version of DMARC."""
        owner = self.answer.chain[-1] if self.values and self.answer.chain else self.name
        parsed = ((value, dmarc.parse(Text.parse(value).text)) for value in self.values)
        return tuple(Published(self.domain, owner, value, record) for value, record in parsed if record)

    @property
    def valid(self) -> Published | None:
        """The one valid record. Several are all discarded (RFC 9989 4.10 step 2)."""
        records = self.records
        return records[0] if len(records) == 1 and not records[0].record.duplicates else None

    @property
    def meant(self) -> tuple[str, ...]:
        """The texts that were meant as a record and are none, in presentation form."""
        return tuple(value for value in self.values if _lost(Text.parse(value).text))


def _lost(text: str) -> bool:
    record = dmarc.parse(text)
    return bool(record.duplicates) if record else dmarc.meant(text)


@dataclass(frozen=True)
class Walk:
    """A tree walk: its names from the start upwards. Read lazily, so that a lookup that fails above a `psd=` changes nothing."""

    steps: tuple[Step, ...]

    @property
    def start(self) -> str:
        """The domain whose walk it is."""
        return self.steps[0].domain

    def found(self) -> tuple[Published, ...]:
        """The valid records on the way, until one says what it is."""
        records = []
        for step in self.steps:
            published = step.valid
            if published:
                records.append(published)
                if published.record.value("psd") in ("y", "n"):
                    break
        return tuple(records)

    @property
    def organizational(self) -> str:
        """The organizational domain (RFC 9989 4.10.2)."""
        records = self.found()
        if not records:
            return self.start
        last = records[-1]
        if last.record.value("psd") == "y" and last.domain != self.start:
            return _one_below(last.domain, self.start)
        return last.domain

    def policy_record(self) -> Published | None:
        """The record that holds for mail from the start: its own, or the organizational domain's, or that of the suffix above.

        RFC 9989 4.10.1. A record at a name between the start and the organizational domain is for that name alone.
        """
        own = self.steps[0].valid
        if own:
            return own
        found = {published.domain: published for published in self.found()}
        last = next(reversed(found.values()), None)
        return found.get(self.organizational) or last


def _one_below(ancestor: str, name: str) -> str:
    parts = names.labels(name)
    return names.join(parts[len(parts) - names.depth(ancestor) - 1 :])


def targets(name: str) -> tuple[str, ...]:
    """Return the domains that a walk visits (RFC 9989 4.10 steps 3 to 7)."""
    parts = names.labels(name)
    above = [names.join(parts[index:]) for index in range(1, len(parts))]
    return (name, *above[-_AFTER_JUMP:])


def walk(ask: Ask, name: str) -> Walk:
    """Ask all names of a walk, side by side."""
    return Walk(tuple(Step(domain, ask(Dns(names.child("_dmarc", domain), "TXT"))) for domain in targets(name)))


def organizational_domain(ask: Ask, name: str) -> str:
    """Return the organizational domain of a name, by tree walk."""
    return walk(ask, name).organizational


def aligned(ask: Ask, a: str, b: str, strict: bool) -> bool:
    """Tell whether two domains are aligned: the same name, or, relaxed, of the same organization (RFC 9989 4.4)."""
    if a == b or strict:
        return a == b
    first, second = walk(ask, a), walk(ask, b)
    if _of_one_house(first, second) or _of_one_house(second, first):
        return True
    if not first.found() and not second.found():
        # Without any record each name would be an organization of its own. What is asked for is what a first record would bring.
        return organizational_by_list(a) == organizational_by_list(b)
    return first.organizational == second.organizational


def _of_one_house(lower: Walk, upper: Walk) -> bool:
    """Tell whether a name lies below one with a record, and no `psd` parts them: whatever stands above, it is the same for both."""
    if max(names.depth(lower.start), names.depth(upper.start)) > _AFTER_JUMP or not names.below(lower.start, upper.start):
        return False
    for step in lower.steps:
        published = step.valid
        psd = published.record.value("psd") if published else ""
        if step.domain == upper.start:
            return published is not None and psd != "y"
        if psd in ("y", "n"):
            return False
    return False


@cache
def _suffixes() -> Any:
    # Takes 60 ms and 4 MB, so it waits until a name of three labels or more makes a difference.
    import publicsuffixlist

    return publicsuffixlist.PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Tell whether a name is a public suffix. One label always is."""
    return names.depth(name) < 2 or _suffixes().publicsuffix(names.bare(name)) == names.bare(name)


def organizational_by_list(name: str) -> str:
    """Return the organizational domain that the public suffix list gives (RFC 7489 3.2): one label more than a public suffix."""
    if names.depth(name) < 3:
        # Two labels can be cut in one way only; and a public suffix stands for itself.
        return name
    found = _suffixes().privatesuffix(names.bare(name))
    return names.absolute(found) if found else name
