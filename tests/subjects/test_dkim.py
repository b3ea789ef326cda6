"""DKIM as facts: what is concluded from tokens, aliases and keys, and what is left open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from maildoctor import rdata
from maildoctor.ask import CouldNotLook, Dns, DnsAnswer, DoesNotApply, ExplainedBy, Failure, NotAsked, Question, Result, Undecided
from maildoctor.learning import Learning
from maildoctor.registry import catalogue, closure
from maildoctor.settings import Domain, Settings
from maildoctor.sources import zonefile
from maildoctor.sources.zonefile import ZoneFiles
from maildoctor.subjects.dkim import Signing
from maildoctor.subjects.dkim_key_checks import dkim_rsa_key_malformed
from tests.story import NOW, Said, world

catalogue()
A, B, C = (f"shoptoken{letter * 23}" for letter in "abc")
SENDING = "@ MX 10 inbound-smtp.us-east-1.amazonaws.com.\nbounce MX 10 feedback-smtp.us-east-1.amazonses.com.\n"
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

SHORT = (
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAN4Zd6OgsbuUzcCG0vig7AVkWXwDUtbWjvG+Zr4QSnEnL7akb+gyarKE+tLC3Kz27r6c"
    "EHZvaEY3uAKvi/Ig/K3MxZFt27UYlZXebb7mDmN/0fpIj1/WmzYFrP4nPPoPMQIDAQAB"
)


def aliases(*tokens: str) -> str:
    return "".join(f"{token}._domainkey CNAME {token}.dkim.amazonses.com.\n" for token in tokens)


def learn(
    wanted: str,
    zone: str,
    tokens: tuple[str, ...] = (),
    *,
    said: Mapping[Question, Result] | None = None,
    offline: bool = False,
    domain: str = "fair.example.",
) -> Any:
    """Return a fact, or the reason why it has no value."""
    text = f"@ SOA ns1.fair.example. admin.fair.example. 1 7200 900 1209600 300\n@ NS ns1.fair.example.\n{zone}"
    own = zonefile.parse(text, "fair.example.")
    source = Said(said or {}, ZoneFiles((own,) if offline else (own, *world())))
    learning = Learning(source, {"domain": Domain(domain), "settings": Settings(dkim_tokens=tokens), "now": NOW})
    learning.learn(closure([wanted]))
    return learning.undecided.get(wanted) or learning.values[wanted]


def failing(name: str, type_: str = "TXT", kind: str = "timeout") -> dict[Question, Result]:
    return {Dns.of(name, type_): Failure(kind)}


@pytest.mark.parametrize(
    ("told", "selector"),
    [
        (A, A),
        (A.upper(), A),
        (f"{A}._domainkey.fair.example", A),
        (f"{A}.dkim.amazonses.com", A),
        (f" {A}.dkim.eu-central-2.amazonses.com. ", A),
        ("mta.2026", "mta.2026"),
        ("a.dkim.b", "a.dkim.b"),
    ],
)
def test_a_token_may_be_told_in_any_form(told: str, selector: str) -> None:
    (found,) = learn("selectors", "", (told,)).all
    assert found.selector == selector
    assert found.name == f"{selector}._domainkey.fair.example."


def test_a_token_told_twice_is_one() -> None:
    assert len(learn("selectors", "", (A, A.upper())).all) == 1


SIGNING: list[tuple[str, str, tuple[str, ...], tuple[str, int, int]]] = [
    ("all keys are there", aliases(A, B, C), (A, B, C), ("pass", 3, 3)),
    ("one alias is missing", aliases(A, B), (A, B, C), ("partial", 2, 3)),
    ("no alias is there", "", (A, B, C), ("fail", 0, 3)),
    ("an alias leads to another token", aliases(A) + f"{B}._domainkey CNAME {C}.dkim.amazonses.com.\n", (A, B), ("partial", 1, 2)),
    ("an own key", f's1._domainkey TXT "{ED25519}"\n', ("s1",), ("pass", 1, 1)),
    ("a key that is revoked", 's1._domainkey TXT "v=DKIM1; p="\n', ("s1",), ("fail", 0, 1)),
    ("a key for something else", f's1._domainkey TXT "{ED25519}; s=tlsrpt"\n', ("s1",), ("fail", 0, 1)),
    ("a key for SHA-1", f's1._domainkey TXT "{ED25519}; h=sha1"\n', ("s1",), ("fail", 0, 1)),
    ("a key that is being tested", f's1._domainkey TXT "{ED25519}; t=y"\n', ("s1",), ("pass", 1, 1)),
    ("a key in place of an alias", aliases(A) + f'{B}._domainkey TXT "{ED25519}"\n', (A, B), ("pass", 2, 2)),
    ("a short key", f's1._domainkey TXT "p={SHORT}"\n', ("s1",), ("fail", 0, 1)),
    ("another text", 's1._domainkey TXT "hello"\n', ("s1",), ("fail", 0, 1)),
    ("an unknown key type", 's1._domainkey TXT "k=new; p=AAAA"\n', ("s1",), ("fail", 0, 1)),
    ("nothing told, nothing there", SENDING, (), ("fail", 0, 0)),
    ("nothing told, something there", SENDING + aliases(A), (), ("unknown", 0, 0)),
]


@pytest.mark.parametrize(("zone", "tokens", "expected"), [row[1:] for row in SIGNING], ids=[row[0] for row in SIGNING])
def test_what_a_receiver_makes_of_signatures(zone: str, tokens: tuple[str, ...], expected: tuple[str, int, int]) -> None:
    signing = learn("signing", zone, tokens)
    assert (signing.result, signing.usable, signing.total) == expected
    assert signing.domain == "fair.example."
    assert signing.detail


@pytest.mark.parametrize("name", [f"{A}._domainkey.fair.example", f"{A}.dkim.amazonses.com"])
def test_signing_is_open_where_an_answer_failed(name: str) -> None:
    zone = aliases(A, B) if name.endswith("example") else f"{A}._domainkey CNAME {A}.dkim.us-west-2.amazonses.com.\n"
    result = learn("signing" if name.endswith("example") else "homes", zone, (A, B), said=failing(name))
    assert isinstance(result, CouldNotLook)


def test_where_ses_holds_a_key_is_open_while_the_region_is() -> None:
    dead = f"{A}._domainkey CNAME {A}.dkim.us-west-2.amazonses.com.\n"
    assert isinstance(learn("homes", dead, (A,), said=failing("fair.example", "MX")), CouldNotLook)


def test_a_private_key_is_not_repeated() -> None:
    from tests.records.test_dkim import rsa

    text = rdata.Text.of(f"p={rsa(1024, 'private')}")
    keys = learn("keys", f"s1._domainkey TXT {text}\n", ("s1",))
    (finding,) = dkim_rsa_key_malformed(keys)
    assert "PRIVATE" in finding.message
    assert not finding.found


def test_what_a_wildcard_answers_at_wrong_names_is_no_evidence() -> None:
    (token,) = learn("tokens", 's1._domainkey TXT "hello"\n* TXT "v=DKIM1; p="\n', ("s1",)).all
    assert token.fault is None


def test_a_key_that_fails_validation_is_not_usable() -> None:
    said: dict[Question, Result] = {Dns.of(f"{A}._domainkey.fair.example", "TXT"): DnsAnswer("bogus")}
    assert learn("signing", aliases(A, B), (A, B), said=said).result == "partial"


def test_offline_the_keys_are_not_known() -> None:
    signing = learn("signing", aliases(A, B, C), (A, B, C), offline=True)
    assert isinstance(signing, Signing)
    assert signing.result == "unknown"
    assert "no zone file holds" in signing.detail


def test_offline_the_aliases_are_judged_all_the_same() -> None:
    tokens = learn("tokens", aliases(A, B), (A, B, C), offline=True)
    assert [token.fault and token.fault.check for token in tokens.all] == [None, None, "dkim-token-missing"]


def test_offline_the_zone_of_a_missing_alias_is_that_of_the_others() -> None:
    tokens = learn("tokens", aliases(A, B), (A, B, C), offline=True)
    homes = learn("homes", aliases(A, B), (A, B, C), offline=True)
    assert homes.target(tokens.all[2]) == f"{C}.dkim.amazonses.com."


@pytest.mark.parametrize(
    ("zone", "reason", "words"),
    [
        (SENDING + aliases(A), NotAsked, "something is published below _domainkey.fair.example"),
        (SENDING, NotAsked, "nothing is published below _domainkey.fair.example"),
        ("@ A 192.0.2.1\n", DoesNotApply, "no sign that it sends through Amazon SES"),
    ],
)
def test_without_tokens_nothing_is_guessed(zone: str, reason: type[Undecided], words: str) -> None:
    told = learn("told", zone)
    assert type(told) is reason
    assert words in told.reason


def test_a_domain_that_does_not_exist_is_explained_by_that() -> None:
    told = learn("told", "", (A,), domain="gone.fair.example.")
    assert isinstance(told, ExplainedBy)


@pytest.mark.parametrize(
    ("zone", "domain", "hopeless"),
    [
        ("", "fair.example.", True),
        (aliases(A), "fair.example.", False),
        ("", "news.fair.example.", True),
        (aliases(A), "news.fair.example.", False),  # the identity of the parent signs for it
        ('* TXT "v=spf1 -all"\n', "fair.example.", False),  # a wildcard hides what there is not
    ],
)
def test_whether_any_key_can_be_there(zone: str, domain: str, hopeless: bool) -> None:
    assert learn("key_tree", zone, domain=domain).hopeless is hopeless


@pytest.mark.parametrize(
    ("zone", "check"),
    [
        (f"{A}._domainkey CNAME {A}.dkim.amazonses.com.\n", None),
        (f"{A}._domainkey CNAME {A}.dkim.xx-new-9.amazonses.com.\n", None),  # an unknown region is no fault
        (f"{A}._domainkey CNAME {A}.dkim.amazonses.com\n", "dkim-target-missing-dot"),
        (f"{A}._domainkey CNAME {A}.dkim.amazonses.com.example.\n", "dkim-target-missing-dot"),
        (f"{A}._domainkey CNAME {A}.dkim.amazonses.com.else.test.\n", "dkim-token-stray-characters"),
        (f"{A}._domainkey CNAME https://{A}.dkim.amazonses.com.\n", "dkim-token-stray-characters"),
        (f"{A}._domainkey CNAME {B}.dkim.amazonses.com.\n", "dkim-token-foreign"),
        (f"{A}._domainkey CNAME {A}.amazonses.com.\n", "dkim-token-wrong-zone"),
        (f"{A}._domainkey TXT {A}.dkim.amazonses.com\n", "dkim-token-as-txt"),
        (f'{A}._domainkey TXT "hello"\n', "dkim-token-missing"),
        (f"{A}._domainkey A 192.0.2.1\n", "dkim-token-proxied"),
        (f"{A}._domainkey A 192.0.2.1\n* A 192.0.2.2\n", "dkim-token-proxied"),
        ("* A 192.0.2.1\n", "dkim-token-missing"),
        ("* MX 10 mail.fair.example.\n", "dkim-token-missing"),
        (f"x.{A}._domainkey MX 10 mail.fair.example.\n", "dkim-token-flattened"),
        ('*._domainkey TXT "v=DKIM1; p="\n', "dkim-token-missing"),  # "we sign nothing" is not what stands for the token
        ("", "dkim-token-missing"),
    ],
)
def test_how_an_alias_is_missed(zone: str, check: str | None) -> None:
    (token,) = learn("tokens", zone, (A,)).all
    assert (token.fault and token.fault.check) == check


def test_wrong_names_are_looked_for_only_where_the_right_one_is_empty() -> None:
    asked: list[str] = []

    class Counting(Said):
        def ask(self, question: Question) -> Result | None:
            asked.append(str(question))
            return super().ask(question)

    text = f"@ SOA ns1.fair.example. admin.fair.example. 1 7200 900 1209600 300\n{aliases(A, B, C)}"
    source = Counting({}, ZoneFiles((zonefile.parse(text, "fair.example."), *world())))
    given = {"domain": Domain("fair.example."), "settings": Settings(dkim_tokens=(A, B, C), roles=("send",)), "now": NOW}
    learning = Learning(source, given)
    learning.learn(closure(["homes", "signing", "legacy_token"]))
    below = [question for question in asked if "_domainkey" in question]
    assert len(below) == 7  # CNAME and TXT of each token, and _domainkey itself


def test_offline_an_own_key_is_judged_though_those_of_ses_are_not_seen() -> None:
    keys = learn("keys", aliases(A) + 's1._domainkey TXT "v=DKIM1; p="\n', (A, "s1"), offline=True)
    found = keys.found()
    assert next(found).selector.selector == "s1"
    with pytest.raises(NotAsked):
        next(found)
