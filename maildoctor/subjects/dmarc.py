"""DMARC: what a domain asks receivers to do with mail that is not authenticated as its own (RFC 9989).

The record is TXT at `_dmarc` below the domain in From; where there is none, that of the organizational domain holds, found by
walking up the tree. A text that does not begin with exactly `v=DMARC1` is no record, and several records at one name are none.
"""

from __future__ import annotations

from dataclasses import dataclass

from maildoctor import names
from maildoctor.ask import Answer, Ask, Dns, DoesNotApply, ExplainedBy, Undecided
from maildoctor.model import Record, Remedy
from maildoctor.names import bare
from maildoctor.rdata import Text
from maildoctor.records import dmarc
from maildoctor.records.dmarc import Dmarc
from maildoctor.registry import fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.dmarc_walk import Published, Step, Walk, is_public_suffix, walk
from maildoctor.subjects.dns_texts import clean
from maildoctor.subjects.domain import Roles


@dataclass(frozen=True)
class DmarcPolicy:
    """What holds for mail from the author domain.

    `policy`: "none", "quarantine", "reject", or "" where receivers apply no DMARC; `requested` is the same before `t=y` lowers it
    by a step. `inherited`: the record is not the domain's own.
    """

    published: Published | None
    requested: str = ""
    policy: str = ""
    inherited: bool = False

    @property
    def record(self) -> Dmarc | None:
        """The record, or None."""
        return self.published.record if self.published else None

    @property
    def at(self) -> str:
        """The domain whose record it is, or ""."""
        return self.published.domain if self.published else ""

    @property
    def testing(self) -> bool:
        """Whether `t=y` lowers the policy."""
        return bool(self.record and self.record.testing)

    @property
    def adkim(self) -> str:
        """How DKIM must be aligned: "r" relaxed, "s" strict."""
        return (self.record and self.record.value("adkim")) or "r"

    @property
    def aspf(self) -> str:
        """How SPF must be aligned: "r" relaxed, "s" strict."""
        return (self.record and self.record.value("aspf")) or "r"


@dataclass(frozen=True)
class Stray:
    """A DMARC text where no receiver looks for it: the whole data there, and the record that it was meant to be."""

    where: Record
    text: str


@dataclass(frozen=True)
class Elsewhere:
    """Where a record may have gone that `_dmarc` does not have. Nothing was looked for where it has one.

    `doubled` is the name with the zone appended once more, `beneath` one that nobody published. `audited`: the author domain is the
    audited one, of which other subjects tell too.
    """

    own: Step
    texts: tuple[Answer, ...] = ()
    doubled: Answer | None = None
    beneath: Answer | None = None
    audited: bool = True

    def strays(self) -> tuple[Stray, ...]:
        """The texts that lie at a wrong name, or are the target of an alias."""
        if not self.texts:
            return ()
        found = [_stray(Record(answer.question.name, "TXT", value)) for answer in self.texts for value in answer.records]
        found += [Stray(Record(self.own.name, "CNAME", target), dmarc.from_alias(target)) for target in self.own.answer.chain[:1]]
        return tuple(stray for stray in found if stray and stray.text)

    @property
    def is_doubled(self) -> bool:
        """Whether it was published with the zone appended once more, of which `dns-doubled-name` tells."""
        return self.doubled is not None and any(dmarc.parse(text.text) for text in self.doubled.texts)

    @property
    def dangles(self) -> bool:
        """Whether `_dmarc` is an alias that leads nowhere, of which `dns-cname-dangling` tells."""
        chain = self.own.answer.chain
        return self.beneath is not None and bool(chain) and not self.own.values and chain != self.beneath.chain


def _stray(record: Record) -> Stray | None:
    text = Text.parse(record.value).text
    place = dmarc.mention(text)
    return Stray(record, text[place:]) if place >= 0 else None


@fact
def author_domain(domain: Domain, settings: Settings) -> str:
    """The domain in From, whose policy receivers look up: the audited one, if no other was told."""
    return names.absolute(settings.author.rpartition("@")[2]) if settings.author else domain.name


@fact
def dmarc_walk(ask: Ask, author_domain: str) -> Walk:
    """The tree walk from the author domain."""
    return walk(ask, author_domain)


@fact
def dmarc_policy(ask: Ask, author_domain: str, dmarc_walk: Walk) -> DmarcPolicy:
    """The policy that holds for mail from the author domain."""
    published = dmarc_walk.policy_record()
    if published is None:
        return DmarcPolicy(None)
    inherited = published.domain != author_domain
    exists = not (inherited and published.record.value("np")) or _exists(ask(Dns(author_domain, "TXT")))
    requested = published.record.requested(below=inherited, exists=exists)
    return DmarcPolicy(published, requested, dmarc.lowered(requested) if published.record.testing else requested, inherited)


def _exists(answer: Answer) -> bool:
    # Behind an alias, NXDOMAIN is about its target (RFC 6604 2.1).
    return answer.exists or bool(answer.chain)


