"""What is told about a domain by hand: options, environment and configuration made into `Settings`, or refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from maildoctor import names, regions
from maildoctor.cli.names_given import domain as domain_given
from maildoctor.cli.names_given import shown
from maildoctor.cli.refused import Refused, near
from maildoctor.model import Waiver
from maildoctor.settings import Domain, Settings

ROLES = ("send", "receive", "bulk", "direct", "parked")
ALL = "all"
"""In place of a region: look for the identities of SES in every one."""
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")


@dataclass(frozen=True)
class Told:
    """The words of the user, as they were typed."""

    roles: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    dkim_tokens: tuple[str, ...] = ()
    mail_from: str = ""
    author: str = ""
    sender_ips: tuple[str, ...] = ()

    def over(self, configured: Mapping[str, Any]) -> Told:
        """Return these words, and those of the configuration where nothing was said on the command line."""
        return Told(
            self.roles or tuple(configured.get("roles", ())),
            self.regions or tuple(configured.get("regions", ())),
            self.dkim_tokens or tuple(configured.get("dkim-tokens", ())),
            self.mail_from or configured.get("mail-from", ""),
            self.author or configured.get("from", ""),
            self.sender_ips or tuple(configured.get("sender-ips", ())),
        )

    def settings(self, domain: Domain, waivers: Iterable[Waiver] = ()) -> Settings:
        """Return the settings for one domain. Raises `Refused`."""
        given = _unique(words(self.regions))
        if ALL in given and len(given) > 1:
            raise Refused("--region all is every region; give no other beside it")
        return Settings(
            scan=ALL in given,
            roles=_unique(map(_role, words(self.roles))),
            regions=_unique(_region(word) for word in given if word != ALL),
            dkim_tokens=_unique(_token(word, domain) for word in words(self.dkim_tokens)),
            mail_from=_mail_from(self.mail_from, domain) if self.mail_from else "",
            author=_author(self.author) if self.author else "",
            sender_ips=_unique(map(_address, words(self.sender_ips))),
            waivers=tuple(waivers),
        )


def words(values: Iterable[str]) -> list[str]:
    """Return what was given by repetition or with commas as one list."""
    return [word.strip() for value in values for word in value.split(",") if word.strip()]


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _role(word: str) -> str:
    if word.lower() not in ROLES:
        raise Refused(f"{shown(word)} is no role{near(word, ROLES)}")
    return word.lower()


def _region(word: str) -> str:
    table = regions.table()
    if word in table.absent or word.startswith("cn-"):
        elsewhere = ": it takes an account outside China, and a region such as ap-southeast-1" if word.startswith("cn-") else ""
        raise Refused(f"Amazon SES does not exist in {shown(word)[1:-1]}{elsewhere}")
    if word not in table.regions:
        raise Refused(f"no region of Amazon SES is called {shown(word)}{near(word, table.regions)}")
    return word


def _token(word: str, domain: Domain) -> str:
    """Return a DKIM token or selector, also where it was given as the whole name or target of its record."""
    text = word.lower().removesuffix(".")
    text = text.partition("._domainkey")[0]
    if text.endswith((".amazonses.com", ".amazonses.eu")):
        text = text.partition(".dkim.")[0]
    if not _SELECTOR.fullmatch(text) or not names.possible(names.child(f"{text}._domainkey", domain.name)):
        raise Refused(f"{shown(word)} is no DKIM token or selector")
    return text


def _mail_from(word: str, domain: Domain) -> str:
    """Return the MAIL FROM name. Whether SES could take it is for a check to say: it may lie below a parent domain too."""
    if re.fullmatch(r"[A-Za-z0-9-]+", word):
        raise Refused(f"--mail-from {shown(word)} is no whole name; did you mean {word.lower()}.{names.bare(domain.name)}?")
    return domain_given(word).name


def _author(word: str) -> str:
    local, at, host = word.rpartition("@")
    if at and not local:
        raise Refused(f"--from {shown(word)} has nothing before the @")
    return f"{local}{at}{names.bare(domain_given(host).name)}"


def _address(word: str) -> str:
    try:
        return str(ipaddress.ip_address(word.strip("[]")))
    except ValueError:
        hint = "; give one address of the network" if "/" in word else "; give one such as 192.0.2.1 or 2001:db8::1"
        raise Refused(f"--sender-ip {shown(word)} is no IP address{hint}") from None
