"""DKIM key records: the TXT data at `<selector>._domainkey.<domain>` (RFC 6376 3.6.1, RFC 8301, RFC 8463)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLANK = " \t\r\n"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_ARMOUR = re.compile(r"-\s*(?:BEGIN|END)[A-Z ]{0,40}-")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_BARE_KEY = re.compile(r"^[\"'\s]*(?:-{2,}[^-]*BEGIN|MI[GI][A-Za-z0-9+/]{40})")
_OTHER_RECORD = re.compile(r"^\s*v\s*=\s*(?:spf1|DMARC1|STSv1|TLSRPTv1|BIMI1)\b", re.IGNORECASE)
_KEY_TAG = re.compile(r"(?:^|[;\s\"'\\])(?:p|k)\s*=|^[\s\"']*v\s*=\s*DKIM", re.IGNORECASE)

_RSA = bytes.fromhex("2a864886f70d010101")  # rsaEncryption, RFC 3279 2.3.1
_ED25519 = bytes.fromhex("2b6570")  # id-Ed25519, RFC 8410 3
_SEQUENCE, _INTEGER, _BIT_STRING, _OID = 0x30, 0x02, 0x03, 0x06
TYPES = ("rsa", "ed25519")
"""The key types that verifiers know (RFC 6376 3.6.1, RFC 8463 4)."""


class MalformedRecord(ValueError):
    """The tag list is no key record; the message says why."""


class MalformedKey(ValueError):
    """`p=` holds no key of the type that `k=` says. `mended` is the `p=` that was meant, where that can be told."""

    def __init__(self, reason: str, mended: str = "", *, private: bool = False) -> None:
        super().__init__(reason)
        self.mended = mended
        self.private = private


class _Cut(ValueError):
    """The DER data end before they should."""


@dataclass(frozen=True)
class PublicKey:
    """A public key: its type and its size in bits."""

    type: str
    bits: int


@dataclass(frozen=True)
class KeyRecord:
    """One key record as its tags, in their order. `lapses`: what the grammar forbids, but nearly every verifier lets pass."""

    tags: tuple[tuple[str, str], ...]
    lapses: tuple[str, ...] = ()

    def get(self, tag: str, default: str = "") -> str:
        """Return a tag's value. Tag names are case-sensitive (3.2)."""
        return dict(self.tags).get(tag, default)

    def has(self, tag: str) -> bool:
        """Tell whether a tag is there, with or without a value."""
        return tag in dict(self.tags)

    @property
    def type(self) -> str:
        """`k=`: RSA unless it says otherwise."""
        return self.get("k", "rsa").lower()

    @property
    def hashes(self) -> tuple[str, ...]:
        """`h=`: the hash algorithms that may be used; empty where any may."""
        return self._list("h")

    @property
    def services(self) -> tuple[str, ...]:
        """`s=`: what the key may sign; "*" is everything."""
        return self._list("s") if self.has("s") else ("*",)

    @property
    def flags(self) -> tuple[str, ...]:
        """`t=`: "y" is testing, "s" forbids an identity at a subdomain."""
        return self._list("t")

    def _list(self, tag: str) -> tuple[str, ...]:
        # 3.6.1: separated by colons, with blanks around them; ABNF literals know no case (RFC 5234 2.3).
        return tuple(part.strip(_BLANK).lower() for part in self.get(tag).split(":")) if self.has(tag) else ()

    @property
    def data(self) -> str:
        """`p=` without the blanks that may stand anywhere in base64 (2.10)."""
        return re.sub(f"[{_BLANK}]+", "", self.get("p"))

    @property
    def revoked(self) -> bool:
        """An empty `p=` says that the key is no longer used (3.6.1)."""
        return not self.data

    @property
    def key(self) -> PublicKey:
        """The public key. Raises `MalformedKey`."""
        return _ed25519(self.data) if self.type == "ed25519" else _rsa(self.data)

    def without(self, tag: str) -> KeyRecord:
        """Return the record without a tag."""
        return KeyRecord(tuple(item for item in self.tags if item[0] != tag))

    def having(self, tag: str, value: str) -> KeyRecord:
        """Return the record with a tag set to another value; a new tag comes last."""
        if not self.has(tag):
            return KeyRecord((*self.tags, (tag, value)))
        return KeyRecord(tuple((name, value if name == tag else old) for name, old in self.tags))

    def __str__(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.tags)


