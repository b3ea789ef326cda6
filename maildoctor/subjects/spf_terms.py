"""SPF: terms that break the grammar, and terms that are legal but do not do what their author hoped."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.records import spf, spf_repair
from maildoctor.registry import check
from maildoctor.subjects.spf import Entry, Site, blame, change, readable, sound

_PRIVATE_4 = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_PRIVATE_6 = ("::1/128", "fc00::/7", "fe80::/10")
_PRIVATE = tuple(map(ipaddress.ip_network, _PRIVATE_4 + _PRIVATE_6))


def _broken(sites: tuple[Site, ...], check_id: str) -> Iterator[tuple[Site, Entry, tuple[spf.Term, ...]]]:
    """Go through the records that have faults which this check names. Joined strings explain the faults that they make."""
    for site in readable(sites):
        entry = site.only
        terms = tuple(term for term in entry.policy.faults if blame(term) == check_id) if entry and not entry.apart else ()
        if entry and terms:
            yield site, entry, terms


def _finding(site: Site, entry: Entry, terms: tuple[spf.Term, ...], message: str, advice: str) -> Finding:
    mended = spf_repair.mend(entry.policy)
    expected = (str(mended),) if mended else ()
    remedy = change(site, mended, advice) if mended else Remedy(advice)
    return Finding(message, where=site.name, found=tuple(term.text for term in terms), expected=expected, remedy=remedy)


@check("spf-syntax", Severity.FAIL, "RFC 7208 4.6", "RFC 7208 12")
def spf_syntax(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """Each SPF record can be read from beginning to end.

    One faulty term makes a receiver reject the whole record as an error, even for senders that are listed before it. Nobody passes
    SPF then.
    """
    for site, entry, terms in _broken(spf_sites, "spf-syntax"):
        fault = terms[0].fault.words if terms[0].fault else ""
        message = f"the SPF record of {bare(site.name)} cannot be read: a term {fault.partition(':')[0]}"
        yield _finding(site, entry, terms, message, "Correct or remove the faulty term.")


@check("spf-address-malformed", Severity.FAIL, "RFC 7208 5.6")
def spf_address_malformed(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """Each address in an SPF record is a whole IPv4 or IPv6 address under the right name, with a possible prefix length.

    ip4 takes four numbers and a prefix length up to 32, ip6 an IPv6 address and one up to 128. Anything else is an error of the
    whole record, and nobody passes SPF.
    """
    for site, entry, terms in _broken(spf_sites, "spf-address-malformed"):
        message = f"the SPF record of {bare(site.name)} has an address that is none"
        yield _finding(site, entry, terms, message, "Correct or remove the address.")


@check("spf-macro-malformed", Severity.FAIL, "RFC 7208 7.1", "RFC 7208 7.3")
def spf_macro_malformed(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """Each macro in an SPF record is well-formed.

    A percent sign begins a macro such as %{i}; a literal one is written %%. Anything else behind it is an error of the whole
    record.
    """
    for site, entry, terms in _broken(spf_sites, "spf-macro-malformed"):
        message = f"the SPF record of {bare(site.name)} has a malformed macro"
        yield _finding(site, entry, terms, message, "Write the macro as %{letter}, or remove the term.")


@check("spf-modifier-repeated", Severity.FAIL, "RFC 7208 6")
def spf_modifier_repeated(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """An SPF record has at most one redirect= and one exp=.

    A second one is an error of the whole record, and nobody passes SPF.
    """
    for site, entry, terms in _broken(spf_sites, "spf-modifier-repeated"):
        message = f"the SPF record of {bare(site.name)} has {terms[0].name}= more than once"
        yield _finding(site, entry, terms, message, f"Keep one {terms[0].name}=.")


@check("spf-joined-strings", Severity.FAIL, "RFC 7208 3.3")
def spf_joined_strings(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """Where a record is cut into strings, the space between two terms is inside one of them.

    A TXT record is a row of strings of at most 255 octets, which receivers join with nothing between them. Without a space at the
    end of one or at the beginning of the next, two terms become one that means nothing.
    """
    for site in readable(spf_sites):
        for entry in site.entries:
            if entry.apart:
                mended = spf_repair.mend(entry.apart)
                message = f"two terms of the SPF record of {bare(site.name)} run together where its strings are joined"
                advice = "Put the space inside one of the strings, or enter the record as one string."
                remedy = change(site, mended, advice, also=entry) if mended else Remedy(advice)
                yield Finding(message, where=site.name, found=(entry.value,), expected=(str(entry.apart),), remedy=remedy)


@check("spf-modifier-for-mechanism", Severity.FAIL, "RFC 7208 4.6.1", "RFC 7208 6")
def spf_modifier_for_mechanism(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No mechanism is written with an equals sign.

    "include=example.net" is legal, but no mechanism: receivers take it for an extension that they do not know, and ignore it
    without a word. The sender that it was to authorise is not.
    """
    for site, policy in sound(spf_sites):
        wrong = tuple(term for term in policy.terms if term.modifier and term.name in spf.MECHANISMS)
        if wrong:
            new = policy
            for term in wrong:
                right = term.text.replace("=", ":", 1)
                known = any(right.lower() == other.text.lower() for other in policy.mechanisms)
                new = new.without([term]) if known or term.name == "all" else new.without([term]).with_term(right)
            message = f"the SPF record of {bare(site.name)} has {wrong[0].name}= where {wrong[0].name}: is meant"
            remedy = change(site, new, "Write a colon instead of the equals sign.")
            yield Finding(message, where=site.name, found=tuple(term.text for term in wrong), expected=(str(new),), remedy=remedy)


