"""DNS answered from RFC 1035 master files, offline: aliases, wildcards (RFC 4592), empty non-terminals, delegations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from maildoctor import names, regions
from maildoctor.ask import Dns, DnsAnswer, Question, Result, Unasked
from maildoctor.rdata import Text

_MAX_CHAIN = 16
_MAX_RECORDS = 1_000_000  # one $GENERATE line can ask for any number
_PROVIDED = ("SOA", "NS")  # records that DNS hosts add themselves and leave out of an export


class MalformedZone(ValueError):
    """A zone file cannot be read; the message names file and line."""


class ZoneRecord(NamedTuple):
    """One record of a zone file: canonical owner and data."""

    name: str
    type: str
    value: str
    ttl: int


class Zone:
    """The records of one zone, as an authoritative server holds them."""

    def __init__(self, origin: str, records: Iterable[ZoneRecord]) -> None:
        self.origin = origin
        self.nodes: dict[str, dict[str, list[ZoneRecord]]] = {}
        for record in records:
            self.nodes.setdefault(record.name, {}).setdefault(record.type, []).append(record)
        self.existing = {ancestor for name in self.nodes for ancestor in self._ancestors(name)} | {origin}

    def _ancestors(self, name: str) -> Iterator[str]:
        while names.below(name, self.origin):
            yield name
            if name == ".":
                return
            name = names.parent(name)

    def cut(self, name: str) -> str:
        """Return the delegation (RFC 1034 4.2.1) at or above `name` inside this zone, or ""."""
        cuts = [each for each in self._ancestors(name) if each != self.origin and "NS" in self.nodes.get(each, {})]
        return cuts[-1] if cuts else ""

    def node(self, name: str) -> dict[str, list[ZoneRecord]] | None:
        """Return the records at a name by type, made from a wildcard where that applies (RFC 4592 3.3.1); None: NXDOMAIN."""
        if name in self.existing:
            return self.nodes.get(name, {})
        closest = name
        while closest not in self.existing:
            closest = names.parent(closest)
        return self.nodes.get(names.child("*", closest))


class ZoneFiles:
    """A source that answers DNS questions from zones, and nothing else."""

    def __init__(self, zones: Iterable[Zone]) -> None:
        self.zones = {zone.origin: zone for zone in zones}

    def ask(self, question: Question) -> Result | None:
        """Answer from the zones at once."""
        if not isinstance(question, Dns):
            return Unasked(f"{question.kind.upper()} is not asked")
        if question.server or question.over:
            return Unasked("a zone file cannot tell what each name server says")
        return self._follow(question)

    def answers(self) -> Mapping[Question, Result]:
        """Nothing is ever under way."""
        return {}

    def holds(self, name: str) -> bool:
        """Tell whether a name lies in one of the zones."""
        return self._zone(name) is not None

    def _zone(self, name: str) -> Zone | None:
        while name not in self.zones:
            if name == ".":
                return None
            name = names.parent(name)
        return self.zones[name]

    def _follow(self, question: Dns) -> Result:
        name, chain = question.name, list[str]()
        while True:
            zone = self._zone(name)
            if zone is None:
                return _shipped(name, question.type) or Unasked(f"no zone file holds {names.bare(name)}")
            if question.type == "DS" and name == zone.origin:
                # RFC 4035 3.1.4.1: the zone above answers for it.
                zone = self._zone(names.parent(name)) if name != "." else None
                if zone is None:
                    return Unasked(f"no zone file holds the zone above {names.bare(name)}, where DS records stand")
            cut = zone.cut(name)
            if cut and not (cut == name and question.type == "DS"):
                return Unasked(f"{names.bare(cut)} is delegated, and no zone file holds it")
            node = zone.node(name)
            alias = (node or {}).get("CNAME", [])
            if not alias or question.type in ("CNAME", "DS") or (name == zone.origin and question.type in _PROVIDED):
                return self._answer(zone, name, node, question.type, chain)
            name = alias[0].value
            chain.append(name)
            if len(chain) > _MAX_CHAIN:
                return DnsAnswer("noerror", chain=tuple(chain))

    @staticmethod
    def _answer(zone: Zone, name: str, node: dict[str, list[ZoneRecord]] | None, type_: str, chain: list[str]) -> Result:
        found = (node or {}).get(type_, [])
        if not found and type_ in _PROVIDED and name == zone.origin:
            return Unasked(f"the zone file has no {type_} record: the DNS host adds it")
        return DnsAnswer(
            "noerror" if node is not None else "nxdomain",
            tuple(sorted(record.value for record in found)),
            tuple(chain),
            min((record.ttl for record in found), default=0),
            "" if found else zone.origin,
        )


@cache
def _spf_of_amazonses() -> str:
    return str(Text.of(regions.table().spf))


def _shipped(name: str, type_: str) -> DnsAnswer | None:
    """Answer for amazonses.com, whose SPF record ships with the program (see `data/ses_regions.toml` for its date)."""
    if name != "amazonses.com." or type_ not in ("TXT", "SPF", "CNAME"):
        return None
    return DnsAnswer(records=(_spf_of_amazonses(),) if type_ == "TXT" else (), ttl=900, zone="" if type_ == "TXT" else name)


def read(path: Path, origin: str) -> Zone:
    """Read one zone file. `origin` serves where the file has neither $ORIGIN nor SOA. Raises `MalformedZone`."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise MalformedZone(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MalformedZone(f"{path}: not a text file in UTF-8") from error
    zone = parse(text, origin, str(path))
    if not zone.nodes:
        raise MalformedZone(f"{path}: there is no record in it")
    return zone


