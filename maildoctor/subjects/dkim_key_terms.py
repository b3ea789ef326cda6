"""Checks of what key records allow: how strong the key is, for what, and whether it still counts (RFC 6376 3.6.1, RFC 8301)."""

from __future__ import annotations

from collections.abc import Iterator

from maildoctor import names
from maildoctor.ask import Undecided
from maildoctor.model import Finding, Record, Remedy, Severity
from maildoctor.records.dkim import KeyRecord, PublicKey
from maildoctor.registry import check
from maildoctor.settings import Domain
from maildoctor.subjects.dkim import Selectors
from maildoctor.subjects.dkim_key_checks import about, readable, replaced
from maildoctor.subjects.dkim_keys import WEAK, Keys, Place, Published, for_mail
from maildoctor.subjects.ses import Identity

WANTED, HANDLED = 2048, 4096
"""RFC 8301 3.2: the size that signers should use, and the largest that every verifier must handle."""


@check("dkim-ed25519-alone", Severity.WARN, "RFC 8463 6", "SES developer guide: send-email-authentication-dkim-bring-your-own")
def dkim_ed25519_alone(keys: Keys) -> Iterator[Finding]:
    """An Ed25519 key is accompanied by an RSA key.

    Many receivers cannot verify Ed25519 yet and take such a signature for none. SES signs with RSA only.
    """
    every = tuple(readable(keys))
    if any(record.type == "rsa" for _, record in every):
        return
    for published, record in every:
        if record.type == "ed25519":
            remedy = Remedy("Sign with an RSA key as well, and publish it under another selector.")
            yield about(published, "is an Ed25519 key, and no RSA key was told beside it", remedy)


@check("dkim-key-revoked", Severity.FAIL, "RFC 6376 3.6.1", "RFC 6376 6.1.2")
def dkim_key_revoked(keys: Keys) -> Iterator[Finding]:
    """No selector in use has a revoked key.

    An empty p= says that the key is no longer valid. Signatures that name this selector fail.
    """
    every = tuple(readable(keys))
    spare = any(published.selector.easy and published.usable for published, _ in every)
    for published, record in every:
        if record.revoked:
            # SES moves among its tokens by itself, and is not known to sign with one that it has revoked.
            severity = Severity.WARN if published.selector.easy and spare else None
            remedy = replaced(published, "", "Stop signing with this selector, or publish the key that belongs to it.")
            yield about(published, "is revoked: its p= is empty", remedy, severity)


@check(
    "dkim-key-weak",
    Severity.WARN,
    "RFC 8301 3.2",
    "Gmail sender guidelines: 1024 bits or more",
    "SES: Virtual Deliverability Manager advisor",
)
def dkim_key_weak(domain: Domain, selectors: Selectors, keys: Keys | Undecided) -> Iterator[Finding]:
    """Each RSA key has 2048 bits or more, and at most 4096.

    Verifiers must refuse keys below 1024 bits; 2048 is what receivers recommend. They need not handle more than 4096.
    """
    short = [identity for identity in selectors.identities if identity.dkim.get("CurrentSigningKeyLength") == "RSA_1024_BIT"]
    for identity in short:
        yield _short_by_choice(identity)
    if isinstance(keys, Undecided):
        raise keys
    every = [(one, one.key.bits) for one in keys.all() if isinstance(one.key, PublicKey) and one.key.type == "rsa"]
    poor = [(one, bits) for one, bits in every if not WANTED <= bits <= HANDLED]
    easy = [(one, bits) for one, bits in poor if one.selector.easy and not _told_so(one, bits, short)]
    if easy:
        yield _short_at_ses(domain, easy)
    for published, bits in poor:
        if not published.selector.easy:
            remedy = Remedy("Make a key of 2048 bits, publish it under a new selector, then change the signer to it.")
            severity = Severity.FAIL if bits < WEAK else None
            yield about(published, f"has an RSA key of {bits} bits", remedy, severity)


def _told_so(published: Published, bits: int, short: list[Identity]) -> bool:
    """Tell whether SES itself has said that the key is short."""
    return bits >= WEAK and any(identity.name == published.selector.domain for identity in short)


def _short_by_choice(identity: Identity) -> Finding:
    changing = identity.dkim.get("NextSigningKeyLength") == "RSA_2048_BIT"
    text = "SES is about to change to 2048 bits by itself." if changing else "Let SES make keys of 2048 bits; the aliases stay."
    return Finding(
        f"SES signs for {identity.place} with RSA keys of 1024 bits{' until it changes to 2048' if changing else ''}",
        where=identity.name,
        found=("RSA_1024_BIT",),
        expected=("RSA_2048_BIT",),
        remedy=Remedy(text, commands=() if changing else (longer(identity),)),
        severity=Severity.NOTE if changing else None,
    )


