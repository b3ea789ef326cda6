"""Checks of the Easy DKIM aliases: each names one way in which they are missed, and what to publish instead."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import CouldNotLook, ExplainedBy, Undecided
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.dkim import KeyTree, Selector, Selectors
from maildoctor.subjects.dkim_keys import Homes, Keys
from maildoctor.subjects.dkim_tokens import WILDCARD, Fault, Token, Tokens
from maildoctor.subjects.domain import Roles

EASY_DKIM = "SES developer guide: send-email-authentication-dkim-easy"
TROUBLE = "SES developer guide: troubleshoot-dkim"
Missed = tuple[tuple[Token, Fault], ...]


def ask_ses(domain: Domain, selector: Selector | None = None) -> str:
    """Return the command that shows what SES expects."""
    if selector and selector.identity:
        return selector.identity.command("get-email-identity --query DkimAttributes")
    return f"aws sesv2 get-email-identity --email-identity {names.bare(domain.name)} --query DkimAttributes"


def these(missed: Missed) -> str:
    """Name the records of several tokens in few words."""
    first = names.bare(missed[0][0].selector.name)
    return first if len(missed) == 1 else f"{first} and {len(missed) - 1} more"


def number(missed: Missed, one: str, several: str) -> str:
    return one if len(missed) == 1 else several


def _wrong(missed: Missed) -> tuple[Record, ...]:
    return tuple(record for _, fault in missed for record in fault.wrong)


def about_missed(domain: Domain, missed: Missed, homes: Homes | Undecided, message: str, text: str) -> Finding:
    """Return one finding about tokens that were missed in the same way, with the aliases that cure it."""
    right = tuple(record for token, fault in missed for record in _right(token, fault, homes))
    return Finding(
        message,
        where=missed[0][0].selector.name,
        found=tuple(f"{record.name} {record.type} {record.value}" for record in _wrong(missed)),
        expected=tuple(f"{record.name} {record.type} {record.value}" for record in right),
        remedy=_remedy(missed, right, text) if len(right) >= len(missed) else _look_up(domain, missed, text),
    )


def _right(token: Token, fault: Fault, homes: Homes | Undecided) -> tuple[Record, ...]:
    """Return what belongs at the name of a selector, if that is known: a key of one's own is moved as it is."""
    if not token.selector.easy:
        return tuple(Record(token.selector.name, record.type, record.value) for record in fault.wrong)
    target = "" if isinstance(homes, Undecided) else homes.target(token)
    return (Record(token.selector.name, "CNAME", target),) if target else ()


def _remedy(missed: Missed, right: tuple[Record, ...], text: str) -> Remedy:
    if any(fault.detail == WILDCARD for _, fault in missed):
        # The plan cannot show it: what a wildcard makes is no record that one could delete.
        return Remedy(f"{text} A wildcard answers in their place now; it does not for names that have records of their own.")
    wrong = _wrong(missed)
    return Remedy(
        text,
        publish=tuple(record for record in right if record not in wrong),
        delete=tuple(record for record in wrong if record not in right),
    )


def _look_up(domain: Domain, missed: Missed, text: str) -> Remedy:
    words = f"{text} SES shows the value of each alias: TOKEN.SigningHostedZone of what this command prints."
    return Remedy(words, commands=(ask_ses(domain, missed[0][0].selector),))


@check("dkim-token-missing", Severity.FAIL, "RFC 6376 3.6.2.1", "RFC 8020 2", EASY_DKIM)
def dkim_token_missing(
    domain: Domain,
    selectors: Selectors,
    tokens: Tokens | Undecided,
    homes: Homes | Undecided,
    roles: Roles | Undecided,
    key_tree: KeyTree | Undecided,
) -> Iterator[Finding]:
    """Each Easy DKIM token has its CNAME record.

    SES signs with the key of one token and may move to another at any time. A receiver that finds no key for the one in use counts
    the signature as failed. SES looks for all three again and again, and stops signing when they are lost.
    """
    if isinstance(tokens, Undecided):
        if (
            not selectors.all
            and not selectors.identities
            and isinstance(key_tree, KeyTree)
            and key_tree.hopeless
            and isinstance(roles, Roles)
            and roles.ses
        ):
            yield _nothing_at_all(domain, key_tree, roles)
            return
        raise tokens
    every = tokens.missed("dkim-token-missing")
    missed = tuple((token, fault) for token, fault in every if not token.lost)
    if every and not missed:
        raise ExplainedBy("dkim-token-lost-in-move")
    if missed:
        verb = number(missed, "has no CNAME record", "have no CNAME record")
        text = "Publish the missing aliases; they must stay for ever."
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}", text)