def parse(text: str, origin: str, name: str = "zone") -> Zone:
    """Parse a zone. `name` is what error messages call it. Raises `MalformedZone` with name and line."""
    import dns.exception

    collector = _Collector(origin)
    try:
        collector.read(text)
    except (dns.exception.DNSException, ValueError, UnicodeError) as error:
        raise MalformedZone(f"{name}:{collector.line}: {_words(error)}") from error
    return Zone(_top(collector, origin), collector.records)


def _top(collector: _Collector, origin: str) -> str:
    """Return the top of a zone: where its SOA is; without one, the nearest of what is said that holds every record."""
    soa = next((record.name for record in collector.records if record.type == "SOA"), "")
    if soa:
        return soa
    owners = {record.name for record in collector.records}
    for said in (collector.first_origin, origin):
        if said and names.depth(said) > 1 and all(names.below(owner, said) for owner in owners):
            return said
    shared = min(owners, key=names.depth, default=origin)
    while not all(names.below(owner, shared) for owner in owners):
        shared = names.parent(shared)
    return shared if names.depth(shared) > 1 else origin


def _words(error: Exception) -> str:
    text = re.sub(r"^<?[^:]*>?:\d+: ", "", str(error)).strip()
    if "$INCLUDE" in text.upper():
        return "$INCLUDE is not followed: give each file of its own"
    text = re.sub(r"^caught exception <class '[^']*'>: ", "", text)
    return text or f"cannot be read ({type(error).__name__})"


class _Collector:
    """Takes records from dnspython's reader as they come. Its own zones refuse what people really publish, two CNAMEs say."""

    def __init__(self, origin: str) -> None:
        import dns.name

        self.origin = dns.name.from_text(origin)
        self.records: list[ZoneRecord] = []
        self.first_origin = ""
        self.manager: Any = self
        self.line = 1

    def read(self, text: str) -> None:
        """Read all records of a master file."""
        import dns.name
        import dns.rdataclass
        import dns.tokenizer
        import dns.zonefile

        match = re.search(r"^\$ORIGIN\s+(\S+)", text, re.MULTILINE | re.IGNORECASE)
        if match and match.group(1).endswith("."):
            self.first_origin = names.absolute(match.group(1))
        collector = self

        class Tokenizer(dns.tokenizer.Tokenizer):
            def get(self, want_leading: bool = False, want_comment: bool = False) -> dns.tokenizer.Token:
                if want_leading:
                    # A record begins. By the time its error is noticed, the reader is often on the next line.
                    collector.line = self.line_number
                return super().get(want_leading, want_comment)

        reader = dns.zonefile.Reader(Tokenizer(text, filename="zone"), dns.rdataclass.IN, self, default_ttl=300)  # type: ignore[arg-type]
        # What lies outside the expected zone is kept: the expectation may be wrong, the file is not.
        reader.zone_origin = dns.name.root
        reader.read()

    def origin_information(self) -> tuple[Any, bool, Any]:
        """What the reader asks of a zone manager: origin, whether to relativize, effective origin."""
        return self.origin, False, self.origin

    def add(self, name: Any, ttl: int, rdata: Any) -> None:
        """Take one record."""
        import dns.rdatatype

        from maildoctor.sources import wire

        type_ = dns.rdatatype.to_text(rdata.rdtype)
        value = wire.rdata_text(type_, rdata.to_wire())
        owner = wire.name_text(name.derelativize(self.origin).to_wire())
        self.records.append(ZoneRecord(owner, type_, value, ttl))
        if len(self.records) > _MAX_RECORDS:
            raise ValueError(f"more than {_MAX_RECORDS} records")

    def _set_origin(self, origin: Any) -> None:
        """Take note of $ORIGIN; the reader keeps it itself."""

    def check_put_rdataset(self, check: Any) -> None:
        """Take no check: an alias beside other data is for the audit to find."""