def parse(text: str) -> KeyRecord:
    """Read a key record. Raises `MalformedRecord`."""
    if "\\;" in text:
        raise MalformedRecord("a backslash stands before a semicolon")
    if text[:1] in ("'", '"'):
        raise MalformedRecord("it begins with a quote that is part of the text")
    record = KeyRecord(tuple(_tags(text)), tuple(_lapses(text)))
    tags = [name for name, _ in record.tags]
    if len(set(tags)) < len(tags):
        raise MalformedRecord("a tag stands twice")  # 3.2: the whole list is invalid
    if "v" in tags and record.get("v") != "DKIM1":
        raise MalformedRecord("its version is not v=DKIM1")  # 3.6.1: compared as a string
    if "v" in tags and tags[0] != "v":
        raise MalformedRecord("v=DKIM1 is not the first tag")  # 3.6.1
    if "p" not in tags:
        raise MalformedRecord("it has no p= tag")  # 3.6.1: REQUIRED
    return record


def _tags(text: str) -> Iterator[tuple[str, str]]:
    specs = text.split(";")
    if len(specs) > 1 and not specs[-1].strip(_BLANK):
        specs.pop()
    for spec in specs:
        name, equals, value = spec.partition("=")
        name = name.strip(_BLANK)
        if not equals or not _NAME.fullmatch(name):
            raise MalformedRecord("it is no list of tags such as p=…" if len(specs) == 1 else "a part between semicolons is no tag")
        yield name, value.strip(_BLANK)


def _lapses(text: str) -> Iterator[str]:
    last = text.rpartition(";")[2]
    if ";" in text and last and not last.strip(_BLANK):
        yield "blanks after the last semicolon"  # 3.2: tag-list ends with a tag or with ";"
    if not text.isascii():
        yield "characters that are not ASCII"  # 3.2: VALCHAR


def resembles(text: str) -> bool:
    """Tell whether a text is meant for a key record, rightly written or not: a wildcard may answer with other texts."""
    return not _OTHER_RECORD.match(text) and bool(_KEY_TAG.search(text) or bare_key(text))


def bare_key(text: str) -> bool:
    """Tell whether a text is a key in PEM or base64 that nobody has put into a `p=` tag."""
    return bool(_BARE_KEY.match(text))


def unescaped(text: str) -> str:
    r"""Return a text without the `\` before semicolons and the quotes around it: zone file syntax that a panel took for data."""
    return text.replace("\\;", ";").replace('" "', "").strip("\"' ")


