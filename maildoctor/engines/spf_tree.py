"""The SPF records that one leads to by include and redirect, read side by side, level by level.

What could not be read is kept as the reason why, so that one dead branch does not hide the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from maildoctor.ask import Answer, Ask, Dns, Undecided, each
from maildoctor.records import spf

MOST = 40
"""Records that are read at most. Ten lookups are allowed (RFC 7208 4.6.4); somebody else's records may name any number."""


@dataclass(frozen=True)
class Lookup:
    """One term that costs a lookup. `target`: the name looked up, "" if macros make it depend on the sender.

    `answer`: what is there, for terms that ask for addresses or MX records.
    """

    term: spf.Term
    target: str
    answer: Answer | None

    @property
    def follows(self) -> bool:
        """Whether another SPF record is read there."""
        return self.term.name in ("include", "redirect")


@dataclass(frozen=True)
class Node:
    """The SPF records at one name, the lookups of the one that counts, and the explanation that it names."""

    name: str
    policies: tuple[spf.Policy, ...]
    lookups: tuple[Lookup, ...]
    explanation: Answer | None

    @property
    def policy(self) -> spf.Policy | None:
        """The record that counts: there must be exactly one (RFC 7208 4.5)."""
        return self.policies[0] if len(self.policies) == 1 else None


@dataclass(frozen=True)
class Tree:
    """All records that were read, by name; or why one was not."""

    root: str
    nodes: Mapping[str, Node | Undecided]

    def node(self, name: str) -> Node:
        """Return the records at a name, or raise why they could not be read."""
        found = self.nodes[name]
        if isinstance(found, Undecided):
            raise found
        return found

    def end(self) -> spf.Policy | None:
        """Return the record at which redirects end. None: there is none, or they have no end."""
        name, passed = self.root, set[str]()
        while name in self.nodes and name not in passed:
            policy = self.node(name).policy
            if not policy or policy.faults or not policy.redirect:
                return None if policy and policy.faults else policy
            passed.add(name)
            name = policy.redirect.target(name)
        return None

    def cost(self, name: str = "", path: tuple[str, ...] = ()) -> int:
        """Count the lookups of a whole evaluation in which nothing matches (RFC 7208 4.6.4). A loop has no end: `ENDLESS`."""
        return _cost(self, name or self.root, path, {})

    def below(self) -> Iterator[tuple[Node, Lookup]]:
        """Go through all lookups, each with the record that makes it."""
        seen, open_ = {self.root}, [self.root]
        while open_:
            node = self.node(open_.pop(0))
            for lookup in node.lookups:
                yield node, lookup
                if lookup.follows and lookup.target in self.nodes and lookup.target not in seen:
                    seen.add(lookup.target)
                    open_.append(lookup.target)

    def loops(self) -> tuple[tuple[Node, Lookup], ...]:
        """The lookups that lead back to a record which is being evaluated."""
        return tuple((node, lookup) for node, lookup in self.below() if lookup.follows and self._leads_to(lookup.target, node.name))

    def _leads_to(self, start: str, goal: str) -> bool:
        seen, open_ = set[str](), [start]
        while open_:
            name = open_.pop()
            if name == goal:
                return True
            if name in self.nodes and name not in seen:
                seen.add(name)
                open_ += [lookup.target for lookup in self.node(name).lookups if lookup.follows]
        return False


ENDLESS = 1000


def _cost(tree: Tree, name: str, path: tuple[str, ...], known: dict[str, int]) -> int:
    if name in path:
        return ENDLESS
    if name not in known:
        total = 0
        for lookup in tree.node(name).lookups if name in tree.nodes else ():
            total += 1
            if lookup.follows and lookup.target:
                total += _cost(tree, lookup.target, (*path, name), known)
        known[name] = min(total, ENDLESS)
    return known[name]


def read(ask: Ask, root: str) -> Tree:
    """Read the record at a name and all that it leads to."""
    nodes: dict[str, Node | Undecided] = {}
    level = [root]
    while level and len(nodes) < MOST:
        level = level[: MOST - len(nodes)]
        found = each(lambda name: _settled(lambda: _node(ask, name)), level)
        nodes.update(zip(level, found, strict=True))
        level = sorted(_targets(found) - nodes.keys())
    return Tree(root, nodes)


def _settled(function: Callable[[], Node]) -> Node | Undecided:
    try:
        return function()
    except Undecided as reason:
        return reason


def _targets(nodes: tuple[Node | Undecided, ...]) -> set[str]:
    lookups = [lookup for node in nodes if isinstance(node, Node) for lookup in node.lookups]
    return {lookup.target for lookup in lookups if lookup.follows and lookup.target}


def _node(ask: Ask, name: str) -> Node:
    texts = ask(Dns(name, "TXT")).texts
    policies = tuple(spf.parse(text.text) for text in texts if spf.is_policy(text.text))
    # RFC 7208 4.6: a record with a fault is not evaluated, so it looks nothing up.
    counts = policies[0] if len(policies) == 1 and not policies[0].faults else spf.Policy(())
    explanation = counts.modifier("exp")
    target = explanation.target(name) if explanation else ""
    lookups = tuple(_lookup(ask, term, name) for term in counts.queries)
    return Node(name, policies, lookups, ask(Dns(target, "TXT")) if target else None)


_ASKS = {"a": "A", "exists": "A", "mx": "MX"}


def _lookup(ask: Ask, term: spf.Term, owner: str) -> Lookup:
    target = term.target(owner)
    type_ = _ASKS.get(term.name)
    return Lookup(term, target, ask(Dns(target, type_)) if target and type_ else None)
