"""The zone itself: that it is there, that it validates, and that no alias or wildcard stands in the way of mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, ExplainedBy, any_of, sift
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.names import bare
from maildoctor.records.dmarc import from_alias
from maildoctor.registry import check, fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.domain import Applies, Zone


@fact
def soa(ask: Ask, domain: Domain) -> Answer:
    """The SOA record at the domain itself."""
    return ask(Dns(domain.name, "SOA"))


@fact
def dmarc_texts(ask: Ask, domain: Domain) -> Answer:
    """The TXT records at `_dmarc` below the domain."""
    return ask(Dns(names.child("_dmarc", domain.name), "TXT"))


@fact
def beneath_keys(ask: Ask, domain: Domain) -> Answer:
    """The TXT records at a selector that nobody published."""
    return ask(Dns(names.probe(names.child("_domainkey", domain.name)), "TXT"))


@check("dns-domain-missing", Severity.FAIL, "RFC 5321 5.1", "RFC 1034 4.2.2")
def dns_domain_missing(domain: Domain, existence: bool, zone: Zone) -> Iterator[Finding]:
    """The domain exists, and its zone has an SOA and NS records.

    Everything else hangs on it. Receivers refuse mail from a domain that does not exist, and nothing can be delivered to it.
    """
    name = bare(domain.name)
    if not existence:
        top = names.depth(zone.apex) < 2
        yield Finding(
            f"{name} does not exist in the DNS",
            where=domain.name,
            remedy=Remedy(
                "See at the registrar whether the domain has expired, and whether its name servers are the right ones."
                if top
                else f"Publish its records in the zone {bare(zone.apex)}. If that zone is not yours, "
                f"see at the registrar whether {name} has expired."
            ),
        )
    elif zone.soa.chain:
        raise ExplainedBy("dns-cname-beside-data")
    else:
        for type_, answer in (("SOA", zone.soa), ("NS", zone.servers)):
            if not answer.records:
                yield Finding(
                    f"{bare(zone.apex)} is the zone of {name}, but has no {type_} record",
                    where=zone.apex,
                    remedy=Remedy("See at the DNS host whether the zone is set up completely."),
                )


@check("dns-cname-beside-data", Severity.FAIL, "RFC 1034 3.6.2", "RFC 2181 10.1")
def dns_cname_beside_data(domain: Domain, existence: bool, zone: Zone, texts: Answer) -> Iterator[Finding]:
    """The domain, as the top of its zone, is no alias.

    Beside a CNAME no other record counts, and the top of a zone always has others. Receivers follow the alias, and never see the
    MX, SPF and other records that are published there.
    """
    if texts.chain and zone.apex == domain.name:
        yield Finding(
            f"{bare(domain.name)} is an alias of {bare(texts.chain[0])}, which hides all its other records",
            where=domain.name,
            found=texts.chain[:1],
            remedy=Remedy("Replace the CNAME by A and AAAA records, or by what the DNS host calls ALIAS, ANAME or flattening."),
        )


@check("dns-cname-dangling", Severity.FAIL, "RFC 1034 3.6.2")
def dns_cname_dangling(domain: Domain, texts: Answer, dmarc_texts: Answer, beneath: Answer) -> Iterator[Finding]:
    """The aliases at the domain and at its _dmarc name lead to records.

    Whoever looks there gets nothing, just as if no record were published. Usually the service behind the alias was cancelled.
    """
    if texts.chain and not texts.exists:
        yield _dangling(domain.name, texts)
    # What a wildcard aliases was never meant to hold a policy; and of a record entered as an alias `dmarc-misplaced` tells.
    entered = any(map(from_alias, dmarc_texts.chain[:1]))
    if dmarc_texts.chain and not dmarc_texts.records and dmarc_texts.chain != beneath.chain and not entered:
        yield _dangling(dmarc_texts.question.name, dmarc_texts)


def _dangling(name: str, answer: Answer) -> Finding:
    return Finding(
        f"{bare(name)} is an alias of {bare(answer.chain[0])}, where there is nothing",
        where=name,
        found=answer.chain,
        remedy=Remedy("Let the alias lead to a name that has the record, or publish the record itself in its place."),
    )


@dataclass(frozen=True)
class Wildcard:
    """Texts that a wildcard answers below `encloser`. `own`: those that stand in the wildcard itself, not behind an alias."""

    encloser: str
    name: str
    records: tuple[str, ...]
    own: tuple[str, ...]


@fact
def wildcards(ask: Ask, domain: Domain, beneath: Answer, beneath_keys: Answer) -> tuple[Wildcard, ...]:
    """The wildcards whose texts are more than refusals."""
    keys = names.child("_domainkey", domain.name)
    found = [(domain.name, beneath)] if _meant(beneath) else []
    if _meant(beneath_keys) and beneath_keys.records != beneath.records:
        found.append((keys, beneath_keys))
    looked = [(encloser, answer, ask(Dns(names.child("*", encloser), "TXT"))) for encloser, answer in found]
    return tuple(
        Wildcard(encloser, literal.question.name, answer.records, () if literal.chain else literal.records)
        for encloser, answer, literal in looked
    )


@check("dns-wildcard-answers", Severity.WARN, "RFC 6376 6.1.2", "RFC 7208 3.5")
def dns_wildcard_answers(
    domain: Domain, beneath: Answer, beneath_keys: Answer, wildcards: tuple[Wildcard, ...]
) -> Iterator[Finding]:
    """No wildcard puts texts at names where receivers look for policies and keys.

    A wildcard answers at every name that has no record of its own: _mta-sts, _smtp._tls, any DKIM selector. What is found there is
    taken for a broken policy or key. Refusals such as "v=spf1 -all" and empty keys do no harm and are not meant.
    """
    for wildcard in wildcards:
        yield Finding(
            f"every name below {bare(wildcard.encloser)} has a text, by a wildcard",
            where=wildcard.name,
            found=wildcard.records,
            remedy=Remedy(
                "Delete the wildcard record, and publish the text at the names that need it."
                if wildcard.own
                else "Give the names that need it an alias of their own in place of the wildcard.",
                delete=tuple(Record(wildcard.name, "TXT", value) for value in wildcard.own),
            ),
        )


def _meant(answer: Answer) -> bool:
    """Tell whether a wildcard's texts say more than "nothing is sent from here"."""
    return any(not _refusal("".join(text.text.lower().split())) for text in answer.texts)