def _nothing_at_all(domain: Domain, key_tree: KeyTree, roles: Roles) -> Finding:
    name = names.bare(key_tree.name)
    return Finding(
        f"{name} does not exist, so no DKIM key of any selector can be found below it",
        where=key_tree.name,
        expected=(f"TOKEN._domainkey.{domain.name} CNAME TOKEN.SigningHostedZone, for each of three tokens",),
        remedy=Remedy(
            f"It is taken to send through Amazon SES: {roles.ses}. Publish the three aliases that SES shows for its identity.",
            commands=(ask_ses(domain),),
        ),
    )


@check("dkim-token-doubled-name", Severity.FAIL, TROUBLE)
def dkim_token_doubled_name(domain: Domain, tokens: Tokens, homes: Homes | Undecided) -> Iterator[Finding]:
    """No DKIM record is published under a name that repeats the domain.

    Many DNS panels add the domain to whatever is entered: the whole name, as SES shows it, becomes TOKEN._domainkey.DOMAIN.DOMAIN.
    Nobody looks there, so DKIM fails for all mail that SES signs with this key.
    """
    missed = tokens.missed("dkim-token-doubled-name")
    if missed:
        wrong = names.bare(_wrong(missed)[0].name)
        verb = number(missed, "is published under a doubled name", "are published under doubled names")
        text = "In the panel, enter only TOKEN._domainkey as host name (or end the whole name with a dot)."
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}: {wrong}", text)


@check("dkim-name-mistyped", Severity.FAIL, "RFC 6376 3.6.2.1", TROUBLE)
def dkim_name_mistyped(domain: Domain, tokens: Tokens, homes: Homes | Undecided) -> Iterator[Finding]:
    """No DKIM record is published under a misspelt name.

    The name is the token, a dot, _domainkey, a dot and the domain. Lost dots, lost underscores and underscores before the token are
    the usual slips; receivers and SES look at the exact name only.
    """
    missed = tokens.missed("dkim-name-mistyped")
    if missed:
        wrong = names.bare(_wrong(missed)[0].name)
        verb = number(missed, "is published under a misspelt name", "are published under misspelt names")
        text = "If the DNS host refuses the underscore of _domainkey, it cannot serve DKIM: ask its support, or change the host."
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}: {wrong}", text)


@check("dkim-token-stray-characters", Severity.FAIL, "RFC 6376 3.6.2.1", TROUBLE)
def dkim_token_stray_characters(domain: Domain, tokens: Tokens, homes: Homes | Undecided) -> Iterator[Finding]:
    """The DKIM aliases have no stray characters in name or target.

    A blank, a quote or a piece of an address that was copied along becomes part of the name. The DNS takes it as it is, and the
    alias leads to a name that does not exist.
    """
    missed = tokens.missed("dkim-token-stray-characters")
    if missed:
        verb = number(missed, "has stray characters in its name or target", "have stray characters in their names or targets")
        text = "Type the record again; do not paste what stands around it."
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}", text)


@check("dkim-target-missing-dot", Severity.FAIL, "RFC 1035 5.1", TROUBLE)
def dkim_target_missing_dot(domain: Domain, tokens: Tokens, homes: Homes | Undecided) -> Iterator[Finding]:
    """The target of each DKIM alias ends at amazonses.com.

    A target without a final dot is completed with the zone's own name. The alias then leads below the own domain, where SES has
    no key.
    """
    missed = tokens.missed("dkim-target-missing-dot")
    if missed:
        wrong = names.bare(_wrong(missed)[0].value)
        verb = number(missed, "has a target with the own domain appended", "have targets with the own domain appended")
        text = "End the target with a dot; where the panel adds the zone, leave that out."
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}: {wrong}", text)


@check("dkim-token-as-txt", Severity.FAIL, "RFC 6376 3.6.2.1", EASY_DKIM)
def dkim_token_as_txt(domain: Domain, tokens: Tokens, homes: Homes | Undecided) -> Iterator[Finding]:
    """The DKIM records of SES are aliases (CNAME), not texts.

    The value that SES gives is the name of the key, not the key. In a TXT record it is mere text, and nobody follows it.
    """
    missed = tokens.missed("dkim-token-as-txt")
    if missed:
        verb = number(missed, "is a TXT record that holds the name of the key", "are TXT records that hold the names of the keys")
        text = "Delete the TXT record and enter the same name and value with the type CNAME."
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}", text)


@check("dkim-token-proxied", Severity.FAIL, TROUBLE)
def dkim_token_proxied(domain: Domain, tokens: Tokens, homes: Homes | Undecided) -> Iterator[Finding]:
    """No DKIM alias is replaced by the addresses of a proxy.

    A content delivery network that proxies a name answers with its own addresses and hides the alias. SES and receivers then find
    neither CNAME nor key.
    """
    missed = tokens.missed("dkim-token-proxied")
    if missed:
        verb = number(missed, "answers with an address instead of its CNAME", "answer with an address instead of their CNAME")
        text = 'Set the record to "DNS only" (at Cloudflare: the grey cloud). Then the alias is seen as it was entered.'
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}: {missed[0][1].detail}", text)


