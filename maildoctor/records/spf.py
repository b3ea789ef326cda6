"""SPF records (RFC 7208): text <-> terms.

Reading is tolerant and strict at once: every term is kept, in its place and as it was written, and one that breaks the grammar says
how. So a check can name the fault, and a record that is mended keeps its owner's other terms.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from maildoctor import names

MECHANISMS = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
QUERYING = ("include", "a", "mx", "ptr", "exists", "redirect")
"""The terms that cost a DNS lookup (RFC 7208 4.6.4)."""

_NAME = r"[A-Za-z][A-Za-z0-9_.\-]*"
_MODIFIER = re.compile(rf"({_NAME})=(.*)", re.DOTALL)
_MECHANISM = re.compile(rf"([+\-~?]?)({_NAME})([:/].*)?", re.DOTALL)
# A slash may also stand inside a domain-spec; then what follows it is no number.
_HOSTS = re.compile(r"(.*?)(?:/([0-9]*))?(?://([0-9]*))?", re.DOTALL)
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
# RFC 7208 7.1: the letters c, r and t only in the text of an explanation, which no record holds.
_MACRO = re.compile(r"%(?:[%_\-]|\{([slodiphv])([0-9]*)(r?)[.\-+,/_=]*\})", re.IGNORECASE)
_TOP_LABEL = re.compile(r"[A-Za-z0-9]*[A-Za-z][A-Za-z0-9]*|[A-Za-z0-9]+-[A-Za-z0-9\-]*[A-Za-z0-9]")
_IP4 = re.compile(r"(?:(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.|$)){4}")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Fault:
    """What is wrong with a term. Each kind is a permanent error of the whole record (RFC 7208 4.6)."""

    kind: Literal["syntax", "address", "macro", "repeated"]
    words: str


@dataclass(frozen=True)
class Term:
    """One term: a mechanism ("~include:example.net") or a modifier ("redirect=example.net").

    `text` is as written; `name` is in lower case; `value` is the domain-spec or the address, without prefix lengths.
    """

    text: str
    name: str = ""
    qualifier: str = ""
    modifier: bool = False
    value: str = ""
    prefix4: int | None = None
    prefix6: int | None = None
    fault: Fault | None = None

    @property
    def macros(self) -> str:
        """The macro letters in its value, in lower case."""
        return "".join(match.group(1).lower() for match in _MACRO.finditer(self.value) if match.group(1))

    @property
    def network(self) -> Network | None:
        """The addresses of an ip4 or ip6 mechanism. Host bits are dropped."""
        if self.fault or self.name not in ("ip4", "ip6"):
            return None
        prefix = self.prefix4 if self.name == "ip4" else self.prefix6
        return ipaddress.ip_network(self.value if prefix is None else f"{self.value}/{prefix}", strict=False)

    @property
    def queries(self) -> bool:
        """Whether it costs a DNS lookup."""
        return self.name in QUERYING and self.modifier == (self.name == "redirect")

    def target(self, owner: str) -> str:
        """Return the canonical name that it looks up; "" where that depends on the sender, or is no name."""
        if self.fault or "%" in self.value or self.name in ("all", "ip4", "ip6"):
            return ""
        try:
            return names.absolute(self.value) if self.value else owner
        except ValueError:
            return ""


def term(text: str) -> Term:
    """Read one term (RFC 7208 4.6.1, 12)."""
    if not all("!" <= character <= "~" for character in text):
        return Term(text, fault=Fault("syntax", "holds a character that is not printable ASCII"))
    modifier = _MODIFIER.fullmatch(text)
    if modifier:
        return _modifier(text, modifier.group(1).lower(), modifier.group(2))
    mechanism = _MECHANISM.fullmatch(text)
    if not mechanism or mechanism.group(2).lower() not in MECHANISMS:
        return Term(text, fault=Fault("syntax", "is no mechanism of SPF"))
    qualifier, name, rest = mechanism.groups()
    found = Term(text, name.lower(), qualifier)
    return _READERS[found.name](found, rest or "")


def _modifier(text: str, name: str, value: str) -> Term:
    found = Term(text, name, modifier=True, value=value)
    if name in ("redirect", "exp"):
        return replace(found, fault=_domain_fault(value))
    # RFC 7208 6: an unknown modifier is ignored, but its macros must be well-formed.
    return replace(found, fault=_macro_fault(value))


def _domain_fault(spec: str) -> Fault | None:
    """Tell what is wrong with a domain-spec (RFC 7208 7.1)."""
    if not spec:
        return Fault("syntax", "names no domain")
    fault = _macro_fault(spec)
    if fault:
        return fault
    macros = list(_MACRO.finditer(spec))
    if macros and macros[-1].end() == len(spec):
        return None
    _, dot, top = spec.removesuffix(".").rpartition(".")
    if dot and _TOP_LABEL.fullmatch(top):
        return None
    return Fault("syntax", f"does not name a full domain: {spec}")


def _macro_fault(value: str) -> Fault | None:
    rest = _MACRO.sub("", value)
    if "%" in rest:
        return Fault("macro", f"holds a malformed macro at {rest[rest.index('%') :][:12]}")
    # RFC 7208 7.3: a number of labels to keep is not zero.
    if any(match.group(2) and not int(match.group(2)) for match in _MACRO.finditer(value)):
        return Fault("macro", "holds a macro that keeps no label")
    return None


def _all(found: Term, rest: str) -> Term:
    return replace(found, fault=Fault("syntax", "has a value, but all takes none")) if rest else found


def _with_domain(found: Term, rest: str) -> Term:
    """Read include, exists and ptr: a domain-spec, which only ptr may leave out."""
    if found.name == "ptr" and not rest:
        return found
    if not rest.startswith(":"):
        return replace(found, fault=Fault("syntax", "names no domain" if not rest else "takes no prefix length"))
    return replace(found, value=rest[1:], fault=_domain_fault(rest[1:]))


def _with_hosts(found: Term, rest: str) -> Term:
    """Read a and mx: an optional domain-spec and optional prefix lengths for both kinds of addresses."""
    match = _HOSTS.fullmatch(rest)
    spec, four, six = match.groups() if match else (rest, None, None)
    found = replace(found, value=spec.removeprefix(":"))
    fault = _domain_fault(found.value) if spec else None
    fault = fault or _length_fault(four, 32) or _length_fault(six, 128)
    if fault:
        return replace(found, fault=fault)
    return replace(found, prefix4=_length(four), prefix6=_length(six))


def _length(text: str | None) -> int | None:
    return int(text) if text else None


def _length_fault(text: str | None, longest: int) -> Fault | None:
    if text is None or (_LENGTH.fullmatch(text) and int(text) <= longest):
        return None
    return Fault("address", f"has a prefix length that is no number from 0 to {longest}")


def _with_address(found: Term, rest: str) -> Term:
    """Read ip4 and ip6 (RFC 7208 5.6)."""
    if not rest.startswith(":"):
        return replace(found, fault=Fault("address", "names no address"))
    address, slash, length = rest[1:].partition("/")
    found = replace(found, value=address)
    four = found.name == "ip4"
    if not (_IP4.fullmatch(address) if four else _is_ip6(address)):
        return replace(found, fault=Fault("address", f"holds no full IPv{4 if four else 6} address"))
    fault = _length_fault(length, 32 if four else 128) if slash else None
    if fault:
        return replace(found, fault=fault)
    return replace(found, prefix4=_length(length)) if four else replace(found, prefix6=_length(length))


def _is_ip6(address: str) -> bool:
    try:
        return "%" not in address and bool(ipaddress.IPv6Address(address))
    except ValueError:
        return False


_READERS: dict[str, Callable[[Term, str], Term]] = {
    "all": _all,
    "include": _with_domain,
    "exists": _with_domain,
    "ptr": _with_domain,
    "a": _with_hosts,
    "mx": _with_hosts,
    "ip4": _with_address,
    "ip6": _with_address,
}


def is_policy(text: str) -> bool:
    """Tell whether a TXT record is an SPF record: its version is exactly v=spf1, in any case (RFC 7208 4.5, 12)."""
    return text[:6].lower() == "v=spf1" and text[6:7] in ("", " ")


@dataclass(frozen=True)
class Policy:
    """An SPF record: its terms in order. `version` as written; an edited record has the usual one."""

    terms: tuple[Term, ...]
    version: str = "v=spf1"

    def __str__(self) -> str:
        return " ".join((self.version, *(term.text for term in self.terms)))

    @property
    def faults(self) -> tuple[Term, ...]:
        """The terms that make the whole record a permanent error."""
        return tuple(term for term in self.terms if term.fault)

    @property
    def mechanisms(self) -> tuple[Term, ...]:
        """The mechanisms, in order."""
        return tuple(term for term in self.terms if not term.modifier and not term.fault)

    @property
    def all(self) -> Term | None:
        """The first `all`, at which every evaluation ends."""
        return next((term for term in self.mechanisms if term.name == "all"), None)

    @property
    def tested(self) -> tuple[Term, ...]:
        """The mechanisms before `all` (RFC 7208 5.1: those behind it are never tested)."""
        return self.mechanisms[: self.mechanisms.index(self.all)] if self.all else self.mechanisms

    @property
    def lost(self) -> tuple[Term, ...]:
        """The mechanisms behind `all`."""
        return self.mechanisms[self.mechanisms.index(self.all) + 1 :] if self.all else ()

    @property
    def redirect(self) -> Term | None:
        """The redirect that applies: none beside an `all` (RFC 7208 6.1)."""
        return None if self.all else self.modifier("redirect")

    @property
    def queries(self) -> tuple[Term, ...]:
        """The terms that cost a lookup when nothing matches before."""
        terms = tuple(term for term in self.tested if term.queries)
        return (*terms, self.redirect) if self.redirect else terms

    def modifier(self, name: str) -> Term | None:
        """Return the first modifier of a name."""
        return next((term for term in self.terms if term.modifier and term.name == name and not term.fault), None)

    def without(self, gone: Iterable[Term]) -> Policy:
        """Return it without some terms."""
        gone = set(gone)
        return Policy(tuple(term for term in self.terms if term not in gone))

    def exchanging(self, old: Term, *new: str) -> Policy:
        """Return it with other terms in the place of one."""
        position = self.terms.index(old)
        return Policy((*self.terms[:position], *map(term, new), *self.terms[position + 1 :]))

    def with_term(self, text: str) -> Policy:
        """Return it with a mechanism put before `all` or the modifiers at its end, unless it is tested already."""
        new = term(text)
        if any(_same(new, old) for old in self.tested):
            return self
        rest = self.without(old for old in self.terms if _same(new, old))
        place = rest.terms.index(rest.all) if rest.all else _end_of_mechanisms(rest.terms)
        return Policy((*rest.terms[:place], new, *rest.terms[place:]))

    def ending(self, qualifier: str) -> Policy:
        """Return it with its `all` changed, or with one put behind its mechanisms."""
        new = term(f"{qualifier}all")
        if self.all:
            return self.exchanging(self.all, new.text)
        place = _end_of_mechanisms(self.terms)
        return Policy((*self.terms[:place], new, *self.terms[place:]))


def _end_of_mechanisms(terms: tuple[Term, ...]) -> int:
    return max((place + 1 for place, term in enumerate(terms) if not term.modifier), default=0)


def _same(one: Term, other: Term) -> bool:
    def meaning(term: Term) -> tuple[object, ...]:
        return term.name, term.qualifier.replace("+", ""), term.value.lower().removesuffix("."), term.prefix4, term.prefix6

    return one.text.lower() == other.text.lower() or (not (one.fault or other.fault) and meaning(one) == meaning(other))


@lru_cache(maxsize=4096)  # every check that reads a record reads it anew
def parse(text: str) -> Policy:
    """Read an SPF record, whatever is wrong with its terms. Whether it is one, `is_policy` tells."""
    # RFC 7208 4.6.1: terms are separated by spaces alone.
    return Policy(tuple(_once(map(term, filter(None, text.split(" ")[1:])))), text[:6])


def _once(terms: Iterable[Term]) -> Iterator[Term]:
    """Mark a second redirect or exp (RFC 7208 6)."""
    seen: set[str] = set()
    for found in terms:
        if found.modifier and found.name in ("redirect", "exp") and not found.fault:
            if found.name in seen:
                yield replace(found, fault=Fault("repeated", f"is a second {found.name}="))
                continue
            seen.add(found.name)
        yield found


_STRENGTH = ("~", "-", "?", "", "+")


def merge(policies: Iterable[Policy]) -> Policy:
    """Return one record that authorises whom each of several does. `~all` wins: it refuses least of those that protect."""
    policies = tuple(policies)
    merged = Policy(())
    ends: list[str] = []
    for policy in policies:
        for found in policy.tested:
            merged = Policy((*merged.terms, found)) if not any(_same(found, old) for old in merged.terms) else merged
        if policy.redirect:
            merged = merged.with_term(f"include:{policy.redirect.value}")
        if policy.all:
            ends.append(policy.all.qualifier)
    others = [found for policy in policies for found in policy.terms if found.modifier and found.name != "redirect"]
    end = min(ends, key=_STRENGTH.index, default="~")
    kept = dict.fromkeys(found.text for found in others)
    return parse(" ".join((str(merged.ending(end)), *kept)))
