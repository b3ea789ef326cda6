"""Checks of the key records: whether a verifier finds one and can read it (RFC 6376 3.6.1, 6.1.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from maildoctor import names
from maildoctor.ask import ExplainedBy, Undecided
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.rdata import Text
from maildoctor.records import dkim
from maildoctor.records.dkim import KeyRecord, MalformedKey, MalformedRecord
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.dkim_keys import Homes, Keys, Place, Published
from maildoctor.subjects.dkim_token_checks import ask_ses, in_other_zone
from maildoctor.subjects.dkim_tokens import Tokens


def replaced(published: Published, new: str, text: str) -> Remedy:
    """Return the remedy "publish this record instead", where the record is the domain's own."""
    if not names.below(published.owner, published.selector.domain):
        return Remedy(f"{text} Only whoever runs {names.bare(published.owner)} can change it.")
    if not new:
        return Remedy(text)
    old = Record(published.owner, "TXT", str(published.text))
    return Remedy(text, publish=(Record(published.owner, "TXT", str(Text.of(new))),), delete=(old,))


def about(published: Published, words: str, remedy: Remedy, severity: Severity | None = None) -> Finding:
    """Return a finding about one key record."""
    return Finding(
        f"{names.bare(published.name)} {words}",
        where=published.name,
        found=(str(published.text),),
        expected=tuple(record.value for record in remedy.publish),
        remedy=remedy,
        severity=severity,
    )


def readable(keys: Keys) -> Iterator[tuple[Published, KeyRecord]]:
    """Yield the records that are lists of tags."""
    for published in keys.all():
        if isinstance(published.record, KeyRecord):
            yield published, published.record


@check("dkim-key-missing", Severity.FAIL, "RFC 6376 3.6.2.2", "SES developer guide: troubleshoot-dkim")
def dkim_key_missing(domain: Domain, tokens: Tokens, keys: Keys, homes: Homes | Undecided) -> Iterator[Finding]:
    """Each selector leads to a TXT record that holds a key.

    A receiver asks for the TXT record at the selector and follows the alias to it. Without a key there the signature counts as
    failed.
    """
    if not keys.places:
        raise ExplainedBy(keys.fault)
    easy: list[Place] = []
    for place in keys.read():
        if place.selector.easy:
            easy.append(place)
        elif place.empty:
            yield _no_key(place)
    if not any(place.empty for place in easy):
        return
    if isinstance(homes, Undecided):
        raise homes
    elsewhere = {token.selector for token, _ in in_other_zone(tokens, keys, homes)}
    keyless = [place for place in easy if place.empty and place.selector not in elsewhere]
    if keyless:
        yield _no_key_at_ses(domain, keyless, not all(place.empty for place in easy))
    elif elsewhere:
        raise ExplainedBy("dkim-token-wrong-zone")


def _no_key_at_ses(domain: Domain, places: list[Place], others: bool) -> Finding:
    first = names.bare(places[0].selector.name)
    these = first if len(places) == 1 else f"{first} and {len(places) - 1} more"
    text = (
        "The alias is right. Ask SES whether it still uses this token; delete the alias if not."
        if others
        else "SES drops the keys of a deleted identity. Publish the tokens that it shows now, for this identity in this region."
    )
    return Finding(
        f"{these} {'is an alias of a name' if len(places) == 1 else 'are aliases of names'} at SES without a key",
        where=places[0].selector.name,
        found=tuple(place.owner for place in places),
        remedy=Remedy(text, commands=(ask_ses(domain, places[0].selector),)),
        severity=Severity.WARN if others else None,
    )


def _no_key(place: Place) -> Finding:
    texts = tuple(str(text) for text in place.selector.key.texts)
    other = ", only other texts" if texts else ""
    return Finding(
        f"{names.bare(place.selector.name)} holds no DKIM key{other}",
        where=place.selector.name,
        found=texts,
        expected=("p=…",),
        remedy=Remedy(
            "Publish the public key that belongs to this selector as a TXT record: p= and its base64, without line breaks."
        ),
    )


@check("dkim-key-lookup-fails", Severity.FAIL, "RFC 4035 5.5", "RFC 6376 6.1.2")
def dkim_key_lookup_fails(keys: Keys) -> Iterator[Finding]:
    """No key is lost to a DNSSEC failure.

    The alias is there, but what it leads to fails DNSSEC validation. Most large receivers validate: to them the key cannot be
    looked up, and they put the mail off or count the signature as failed.
    """
    if not keys.places:
        raise ExplainedBy(keys.fault)
    for place in keys.places:
        if place.bogus:
            yield Finding(
                f"the key at {names.bare(place.selector.name)} fails DNSSEC validation",
                where=place.selector.name,
                remedy=Remedy("Have the zone that holds it signed anew, or its DS record deleted at the parent."),
            )


