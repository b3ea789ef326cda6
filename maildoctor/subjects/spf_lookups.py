"""SPF: what a record looks up, and the limits on that (RFC 7208 4.6.4)."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor.ask import ExplainedBy
from maildoctor.engines.spf_tree import Lookup, Node, Tree
from maildoctor.model import Finding, Remedy, Severity
from maildoctor.names import bare
from maildoctor.records import spf, spf_repair
from maildoctor.registry import check
from maildoctor.subjects.spf import Site, cause, change, is_ses, sound

MOST_LOOKUPS, NEAR = 10, 8
MOST_VOID = 2
MOST_EXCHANGES = 10


def _trees(sites: tuple[Site, ...], trees: tuple[Tree, ...]) -> Iterator[tuple[Site, spf.Policy, Tree]]:
    for site, policy in sound(sites):
        yield site, policy, next(tree for tree in trees if tree.root == site.name)


def _whole(sites: tuple[Site, ...], trees: tuple[Tree, ...]) -> Iterator[tuple[Site, spf.Policy, Tree]]:
    """Leave out those that have no end, or end at a record that is missing: other checks say so."""
    left_out = ""
    for site, policy, tree in _trees(sites, trees):
        if tree.loops():
            left_out = "spf-loop"
        elif any(_broken(tree, lookup) for _, lookup in tree.below()):
            left_out = "spf-include-without-record"
        else:
            yield site, policy, tree
    if left_out:
        raise ExplainedBy(left_out)


def _broken(tree: Tree, lookup: Lookup) -> bool:
    """Tell whether an include or redirect leads to no valid record."""
    if not lookup.follows or lookup.target not in tree.nodes:
        return False
    policy = tree.node(lookup.target).policy
    return policy is None or bool(policy.faults)


def permanent(site: Site, tree: Tree) -> str:
    """Return the check that says why the record at a name is a permanent error for every sender, or ""."""
    if cause(site) or not site.policy:
        return cause(site)
    if tree.loops():
        return "spf-loop"
    if any(_broken(tree, lookup) for _, lookup in tree.below()):
        return "spf-include-without-record"
    if tree.cost() > MOST_LOOKUPS:
        return "spf-too-many-lookups"
    if any(_crowded(lookup) for _, lookup in tree.below()):
        return "spf-mx-too-many-names"
    return "spf-too-many-void-lookups" if len(_void(tree)) > MOST_VOID else ""


def _crowded(lookup: Lookup) -> bool:
    return lookup.term.name == "mx" and lookup.answer is not None and len(lookup.answer.records) > MOST_EXCHANGES


def _void(tree: Tree) -> list[tuple[Node, Lookup]]:
    """Return the lookups of hosts that find nothing; `exists` is meant to find nothing for most senders."""
    asked = [(node, lookup) for node, lookup in tree.below() if lookup.answer is not None and lookup.term.name != "exists"]
    return [(node, lookup) for node, lookup in asked if lookup.answer is not None and not lookup.answer.records]


@check("spf-too-many-lookups", Severity.FAIL, "RFC 7208 4.6.4")
def spf_too_many_lookups(spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...]) -> Iterator[Finding]:
    """Each SPF record needs at most ten lookups, those of all records that it includes counted.

    Each include, a, mx, ptr, exists and redirect costs one, and so do those inside of what is included. At the eleventh a receiver
    gives up with an error: whoever is listed behind it does not pass SPF.
    """
    for site, policy, tree in _whole(spf_sites, spf_trees):
        cost = tree.cost()
        if cost > MOST_LOOKUPS:
            yield Finding(
                f"the SPF record of {bare(site.name)} needs more than {MOST_LOOKUPS} lookups",
                where=site.name,
                found=(f"{cost} lookups", *_bill(site, policy, tree)),
                expected=(f"at most {MOST_LOOKUPS} lookups",),
                remedy=_cheaper(site, policy, tree),
            )


@check("spf-near-lookup-limit", Severity.WARN, "RFC 7208 4.6.4", "RFC 7208 10.1.1")
def spf_near_lookup_limit(spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...]) -> Iterator[Finding]:
    """Each SPF record keeps some distance from the limit of ten lookups.

    Most lookups are inside records of others, who add to them without notice. At the eleventh the whole record is an error.
    """
    over = False
    for site, policy, tree in _whole(spf_sites, spf_trees):
        cost = tree.cost()
        over = over or cost > MOST_LOOKUPS
        if NEAR <= cost <= MOST_LOOKUPS:
            yield Finding(
                f"the SPF record of {bare(site.name)} needs {cost} of the {MOST_LOOKUPS} lookups that are allowed",
                where=site.name,
                found=_bill(site, policy, tree),
                expected=(f"fewer than {NEAR} lookups",),
                remedy=_cheaper(site, policy, tree),
            )
    if over:
        raise ExplainedBy("spf-too-many-lookups")


def _term_cost(site: Site, term: spf.Term, tree: Tree) -> int:
    follows = term.name in ("include", "redirect") and term.target(site.name) in tree.nodes
    return 1 + (tree.cost(term.target(site.name)) if follows else 0)


def _bill(site: Site, policy: spf.Policy, tree: Tree) -> tuple[str, ...]:
    """Return what each term of the record costs."""
    return tuple(f"{term.text}: {_term_cost(site, term, tree)}" for term in policy.queries)


def _cheaper(site: Site, policy: spf.Policy, tree: Tree) -> Remedy:
    """Drop what authorises nobody more: amazonses.com at the domain itself, and records that another include holds already."""
    needless = [term for term in policy.tested if (is_ses(term) and not site.ses) or _held_elsewhere(policy, term, site, tree)]
    if not needless:
        return Remedy("Remove senders that are no longer used, or give each its own sub-domain with its own SPF record.")
    left = tree.cost() - sum(_term_cost(site, term, tree) for term in needless)
    new = policy.without(needless)
    words = f"Remove {', '.join(term.text for term in needless)}: that authorises nobody who is not authorised without it."
    return change(site, new, words) if left < NEAR else Remedy(f"{words} {left} lookups are left then.")


def _held_elsewhere(policy: spf.Policy, term: spf.Term, site: Site, tree: Tree) -> bool:
    """Tell whether another include of the record includes the same."""
    target = term.target(site.name)
    others = [other for other in policy.tested if other.name == "include" and other != term and not other.qualifier.strip("+")]
    return term.name == "include" and any(target in _inside(tree, other.target(site.name)) for other in others)


def _inside(tree: Tree, name: str) -> set[str]:
    found, open_ = set[str](), [name]
    while open_:
        node = open_.pop()
        inner = [lookup for lookup in tree.node(node).lookups if lookup.follows] if node in tree.nodes else []
        new = {lookup.target for lookup in inner if not lookup.term.qualifier.strip("+")} - found
        found |= new
        open_ += new
    return found


@check("spf-loop", Severity.FAIL, "RFC 7208 4.6.4")
def spf_loop(spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...]) -> Iterator[Finding]:
    """No SPF record includes itself, directly or through others.

    A receiver follows the circle until the limit of ten lookups, and then treats the whole record as an error.
    """
    for site, policy, tree in _trees(spf_sites, spf_trees):
        loops = tree.loops()
        for node, lookup in [loop for loop in loops if loop[0].name == site.name] or loops:
            own = node.name == site.name and not lookup.term.modifier
            remedy = change(site, policy.without([lookup.term])) if own else Remedy("Remove the term that leads back.")
            message = f"the SPF record of {bare(site.name)} leads in a circle, from {bare(node.name)} to {bare(lookup.target)}"
            yield Finding(message, where=node.name, found=(lookup.term.text,), remedy=remedy)


@check("spf-include-without-record", Severity.FAIL, "RFC 7208 5.2", "RFC 7208 6.1")
def spf_include_without_record(spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...]) -> Iterator[Finding]:
    """Each include and redirect leads to exactly one valid SPF record.

    Where there is none, or one with a fault, the record that refers to it is an error as well: mail from everybody who is listed
    behind it does not pass SPF. Often the service was given up years ago, and its name has lapsed.
    """
    misspelt = False
    for site, policy, tree in _trees(spf_sites, spf_trees):
        for node, lookup in tree.below():
            if _broken(tree, lookup) and node.name == site.name and spf_repair.means_ses(lookup.term):
                misspelt = True
            elif _broken(tree, lookup):
                yield _leads_nowhere(site, policy, tree, node, lookup)
    if misspelt:
        raise ExplainedBy("spf-ses-include-misspelt")


def _leads_nowhere(site: Site, policy: spf.Policy, tree: Tree, node: Node, lookup: Lookup) -> Finding:
    there = tree.node(lookup.target).policies
    state = "no SPF record" if not there else "a faulty SPF record" if len(there) == 1 else "more than one SPF record"
    remedy = Remedy(f"Tell the owner of {bare(node.name)}, or list that sender in another way.")
    if node.name == site.name:
        new = policy.without([lookup.term])
        new = new.ending("~") if lookup.term.modifier else new
        remedy = change(site, new, f"Remove it, unless {bare(lookup.target)} is yours to mend.")
    message = f"the SPF record of {bare(node.name)} refers to {bare(lookup.target)}, which has {state}"
    return Finding(message, where=node.name, found=(lookup.term.text, *map(str, there)), remedy=remedy)


@check("spf-too-many-void-lookups", Severity.FAIL, "RFC 7208 4.6.4", "RFC 7208 11.1")
def spf_too_many_void_lookups(spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...]) -> Iterator[Finding]:
    """No a or mx in an SPF record names a host that is not there.

    Receivers allow two lookups that find nothing; at the third, many treat the whole record as an error. Such names are left over
    from servers that are gone, and whoever registers a lapsed one may send as you.
    """
    for site, policy, tree in _whole(spf_sites, spf_trees):
        void = _void(tree)
        if void:
            own = [lookup.term for node, lookup in void if node.name == site.name]
            new = policy.without(own)
            remedy = change(site, new, "Remove the names that are gone.") if own else Remedy("Tell the owners of these records.")
            count = "more names that do not exist than receivers allow" if len(void) > MOST_VOID else "a name that does not exist"
            yield Finding(
                f"the SPF record of {bare(site.name)} looks up {count}",
                where=site.name,
                found=tuple(f"{lookup.term.text} ({bare(lookup.target)})" for _, lookup in void),
                expected=(str(new),) if own else (),
                remedy=remedy,
                severity=None if len(void) > MOST_VOID else Severity.WARN,
            )


@check("spf-mx-too-many-names", Severity.FAIL, "RFC 7208 4.6.4")
def spf_mx_too_many_names(spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...]) -> Iterator[Finding]:
    """No mx in an SPF record leads to more than ten hosts.

    A receiver looks up the address of each. With more than ten it treats the whole record as an error.
    """
    for _, _, tree in _trees(spf_sites, spf_trees):
        for node, lookup in tree.below():
            if _crowded(lookup) and lookup.answer is not None:
                message = f"{lookup.term.text} in the SPF record of {bare(node.name)} leads to more than {MOST_EXCHANGES} hosts"
                remedy = Remedy("List their addresses by ip4 and ip6 instead.")
                yield Finding(message, where=node.name, found=(f"{len(lookup.answer.records)} MX records",), remedy=remedy)


@check("spf-explanation-unusable", Severity.NOTE, "RFC 7208 6.2")
def spf_explanation_unusable(spf_sites: tuple[Site, ...], spf_trees: tuple[Tree, ...]) -> Iterator[Finding]:
    """The text that exp= names is there, once, in plain ASCII.

    Receivers may show it to senders whom they refuse. Anything but one readable text is ignored.
    """
    for site, policy, tree in _trees(spf_sites, spf_trees):
        answer, term = tree.node(site.name).explanation, policy.modifier("exp")
        if answer is None or term is None:
            continue
        texts = answer.texts
        if len(texts) != 1 or not texts[0].raw.isascii():
            state = "is not there" if not texts else "is not one text" if len(texts) > 1 else "is not plain ASCII"
            message = f"the explanation that the SPF record of {bare(site.name)} names {state}"
            remedy = change(site, policy.without([term]), "Publish one plain text there, or remove exp=.")
            yield Finding(message, where=answer.question.name, found=answer.records, remedy=remedy)