@check("spf-address-private", Severity.WARN, "RFC 7208 5.6")
def spf_address_private(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """The addresses in an SPF record are public, and written as the networks that they stand for.

    Receivers see the public address from which mail leaves, behind any NAT. A private one in the record authorises nobody. Host
    bits in a network are ignored, so the record says more than it seems to.
    """
    for site, policy in sound(spf_sites):
        private = [term for term in policy.tested if _is_private(term.network)]
        untidy = [term for term in policy.tested if term not in private and _has_host_bits(term)]
        new = policy.without(private)
        for term in untidy:
            new = new.exchanging(term, f"{term.qualifier}{term.name}:{term.network}")
        remedy = change(site, new, "List the public addresses from which the mail leaves, and networks by their first address.")
        if private:
            message = f"the SPF record of {bare(site.name)} lists addresses that are not public"
            yield Finding(message, where=site.name, found=tuple(term.text for term in private), expected=(str(new),), remedy=remedy)
        if untidy:
            message = f"the SPF record of {bare(site.name)} names a network by one of its hosts"
            found = tuple(term.text for term in untidy)
            yield Finding(message, where=site.name, found=found, expected=(str(new),), remedy=remedy, severity=Severity.NOTE)


def _is_private(network: spf.Network | None) -> bool:
    return network is not None and any(
        network.version == block.version and network.subnet_of(block)  # type: ignore[arg-type] # of one version
        for block in _PRIVATE
    )


def _has_host_bits(term: spf.Term) -> bool:
    return term.network is not None and ipaddress.ip_address(term.value) != term.network.network_address


@check("spf-uses-ptr", Severity.WARN, "RFC 7208 5.5", "RFC 7208 7.3")
def spf_uses_ptr(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No SPF record relies on reverse DNS, by ptr or %{p}.

    Such a term is slow and unsure: it makes the receiver look up the name of every host that connects. The standard says not to
    publish it, and some receivers skip it.
    """
    for site, policy in sound(spf_sites):
        found = [term for term in policy.tested if term.name == "ptr" or "p" in term.macros]
        if found:
            new = policy.without(found)
            message = f"the SPF record of {bare(site.name)} relies on reverse DNS"
            remedy = change(site, new, "List the addresses of these senders by ip4 and ip6 instead.")
            yield Finding(message, where=site.name, found=tuple(term.text for term in found), expected=(str(new),), remedy=remedy)


@check("spf-macro-uncacheable", Severity.NOTE, "RFC 7208 7.3")
def spf_macro_uncacheable(spf_sites: tuple[Site, ...]) -> Iterator[Finding]:
    """No SPF record asks for a new name for each sender address.

    The macros s, l, o and h put the envelope sender or the HELO name into the name that is looked up. No answer can then be used
    for a second message, and whoever runs the receiver sees a flood of lookups.
    """
    for site, policy in sound(spf_sites):
        found = tuple(term.text for term in policy.tested if set("sloh") & set(term.macros))
        if found:
            message = f"the SPF record of {bare(site.name)} makes receivers look up a new name for each sender"
            yield Finding(message, where=site.name, found=found, remedy=Remedy("Use the macros i and d where they are enough."))
