"""SPF of own mail servers that deliver straight to the MX of the recipients."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.ask import DoesNotApply, ExplainedBy, NotAsked
from maildoctor.engines.spf_tree import Tree
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.registry import check
from maildoctor.subjects.domain import Applies
from maildoctor.subjects.spf import SesSpf, Site, change, sound
from maildoctor.subjects.spf_lookups import permanent
from maildoctor.subjects.spf_records import spoilt


def _judged(sites: tuple[Site, ...], trees: tuple[Tree, ...], results: tuple[SesSpf, ...], version: int) -> Iterator[Finding]:
    mine = [result for result in results if (":" in result.address) == (version == 6)]
    if not results:
        raise NotAsked("no address of the sending server was given (--sender-ip)")
    if not mine:
        raise DoesNotApply(f"no IPv{version} address of the sending server was given (--sender-ip)")
    site, tree = sites[0], trees[0]
    wrong = [result for result in mine if result.result != "pass"]
    if wrong and not site.policy:
        raise ExplainedBy(permanent(site, tree) or spoilt(site) or "spf-missing")
    if wrong and permanent(site, tree):
        raise ExplainedBy(permanent(site, tree))
    for result in wrong:
        yield _finding(site, result, version)


def _finding(site: Site, result: SesSpf, version: int) -> Finding:
    term = f"ip{version}:{result.address}"
    remedy = Remedy(f"Add {term}.")
    if site.policy:
        remedy = change(site, site.policy.with_term(term), f"Add {term}.")
    message = f"the SPF record of {bare(site.name)} does not authorise {result.address}: its mail gets {result.result}"
    found = tuple(entry.value for entry in site.records)
    return Finding(message, where=site.name, found=found, expected=(term,), remedy=remedy)


@check("spf-egress-not-authorised", Severity.FAIL, "RFC 7208 4")
def spf_egress_not_authorised(
    spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...], egress_spf: tuple[SesSpf, ...], direct: Applies
) -> Iterator[Finding]:
    """The public address from which an own server's mail leaves passes SPF.

    Receivers see the address behind all NAT: on AWS often that of a NAT gateway or an Elastic IP, not that of the instance. If the
    record does not list it, the mail fails SPF.
    """
    yield from _judged(spf_sites, spf_trees, egress_spf, 4)


@check("spf-ipv6-egress-not-authorised", Severity.FAIL, "RFC 7208 5", "Gmail: IPv6 sending guidelines")
def spf_ipv6_egress_not_authorised(
    spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...], egress_spf: tuple[SesSpf, ...], direct: Applies
) -> Iterator[Finding]:
    """The IPv6 address from which an own server's mail leaves passes SPF.

    A server that has IPv6 uses it wherever the receiver has it too. If the record lists the IPv4 address alone, some of the mail
    fails SPF, to Gmail above all.
    """
    yield from _judged(spf_sites, spf_trees, egress_spf, 6)


@check("spf-no-ip4-terms", Severity.NOTE, "au: SPF record settings")
def spf_no_ip4_terms(spf_sites: tuple[Site, ...], egress_spf: tuple[SesSpf, ...], direct: Applies) -> Iterator[Finding]:
    """The addresses of own mail servers are listed as such, by ip4.

    The Japanese carrier au asks for it. It also saves receivers a lookup, and holds when the name of the server is changed.
    """
    if not egress_spf:
        raise NotAsked("no address of the sending server was given (--sender-ip)")
    site = spf_sites[0]
    list(sound([site]))
    for result in egress_spf:
        roundabout = result.mechanism.lstrip("+").lower().partition(":")[0].partition("/")[0] in ("a", "mx", "ptr")
        if result.result == "pass" and site.policy and roundabout and ":" not in result.address:
            term = f"ip4:{result.address}"
            old = next(old for old in site.policy.tested if old.text == result.mechanism)
            new = site.policy.exchanging(old, term, old.text)
            message = f"the SPF record of {bare(site.name)} authorises {result.address} only by {result.mechanism}"
            yield Finding(message, where=site.name, found=(result.mechanism,), expected=(term,), remedy=change(site, new))