def _decode(data: str) -> bytes:
    """Decode base64 as a strict verifier does: only its alphabet, and padded (RFC 4648 3.2, 3.3)."""
    try:
        return binascii.a2b_base64(data.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("it is not base64") from None


def bare_data(text: str) -> str:
    """Return what is base64 of a text: PEM lines, quotes, backslashes and blanks left out, padding put right."""
    data = _NO_BASE64.sub("", _ARMOUR.sub("", text)).rstrip("=")
    if len(data) % 4 == 1:
        data = data[:-1]  # no octets end here: the text was cut
    return data + "=" * (-len(data) % 4)


def _ed25519(data: str) -> PublicKey:
    try:
        raw = _decode(data)
    except ValueError as error:
        raise MalformedKey(f"p= does not hold an Ed25519 key: {error}") from None
    if len(raw) == 44 and _ED25519 in raw[:12]:
        # RFC 8463 4: the bare key, without the SubjectPublicKeyInfo that openssl writes around it.
        mended = binascii.b2a_base64(raw[12:], newline=False).decode()
        raise MalformedKey("p= holds the Ed25519 key in DER, but only its last 32 octets belong there", mended)
    if len(raw) != 32:
        raise MalformedKey(f"p= holds {len(raw)} octets, but an Ed25519 key has 32")
    return PublicKey("ed25519", 256)


def _rsa(data: str) -> PublicKey:
    try:
        return PublicKey("rsa", _modulus(_decode(data)).bit_length())
    except ValueError as error:
        raise _diagnosis(data, error) from None


def _diagnosis(data: str, error: ValueError) -> MalformedKey:
    """Say what is wrong with an RSA key, and what was meant."""
    meant = bare_data(data)
    try:
        der = _decode(meant)
        _modulus(der)
    except MalformedKey as reason:
        return reason
    except ValueError as second:
        if isinstance(second, _Cut):
            return MalformedKey("p= is cut off: the key goes on after the last character")
        return MalformedKey(f"p= does not hold an RSA key: {error}")
    if _ARMOUR.search(data):
        return MalformedKey("p= still has the BEGIN and END lines of the PEM file", meant)
    if data.rstrip("=") == meant.rstrip("="):
        return MalformedKey("p= does not end with the right number of =", meant)
    return MalformedKey("p= has stray characters that are not base64", meant)


def mended(data: str) -> str:
    """Return the `p=` value meant by a broken one, or "" where that cannot be told."""
    meant = bare_data(data)
    try:
        _rsa(meant)
    except MalformedKey:
        return ""
    return meant


def _modulus(der: bytes) -> int:
    """Return the modulus of an RSA key in DER: SubjectPublicKeyInfo (RFC 5280 4.1) or RSAPublicKey (RFC 8017 A.1.1)."""
    body = _whole(der)
    if body[:1] == bytes([_SEQUENCE]):
        body = _whole(_wrapped(body))
    modulus, rest = _element(body, _INTEGER)
    number = int.from_bytes(modulus, "big")
    if number == 0:
        # RFC 8017 A.1.2, RFC 5958 2: a private key begins with its version.
        raise MalformedKey("it is the PRIVATE key: whoever reads it can sign as this domain", private=True)
    _element(rest, _INTEGER)
    return number


def _whole(der: bytes) -> bytes:
    body, rest = _element(der, _SEQUENCE)
    if rest:
        raise ValueError("octets follow the key")
    return body


def _wrapped(info: bytes) -> bytes:
    algorithm, rest = _element(info, _SEQUENCE)
    oid, _ = _element(algorithm, _OID)
    if oid == _ED25519:
        raise ValueError("it is an Ed25519 key, and k=ed25519 is missing")
    if oid != _RSA:
        raise ValueError("it is a key of another kind")
    bits, _ = _element(rest, _BIT_STRING)
    return bits[1:]


def _element(der: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the content of the first element, which must have this tag, and what follows it (X.690 8.1)."""
    if len(der) < 2:
        raise _Cut("its data end too early")
    if der[0] != tag:
        raise ValueError("its data are no public key")
    length, start = der[1], 2
    if length & 0x80:
        start = 2 + (length & 0x7F)
        length = int.from_bytes(der[2:start], "big")
    if start == 2 and der[1] == 0x80:
        raise ValueError("its data are no public key")
    if start + length > len(der):
        raise _Cut("its data end too early")
    return der[start : start + length], der[start + length :]


def repaired(text: str) -> str:
    """Return the record that was meant by a broken text, or "" where that cannot be told."""
    specs = [spec.strip(_BLANK) for spec in unescaped(text).split(";")]
    tags = [(name.strip(_BLANK), value.strip(_BLANK)) for name, _, value in (spec.partition("=") for spec in specs if spec)]
    version = [("v", "DKIM1")] if any(name == "v" and value.upper() == "DKIM1" for name, value in tags) else []
    new = "; ".join(f"{name}={value}" for name, value in [*version, *(tag for tag in tags if tag[0] != "v")])
    try:
        record = parse(new)
        usable = record.revoked or record.key
    except (MalformedRecord, MalformedKey):
        return ""
    return new if usable and not record.lapses else ""
