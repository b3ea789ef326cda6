"""The domain itself: its zone, what it is for, and in which regions SES serves it.

What a domain is for decides which rules concern it. It is told, or found out from evidence; a role fact such as `sending` raises
`DoesNotApply` for the others, so a check says "only if sending" by naming that fact as a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from maildoctor import names
from maildoctor import regions as known_regions
from maildoctor.ask import Answer, Ask, CouldNotLook, Denied, Dns, DoesNotApply, ExplainedBy, NotAsked, Undecided, any_of, each
from maildoctor.model import Role
from maildoctor.records import spf
from maildoctor.registry import fact
from maildoctor.settings import Domain, Settings
from maildoctor.subjects.dkim import Selectors
from maildoctor.subjects.mail_from import MailFrom, find_mail_from
from maildoctor.subjects.mx import Exchangers
from maildoctor.subjects.ses import find_identities

TOLD = "told by --role or the configuration"
_MOST_REDIRECTS = 10  # RFC 7208 4.6.4
SENDING_ROLES = frozenset({"send", "bulk", "direct"})


@dataclass(frozen=True)
class Zone:
    """The zone that holds the domain. `apex` is its top; `servers` the names of its name servers, as its parent or itself says."""

    apex: str
    soa: Answer
    servers: Answer


@dataclass(frozen=True)
class Roles:
    """What the domain is for. Each part is the reason why it is so, "" where it is not, or why that could not be told."""

    told: tuple[str, ...]
    _ses: str | Undecided
    _sends: str | Undecided
    _receives: str | Undecided

    def __contains__(self, role: str) -> bool:
        if self.told:
            return role in self.told
        parts = {"send": "sends", "receive": "receives", "parked": "parked"}
        return bool(getattr(self, parts[role])) if role in parts else False

    @property
    def ses(self) -> str:
        """Why it is taken to send through Amazon SES."""
        return _read(self._ses)

    @property
    def sends(self) -> str:
        """Why it is taken to send mail in any way."""
        return _read(self._sends)

    @property
    def receives(self) -> str:
        """Why it is taken to receive mail."""
        return _read(self._receives)

    @property
    def parked(self) -> str:
        """Why it is taken to be in no use for mail."""
        if self.told:
            return TOLD if "parked" in self.told and not self.sends else ""
        return "" if self.sends or self.receives else "no MX, and no sign that it sends"

    @property
    def reasons(self) -> tuple[Role, ...]:
        """The roles it has, each with its reason; those that could not be told are left out."""
        if self.told:
            return tuple(Role(role, TOLD) for role in self.told)
        parts = (("send", self._sends), ("receive", self._receives))
        known = tuple(Role(name, because) for name, because in parts if because and isinstance(because, str))
        parked = not any(isinstance(because, Undecided) for _, because in parts) and self.parked
        return known or ((Role("parked", parked),) if parked else ())


def _read(because: str | Undecided) -> str:
    if isinstance(because, Undecided):
        raise because
    return because


@dataclass(frozen=True)
class Regions:
    """The AWS regions in which SES serves the domain, and how that is known. Empty: it could not be told."""

    names: tuple[str, ...]
    because: str


@fact
def beneath(ask: Ask, domain: Domain) -> Answer:
    """The TXT records at a name below the domain that nobody published: what a wildcard answers, or a denial."""
    return ask(Dns(names.probe(domain.name), "TXT"))


@fact
def existence(ask: Ask, domain: Domain) -> bool:
    """Whether the domain exists at all."""
    return find_existence(ask, domain)


def find_existence(ask: Ask, domain: Domain) -> bool:
    """Look for one answer other than NXDOMAIN. A function of its own, so that roles need not wait for a fact."""
    answers = (ask(Dns(domain.name, "TXT")), ask(Dns(domain.name, "MX")))
    return any_of(*(partial(_exists, answer) for answer in answers))


def _exists(answer: Answer) -> bool:
    # NXDOMAIN at the end of an alias is about its target (RFC 6604 2.1).
    return answer.exists or bool(answer.chain)


def _hidden(ask: Ask, domain: Domain) -> bool:
    """Tell whether the domain is the top of its zone and yet an alias, so that what it is for cannot be seen."""
    answers = (ask(Dns(domain.name, "TXT")), ask(Dns(domain.name, "MX")))
    beneath = ask(Dns(names.probe(domain.name), "TXT"))
    alias = any_of(*(partial(_aliased, answer) for answer in answers))
    return alias and beneath.result.zone == domain.name


def _aliased(answer: Answer) -> bool:
    return bool(answer.chain)


@fact
def zone(ask: Ask, domain: Domain, beneath: Answer) -> Zone:
    """The zone that holds the domain. Its top stands in every denial that it gives (RFC 2308 3)."""
    soa = ask(Dns(domain.name, "SOA"))
    servers = ask(Dns(domain.name, "NS"))
    apex = "" if beneath.chain else beneath.result.zone
    if not apex:
        # A wildcard left no denial to read.
        apex = domain.name if soa.records or soa.chain else soa.result.zone or domain.name
    if apex == domain.name:
        return Zone(apex, soa, servers)
    return Zone(apex, ask(Dns(apex, "SOA")), ask(Dns(apex, "NS")))


@fact
def texts(ask: Ask, domain: Domain) -> Answer:
    """The TXT records at the domain itself."""
    return ask(Dns(domain.name, "TXT"))


@fact
def roles(ask: Ask, domain: Domain, settings: Settings) -> Roles:
    """What the domain is for: as told, or from its MX, SPF, MAIL FROM and DKIM names."""
    found = None if settings.roles else _signs(ask, domain, settings)
    if not find_existence(ask, domain):
        raise ExplainedBy("dns-domain-missing")
    if _hidden(ask, domain):
        raise ExplainedBy("dns-cname-beside-data")
    if found is None:
        told = TOLD if SENDING_ROLES.intersection(settings.roles) else ""
        given = "sender addresses were given" if settings.sender_ips else ""
        return Roles(settings.roles, told, told or given, TOLD if "receive" in settings.roles else "")
    results = each(lambda sign: sign(), found)
    # SES itself is asked last, where the DNS shows no sign of it: it takes its time.
    seen = any(isinstance(result, str) and result for result in results[:5])
    known = "" if seen else _sign("SES has an identity for it", lambda: _identified(ask, domain, settings))()
    return Roles((), _first((*results[:5], known)), _first((*results[:8], known)), _first(results[8:]))


def _signs(ask: Ask, domain: Domain, settings: Settings) -> tuple[Callable[[], str | Undecided], ...]:
    """Ask for all signs of use; the first five are of SES, the first eight of sending, the last of receiving."""
    texts = ask(Dns(domain.name, "TXT"))
    legacy = ask(Dns(names.child("_amazonses", domain.name), "TXT"))
    keys = ask(Dns(names.child("_domainkey", domain.name), "TXT"))
    beneath = ask(Dns(names.probe(domain.name), "TXT"))
    beneath_keys = ask(Dns(names.probe(names.child("_domainkey", domain.name)), "TXT"))
    mx = ask(Dns(domain.name, "MX"))
    return (
        _sign("DKIM tokens of SES were given", lambda: bool(settings.dkim_tokens)),
        _sign("a MAIL FROM name was given", lambda: bool(settings.mail_from)),
        _sign("a name below it has the MX of an SES MAIL FROM", lambda: bool(find_mail_from(ask, domain, settings).names)),
        _sign("its SPF record includes amazonses.com", lambda: _mentions_ses(texts)),
        _sign("_amazonses holds an SES verification token", lambda: not set(legacy.records) <= set(beneath.records)),
        _sign("sender addresses were given", lambda: bool(settings.sender_ips)),
        _sign("its SPF record authorises senders", lambda: _authorises(ask, texts)),
        # Where a name that nobody published exists, by a wildcard or as some servers sign denials, existing proves nothing; and
        # "*._domainkey" with an empty key is how a domain says that it signs nothing (RFC 6376 3.6.1).
        _sign(
            "_domainkey exists, so DKIM keys are published", lambda: keys.exists and not beneath.exists and not beneath_keys.exists
        ),
        _sign("it has MX records", lambda: any(host.host != "." for host in mx.exchanges)),
    )


def _identified(ask: Ask, domain: Domain, settings: Settings) -> bool:
    """Tell whether SES has an identity of this very name, and the domain does not say that it sends nothing (-all)."""
    own = [identity for identity in find_identities(ask, domain, settings).found if identity.name == domain.name]
    policies = _spf(ask(Dns(domain.name, "TXT")))
    silent = bool(policies) and all(policy.strip(" \"'") == "-all" for policy in policies)
    return any(identity.mail_from.get("MailFromDomain") or not silent for identity in own)


def _sign(words: str, holds: Callable[[], bool]) -> Callable[[], str | Undecided]:
    """Return a test that yields its words, "" or the reason why it could not look."""

    def test() -> str | Undecided:
        try:
            return words if holds() else ""
        except (NotAsked, Denied):
            return ""
        except CouldNotLook as reason:
            return reason

    return test


def _first(results: Iterable[str | Undecided]) -> str | Undecided:
    """Return the first sign that was seen; failing that, the first that could not be looked for; or ""."""
    found = [result for result in results if result]
    return next((result for result in found if isinstance(result, str)), found[0] if found else "")


def _spf(texts: Answer) -> list[str]:
    """Return what stands behind the version of each text that is meant as SPF, rightly written or not."""
    records = (text.text.lower() for text in texts.texts)
    return [record.partition("v=spf1")[2] for record in records if "v=spf1" in record[:12]]


def _mentions_ses(texts: Answer) -> bool:
    return any("amazonses.com" in record for record in _spf(texts))


def _authorises(ask: Ask, texts: Answer, hops: int = 0) -> bool:
    """Tell whether an SPF record lets anybody send, itself or by redirect; so may one that is neutral or cannot be read."""
    return any(_lets_send(ask, spf.parse("v=spf1 " + record.strip(" \"'")), hops) for record in _spf(texts))


def _lets_send(ask: Ask, policy: spf.Policy, hops: int) -> bool:
    if policy.faults or policy.tested:
        return True
    target = policy.redirect.target("") if policy.redirect and hops < _MOST_REDIRECTS else ""
    if target:
        return _authorises(ask, ask(Dns(target, "TXT")), hops + 1)
    return policy.all is None or policy.all.qualifier not in ("-", "~")


@fact
def regions(settings: Settings, mx: Exchangers, mail_from: MailFrom, selectors: Selectors | Undecided) -> Regions:
    """The regions of SES: as told, or as the host names of MX, MAIL FROM and DKIM records carry them, or as SES has identities."""
    if settings.regions:
        return Regions(settings.regions, "told by --region or the configuration")
    if isinstance(selectors, Denied):
        selectors = Selectors(())
    if isinstance(selectors, Undecided):
        raise selectors
    table = known_regions.table()
    sources = (
        ("MX", [table.region_of("inbound_smtp", host.host) for host in mx.hosts]),
        ("MAIL FROM", [name.region for name in mail_from.names]),
        # A copy of an identity has the aliases of the other region (Deterministic Easy DKIM); SES itself knows better.
        ("SES", [identity.region for identity in selectors.identities])
        if selectors.asked
        else ("DKIM", [table.region_of("dkim_zone", target) for target in selectors.targets()]),
    )
    found = {region: words for words, known in reversed(sources) for region in known if region}
    because = ", ".join(f"{region} from the {found[region]} records" for region in sorted(found))
    return Regions(tuple(sorted(found)), because)


@dataclass(frozen=True)
class Applies:
    """A role that the domain has: a check that names such a fact applies only then."""

    because: str


def _only(held: str, otherwise: str) -> Applies:
    if not held:
        raise DoesNotApply(otherwise)
    return Applies(held)


@fact
def sending(roles: Roles) -> Applies:
    """The domain sends mail."""
    return _only(roles.sends, "the domain shows no sign that it sends mail")


@fact
def ses_sending(roles: Roles) -> Applies:
    """The domain sends mail through Amazon SES."""
    return _only(roles.ses, "the domain shows no sign that it sends through Amazon SES (or say --role send)")


@fact
def receiving(roles: Roles) -> Applies:
    """The domain receives mail."""
    return _only(roles.receives, "the domain has no MX: it does not receive mail")


@fact
def bulk(roles: Roles) -> Applies:
    """The domain sends 5,000 messages a day or more to one of the big mailbox providers."""
    return _only(("bulk" in roles and TOLD) or "", "the domain is no bulk sender, as far as was told (--role bulk)")


@fact
def direct(roles: Roles, settings: Settings) -> Applies:
    """An own mail server delivers straight to the MX of the recipients."""
    held = TOLD if "direct" in roles else "sender addresses were given" if settings.sender_ips else ""
    return _only(held, "no own server delivers its mail, as far as was told (--role direct, --sender-ip)")


@fact
def idle(roles: Roles) -> Applies:
    """The domain sends nothing."""
    return _only("" if roles.sends else "no sign that it sends", "the domain sends mail")


@fact
def parked(roles: Roles) -> Applies:
    """The domain neither sends nor receives."""
    return _only(roles.parked, "the domain is in use for mail")
