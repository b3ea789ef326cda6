"""What is known about SES in each AWS region. The table ages: an unknown region means "cannot tell", never a fault."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from maildoctor import names

_FILE = Path(__file__).with_name("data") / "ses_regions.toml"

Known = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Region:
    """SES in one region. Host names are canonical; "" where the region has none, or none is known.

    `dkim_zone` is only the usual zone: SES may give an identity another one (`SigningHostedZone` of GetEmailIdentity).
    """

    id: str
    name: str
    documented: bool
    smtp: Known
    receiving: Known
    smtp_host: str
    inbound_host: str
    feedback_host: str
    dkim_zone: str


@dataclass(frozen=True)
class Table:
    """All regions, the patterns that recognise Amazon's hosts whatever the region, and the SPF record of amazonses.com."""

    date: str
    regions: dict[str, Region]
    patterns: dict[str, re.Pattern[str]]
    spf: str
    absent: frozenset[str]

    def match(self, pattern: str, host: str) -> re.Match[str] | None:
        """Match a canonical host name against one of the patterns of `data/ses_regions.toml`."""
        return self.patterns[pattern].search(names.bare(host).lower())

    def region_of(self, pattern: str, host: str) -> str:
        """Return the region that a host name carries, or ""."""
        match = self.match(pattern, host)
        return (match.group("region") or "") if match else ""

    def region_in(self, host: str) -> str:
        """Return the first part of a host name that has the form of a region, whether it is a known one or not; or ""."""
        match = self.patterns["region_id"].search(names.bare(host).lower())
        return match[0] if match else ""

    def region_form(self, text: str) -> bool:
        """Tell whether a text has the form of a region."""
        return bool(self.patterns["region_id"].fullmatch(text))

    def receiving(self, region: str) -> Known:
        """Tell whether SES receives mail in a region, as far as the table knows."""
        if region in self.absent:
            return "no"
        return self.regions[region].receiving if region in self.regions else "unknown"

    def inbound_host(self, region: str) -> str:
        """Return the host that receives mail in a region, or ""."""
        return self.regions[region].inbound_host if region in self.regions else ""

    def feedback_host(self, region: str) -> str:
        """Return the host that takes bounces for a MAIL FROM in a region, or ""."""
        return self.regions[region].feedback_host if region in self.regions else ""


@cache
def table() -> Table:
    """Read the shipped table, once."""
    whole = tomllib.loads(_FILE.read_text("utf-8"))
    return Table(
        date=whole["meta"]["date"],
        regions={id: _region(id, row) for id, row in whole["regions"].items()},
        patterns={name: re.compile(pattern) for name, pattern in whole["patterns"].items()},
        spf=whole["spf_amazonses_com"]["record"],
        absent=frozenset(region for partition in whole["absent"].values() for region in partition),
    )


def _region(id: str, row: dict[str, str]) -> Region:
    def host(key: str) -> str:
        return names.absolute(row[key]) if key in row else ""

    return Region(
        id,
        row["name"],
        bool(row["documented"]),
        row["smtp"],  # type: ignore[arg-type]
        row["receiving"],  # type: ignore[arg-type]
        host("smtp_endpoint"),
        host("inbound_smtp"),
        host("feedback_smtp"),
        host("dkim_zone_default"),
    )
