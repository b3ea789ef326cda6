"""SPF of plain records, decided without pyspf: addresses and includes, nothing else, and the answer is "pass".

Nearly every MAIL FROM of SES is such a record, and pyspf takes a quarter of a second to import, longer than all the DNS takes. What
is not decided here, pyspf decides; that both agree wherever this speaks is held by tests, over all stories and the RFC 7208 suite.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from maildoctor.engines.spf_tree import Node, Tree
from maildoctor.records import spf

MOST_LOOKUPS = 10
"""RFC 7208 4.6.4."""

_PLAIN = frozenset({"all", "ip4", "ip6", "include"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class _Match:
    """The first mechanism that matches, and how it counts: "+", "-", "~", "?"."""

    mechanism: str
    qualifier: str


def passing(tree: Tree, address: str) -> str:
    """Return the mechanism by which a plain tree of records authorises an address; "" where that is for pyspf to say."""
    if not all(_plain(node, tree) for node in tree.nodes.values()) or tree.cost() > MOST_LOOKUPS:
        return ""
    sender = ipaddress.ip_address(address)
    if isinstance(sender, ipaddress.IPv6Address) and sender.ipv4_mapped:
        return ""
    found = _first(tree, tree.root, sender)
    return found.mechanism if found and found.qualifier == "+" else ""


def _plain(node: object, tree: Tree) -> bool:
    """Tell whether one record was read whole, without a fault, and needs no lookup but that of other records."""
    if not isinstance(node, Node) or node.policy is None:
        return False
    return all(_needs_nothing_else(term, node.name, tree) for term in node.policy.terms)


def _needs_nothing_else(term: spf.Term, owner: str, tree: Tree) -> bool:
    if term.name not in _PLAIN or term.modifier or term.fault:
        return False
    return term.name != "include" or term.target(owner) in tree.nodes


def _first(tree: Tree, name: str, address: Address) -> _Match | None:
    """Go through the mechanisms in order (RFC 7208 4.6.2). An include matches where its own evaluation passes (5.2)."""
    policy = tree.node(name).policy
    for term in policy.mechanisms if policy else ():
        if term.name == "include":
            inner = _first(tree, term.target(name), address)
            matches = inner is not None and inner.qualifier == "+"
        else:
            matches = term.name == "all" or (term.network is not None and address in term.network)
        if matches:
            return _Match(term.text, term.qualifier or "+")
    return None
