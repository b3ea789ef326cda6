"""Which resolvers are asked, and how: as the user writes them, and as the system has them."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from maildoctor import names

_PORTS = {"udp": 53, "tls": 853, "https": 443}
_EXPECTED = "write an address (192.0.2.1, [2001:db8::1]:5353), tls://ADDRESS or https://HOST/dns-query"


@dataclass(frozen=True)
class Resolver:
    """One resolver. `scheme` is "udp" (TCP where an answer does not fit), "tls" (RFC 7858) or "https" (RFC 8484).

    `host` is an address; with "tls" and "https" it may be a name that the system resolves. `name` is whom the certificate must
    name. `path` is that of the URL.
    """

    host: str
    port: int = 53
    scheme: str = "udp"
    name: str = ""
    path: str = ""

    @property
    def loopback(self) -> bool:
        """Whether it runs on this machine."""
        return self.host == "::1" or (self.host.startswith("127.") and is_address(self.host))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host and (self.scheme != "udp" or self.port != 53) else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        if self.scheme == "udp":
            return host + port
        certified = f"{self.name}@" if self.scheme == "tls" and self.name != self.host else ""
        return f"{self.scheme}://{certified}{host}{port}{self.path}"


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address. One of a single link may say which: fe80::1%eth0 (RFC 4007 11)."""
    return family(text) is not None


def family(text: str) -> socket.AddressFamily | None:
    """Return the family of an IP address, None where the text is none."""
    for each, address in ((socket.AF_INET, text), (socket.AF_INET6, text.partition("%")[0])):
        try:
            socket.inet_pton(each, address)
        except (OSError, ValueError):
            continue
        return each
    return None


def parse(text: str) -> Resolver:
    """Read a resolver as the user writes it. Raises `ValueError` with one line that says what is expected."""
    scheme, separator, rest = text.strip().rpartition("://")
    scheme = scheme.lower() if separator else "udp"
    if scheme not in _PORTS:
        raise _unreadable(text)
    rest, slash, path = rest.partition("/")
    name, _, rest = rest.rpartition("@")
    host, port = _host_and_port(text, rest, _PORTS[scheme])
    named = not is_address(host)
    if named and (scheme == "udp" or not _is_host_name(host)):
        raise _unreadable(text)
    if (slash and scheme != "https") or (name and (scheme != "tls" or named or not _is_host_name(name))):
        raise _unreadable(text)
    if scheme == "udp":
        return Resolver(host, port)
    # RFC 8484 3: servers publish a URI template; the part in braces is for GET.
    path = "/" + (path.removesuffix("{?dns}") or "dns-query") if scheme == "https" else ""
    return Resolver(host, port, scheme, name or host, path)


def _host_and_port(text: str, rest: str, default: int) -> tuple[str, int]:
    if rest.startswith("["):
        host, bracket, port = rest[1:].partition("]")
        if not bracket or ":" not in host or (port and not port.startswith(":")):
            raise _unreadable(text)
        port = port[1:] if port else str(default)
    elif rest.count(":") == 1:
        host, _, port = rest.partition(":")
    else:
        host, port = rest, str(default)
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"{text!r} is no resolver: {port!r} is no port")
    return host, int(port)


def _is_host_name(text: str) -> bool:
    plain = text.isascii() and all(each.isalnum() or each in "-." for each in text)
    return plain and bool(text) and not text.replace(".", "").isdecimal() and names.possible(text)


def _unreadable(text: str) -> ValueError:
    return ValueError(f"{text!r} is no resolver: {_EXPECTED}")


def system(path: Path = Path("/etc/resolv.conf")) -> tuple[Resolver, ...]:
    """Return the resolvers of this machine; without any, one on the machine itself is assumed, as resolv.conf(5) has it."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    words = [line.split() for line in lines]
    found = [line[1] for line in words if len(line) > 1 and line[0] == "nameserver" and is_address(line[1])]
    return tuple(Resolver(address) for address in dict.fromkeys(found)) or (Resolver("127.0.0.1"),)
