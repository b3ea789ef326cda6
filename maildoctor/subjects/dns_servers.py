"""The authoritative servers of the zone, asked one by one: whether they agree, and whether long answers arrive."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, DoesNotApply, ExplainedBy, Undecided, sift
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.rdata import Soa, Text
from maildoctor.registry import check, fact
from maildoctor.settings import Domain
from maildoctor.subjects.domain import Zone
from maildoctor.subjects.mx import Exchangers

_AT_MOST = 3  # servers asked; a fourth seldom tells more, and every audit pays for it
_CLASSIC = 512  # octets of a DNS message over UDP without EDNS (RFC 1035 2.3.4)


@dataclass(frozen=True)
class Server:
    """One authoritative server, and the SOA record that it gives out."""

    name: str
    address: str
    soa: Answer

    @property
    def lame(self) -> bool:
        """Whether it does not serve the zone, although the zone names it."""
        return self.soa.result.status == "refused" or not self.soa.records

    @property
    def serial(self) -> int:
        """The version of the zone that it serves."""
        return Soa.parse(self.soa.records[0]).serial


@fact
def name_servers(ask: Ask, zone: Zone) -> tuple[Server, ...]:
    """The first few authoritative servers that have an IPv4 address."""
    hosts = sorted(zone.servers.records)[:_AT_MOST]
    addresses = [(host, ask(Dns(host, "A"))) for host in hosts]
    known = [(host, answer.records[0]) for host, answer in addresses if answer.records]
    return tuple(Server(host, address, ask(Dns(zone.apex, "SOA", address))) for host, address in known)


@dataclass(frozen=True)
class Said:
    """What one server says about the domain's mail."""

    server: Server
    mx: Answer
    txt: Answer

    @property
    def sets(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Its MX and TXT records of the domain."""
        return self.mx.records, self.txt.records


@fact
def servers_say(ask: Ask, domain: Domain, zone: Zone, name_servers: tuple[Server, ...]) -> tuple[Said, ...]:
    """What each server says about the domain; asked only where their versions, or the resolver's, differ."""
    serving = [server for server in name_servers if not server.lame]
    serials = {server.serial for server in serving} | {Soa.parse(record).serial for record in zone.soa.records}
    if len(serials) < 2:
        return ()
    return tuple(
        Said(server, ask(Dns(domain.name, "MX", server.address)), ask(Dns(domain.name, "TXT", server.address)))
        for server in serving
    )


@check("dns-servers-disagree", Severity.WARN, "RFC 1034 4.3.5", "RFC 1912 2.8")
def dns_servers_disagree(
    domain: Domain, zone: Zone, name_servers: tuple[Server, ...], servers_say: tuple[Said, ...]
) -> Iterator[Finding]:
    """All name servers of the zone serve the same version of it.

    Receivers ask any of them. While they differ, a part of the world sees old records, and whether a message passes is chance.
    """
    for server in sift(lambda server: server.lame, name_servers):
        yield Finding(
            f"{bare(server.name)} is a name server of {bare(zone.apex)}, but does not serve it",
            where=zone.apex,
            found=(f"{bare(server.name)} ({server.address})",),
            remedy=Remedy("Set the zone up on that server, or take the server out of the zone's and the registrar's list."),
        )
    serving = [server for server in name_servers if not server.lame]
    if len({server.serial for server in serving}) > 1:
        differ = len({said.sets for said in servers_say}) > 1
        yield Finding(
            f"the name servers of {bare(zone.apex)} serve different versions of it"
            + (f", with different MX or TXT records for {bare(domain.name)}" if differ else ""),
            where=zone.apex,
            found=tuple(f"{bare(server.name)}: serial {server.serial}" for server in serving),
            remedy=Remedy("Wait a few minutes if the zone was just changed; otherwise repair the transfer to the servers behind."),
        )


@check("dns-recently-changed", Severity.NOTE, "RFC 1035 3.2.1", "RFC 2181 5.2")
def dns_recently_changed(domain: Domain, mx: Exchangers, texts: Answer, servers_say: tuple[Said, ...]) -> Iterator[Finding]:
    """Resolvers do not serve MX or TXT records of the domain that its name servers have replaced.

    A resolver keeps what it has heard for as long as the record's TTL says. Until then some receivers judge by the old records.
    """
    old = tuple(sorted(map(str, mx.records))), texts.records
    sets = {said.sets for said in servers_say}
    if len(sets) == 1 and old not in sets and not texts.chain:
        yield Finding(
            f"the MX or TXT records of {bare(domain.name)} were changed; this resolver still has the old ones",
            where=domain.name,
            found=(*old[0], *old[1]),
            expected=tuple(record for records in sets.pop() for record in records),
            remedy=Remedy(f"Wait: the old TXT records are forgotten within {texts.result.ttl} seconds."),
        )


@fact
def long_texts(
    ask: Ask, domain: Domain, texts: Answer, name_servers: tuple[Server, ...] | Undecided
) -> tuple[tuple[Server, Answer], ...]:
    """The TXT records of the domain as each server gives them over TCP; asked only where they exceed a classic DNS message."""
    if texts.chain or _octets(domain.name, texts.texts) <= _CLASSIC:
        return ()
    if isinstance(name_servers, Undecided):
        raise name_servers
    return tuple((server, ask(Dns(domain.name, "TXT", server.address, "tcp"))) for server in name_servers)


def _octets(name: str, texts: tuple[Text, ...]) -> int:
    """Return the size of the DNS message that carries these records (RFC 1035 4.1)."""
    question = 12 + sum(len(label) + 1 for label in names.labels(name)) + 1 + 4
    return question + sum(12 + sum(len(string) + 1 for string in text.strings) for text in texts)


@check("dns-large-answer-lost", Severity.FAIL, "RFC 7208 3.4", "RFC 7766 5")
def dns_large_answer_lost(domain: Domain, texts: Answer, long_texts: tuple[tuple[Server, Answer], ...]) -> Iterator[Finding]:
    """The TXT records of the domain fit into 512 octets, or its name servers answer over TCP.

    A longer answer is cut short over plain UDP, and the receiver asks again over TCP. Where that is refused it has no SPF record.
    """
    size = _octets(domain.name, texts.texts) if long_texts else 0
    for server, _ in sift(lambda item: item[1].result.status == "closed", long_texts):
        yield Finding(
            f"{bare(server.name)} refuses TCP, but the TXT records of {bare(domain.name)} need {size} octets",
            where=domain.name,
            found=(f"{bare(server.name)} ({server.address})",),
            remedy=Remedy("Open TCP port 53 of the name server, or delete TXT records that nobody needs any more."),
        )
    if long_texts and not any(answer.result.status == "closed" for _, answer in long_texts):
        if any(text.text.lower().startswith("v=spf1") for text in texts.texts):
            raise ExplainedBy("spf-answer-too-long")
        yield Finding(
            f"the TXT records of {bare(domain.name)} need {size} octets, more than 512",
            where=domain.name,
            remedy=Remedy("Delete TXT records that nobody needs any more; old verification tokens are the usual ones."),
            severity=Severity.NOTE,
        )
    if not texts.records:
        raise DoesNotApply("the domain has no TXT records")