def _refusal(text: str) -> bool:
    return text == "v=spf1-all" or text.removeprefix("v=dkim1;").rstrip(";") == "p="


@check("dns-dnssec-bogus", Severity.FAIL, "RFC 4033 5", "RFC 4035 5.5")
def dns_dnssec_bogus(domain: Domain, soa: Answer, texts: Answer) -> Iterator[Finding]:
    """If the zone is signed, its signatures validate.

    Most big receivers ask validating resolvers. To them a zone whose signatures are wrong or expired has no records at all: no MX,
    no SPF, no DKIM keys, no DMARC policy.
    """
    if any_of(lambda: soa.result.status == "bogus", lambda: texts.result.status == "bogus"):
        yield Finding(
            f"the answers for {bare(domain.name)} fail DNSSEC validation",
            where=domain.name,
            remedy=Remedy("Sign the zone anew, or have the registrar remove the DS record at the parent."),
        )


@fact
def delegation_signers(ask: Ask, zone: Zone) -> Answer | None:
    """The DS records of the zone at its parent; not asked for where an answer was seen to validate."""
    return None if zone.soa.result.authentic else ask(Dns(zone.apex, "DS"))


@check("dns-unsigned", Severity.NOTE, "RFC 7672 2.1")
def dns_unsigned(zone: Zone, receiving: Applies, delegation_signers: Answer | None) -> Iterator[Finding]:
    """The zone is signed with DNSSEC.

    Without it nothing is broken. Only DANE, by which senders make sure of the receiving host's certificate, needs signatures.
    """
    if delegation_signers is not None and not delegation_signers.records:
        yield Finding(
            f"the zone {bare(zone.apex)} is not signed with DNSSEC",
            where=zone.apex,
            remedy=Remedy("Turn DNSSEC on at the DNS host, if DANE is wanted."),
        )


@fact
def author_soa(ask: Ask, domain: Domain, settings: Settings) -> Answer | None:
    """The SOA answer for the name right of @ in the sender address; None where that is the domain itself."""
    host = settings.author.rpartition("@")[2]
    question = Dns.of(host, "SOA")
    return ask(question) if host and question.name != domain.name else None


@check("dns-sender-subdomain-missing", Severity.WARN, "Yahoo sender hub: SMTP error codes")
def dns_sender_subdomain_missing(sending: Applies, author_soa: Answer | None) -> Iterator[Finding]:
    """The name right of @ in the sender address exists.

    Some receivers, Yahoo among them, ask for the SOA of that name, and refuse the mail when the name does not exist. Any record
    there is enough.
    """
    for answer in sift(lambda answer: not answer.exists, [author_soa] if author_soa else []):
        name = bare(answer.question.name)
        yield Finding(
            f"{name} is written from, but does not exist in the DNS",
            where=answer.question.name,
            remedy=Remedy(f"Publish any record at {name}; an MX is best, so that replies arrive."),
        )
