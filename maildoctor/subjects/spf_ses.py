"""SPF: whether mail that SES sends passes it, at the MAIL FROM name, and what is written for SES where it has no effect."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from maildoctor import regions
from maildoctor.ask import Ask, Dns, DoesNotApply, ExplainedBy, Undecided, any_of
from maildoctor.engines.spf_tree import Tree
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.records import spf, spf_repair
from maildoctor.registry import check, fact
from maildoctor.subjects.mail_from import MailFrom
from maildoctor.subjects.mail_from_found import MailFromFound
from maildoctor.subjects.mx import WorkMail
from maildoctor.subjects.spf import SES, SES_TERM, SesSpf, Site, change, is_ses, readable, sound
from maildoctor.subjects.spf_lookups import MOST_LOOKUPS, permanent


@check("spf-ses-not-authorised", Severity.FAIL, "SES developer guide: mail-from", "RFC 7208 4")
def spf_ses_not_authorised(
    spf_sites: tuple[Site, ...],
    spf_trees: tuple[Tree, ...],
    ses_spf: tuple[SesSpf, ...],
    spf_ses_blocks: tuple[Hardcoded, ...],
    mail_from_found: MailFromFound | Undecided,
) -> Iterator[Finding]:
    """The SPF record of the MAIL FROM name authorises Amazon SES.

    SES sends with this name in the envelope from addresses of Amazon's. Unless the record includes amazonses.com, each message
    fails SPF, and DMARC hangs on DKIM alone.
    """
    if not ses_spf and isinstance(mail_from_found, Undecided):
        raise mail_from_found
    explained = ""
    for found in ses_spf:
        site = next(site for site in spf_sites if site.name == found.name)
        if found.result == "pass":
            continue
        tree = next(tree for tree in spf_trees if tree.root == site.name)
        explained = _explained(site, tree, spf_ses_blocks)
        if not explained and site.policy:
            new = site.policy.with_term(SES_TERM)
            message = f"the SPF record of {bare(site.name)} does not authorise Amazon SES: mail gets {found.result}"
            remedy = change(site, new, f"Add {SES_TERM}.")
            values = tuple(entry.value for entry in site.records)
            yield Finding(message, where=site.name, found=values, expected=(str(new),), remedy=remedy)
    if explained:
        raise ExplainedBy(explained)


def _explained(site: Site, tree: Tree, hardcoded: tuple[Hardcoded, ...]) -> str:
    """Return the check that already says why SES does not pass, or ""."""
    if not site.records:
        return "mail-from-spf-missing"
    if not site.policy or permanent(site, tree):
        return permanent(site, tree)
    terms = site.policy.terms
    causes = {
        "spf-ses-include-misspelt": any(map(spf_repair.means_ses, terms)),
        "spf-ses-include-wrong-qualifier": any(is_ses(term) and term.qualifier.strip("+") for term in site.policy.tested),
        "spf-modifier-for-mechanism": any(term.modifier and term.name in spf.MECHANISMS for term in terms),
        "spf-terms-after-all": any(map(is_ses, site.policy.lost)),
        "spf-ses-addresses-hardcoded": any(found.site == site for found in hardcoded),
    }
    return next((check for check, holds in causes.items() if holds), "")


@check("spf-ses-include-at-apex", Severity.NOTE, "RFC 7208 2.4", "SES developer guide: mail-from")
def spf_ses_include_at_apex(
    spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...], mail_from: MailFrom, workmail: WorkMail | None
) -> Iterator[Finding]:
    """The SPF record of the domain itself does not include amazonses.com, where it has no effect.

    SES never writes the domain itself into the envelope, so no receiver asks for its SPF record when SES mail comes in. The include
    costs one of ten lookups, and lets every customer of SES pass SPF with your domain in the envelope.
    """
    if workmail and workmail.used:
        raise DoesNotApply("WorkMail sends with the domain itself in the envelope, so it needs the include there")
    for site, policy in sound(site for site in spf_sites if not site.ses):
        useless = [term for term in policy.tested if is_ses(term) and not term.qualifier.strip("+")]
        if not useless or _is_led_to(site, spf_sites, spf_trees):
            continue
        if next(tree for tree in spf_trees if tree.root == site.name).cost() > MOST_LOOKUPS:
            raise ExplainedBy("spf-too-many-lookups")
        new = policy.without(useless)
        message = f"{SES_TERM} in the SPF record of {bare(site.name)} has no effect: SES mail is judged at the MAIL FROM name"
        text = "It is needed at the custom MAIL FROM name alone; here it can go."
        # Without a MAIL FROM name it may be the only sign that the domain uses SES.
        remedy = change(site, new, text) if mail_from.names else Remedy(text)
        yield Finding(message, where=site.name, found=tuple(term.text for term in useless), expected=(str(new),), remedy=remedy)


def _is_led_to(site: Site, sites: tuple[Site, ...], trees: tuple[Tree, ...]) -> bool:
    """Tell whether the record of a MAIL FROM name refers to that of this one."""
    leading = [tree for tree, each in zip(trees, sites, strict=True) if each.ses]
    return any_of(*(partial(_refers, tree, site.name) for tree in leading))


def _refers(tree: Tree, name: str) -> bool:
    return any(lookup.follows and lookup.target == name for _, lookup in tree.below())


@check("spf-ses-include-misspelt", Severity.FAIL, "SES developer guide: mail-from", "RFC 7208 5.2")
def spf_ses_include_misspelt(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """The include that is meant for Amazon SES names amazonses.com.

    No other name has the SPF record of SES: not amazonaws.com, no SMTP or feedback host, nothing below _spf. An include that
    leads to no record is an error of the whole record.
    """
    for site in readable(spf_sites):
        entry = site.only
        wrong = tuple(term for term in entry.policy.terms if spf_repair.means_ses(term)) if entry and not entry.apart else ()
        if entry and wrong:
            mended = spf_repair.mend(entry.policy)
            message = f"the SPF record of {bare(site.name)} means to include amazonses.com, but names something else"
            remedy = change(site, mended, f"Write {SES_TERM}.") if mended else Remedy(f"Write {SES_TERM}.")
            yield Finding(message, where=site.name, found=tuple(term.text for term in wrong), expected=(SES_TERM,), remedy=remedy)


@check("spf-ses-include-wrong-qualifier", Severity.FAIL, "RFC 7208 4.6.2", "RFC 7208 5.2")
def spf_ses_include_wrong_qualifier(spf_sites: tuple[Site, ...], mail_from: MailFrom) -> Iterator[Finding]:
    """The include of amazonses.com carries no sign that turns it around.

    -include:amazonses.com says that mail from SES is forged, ~ and ? that it may be. Only without a sign, or with +, does SES pass.
    """
    for site, policy in sound(spf_sites):
        wrong = [term for term in policy.tested if is_ses(term) and term.qualifier.strip("+")]
        if wrong:
            new = policy.without(wrong)
            remedy = Remedy("It is needed at the custom MAIL FROM name alone, without the sign; here it can go.")
            if site.ses:
                for term in wrong:
                    new = new.with_term(term.text[1:])
                remedy = change(site, new, "Remove the sign.")
            elif mail_from.names:
                remedy = change(site, new, remedy.text)
            message = f"{wrong[0].text} in the SPF record of {bare(site.name)} does not authorise Amazon SES"
            severity = None if site.ses else Severity.WARN
            found = tuple(term.text for term in wrong)
            yield Finding(message, where=site.name, found=found, expected=(str(new),), remedy=remedy, severity=severity)


@dataclass(frozen=True)
class Hardcoded:
    """Addresses of SES that a record lists itself instead of including amazonses.com; `missing`: blocks that it does not list."""

    site: Site
    terms: tuple[spf.Term, ...]
    missing: tuple[str, ...]


@fact
def spf_ses_blocks(ask: Ask, spf_sites: tuple[Site, ...]) -> tuple[Hardcoded, ...]:
    """The records that list addresses of SES. The record of amazonses.com is read only where there are such."""
    shipped = _blocks(regions.table().spf)
    suspects = [(site, site.policy) for site in spf_sites if site.policy and _listed(site, site.policy, shipped)]
    if not suspects:
        return ()
    texts = [text.text for text in ask(Dns(SES, "TXT")).texts if spf.is_policy(text.text)]
    current = _blocks(texts[0]) if len(texts) == 1 else shipped
    return tuple(Hardcoded(site, _listed(site, policy, shipped), _missing(policy, current)) for site, policy in suspects)


def _blocks(record: str) -> tuple[spf.Network, ...]:
    return tuple(term.network for term in spf.parse(record).terms if term.network)


def _listed(site: Site, policy: spf.Policy, blocks: tuple[spf.Network, ...]) -> tuple[spf.Term, ...]:
    """Return the terms that list SES addresses. At the domain itself only whole blocks: a single one may be a host of its own."""
    if any(map(is_ses, policy.terms)):
        return ()
    return tuple(
        term
        for term in policy.tested
        if term.network and (term.network in blocks or (site.ses and any(_within(term.network, block) for block in blocks)))
    )


def _missing(policy: spf.Policy, blocks: tuple[spf.Network, ...]) -> tuple[str, ...]:
    listed = [term.network for term in policy.tested if term.network and not term.qualifier.strip("+")]
    return tuple(str(block) for block in blocks if not any(_within(block, network) for network in listed))


def _within(inner: spf.Network, outer: spf.Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


@check("spf-ses-addresses-hardcoded", Severity.WARN, "SES developer guide: mail-from")
def spf_ses_addresses_hardcoded(spf_ses_blocks: tuple[Hardcoded, ...]) -> Iterator[Finding]:
    """No SPF record lists the addresses of Amazon SES itself.

    Amazon adds and removes addresses without notice, and keeps the record of amazonses.com up to date. A copy of it grows old: one
    day SES sends from an address that is not in it.
    """
    for found in spf_ses_blocks:
        site, policy = found.site, found.site.policy
        if policy is None:
            continue
        new = policy.exchanging(found.terms[0], SES_TERM) if site.ses else policy
        new = new.without(found.terms)
        stale = f", and misses {len(found.missing)} of its networks" if found.missing else ""
        yield Finding(
            f"the SPF record of {bare(site.name)} lists addresses of Amazon SES instead of including amazonses.com{stale}",
            where=site.name,
            found=tuple(term.text for term in found.terms),
            expected=(SES_TERM,) if site.ses else (),
            remedy=change(site, new, f"Use {SES_TERM} instead." if site.ses else "SES mail is not judged here: they can go."),
            severity=Severity.FAIL if found.missing and site.ses else None,
        )
