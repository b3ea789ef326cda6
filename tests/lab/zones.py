"""The zones of the lab: files after real set-ups, and above them the root and the top level domains, made to fit.

A zone file's first lines are comments: what the set-up is, `; check …` with the arguments of an audit that the tests run, and
`; dnssec signed`, `wrong-key` (the parent has the DS of another key) or `expired`. A zone here replaces one of `fixtures/world`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maildoctor import names
from maildoctor.sources import zonefile
from tests.story import FIXTURES

HERE = Path(__file__).parent / "zones"
LAME = "quarry.example."
"""Delegated to a server that does not serve it."""


@dataclass(frozen=True)
class LabZone:
    """One zone: its master file, the audits that it is for, and how it is signed ("" for not)."""

    origin: str
    text: str
    audits: tuple[str, ...] = ()
    dnssec: str = ""

    @classmethod
    def of(cls, origin: str, text: str) -> LabZone:
        """Read the comments of a zone file."""
        audits = tuple(re.findall(r"^; check (.+)$", text, re.MULTILINE))
        dnssec = re.search(r"^; dnssec (.+)$", text, re.MULTILINE)
        return cls(origin, text, audits, dnssec[1] if dnssec else "")

    def parse(self) -> zonefile.Zone:
        """Return it as `ZoneFiles` takes it."""
        return zonefile.parse(self.text, self.origin, self.origin)


def _read(folder: Path) -> dict[str, LabZone]:
    files = sorted(folder.glob("*.zone"))
    return {origin: LabZone.of(origin, path.read_text("utf-8")) for path in files for origin in [names.absolute(path.stem)]}


def stale() -> dict[str, LabZone]:
    """The zones of the server that was forgotten."""
    return _read(HERE / "stale")


@cache
def zones() -> dict[str, LabZone]:
    """All zones by origin."""
    found = {**_read(FIXTURES / "world"), **_read(HERE), _DEPOT.origin: _DEPOT}
    tops = {names.absolute(names.labels(origin)[-1].decode()) for origin in found}
    for top in sorted(tops - found.keys()):
        found[top] = LabZone(top, _apex(top))
    found["."] = LabZone(".", _apex("."), dnssec="signed")
    delegated: dict[str, list[str]] = {}
    for origin in found.keys() - {"."}:
        above = names.parent(origin)
        while above not in found:
            above = names.parent(above)
        if above in tops | {"."}:
            delegated.setdefault(above, []).append(f"{origin} NS ns1.dnshost.example.\n")
    for above, lines in delegated.items():
        zone = found[above]
        found[above] = LabZone(above, zone.text + "".join(sorted(lines)), zone.audits, zone.dnssec)
    return found


def _apex(origin: str) -> str:
    return (
        f"$ORIGIN {origin}\n@ SOA ns1.dnshost.example. admin.dnshost.example. 1 7200 900 1209600 300\n@ NS ns1.dnshost.example.\n"
    )


def _depot() -> LabZone:
    """Almost as much TXT at one name as a DNS message can hold, 64 KiB. Made here, because nobody wants to read it."""
    padding = " ".join(f'"{letter * 250}"' for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567")
    texts = "".join(f'@ TXT "backup-{number}" {padding}\n' for number in range(4))
    return LabZone.of(
        "depot.example.",
        "; check depot.example\n"
        + _apex("depot.example.")
        + '@ MX 10 inbound-smtp.us-east-1.amazonaws.com.\n@ TXT "v=spf1 include:amazonses.com ~all"\n'
        + '_dmarc TXT "v=DMARC1; p=none; rua=mailto:dmarc@depot.example"\n'
        + texts,
    )


_DEPOT = _depot()