def _short_at_ses(domain: Domain, keys: list[tuple[Published, int]]) -> Finding:
    first, bits = min(keys, key=lambda item: item[1])
    others = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return Finding(
        f"{names.bare(first.name)}{others}: SES signs with RSA keys of {bits} bits",
        where=first.name,
        found=tuple(str(published.text) for published, _ in keys),
        remedy=Remedy("Let SES make keys of 2048 bits; the aliases stay as they are.", commands=(longer(domain),)),
        severity=Severity.FAIL if bits < WEAK else None,
    )


def longer(of: Identity | Domain) -> str:
    """Return the command by which SES makes longer keys."""
    verb = "put-email-identity-dkim-signing-attributes"
    rest = "--signing-attributes-origin AWS_SES --signing-attributes NextSigningKeyLength=RSA_2048_BIT"
    if isinstance(of, Identity):
        return of.command(f"{verb} {rest}")
    return f"aws sesv2 {verb} --email-identity {names.bare(of.name)} {rest}"


@check("dkim-key-without-sha256", Severity.FAIL, "RFC 6376 6.1.2", "RFC 8301 3.1")
def dkim_key_without_sha256(keys: Keys) -> Iterator[Finding]:
    """Each key may be used with SHA-256.

    h= limits the hash algorithms of a key. Signatures with SHA-1 must not be made or accepted any more, so a key that does not
    allow SHA-256 serves for nothing.
    """
    for published, record in readable(keys):
        if not record.has("h") or record.hashes == ("sha256",):
            continue
        remedy = replaced(published, str(record.without("h")), "Leave h= out: then any algorithm may be used.")
        if "sha256" not in record.hashes:
            yield about(published, "does not allow SHA-256 (h=)", remedy)
        elif "sha1" in record.hashes:
            yield about(published, "still allows SHA-1 (h=)", remedy, Severity.WARN)


@check("dkim-key-testing", Severity.WARN, "RFC 6376 3.6.1")
def dkim_key_testing(keys: Keys) -> Iterator[Finding]:
    """No key is marked as being tested.

    t=y asks receivers to treat mail whose signature fails like unsigned mail: fine while DKIM is being set up, of no use
    afterwards.
    """
    for published, record in readable(keys):
        if "y" in record.flags:
            rest = ":".join(flag for flag in record.flags if flag != "y")
            new = record.having("t", rest) if rest else record.without("t")
            yield about(published, "is marked as a test (t=y)", replaced(published, str(new), "Remove y from t=."))


@check("dkim-key-wrong-service", Severity.FAIL, "RFC 6376 3.6.1", "RFC 8460 3")
def dkim_key_wrong_service(keys: Keys) -> Iterator[Finding]:
    """Each key may sign mail.

    s= limits what a key is for. Unless it says email or *, verifiers ignore the key for mail; s=tlsrpt is for TLS reports only.
    """
    for published, record in readable(keys):
        if not for_mail(record):
            remedy = replaced(published, str(record.without("s")), "Leave s= out: then the key may sign anything.")
            yield about(published, "is not for mail (s=)", remedy)


@check("dkim-multiple-keys", Severity.WARN, "RFC 6376 3.6.2.2")
def dkim_multiple_keys(keys: Keys) -> Iterator[Finding]:
    """Each selector has one key record.

    With two records at one name it is undefined which a verifier takes, so that some see a failed signature.
    """
    for place in keys.found():
        if len(place.published) < 2:
            continue
        records = tuple(Record(place.owner, "TXT", str(published.text)) for published in place.published)
        yield Finding(
            f"{names.bare(place.selector.name)} has {len(records)} key records",
            where=place.selector.name,
            found=tuple(record.value for record in records),
            remedy=_one_of(place, records),
        )


def _one_of(place: Place, records: tuple[Record, ...]) -> Remedy:
    """Where all but one record cannot be used, or hold the same key, they can go; else only the owner knows which."""
    usable = [published for published in place.published if published.usable]
    same = {published.record.data for published in usable if isinstance(published.record, KeyRecord)}
    if len(same) != 1 or not names.below(place.owner, place.selector.domain):
        return Remedy("Keep the record whose key the signer uses and delete the others.")
    kept = str(usable[0].text)
    return Remedy("Keep one record.", delete=tuple(record for record in records if record.value != kept))
