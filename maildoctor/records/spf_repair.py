"""What the author of a faulty SPF record meant, where that can be told."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from maildoctor.records.spf import MECHANISMS, Policy, Term, parse, term

_LONG = ("include", "exists", "redirect")  # names that can be misspelt and still be told
_WRONG_NAMES = {"ip": "ip4", "ipv4": "ip4", "ipv6": "ip6", "prt": "ptr", "a": "ip4", "mx": "ip4", "include": "ip4"}
_SES_MEANT = re.compile(
    r"amazonses|(?:.*\.)?amazon-?ses\.[a-z.]+|(?:.*\.)?amazonaws\.com|amazons?es?s?\.com|(?:email|feedback)-smtp\..*"
)
# The default MAIL FROM names of SES have SPF records of their own; amazonses.eu may be that of the European cloud.
_SES_NAMES = re.compile(r"(?:[a-z]{2,4}-(?:[a-z]+-)+[0-9]\.)?amazonses\.(?:com|eu)")


def means_ses(found: Term) -> bool:
    """Tell whether a term is meant to include amazonses.com, but names something else that has no such record."""
    value = found.value.lower().removesuffix(".")
    return found.name == "include" and not found.modifier and bool(_SES_MEANT.fullmatch(value)) and not _SES_NAMES.fullmatch(value)


def unjoined(strings: tuple[str, ...]) -> str:
    """Return the text with a space at each joint that made one term out of two (RFC 7208 3.3); "" where none did."""
    text, apart = strings[0] if strings else "", False
    for string in strings[1:]:
        left, right = text.rpartition(" ")[2], string.partition(" ")[0]
        glued = bool(left) and bool(right) and _glued(left, right)
        text += " " * glued + string
        apart = apart or glued
    return text if apart else ""


def _glued(left: str, right: str) -> bool:
    whole = left.lower() == "v=spf1" or (_known(left) and not term(left).fault)
    if not whole or term(right).fault or not _known(right):
        return False
    # A lone "a" or "mx" may as well be the rest of a name.
    return bool(term(left + right).fault) or bool(re.match(r"[+\-~?]|[a-z0-9]+[:=]", right.lower())) or left.lower() == "v=spf1"


def _known(text: str) -> bool:
    return term(text).name in (*MECHANISMS, "redirect", "exp")


def mend(policy: Policy) -> Policy | None:
    """Return the record with all its faults mended, or None where one of them leaves open what was meant."""
    texts = list(_put_together([found.text for found in policy.terms if not _repeated(found)]))
    mended: list[str] = []
    for text in texts:
        meant = text if not term(text).fault and not means_ses(term(text)) else _mended(text)
        if meant is None:
            return None
        mended += [meant] if meant and meant not in mended else []
    whole = parse(" ".join(("v=spf1", *mended)))
    return None if whole.faults else whole


def _repeated(found: Term) -> bool:
    return bool(found.fault) and found.fault is not None and found.fault.kind == "repeated"


def _put_together(texts: list[str]) -> Iterator[str]:
    """Join what a stray blank has cut: "include:" "amazonses.com", "~" "all"."""
    parts = [part for text in texts for part in text.split()]
    while parts:
        text = parts.pop(0)
        if parts and (text in "+-~?" or (text.endswith((":", "=")) and term(text + parts[0]).fault is None)):
            text += parts.pop(0)
        yield text


def _mended(text: str) -> str | None:
    """Return what one faulty term was meant to be, "" where it says nothing, None where that cannot be told."""
    text = text.strip(",;\"'\u201c\u201d\u00a0\ufeff")
    if text.lower() in ("", "v=spf1"):
        return ""
    for attempt in (lambda text: text, _as_ses, _as_address, _as_name, _as_mechanism):
        meant = attempt(text)
        if meant and not term(meant).fault and not means_ses(term(meant)):
            return meant
    return None


def _as_ses(text: str) -> str:
    return "include:amazonses.com" if means_ses(term(text)) else ""


def _as_address(text: str) -> str:
    """Read an address under another mechanism, or under none."""
    qualifier, rest = _qualified(text)
    name, colon, value = rest.partition(":")
    for candidate in (value,) if colon and name.lower() in (*_WRONG_NAMES, "ip4", "ip6") else (rest,):
        try:
            network = ipaddress.ip_network(candidate, strict=False)
        except ValueError:
            continue
        return f"{qualifier}ip{network.version}:{candidate}"
    return ""


def _as_name(text: str) -> str:
    """Read a web address where a name belongs."""
    return re.sub(r"^([+\-~?]?[A-Za-z0-9]+:)https?://([^/]+)/?$", r"\1\2", text)


def _as_mechanism(text: str) -> str:
    """Read a misspelt mechanism."""
    qualifier, rest = _qualified(text)
    name, sign, value = re.match(r"([^:=/.]*)([:=/.]?)(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr] # it matches any text
    if name.lower() == "all":
        return f"{qualifier}all"
    import difflib

    near = difflib.get_close_matches(name.lower(), _LONG, n=1, cutoff=0.8)
    known = near[0] if near else _WRONG_NAMES.get(name.lower(), "")
    return f"{qualifier}{known}{'=' if known == 'redirect' else sign}{value}" if known and value else ""


def _qualified(text: str) -> tuple[str, str]:
    return (text[0], text[1:]) if text[:1] in ("+", "-", "~", "?") else ("", text)