@check("dkim-token-flattened", Severity.FAIL, TROUBLE)
def dkim_token_flattened(domain: Domain, tokens: Tokens, homes: Homes | Undecided) -> Iterator[Finding]:
    """No DKIM alias is flattened by the DNS host.

    Flattening answers with what is found behind an alias instead of the alias. SES looks for the CNAME itself, and there is no
    address behind it, so that often nothing is left to answer with.
    """
    missed = tokens.missed("dkim-token-flattened")
    if missed:
        key = all(fault.detail for _, fault in missed)
        shown = "answers with a key in place of its CNAME" if key else "exists, but shows neither a CNAME nor anything else"
        several = "answer with keys in place of their CNAME" if key else "exist, but show neither a CNAME nor anything else"
        text = "Turn off CNAME flattening for these names (at Cloudflare: not for all CNAME records)."
        yield about_missed(domain, missed, homes, f"{these(missed)} {number(missed, shown, several)}", text)


@check("dkim-token-beside-data", Severity.FAIL, "RFC 1034 3.6.2", "RFC 2181 10.1")
def dkim_token_beside_data(domain: Domain, tokens: Tokens, keys: Keys | Undecided, homes: Homes | Undecided) -> Iterator[Finding]:
    """Each DKIM alias is alone at its name.

    A name that is an alias may have no second alias and no other records. Resolvers take whichever they meet first, so that the
    key is found on some days and by some receivers only.
    """
    missed = tokens.missed("dkim-token-beside-data")
    if missed:
        verb = number(missed, "has more than one CNAME record", "have more than one CNAME record each")
        yield about_missed(domain, missed, homes, f"{these(missed)} {verb}", "Keep one alias a name and delete the others.")
    for place in keys.places if isinstance(keys, Keys) else ():
        if not place.bogus and place.mixed:
            yield _texts_beside(place.selector)
    if isinstance(keys, CouldNotLook):
        raise keys


def _texts_beside(selector: Selector) -> Finding:
    texts = tuple(Record(selector.name, "TXT", record) for record in selector.key.records)
    alias = tuple(Record(selector.name, "CNAME", target) for target in selector.cname.records)
    return Finding(
        f"{names.bare(selector.name)} has TXT records beside its CNAME record",
        where=selector.name,
        found=tuple(record.value for record in texts),
        remedy=Remedy("Keep the alias and delete the TXT records.", publish=alias, delete=texts),
    )


@check("dkim-token-wrong-zone", Severity.FAIL, "SES API: DkimAttributes.SigningHostedZone", EASY_DKIM)
def dkim_token_wrong_zone(domain: Domain, tokens: Tokens, keys: Keys, homes: Homes) -> Iterator[Finding]:
    """Each DKIM alias leads into the zone in which SES holds its key.

    SES keeps the keys of some regions and identities in a zone of their own, such as dkim.REGION.amazonses.com. In another zone the
    same token has no key.
    """
    missed = tokens.missed("dkim-token-wrong-zone")
    strange = tuple((token, fault) for token, fault in missed if not fault.detail)
    if strange:
        wrong = names.bare(_wrong(strange)[0].value)
        verb = number(strange, "leads to a name that is no DKIM name of SES", "lead to names that are no DKIM names of SES")
        text = "The target is the token, followed by the zone that SES names for this identity."
        yield about_missed(domain, strange, homes, f"{these(strange)} {verb}: {wrong}", text)
    other = tuple((token, fault) for token, fault in missed if fault.detail)
    if other:
        verb = number(other, "leads into another zone", "lead into another zone")
        text = "The target is the token, followed by the zone that SES names for this identity (SigningHostedZone)."
        message = f"{these(other)} {verb} than the one that SES looks in, {names.bare(other[0][1].detail)}"
        yield about_missed(domain, other, homes, message, text)
    astray = in_other_zone(tokens, keys, homes)
    if astray:
        verb = number(astray, "leads into a zone without its key", "lead into a zone without their keys")
        text = "SES holds the key in another of its zones: change the target."
        yield about_missed(domain, astray, homes, f"{these(astray)} {verb}: {names.bare(astray[0][0].zone)}", text)


def in_other_zone(tokens: Tokens, keys: Keys, homes: Homes) -> Missed:
    """Return the tokens whose alias leads to no key, while another zone of SES has it."""
    absent = {place.selector for place in keys.read() if place.empty}
    return tuple(
        (
            token,
            Fault(
                "dkim-token-wrong-zone",
                tuple(Record(token.selector.name, "CNAME", target) for target in token.selector.cname.records),
            ),
        )
        for token in tokens.placed
        if token.selector in absent and homes.target(token)
    )
