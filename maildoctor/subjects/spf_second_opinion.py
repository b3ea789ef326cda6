"""SPF: where another program reads a record differently from us, one of the two is wrong, and so may a receiver be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from maildoctor.ask import Ask, each
from maildoctor.engines import second_opinion
from maildoctor.engines.spf_tree import Tree
from maildoctor.model import Finding, Severity
from maildoctor.names import bare
from maildoctor.records import spf
from maildoctor.registry import check, fact
from maildoctor.subjects.spf import Site
from maildoctor.subjects.spf_lookups import permanent

_HOST = re.compile(r"[A-Za-z0-9_.\-]*")


@dataclass(frozen=True)
class SecondOpinion:
    """What both make of the record at a name: the fault that each sees, "" for none."""

    site: Site
    ours: str
    theirs: str


@fact
def spf_second_opinions(ask: Ask, spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...]) -> tuple[SecondOpinion, ...]:
    """The opinion of checkdmarc on each record that is faulty or not plain; on plain ones both agree, as our tests hold."""
    pairs = [(site, tree) for site, tree in zip(spf_sites, spf_trees, strict=True) if site.only and not is_plain(site, tree)]
    return each(lambda pair: _opinion(ask, *pair), pairs)


def _opinion(ask: Ask, site: Site, tree: Tree) -> SecondOpinion:
    text = site.only.text if site.only else ""
    return SecondOpinion(site, permanent(site, tree), second_opinion.spf(ask, site.name, text).fault)


def is_plain(site: Site, tree: Tree) -> bool:
    """Tell whether all of it is sound and plain: known mechanisms, host names, addresses, no macros, no unknown modifiers."""
    nodes = [tree.node(name) for name in tree.nodes]
    policies = [policy for node in nodes for policy in node.policies]
    usual = all(policy.version == "v=spf1" for policy in policies)
    return usual and not permanent(site, tree) and all(_is_plain(term) for policy in policies for term in policy.terms)


def _is_plain(term: spf.Term) -> bool:
    known = term.name == "redirect" if term.modifier else term.name in spf.MECHANISMS
    return known and not term.fault and term.name != "ptr" and (term.name == "ip6" or bool(_HOST.fullmatch(term.value)))


@check("spf-second-opinion", Severity.NOTE, "RFC 7208 4.6")
def spf_second_opinion(spf_second_opinions: tuple[SecondOpinion, ...]) -> Iterator[Finding]:
    """A second program comes to the same opinion on each SPF record.

    Receivers read odd records in different ways. Where checkdmarc takes a record that we find faulty, or the other way round, some
    receivers may do so too: a plainer record is safer.
    """
    for opinion in spf_second_opinions:
        if bool(opinion.ours) != bool(opinion.theirs):
            message = f"opinions differ on whether the SPF record of {bare(opinion.site.name)} is valid"
            found = (f"ours: {opinion.ours or 'valid'}", f"checkdmarc: {opinion.theirs or 'valid'}")
            yield Finding(message, where=opinion.site.name, found=found)