@check("dkim-key-syntax", Severity.FAIL, "RFC 6376 3.6.1", "RFC 6376 3.2")
def dkim_key_syntax(keys: Keys) -> Iterator[Finding]:
    """Each key record is a list of tags that verifiers can read.

    A verifier discards a record that breaks the grammar, and then has no key. v=DKIM1 may be left out; where it is, it comes first.
    """
    for published in keys.all():
        text = published.text.text
        if isinstance(published.record, MalformedRecord):
            if not dkim.bare_key(text):
                new = dkim.repaired(text)
                remedy = replaced(published, new, "Publish the record again as SES or your key generator shows it.")
                yield about(published, f"cannot be read as a key record: {published.record}", remedy)
        elif published.record.type not in dkim.TYPES:
            yield about(published, "has a key type (k=) that verifiers do not know", Remedy("Use k=rsa, or leave k= out."))
        elif published.record.lapses:
            words = f"has {' and '.join(published.record.lapses)}, which strict verifiers refuse"
            yield about(published, words, replaced(published, dkim.repaired(text), "Leave them out."), Severity.WARN)


@check("dkim-rsa-key-malformed", Severity.FAIL, "RFC 6376 3.6.1", "RFC 5280 4.1.2.7")
def dkim_rsa_key_malformed(keys: Keys) -> Iterator[Finding]:
    """Each RSA key is whole, in base64, and behind p=.

    Keys are long, and suffer on their way through DNS panels: cut after 255 characters, spread over two records, with the lines
    of the PEM file around them. No verifier can use what is left.
    """
    for place in keys.found():
        if place.halves:
            yield _halves(place)
        for one in place.published:
            if isinstance(one.record, MalformedRecord) and dkim.bare_key(one.text.text):
                yield _bare(one)
            elif isinstance(one.record, KeyRecord) and one.record.type == "rsa" and isinstance(one.key, MalformedKey):
                yield _spoilt(one, one.record, one.key)


def _bare(one: Published) -> Finding:
    data = dkim.mended(one.text.text)
    remedy = replaced(one, data and f"p={data}", "Publish p= followed by the key in base64, without its PEM lines.")
    return about(one, "holds a bare key without p=", remedy)


def _halves(place: Place) -> Finding:
    first, second = place.halves or (Text(()), Text(()))
    joined = Text.of(first.text + second.text)
    old = tuple(Record(place.owner, "TXT", str(text)) for text in (first, second))
    remedy = Remedy("Put both pieces into one record, as two strings.")
    if names.below(place.owner, place.selector.domain):
        remedy = Remedy(remedy.text, publish=(Record(place.owner, "TXT", str(joined)),), delete=old)
    return Finding(
        f"{names.bare(place.selector.name)} has its key in two records, where one with two strings belongs",
        where=place.selector.name,
        found=tuple(record.value for record in old),
        expected=(str(joined),),
        remedy=remedy,
    )


def _spoilt(one: Published, record: KeyRecord, reason: MalformedKey) -> Finding:
    new = str(record.having("p", reason.mended)) if reason.mended else ""
    text = "Publish the whole public key again, cut into strings of at most 255 characters."
    if reason.private:
        text = "Make a new key pair at once and delete this record. Publish only what openssl rsa -pubout prints."
    if record.data.startswith("MCowBQYDK2Vw"):
        text = "Name its type: k=ed25519, with the last 32 octets of it in p=."
    finding = about(one, f"has no usable key: {reason}", replaced(one, new, text))
    return replace(finding, found=()) if reason.private else finding  # it need not be repeated in every log


@check("dkim-ed25519-key-malformed", Severity.FAIL, "RFC 8463 4")
def dkim_ed25519_key_malformed(keys: Keys) -> Iterator[Finding]:
    """Each Ed25519 key is 32 octets in base64.

    Unlike an RSA key it is published bare, without the DER that key generators write around it. Anything else is a syntax error.
    """
    for published, record in readable(keys):
        if record.type == "ed25519" and isinstance(published.key, MalformedKey):
            new = str(record.having("p", published.key.mended)) if published.key.mended else ""
            text = "Publish the 32 octets of the public key in base64: 44 characters."
            yield about(published, f"has no usable key: {published.key}", replaced(published, new, text))
