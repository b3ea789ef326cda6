"""A domain as people give it: in either form of an internationalised name, or not a domain at all, which is refused with a hint."""

from __future__ import annotations

import ipaddress
import re

from maildoctor import names
from maildoctor.cli.refused import Refused
from maildoctor.settings import Domain

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
_DOTS = str.maketrans("\u3002\uff0e\uff61", "...")  # what IDNA reads as a dot (RFC 3490 3.1); keyboards in Asia type them


def domain(given: str) -> Domain:
    """Return the domain that was given. Raises `Refused` for what is no domain name."""
    text = given.strip().translate(_DOTS)
    if not text:
        raise Refused("an empty text is no domain name; give one such as example.com")
    _other_things(text)
    bare = text.removesuffix(".")
    if ".." in bare or bare.startswith("."):
        raise Refused(f"{shown(text)} has an empty label{_hint(re.sub(r'[.]+', '.', bare).strip('.'))}")
    name, unicode = _ascii(bare)
    _lengths(name, text)
    labels = name.split(".")
    if labels[0].startswith("_") and len(labels) > 2:
        raise Refused(f"{shown(text)} is the name of a record, not of a domain{_hint('.'.join(_after_underscores(labels)))}")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise Refused(f"{shown(text)} is no domain name: {shown(label)} is no label of letters, digits and inner hyphens")
    if len(labels) < 2:
        raise Refused(f"{shown(text)} is a single label; give the whole domain name, such as {name}.com or example.com")
    if labels[-1].isdigit():
        raise Refused(f"{shown(text)} is no domain name: no top-level domain is a number")
    return Domain(names.absolute(name), unicode if unicode != name else "")


def shown(text: str) -> str:
    """Quote what was given in an error message, which stays one line whatever it holds."""
    return ascii(text) if not text.isprintable() else f"{text!r}" if len(text) <= 80 else f"{text[:60]!r}…"


def _hint(text: str) -> str:
    try:
        return f"; did you mean {names.bare(domain(text).name)}?"
    except Refused:
        return ""


def _after_underscores(labels: list[str]) -> list[str]:
    last = max(position for position, label in enumerate(labels) if label.startswith("_"))
    return labels[last + 1 :]


def _other_things(text: str) -> None:
    """Refuse what is something else: a URL, an e-mail address, an IP address, a wildcard, a list."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        pass
    else:
        raise Refused(f"{shown(text)} is an IP address; give the domain, and the address of your own mail server as --sender-ip")
    if "://" in text:
        host = re.split(r"[/?#]", text.partition("://")[2])[0].rpartition("@")[2]
        raise Refused(f"{shown(text)} is a URL, not a domain name{_hint(host.partition(':')[0])}")
    if "@" in text:
        raise Refused(f"{shown(text)} is an e-mail address, not a domain name{_hint(text.rpartition('@')[2].strip('<>'))}")
    if "/" in text or ":" in text:
        raise Refused(f"{shown(text)} is more than a domain name{_hint(re.split('[/:]', text)[0])}")
    if text.startswith("*."):
        raise Refused(f"{shown(text)} is a wildcard, not a domain name{_hint(text[2:])}")
    if "," in text or " " in text:
        raise Refused(f"{shown(text)} is no domain name; give several with spaces between them")


def _ascii(text: str) -> tuple[str, str]:
    """Return the name in ASCII and in Unicode (RFC 5891). What IDNA 2008 refuses is refused."""
    lower = text.lower()
    if text.isascii() and "xn--" not in lower:
        return lower, lower
    import idna

    try:
        if text.isascii():
            return lower, idna.decode(lower)
        name = idna.encode(text, uts46=True).decode("ascii")
        return name, idna.decode(name)
    except (idna.IDNAError, UnicodeError) as error:
        raise Refused(f"{shown(text)} is no internationalised domain name: {ascii(str(error)).strip(chr(39))}") from error


def _lengths(name: str, text: str) -> None:
    # RFC 1035 2.3.4: 63 octets a label, 255 a name on the wire, which is 253 in text.
    for label in name.split("."):
        if len(label) > 63:
            raise Refused(f"{shown(text)} has a label of {len(label)} characters; 63 is the most (RFC 1035)")
    if len(name) > 253:
        raise Refused(f"{shown(text)} has {len(name)} characters; 253 is the most (RFC 1035)")
