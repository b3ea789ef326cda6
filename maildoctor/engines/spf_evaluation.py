"""pyspf, asked what a receiver computes for one sender (check_host, RFC 7208 4), over our own answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import spf  # noqa: TID253 - takes 200 ms; this module itself is imported only inside facts, for records that are not plain

from maildoctor import names
from maildoctor.ask import Ask, Dns, NotYet, Undecided, each
from maildoctor.engines import spf_tree
from maildoctor.rdata import Text

_NO_NAME = re.compile(r"(?:^|\.)(?:\.|$)|[^.]{64}")
_MODIFIER = re.compile(r"(?<= )[A-Za-z][A-Za-z0-9_.\-]*(?==)")


@dataclass(frozen=True)
class Evaluation:
    """What check_host() says. `mechanism`: the term of the first record that decided, "" where none did.

    `explanation`: the text of the domain's owner for a fail, or what is wrong in the words of pyspf. `lookups`: how many terms with
    DNS lookups it took.
    """

    result: str
    explanation: str
    mechanism: str
    lookups: int

    @property
    def passed(self) -> bool:
        """Whether the address is authorised."""
        return self.result == "pass"


def evaluate(ask: Ask, address: str, sender: str, helo: str = "") -> Evaluation:
    """Evaluate SPF for mail from `address` with the envelope sender `sender`; where that is empty, for the HELO name."""
    query = _Query(ask, address, sender, helo)
    _prefetch(ask, query.o)
    result, _code, explanation = query.check()
    if query.waiting:
        raise query.waiting
    return Evaluation(result, explanation, query.mechanism or "", query.lookups)


def _prefetch(ask: Ask, domain: str) -> None:
    """Put all questions that the records themselves show, side by side, so that pyspf need not run once for each."""
    try:
        root = names.absolute(domain)
    except ValueError:
        return
    tree = spf_tree.read(ask, root)
    for node in tree.nodes.values():
        lookups = node.lookups if isinstance(node, spf_tree.Node) else ()
        each(lambda lookup: _hosts(ask, lookup), lookups)


def _hosts(ask: Ask, lookup: spf_tree.Lookup) -> None:
    if lookup.term.name != "mx" or lookup.answer is None:
        return
    try:
        exchanges = lookup.answer.exchanges
    except Undecided:
        return  # whether that matters, the evaluation will tell
    for exchange in exchanges[: spf.MAX_MX]:
        ask(Dns(exchange.host, "A"))


class _Query(spf.query):  # type: ignore[misc] # the library has no types
    """An evaluation that reads our answers: every way out of pyspf goes through `dns`."""

    def __init__(self, ask: Ask, address: str, sender: str, helo: str) -> None:
        super().__init__(address, sender, helo)
        self.ask = ask
        self.waiting: NotYet | None = None

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:
        """Answer one question, and count it if it leads nowhere (RFC 7208 4.6.4)."""
        # RFC 7208 4.3: a name that cannot exist is not looked up.
        if _NO_NAME.search(name.removesuffix(".")):
            return []
        answer = self.ask(Dns.of(name, qtype))
        if not answer.records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"Void lookup limit of {spf.MAX_VOID_LOOKUPS} exceeded")
        return [_value(record, qtype) for record in answer.records]

    def dns_spf(self, domain: str) -> str | None:
        """Return the record at a name. pyspf takes modifiers only in lower case (RFC 7208 4.6.1: any)."""
        record: str | None = super().dns_spf(domain)
        return _MODIFIER.sub(lambda match: match.group().lower(), record) if record else record

    def get_explanation(self, spec: str) -> str | None:
        """Fetch an explanation. pyspf drops every exception here, so one that means "wait" is kept for later."""
        try:
            explanation: str | None = super().get_explanation(spec)
        except NotYet as waiting:
            self.waiting = self.waiting or waiting
            return None
        except Undecided:
            return None  # RFC 7208 6.2: as if there were none
        return explanation


def _value(record: str, type_: str) -> Any:
    """Return record data in the form that pyspf expects."""
    if type_ in ("TXT", "SPF"):
        return list(Text.parse(record).strings)
    if type_ == "MX":
        preference, host = record.split(" ")
        return int(preference), names.bare(host)
    return names.bare(record)
