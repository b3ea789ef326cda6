"""DKIM key records: the grammar of RFC 6376 3.6.1, and keys of RFC 8301 and RFC 8463."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from maildoctor.rdata import Text
from maildoctor.records import dkim

VECTORS = Path(__file__).parents[3] / "shared" / "suites" / "parse" / "parse-vectors.json"
ED25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="  # RFC 8463 A.2


@cache
def rsa(bits: int = 2048, form: str = "DER") -> str:
    """Return a fresh RSA public key: base64 of its DER, or PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa as algorithm

    private = algorithm.generate_private_key(65537, bits)
    if form == "private":
        der = private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        return base64.b64encode(der).decode()
    layout = serialization.PublicFormat.PKCS1 if form == "PKCS1" else serialization.PublicFormat.SubjectPublicKeyInfo
    encoding = serialization.Encoding.PEM if form == "PEM" else serialization.Encoding.DER
    data = private.public_key().public_bytes(encoding, layout)
    return data.decode() if form == "PEM" else base64.b64encode(data).decode()


def ed25519_in_der() -> str:
    return base64.b64encode(bytes.fromhex("302a300506032b6570032100") + base64.b64decode(ED25519)).decode()


@pytest.mark.parametrize(
    ("text", "type_", "bits"),
    [
        (f"v=DKIM1; k=rsa; p={rsa()}", "rsa", 2048),
        (f"p={rsa()}", "rsa", 2048),  # as SES publishes it: no v=, no k=
        (f"p={rsa(1024)}", "rsa", 1024),
        (f"p={rsa(4096)}", "rsa", 4096),
        (f"p={rsa(2048, 'PKCS1')}", "rsa", 2048),  # RSAPublicKey, as the text of RFC 6376 3.6.1 has it
        (f"v=DKIM1;k=RSA;p={rsa()};", "rsa", 2048),
        (f"v = DKIM1 ; p = {rsa()[:70]} {rsa()[70:]}", "rsa", 2048),
        (f"v=DKIM1; k=ed25519; p={ED25519}", "ed25519", 256),
        (f"V=2; p={rsa()}", "rsa", 2048),  # tag names are case-sensitive: V is unknown, and ignored
        (f"g=*; p={rsa()}; x_own=1", "rsa", 2048),
    ],
)
def test_a_key_is_read(text: str, type_: str, bits: int) -> None:
    record = dkim.parse(text)
    assert record.key == dkim.PublicKey(type_, bits)
    assert not record.lapses


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no list of tags"),
        ("v=DKIM1", "no p= tag"),
        ("v=DKIM1; k=rsa", "no p= tag"),
        ("p=; v=DKIM1", "not the first tag"),
        ("v=dkim1; p=", "not v=DKIM1"),
        ("v=DKIM2; p=", "not v=DKIM1"),
        ("v=DKIM1; p=; p=", "stands twice"),
        ("v=DKIM1;; p=", "no tag"),
        ("v=DKIM1\\; p=", "backslash"),
        ('"v=DKIM1; p="', "begins with a quote"),
        ("v=DKIM1; hello; p=", "no tag"),
    ],
)
def test_what_is_no_key_record(text: str, reason: str) -> None:
    with pytest.raises(dkim.MalformedRecord, match=reason):
        dkim.parse(text)


@pytest.mark.parametrize(
    ("type_", "data", "reason", "mended"),
    [
        ("rsa", "".join(rsa(2048, "PEM").split("\n")), "BEGIN and END", rsa(2048, "PEM").split("-----")[2].replace("\n", "")),
        ("rsa", rsa()[:250], "cut off", ""),
        ("rsa", rsa()[:249], "cut off", ""),
        ("rsa", rsa()[:-4], "cut off", ""),
        ("rsa", rsa()[:200] + '"' + rsa()[200:], "stray characters", rsa()),
        ("rsa", ED25519, "does not hold an RSA key", ""),
        ("rsa", ed25519_in_der(), "k=ed25519 is missing", ""),
        ("rsa", rsa(2048, "private"), "PRIVATE", ""),
        ("rsa", base64.b64encode(base64.b64decode(rsa()) + b"\0").decode(), "octets follow", ""),
        ("rsa", "secret", "does not hold", ""),
        ("ed25519", "HbawiMnQXTCopHTkR0jlKQ==", "16 octets", ""),
        ("ed25519", ed25519_in_der(), "only its last 32 octets", ED25519),
        ("ed25519", rsa(), "294 octets", ""),
        ("ed25519", "a", "not base64", ""),
    ],
)
def test_what_is_no_key(type_: str, data: str, reason: str, mended: str) -> None:
    with pytest.raises(dkim.MalformedKey, match=reason) as caught:
        _ = dkim.parse(f"k={type_}; p={data}").key
    assert caught.value.mended == mended


@pytest.mark.parametrize(
    "der", [b"", b"\x30", b"\x30\x80", b"\x30\xff", b"\x30\x84\xff\xff\xff\xff", b"\x30\x00", b"\x30\x03\x02\x01\x05"]
)
def test_hostile_der_is_no_key(der: bytes) -> None:
    with pytest.raises(dkim.MalformedKey):
        _ = dkim.parse(f"p={base64.b64encode(der).decode()}").key


