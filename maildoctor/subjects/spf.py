"""SPF (RFC 7208): which hosts may use a name as envelope sender.

A receiver asks at the name in MAIL FROM, never at the one in From. SES always writes a MAIL FROM of its own: the custom name below
the domain, or one of amazonses.com. So amazonses.com must be authorised at the MAIL FROM name, and has no effect at the domain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Literal

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, DoesNotApply, ExplainedBy, each, sift
from maildoctor.engines import spf_plain, spf_tree
from maildoctor.model import Record, Remedy
from maildoctor.names import bare
from maildoctor.rdata import Text
from maildoctor.records import spf, spf_repair
from maildoctor.registry import fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.mail_from import MailFrom, feedback
from maildoctor.subjects.mx import Exchangers

SES = "amazonses.com."
SES_TERM = "include:amazonses.com"
SES_ADDRESS = "54.240.8.1"
"""An address that SES sends from: in a block that every known version of the SPF record of amazonses.com lists."""


@dataclass(frozen=True)
class Entry:
    """One TXT record, SPF or not: `value` in presentation form, `strings` its parts."""

    value: str
    strings: tuple[str, ...]

    @property
    def text(self) -> str:
        """The strings joined without anything between them (RFC 7208 3.3)."""
        return "".join(self.strings)

    @cached_property
    def policy(self) -> spf.Policy:
        """What it says, read as an SPF record."""
        return spf.parse(self.text)

    @cached_property
    def apart(self) -> spf.Policy | None:
        """What it says with a space between its strings, where the joint made one term out of two; else None."""
        apart = spf_repair.unjoined(self.strings)
        return spf.parse(apart) if spf.is_policy(apart) else None


@dataclass(frozen=True)
class Site:
    """A name at which receivers look for an SPF record, and what it is used for."""

    name: str
    use: Literal["domain", "mail-from"]
    txt: Answer

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All its TXT records."""
        pairs = zip(self.txt.records, self.txt.texts, strict=True)
        return tuple(Entry(value, tuple(_decoded(part) for part in text.strings)) for value, text in pairs)

    @cached_property
    def records(self) -> tuple[Entry, ...]:
        """Its SPF records. One is right (RFC 7208 3.2)."""
        return tuple(entry for entry in self.entries if spf.is_policy(entry.text))

    @cached_property
    def only(self) -> Entry | None:
        """Its SPF record, if there is exactly one."""
        return self.records[0] if len(self.records) == 1 else None

    @cached_property
    def policy(self) -> spf.Policy | None:
        """What its record says, if there is exactly one, and without a fault."""
        return self.only.policy if self.only and not self.only.policy.faults and not self.only.apart else None

    @property
    def ses(self) -> bool:
        """Whether SES writes this name into the envelope."""
        return self.use == "mail-from"


def _decoded(part: bytes) -> str:
    return part.decode("utf-8", "surrogateescape")


@fact
def spf_sites(ask: Ask, domain: Domain, mx: Exchangers, mail_from: MailFrom) -> tuple[Site, ...]:
    """The names at which an SPF record matters: the domain itself, and each MAIL FROM name of SES."""
    own = any(feedback(record.host) for record in mx.records)
    uses: dict[str, Literal["domain", "mail-from"]] = {domain.name: "mail-from" if own else "domain"}
    uses |= {found.name: "mail-from" for found in mail_from.names}
    return tuple(Site(name, use, ask(Dns(name, "TXT"))) for name, use in uses.items())


@fact
def spf_trees(ask: Ask, spf_sites: tuple[Site, ...]) -> tuple[spf_tree.Tree, ...]:
    """For each of these names, the records that its record leads to."""
    return each(lambda site: spf_tree.read(ask, site.name), spf_sites)


@dataclass(frozen=True)
class SesSpf:
    """What a receiver computes for mail that SES sends with `name` in the envelope (check_host, RFC 7208 4).

    `result` in the words of RFC 7208; `because`: one plain sentence; `address`: the SES address it was computed for.
    """

    name: str
    result: str
    because: str
    address: str
    mechanism: str = ""


