"""Addresses of reports (RFC 9989 4.6): URIs in a list with commas, as DMARC has them in `rua` and `ruf`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from maildoctor import names

_SIZE = re.compile(r"!\d+[kmgt]?$", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)+\.?", re.IGNORECASE)
_LOCAL = re.compile(r"(?:[a-z0-9._~$'*+=/{}|^`#&-]|%[0-9a-f]{2})+", re.IGNORECASE)
_ADDRESS = re.compile(r"<?(?:mailto:(?://)?)?([^\s<>@,;:!]+@[a-z0-9_.-]+[a-z0-9])>?(?:![0-9]+[kmgt]?)?", re.IGNORECASE)


@dataclass(frozen=True)
class ReportUri:
    """One address as it is written. `size` is the obsolete limit behind it ("!10m"); `fault` says why receivers leave it out."""

    text: str
    scheme: str = ""
    address: str = ""
    host: str = ""
    size: str = ""
    fault: str = ""

    @property
    def without_size(self) -> str:
        """The address without the obsolete limit."""
        return self.text.removesuffix(self.size)

    @property
    def mended(self) -> tuple[str, ...]:
        """The mail addresses that can be read out of a faulty text, each as URI."""
        return tuple("mailto:" + match[1] for match in _ADDRESS.finditer(self.text))


def parse(value: str) -> tuple[ReportUri, ...]:
    """Read a list. A comma inside an address must be written %2C (RFC 9989 4.8), so each comma separates."""
    return tuple(_uri(part.strip(" \t")) for part in value.split(",")) if value.strip() else ()


def _uri(text: str) -> ReportUri:
    size = _SIZE.search(text)
    tail = size[0] if size else ""
    body = text.removesuffix(tail)
    match = _SCHEME.fullmatch(body)
    if re.search(r"\s", body):
        return ReportUri(text, size=tail, fault="a blank inside; addresses are separated by commas")
    if match is None:
        return ReportUri(text, size=tail, fault="no scheme; mailto: is missing" if "@" in body else "not an address")
    if "!" in body:
        # RFC 9989 4.8: what follows an exclamation mark was the size.
        return ReportUri(text, size=tail, fault="an exclamation mark, which must be written %21")
    scheme = match[1].lower()
    reader = {"mailto": _mailto, "https": _https}.get(scheme)
    address, host, fault = reader(match[2]) if reader else ("", "", f"receivers need not support {scheme}:")
    return ReportUri(text, scheme, address, host, tail, fault)


def _mailto(rest: str) -> tuple[str, str, str]:
    """Read what follows `mailto:` (RFC 6068 2)."""
    local, at, host = rest.partition("?")[0].rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or local.startswith("//"):
        return "", "", "not an address"
    if not _HOST.fullmatch(host) or not names.possible(host):
        return "", "", "not an address: its domain cannot exist"
    return f"{unquote(local)}@{host}", names.absolute(host), ""


def _https(rest: str) -> tuple[str, str, str]:
    host = re.split(r"[/?#:]", rest.removeprefix("//"), maxsplit=1)[0].rpartition("@")[2]
    if not rest.startswith("//") or not _HOST.fullmatch(host):
        return "", "", "not an address"
    return "", names.absolute(host), ""
