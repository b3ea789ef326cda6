"""What the user tells about a domain that cannot be found out, and how the run is to be judged."""

from __future__ import annotations

from dataclasses import dataclass

from maildoctor import names
from maildoctor.model import Waiver


@dataclass(frozen=True)
class Domain:
    """The audited domain. `name` is canonical, with the final dot, in its ASCII form (RFC 5891)."""

    name: str
    unicode: str = ""

    @property
    def text(self) -> str:
        """The name as people write it, in both forms where they differ."""
        text = names.bare(self.name)
        return f"{self.unicode} ({text})" if self.unicode and self.unicode != text else text


@dataclass(frozen=True)
class Settings:
    """What cannot be found out without the SES API, told by hand. Names are canonical.

    `roles` empty: found out from the evidence. `regions` empty: from MX, MAIL FROM MX and DKIM targets.
    `dkim_tokens`: the Easy DKIM tokens of SES or BYODKIM selectors. `author`: the address in From, if it is not at the domain.
    `scan`: look for the domain's SES identities in every region.
    """

    roles: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    dkim_tokens: tuple[str, ...] = ()
    mail_from: str = ""
    author: str = ""
    sender_ips: tuple[str, ...] = ()
    scan: bool = False
    waivers: tuple[Waiver, ...] = ()