@fact
def dmarc_elsewhere(ask: Ask, domain: Domain, author_domain: str, dmarc_walk: Walk) -> Elsewhere:
    """Where the record may have gone. Probed only where `_dmarc` is empty."""
    own = dmarc_walk.steps[0]
    if own.records or own.meant:
        return Elsewhere(own, audited=author_domain == domain.name)
    texts = tuple(ask(Dns(name, "TXT")) for name in (author_domain, names.child("dmarc", author_domain)))
    if author_domain != domain.name:
        return Elsewhere(own, texts, audited=False)
    # The zone is that of the SOA record which comes with an empty answer (RFC 2308 2).
    zone = own.answer.result.zone
    apex = zone if zone and names.below(author_domain, zone) else author_domain
    return Elsewhere(own, texts, ask(Dns(names.under(own.name, apex), "TXT")), ask(Dns(names.probe(author_domain), "TXT")))


def sought(walk: Walk) -> tuple[Step, ...]:
    """Return the steps in which the fault lies if there is no valid record: the first, or, where that is empty, those above."""
    own = walk.steps[0]
    if own.records or own.meant:
        return (own,)
    return tuple(step for step in walk.steps[1:] if names.depth(step.domain) > 1)


def several(step: Step) -> bool:
    """Tell whether a name has more than one record, of which none counts (RFC 9989 4.10 step 2)."""
    return len(step.records) > 1


def hidden(text: str) -> bool:
    """Tell whether stray characters alone keep a text from being a record. Then `dns-txt-stray-characters` tells."""
    return dmarc.parse(text) is None and dmarc.parse(clean(text)) is not None


def cause(walk: Walk, elsewhere: Elsewhere) -> str:
    """Return the check that names why the author domain has no record of its own or above, or has several; "" where all is well."""
    steps = sought(walk)
    if any(several(step) for step in steps):
        return "dmarc-multiple-records"
    own = walk.steps[0]
    if own.meant and not own.valid:
        texts = [Text.parse(value).text for value in own.meant]
        return "dns-txt-stray-characters" if elsewhere.audited and all(map(hidden, texts)) else "dmarc-syntax"
    if walk.policy_record():
        return ""
    if any(step.meant for step in steps):
        return "dmarc-syntax"
    if elsewhere.is_doubled:
        return "dns-doubled-name"
    if elsewhere.strays():
        return "dmarc-misplaced"
    return "dns-cname-dangling" if elsewhere.dangles else "dmarc-missing"


def voided(record: Dmarc) -> str:
    """Return the check that tells why receivers do not follow the policy in a record, "" where they do (RFC 9989 4.10.1)."""
    if not record.broken:
        return ""
    if record.swallowing:
        return "dmarc-unknown-tags"
    return "dmarc-no-policy" if "p" in record.broken else "dmarc-subdomain-policy-invalid"


@fact
def dmarc_record(dmarc_walk: Walk, dmarc_policy: DmarcPolicy | Undecided, dmarc_elsewhere: Elsewhere, roles: Roles) -> Published:
    """The record that holds for the author domain, if there is exactly one and the domain's people can change it."""
    why = cause(dmarc_walk, dmarc_elsewhere)
    if isinstance(dmarc_policy, Undecided):
        raise ExplainedBy(why) if why else dmarc_policy
    published = dmarc_policy.published
    if why == "dmarc-missing" and dmarc_elsewhere.audited and roles.parked:
        raise ExplainedBy("dmarc-parked-domain-spoofable")
    if why or published is None:
        raise ExplainedBy(why)
    if published.record.value("psd") == "y" and dmarc_policy.inherited:
        if not is_public_suffix(published.domain):
            raise ExplainedBy("dmarc-psd-wrongly-set")
        raise DoesNotApply(f"the policy is that of the public suffix {bare(published.domain)}")
    cleaned = dmarc.parse(clean(published.record.text))
    if dmarc_elsewhere.audited and not dmarc_policy.inherited and published.record.broken and cleaned and not cleaned.broken:
        raise ExplainedBy("dns-txt-stray-characters")
    return published


@dataclass(frozen=True)
class Mailbox:
    """Where reports can go for want of a better address: RFC 5321 4.5.1 wants a postmaster wherever mail is received."""

    domain: str
    mx: Answer

    @property
    def uri(self) -> str:
        """Its address for `rua`, or "" where the domain receives no mail."""
        return f"mailto:postmaster@{bare(self.domain)}" if any(mx.host != "." for mx in self.mx.exchanges) else ""


@fact
def dmarc_mailbox(ask: Ask, author_domain: str) -> Mailbox:
    """The postmaster of the author domain."""
    return Mailbox(author_domain, ask(Dns(author_domain, "MX")))


def change(published: Published, record: Dmarc, text: str = "") -> Remedy:
    """Return the remedy that replaces a record; in words, where it is an alias to a name that others look after."""
    if published.aliased and not names.below(published.name, published.domain):
        return Remedy(text or f"Have whoever runs {bare(published.name)} change the record there to: {record.text}")
    return Remedy(text, publish=(published.data(record),), delete=(published.published,))


def new(domain: str, text: str) -> Record:
    """Return a record at `_dmarc` below a domain."""
    return Record(names.child("_dmarc", domain), "TXT", str(Text.of(text)))
