"""The questions with which every audit begins, so that they can be under way while the checks are still being loaded."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import Dns
from maildoctor.settings import Domain, Settings


def questions(domain: Domain, settings: Settings) -> Iterator[Dns]:
    """Yield what an audit with all checks asks whatever is answered; that it asks nothing else for them is held by a test."""
    for type_ in ("SOA", "NS", "MX", "TXT"):
        yield Dns(domain.name, type_)
    author = settings.author.rpartition("@")[2]
    yield Dns.of(f"_dmarc.{author or domain.name}", "TXT")
    for token in settings.dkim_tokens:
        if not token.isalnum() or token != token.lower():
            continue  # the whole name of a record, perhaps: the audit knows how to read it
        name = names.child(f"{token}._domainkey", domain.name)
        yield Dns(name, "CNAME")
        yield Dns(name, "TXT")
    if settings.mail_from:
        yield Dns(settings.mail_from, "MX")
        yield Dns(settings.mail_from, "TXT")