@fact
def ses_spf(ask: Ask, spf_sites: tuple[Site, ...]) -> tuple[SesSpf, ...]:
    """The SPF result of SES mail at each MAIL FROM name."""
    sites = [site for site in spf_sites if site.ses]
    return each(lambda site: evaluated(ask, site.name, SES_ADDRESS), sites)


@fact
def egress_spf(ask: Ask, domain: Domain, settings: Settings) -> tuple[SesSpf, ...]:
    """The SPF result of mail that leaves from each `--sender-ip` with the domain itself in the envelope."""
    return each(partial(evaluated, ask, domain.name), settings.sender_ips)


def evaluated(ask: Ask, name: str, address: str) -> SesSpf:
    """Compute SPF for mail from an address with a name in MAIL FROM and HELO."""
    tree = spf_tree.read(ask, name)  # whatever pyspf needs is asked for before it is imported
    mechanism = spf_plain.passing(tree, address)
    if mechanism:
        return SesSpf(name, "pass", _because(name, address, "pass", mechanism), address, mechanism)
    from maildoctor.engines.spf_evaluation import evaluate

    found = evaluate(ask, address, f"postmaster@{bare(name)}", bare(name))
    return SesSpf(name, found.result, _because(name, address, found.result, found.mechanism), address, found.mechanism)


def _because(name: str, address: str, result: str, mechanism: str) -> str:
    owner = bare(name)
    return {
        "pass": f"{owner} authorises {address} ({mechanism})",
        "none": f"{owner} has no SPF record",
        "permerror": f"the SPF record of {owner} cannot be evaluated",
        "neutral": f"{owner} says nothing about {address}",
    }.get(result, f"{owner} does not authorise {address} ({mechanism})")


def cause(site: Site) -> str:
    """Return the check that says why the record at a name does not count, or ""."""
    if len(site.records) > 1:
        return "spf-multiple-records"
    if site.only and site.only.apart:
        return "spf-joined-strings"
    return blame(site.only.policy.faults[0]) if site.only and site.only.policy.faults else ""


def blame(term: spf.Term) -> str:
    """Return the check that names the fault of a term."""
    kinds = {"address": "spf-address-malformed", "macro": "spf-macro-malformed", "repeated": "spf-modifier-repeated"}
    if spf_repair.means_ses(term):
        return "spf-ses-include-misspelt"
    return kinds.get(term.fault.kind, "spf-syntax") if term.fault else ""


def readable(sites: Iterable[Site]) -> Iterator[Site]:
    """Yield the names whose TXT records could be read. The others do not stop these: why they could not is raised at the end."""
    return sift(lambda site: site.txt.records is not None, sites)


def sound(sites: Iterable[Site]) -> Iterator[tuple[Site, spf.Policy]]:
    """Yield the names whose record counts, each with it. Raises why one does not, or why there are none."""
    found, why = False, ""
    for site in readable(sites):
        if site.policy:
            found = True
            yield site, site.policy
        elif not why:
            why = cause(site)
    if why:
        raise ExplainedBy(why)
    if not found:
        raise DoesNotApply("no SPF record is published")


def change(site: Site, new: spf.Policy, text: str = "", also: Entry | None = None) -> Remedy:
    """Return the remedy "publish this instead of all SPF records there, and of `also`"; only its text behind an alias."""
    if site.ses and not any("amazonses.com" in term.value.lower() or term.name == "redirect" for term in new.terms):
        new = new.with_term(SES_TERM)
    fresh = record(site.name, new)
    if new.faults or site.txt.chain:
        return Remedy(text)
    old = {Record(site.name, "TXT", entry.value) for entry in (*site.records, *((also,) if also else ()))}
    delete = tuple(sorted(old - {fresh}, key=str))
    return Remedy(text, publish=() if fresh in old else (fresh,), delete=delete)


def record(name: str, policy: spf.Policy) -> Record:
    """Return an SPF record as it is to be published, cut into strings of 255 octets."""
    return Record(name, "TXT", str(Text.of(str(policy))))


def is_ses(term: spf.Term) -> bool:
    """Tell whether a term includes the record of amazonses.com."""
    return term.name in ("include", "redirect") and not term.fault and names.bare(term.value.lower()) == "amazonses.com"
