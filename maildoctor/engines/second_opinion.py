"""checkdmarc, asked for a second opinion on SPF and DMARC records, over the same answers as our own reading.

Its parsers and its exceptions are used. Its `check_*` verdicts are not, for they take a timeout for a missing record; nor are its
English sentences, which change. It takes a third of a second to import: ask it only where there is something to disagree about.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

from maildoctor import names
from maildoctor.ask import Ask, Dns
from maildoctor.rdata import Text

_EXPLANATION = re.compile(r"\sexp=\S*", re.IGNORECASE)


@dataclass(frozen=True)
class Opinion:
    """What checkdmarc makes of one record.

    `fault` is the name of the exception with which it refuses the record, "" where it takes it. `tags`: the tags of a DMARC record
    that it reads, each with its value. `lookups` and `voids`: what an SPF record costs (RFC 7208 4.6.4).
    """

    fault: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    lookups: int = 0
    voids: int = 0


def dmarc(record: str) -> Opinion:
    """Let checkdmarc parse a DMARC record, as text alone: it would judge report addresses by the public suffix list."""
    parse = _module("dmarc").parse_dmarc_record
    try:
        parsed = parse(record, "", resolver=_resolver(None), ignore_unrelated_records=True)
    except Exception as error:  # noqa: BLE001 - however it refuses a record, that is its opinion
        return Opinion(type(error).__name__)
    return Opinion(tags=tuple(sorted(_tags(parsed["tags"]))))


def _tags(tags: dict[str, Any]) -> list[tuple[str, str]]:
    return [(tag, _value(part["value"])) for tag, part in tags.items() if part["explicit"]]


def _value(value: Any) -> str:
    return value if isinstance(value, str) else ",".join(uri["address"] for uri in value)


def spf(ask: Ask, domain: str, record: str) -> Opinion:
    """Let checkdmarc parse an SPF record with all that it includes. Raises `NotYet` and `CouldNotLook` as any reading does."""
    parse = _module("spf").parse_spf_record
    try:
        parsed = parse(_EXPLANATION.sub("", record), names.bare(domain), resolver=_resolver(ask))
    except Exception as error:  # noqa: BLE001 - however it refuses a record, that is its opinion
        return Opinion(type(error).__name__)
    return Opinion(lookups=parsed["dns_lookups"], voids=parsed["void_dns_lookups"])


def _module(name: str) -> Any:
    """Import a part of checkdmarc, without its cache: that one is keyed by name, and would hand one source's answers to another."""
    import importlib

    os.environ["DNS_CACHE_MAX_AGE_SECONDS"] = "0"
    return importlib.import_module(f"checkdmarc.{name}")


def _resolver(ask: Ask | None) -> Any:
    """Return a resolver of dnspython that reads our answers; with no `ask`, one for which nothing is there."""
    import dns.rdata
    import dns.resolver

    class Resolver(dns.resolver.Resolver):
        """Answers at once, or lets `NotYet` and `CouldNotLook` through: they are no `Exception`."""

        def resolve(self, qname: Any, rdtype: Any = "A", *_args: Any, **_options: Any) -> Any:
            if ask is None or rdtype == "SPF":  # RFC 7208 3.1: the type SPF is not used any more
                raise dns.resolver.NoAnswer
            answer = ask(Dns.of(str(qname), rdtype))
            if not answer.exists:
                raise dns.resolver.NXDOMAIN
            if not answer.records:
                raise dns.resolver.NoAnswer
            return [dns.rdata.from_text("IN", rdtype, _without_explanation(record, rdtype)) for record in answer.records]

    resolver = Resolver(configure=False)
    resolver.lifetime = 1.0
    return resolver


def _without_explanation(record: str, type_: str) -> str:
    """Take `exp=` out of an SPF record: it changes no result, and checkdmarc would fetch it past the resolver it was given."""
    if type_ != "TXT" or "exp=" not in record.lower():
        return record
    text = Text.parse(record).text
    return str(Text.of(_EXPLANATION.sub("", text))) if text.lower().startswith("v=spf1") else record
