"""SPF: how a record ends, and whom it lets in."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.engines.spf_tree import Tree
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.records import spf
from maildoctor.registry import check
from maildoctor.settings import Settings
from maildoctor.subjects.domain import Applies
from maildoctor.subjects.spf import Site, change, is_ses, sound

_WIDE = {4: 8, 6: 16}
"""A prefix shorter than this cannot be the network of one sender."""


def _open(term: spf.Term) -> bool:
    """Tell whether a mechanism lets in the whole Internet."""
    if term.qualifier not in ("", "+"):
        return False
    if term.name == "all" or 0 in (term.prefix4, term.prefix6):
        return True
    return term.network is not None and term.network.prefixlen == 0


def _wide(term: spf.Term) -> bool:
    network = term.network
    return term.qualifier in ("", "+") and network is not None and 0 < network.prefixlen < _WIDE[network.version]


def _reached(policy: spf.Policy) -> tuple[spf.Term, ...]:
    return (*policy.tested, policy.all) if policy.all else policy.tested


@check("spf-permits-everyone", Severity.FAIL, "RFC 7208 5.1", "Gmail: bounce codes 4.7.24 and 5.7.24")
def spf_permits_everyone(spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...], settings: Settings) -> Iterator[Finding]:
    """No SPF record authorises the whole Internet, or a large part of it.

    With +all or a network of millions of addresses, forged mail passes SPF and, where the name is that of the author, DMARC. Gmail
    slows down or refuses mail of domains whose record has such entries.
    """
    for site, policy in sound(spf_sites):
        wide = [term for term in policy.tested if _wide(term)]
        open_ = [term for term in _reached(policy) if _open(term)]
        if open_ or wide:
            yield _permits(site, policy, open_, wide, settings)
        tree = next(tree for tree in spf_trees if tree.root == site.name)
        yield from _included(site, tree)


def _permits(site: Site, policy: spf.Policy, open_: list[spf.Term], wide: list[spf.Term], settings: Settings) -> Finding:
    new = policy.without(term for term in (*open_, *wide) if term.name != "all")
    if site.use == "domain":
        for address in settings.sender_ips:
            new = new.with_term(f"ip{'6' if ':' in address else '4'}:{address}")
    if policy.all in open_:
        new = new.ending("~")
    extent = "the whole Internet" if open_ else "a network too large for one sender"
    return Finding(
        f"the SPF record of {bare(site.name)} authorises {extent}",
        where=site.name,
        found=tuple(term.text for term in (*open_, *wide)),
        expected=(str(new),),
        remedy=change(site, new, "List the real senders, and end with ~all."),
        severity=None if open_ else Severity.WARN,
    )


def _included(site: Site, tree: Tree) -> Iterator[Finding]:
    for node, lookup in tree.below():
        if not lookup.follows or lookup.target not in tree.nodes:
            continue
        policy = tree.node(lookup.target).policy
        if policy and not policy.faults and any(map(_open, _reached(policy))):
            message = f"the SPF record of {bare(site.name)} authorises the whole Internet, by way of {bare(lookup.target)}"
            remedy = Remedy(f"Ask the owner of {bare(lookup.target)} to mend the record, or list that sender by its addresses.")
            yield Finding(message, where=node.name, found=(lookup.term.text,), remedy=remedy)


@check("spf-neutral", Severity.WARN, "RFC 7208 8.2")
def spf_neutral(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No SPF record ends with ?all.

    ?all says nothing about hosts that are not listed, so the record protects from no forgery. Some receivers then trust it less
    than they would otherwise.
    """
    for site, policy in sound(spf_sites):
        if policy.all and policy.all.qualifier == "?":
            new = policy.ending("~")
            message = f"the SPF record of {bare(site.name)} ends with ?all, which protects from nothing"
            yield Finding(message, where=site.name, found=("?all",), expected=(str(new),), remedy=change(site, new))


@check("spf-no-all", Severity.WARN, "RFC 7208 4.7")
def spf_no_all(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """Each SPF record says what becomes of hosts that are not listed: by all at its end, or by redirect.

    Without these, hosts that are not listed are neither allowed nor forbidden, as if the record ended with ?all. So
    forged mail does not fail SPF.
    """
    for site, policy in sound(spf_sites):
        # An "all" that was meant is named by the check for its own fault.
        if not policy.all and not policy.redirect and not any(term.name == "all" for term in policy.terms):
            new = policy.ending("~")
            message = f"the SPF record of {bare(site.name)} does not end with all"
            found = tuple(entry.value for entry in site.records)
            yield Finding(message, where=site.name, found=found, expected=(str(new),), remedy=change(site, new))


@check("spf-terms-after-all", Severity.WARN, "RFC 7208 5.1")
def spf_terms_after_all(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No sender is listed behind all.

    Terms are tested from left to right, and all matches everybody. What stands behind it is never read: the senders there are not
    authorised.
    """
    for site, policy in sound(spf_sites):
        if policy.lost and policy.all:
            moved = [term.text for term in policy.lost if term.name != "all"]
            new = policy.without(policy.lost)
            for text in moved:
                new = new.with_term(text)
            message = f"the SPF record of {bare(site.name)} has terms behind {policy.all.text} that are never read"
            severe = site.ses and any(map(is_ses, policy.lost)) and not any(map(is_ses, policy.tested))
            found = tuple(term.text for term in policy.lost)
            remedy = change(site, new, "Put them before all.")
            severity = Severity.FAIL if severe else None
            yield Finding(message, where=site.name, found=found, expected=(str(new),), remedy=remedy, severity=severity)


@check("spf-redirect-beside-all", Severity.WARN, "RFC 7208 5.1", "RFC 7208 6.1")
def spf_redirect_beside_all(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No SPF record has redirect= beside all.

    A redirect counts only where nothing matched, and all always matches. The record that it names is never read: its senders are
    not authorised.
    """
    for site, policy in sound(spf_sites):
        redirect = policy.modifier("redirect")
        if redirect and policy.all:
            new = policy.without([redirect])
            message = f"the redirect= in the SPF record of {bare(site.name)} is never followed, because of its {policy.all.text}"
            remedy = change(site, new, "Remove it, or list its senders by include: before all.")
            yield Finding(message, where=site.name, found=(redirect.text,), expected=(str(new),), remedy=remedy)


@check("spf-hard-fail-risky", Severity.NOTE, "RFC 9989 7.1", "Gmail: bounce code 5.7.26")
def spf_hard_fail_risky(spf_sites: tuple[Site, ...], sending: Applies) -> Iterator[Finding]:
    """A sending domain ends its SPF record with ~all rather than -all.

    Forwarded mail comes from addresses that no record lists. With -all some receivers refuse it before they look at DKIM and DMARC,
    which would have let it pass. ~all together with an enforcing DMARC policy protects as well.
    """
    for site, policy in sound(spf_sites):
        if policy.tested and policy.all and policy.all.qualifier == "-":
            new = policy.ending("~")
            message = f"the SPF record of {bare(site.name)} ends with -all, so forwarded mail may be refused unseen"
            yield Finding(message, where=site.name, found=("-all",), expected=(str(new),), remedy=change(site, new))