def test_keys_inside_keys_are_not_unwrapped_for_ever() -> None:
    der = base64.b64decode(rsa(1024))
    for _ in range(3000):
        head = bytes.fromhex("300d06092a864886f70d0101010500")
        bits = b"\x03\x83" + (len(der) + 1).to_bytes(3, "big") + b"\0" + der
        der = b"\x30\x83" + len(head + bits).to_bytes(3, "big") + head + bits
    with pytest.raises(dkim.MalformedKey):
        _ = dkim.parse(f"p={base64.b64encode(der).decode()}").key


def test_padding_is_put_right() -> None:
    data = rsa(1024)
    assert data.endswith("=") or rsa(1024, "PKCS1").endswith("=")
    padded = data if data.endswith("=") else rsa(1024, "PKCS1")
    with pytest.raises(dkim.MalformedKey, match="number of =") as caught:
        _ = dkim.parse(f"p={padded.rstrip('=')}").key
    assert caught.value.mended == padded


def test_the_parts_have_their_defaults() -> None:
    record = dkim.parse("p=")
    assert (record.type, record.hashes, record.services, record.flags, record.revoked) == ("rsa", (), ("*",), (), True)


def test_the_parts_are_lists() -> None:
    record = dkim.parse("v=DKIM1; h=sha1 : SHA256; s=email:tlsrpt; t= y:s; p=")
    assert record.hashes == ("sha1", "sha256")
    assert record.services == ("email", "tlsrpt")
    assert record.flags == ("y", "s")


def test_what_nearly_everybody_lets_pass() -> None:
    assert dkim.parse("v=DKIM1; p=; ").lapses == ("blanks after the last semicolon",)
    assert dkim.parse("v=DKIM1; n=Schlüssel; p=").lapses == ("characters that are not ASCII",)
    assert dkim.parse("v=DKIM1; p=;").lapses == ()


def test_a_record_is_printed_as_it_was_read() -> None:
    text = f"v=DKIM1; k=rsa; t=s; n=our own; p={rsa()}"
    assert str(dkim.parse(text)) == text
    assert str(dkim.parse(text).without("t")) == text.replace("t=s; ", "")
    assert str(dkim.parse("p=a").having("p", "b").having("k", "rsa")) == "p=b; k=rsa"


def test_a_long_key_is_cut_into_strings_and_read_from_them() -> None:
    text = Text.of(f"v=DKIM1; p={rsa(4096)}")
    assert [len(string) for string in text.strings][:2] == [255, 255]
    assert dkim.parse(text.text).key.bits == 4096


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("v=DKIM1; p=", True),
        ("k=rsa; p=abc", True),
        ('"v=DKIM1\\; p=abc"', True),
        (rsa(), True),
        (rsa(2048, "PEM"), True),
        ("v=spf1 -all", False),
        ("v=DMARC1; p=none", False),
        ("google-site-verification=p", False),
        ("", False),
    ],
)
def test_which_texts_are_meant_for_keys(text: str, meant: bool) -> None:
    assert dkim.resembles(text) is meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (f"v=DKIM1\\; p={rsa()}", f"v=DKIM1; p={rsa()}"),
        (f'"v=DKIM1; p={rsa()}"', f"v=DKIM1; p={rsa()}"),
        (f"k=rsa; p={rsa()}; v=DKIM1", f"v=DKIM1; k=rsa; p={rsa()}"),
        (f"v=dkim1; p={rsa()}; ", f"v=DKIM1; p={rsa()}"),
        (f"v=DKIM1;; p={rsa()}", f"v=DKIM1; p={rsa()}"),
        ("v=DKIM1\\; p=abc", ""),  # no key that way either
        ("v=DKIM1; p=; p=", ""),
        ("hello", ""),
    ],
)
def test_what_was_meant(text: str, meant: str) -> None:
    assert dkim.repaired(text) == meant


OPINIONS = {
    "v=DKIM1; k=unknown; p=": "3.6.1 allows other types (x-key-k-tag-type) and has verifiers ignore the record: its syntax is "
    "right, and the check dkim-key-syntax says that nobody can use it",
}
"""Where a vector says otherwise than this program: the clause of RFC 6376 that decides."""


def vectors() -> list[dict[str, Any]]:
    return [vector for vector in json.loads(VECTORS.read_text("utf-8")) if vector["kind"] == "dkim-key"]


def sound(text: str) -> bool:
    """Tell whether a record is right by the letter: its grammar, and its key where it has one."""
    try:
        record = dkim.parse(text)
        _ = record.revoked or record.type not in dkim.TYPES or record.key
    except (dkim.MalformedRecord, dkim.MalformedKey):
        return False
    return not record.lapses


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["origin"])
def test_what_others_say(vector: dict[str, Any]) -> None:
    text = vector["input"]
    assert (sound(text) != vector["valid"]) == (text in OPINIONS)
