"""What a domain is for, where its zone begins, in which regions SES serves it: found out, and at what price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from maildoctor.ask import Dns, DnsAnswer, Failure, Question, Result, Source
from maildoctor.audit import prepare
from maildoctor.learning import Learning
from maildoctor.registry import GIVEN, choose, closure
from maildoctor.settings import Domain, Settings
from maildoctor.sources import zonefile
from maildoctor.sources.zonefile import ZoneFiles
from tests.story import NOW, Said, world

HEAD = "@ SOA ns1.hoster.example. admin 7 7200 900 1209600 300\n@ NS ns1.hoster.example.\n@ NS ns2.hoster.example.\n"
SES = '@ TXT "v=spf1 include:amazonses.com ~all"'
BOUNCE = "bounce MX 10 feedback-smtp.eu-west-1.amazonses.com."


def source(zone: str, said: Mapping[Question, Result] | None = None, origin: str = "shop.example.") -> Source:
    zones = [zonefile.parse(HEAD + zone, origin), zonefile.parse(HOSTER, "hoster.example."), *world()]
    return Said(said or {}, ZoneFiles(zones))


HOSTER = "@ SOA ns1 admin 7 1 1 1 1\n@ NS ns1\nns1 A 198.51.100.1\nns2 A 198.51.100.2\nweb A 203.0.113.80"


def learn(source: Source, *wanted: str, settings: Settings | None = None, domain: str = "shop.example.") -> Learning:
    learning = prepare(Domain(domain), source, settings or Settings(), NOW)
    learning.learn(closure(wanted))
    learning.finish()
    return learning


def value(zone: str, fact: str, settings: Settings | None = None, domain: str = "shop.example.") -> Any:
    learning = learn(source(zone), fact, settings=settings, domain=domain)
    return learning.values.get(fact) or learning.undecided[fact]


@pytest.mark.parametrize(
    ("zone", "settings", "roles"),
    [
        ("@ MX 10 mail", Settings(), {"receive": "it has MX records"}),
        ("@ MX 0 .", Settings(), {"parked": "no MX, and no sign that it sends"}),
        ("", Settings(), {"parked": "no MX, and no sign that it sends"}),
        ('@ TXT "v=spf1 -all"', Settings(), {"parked": "no MX, and no sign that it sends"}),
        (SES, Settings(), {"send": "its SPF record includes amazonses.com"}),
        (
            '@ TXT "\\239\\187\\191v=spf1\\194\\160include:amazonses.com -all"',
            Settings(),
            {"send": "its SPF record includes amazonses.com"},
        ),
        ('@ TXT "v=spf1 mx -all"', Settings(), {"send": "its SPF record authorises senders"}),
        (BOUNCE, Settings(), {"send": "a name below it has the MX of an SES MAIL FROM"}),
        ('_amazonses TXT "token"', Settings(), {"send": "_amazonses holds an SES verification token"}),
        ('x._domainkey TXT "p=MIIB"', Settings(), {"send": "_domainkey exists, so DKIM keys are published"}),
        ('*._domainkey TXT "v=DKIM1; p="', Settings(), {"parked": "no MX, and no sign that it sends"}),
        ('* TXT "token"', Settings(), {"parked": "no MX, and no sign that it sends"}),
        ("", Settings(mail_from="b.shop.example."), {"send": "a MAIL FROM name was given"}),
        ("", Settings(sender_ips=("203.0.113.9",)), {"send": "sender addresses were given"}),
        (SES, Settings(roles=("receive",)), {"receive": "told by --role or the configuration"}),
        (SES + "\n@ MX 10 mail", Settings(), {"send": "its SPF record includes amazonses.com", "receive": "it has MX records"}),
    ],
)
def test_roles_are_found_out(zone: str, settings: Settings, roles: dict[str, str]) -> None:
    assert {role.name: role.because for role in value(zone, "roles", settings).reasons} == roles


def test_ses_is_told_from_other_ways_to_send() -> None:
    assert not value('@ TXT "v=spf1 mx -all"', "roles").ses
    assert value(SES, "roles").ses


@pytest.mark.parametrize(("zone", "reason"), [("@ CNAME web.hoster.example.", "explained by dns-cname-beside-data")])
def test_a_domain_that_cannot_be_seen_has_no_roles(zone: str, reason: str) -> None:
    assert value(zone, "roles").reason == reason
    assert value("", "roles", domain="gone.shop.example.").reason == "explained by dns-domain-missing"


def test_one_answer_shows_that_a_domain_exists() -> None:
    lost: dict[Question, Result] = {Dns("shop.example.", "MX"): Failure("timeout")}
    assert learn(source(SES, lost), "existence").values["existence"] is True
    assert learn(source("", lost), "existence", domain="gone.shop.example.").values["existence"] is False


def test_what_could_not_be_looked_for_leaves_what_was_seen() -> None:
    lost: dict[Question, Result] = {Dns("_amazonses.shop.example.", "TXT"): Failure("timeout")}
    assert learn(source(SES, lost), "roles").values["roles"].sends
    learning = learn(source("", lost), "sending")
    assert learning.undecided["sending"].reason == "_amazonses.shop.example. TXT: timeout"


@pytest.mark.parametrize(
    ("zone", "domain", "apex"),
    [
        ("", "shop.example.", "shop.example."),
        ("news A 192.0.2.1", "news.shop.example.", "shop.example."),
        ("", "gone.shop.example.", "shop.example."),
        ('* TXT "x"', "shop.example.", "shop.example."),
        ('*.news TXT "x"\nnews A 192.0.2.1', "news.shop.example.", "shop.example."),
        ("@ CNAME web.hoster.example.", "shop.example.", "shop.example."),
        ("app CNAME web.hoster.example.", "app.shop.example.", "shop.example."),
        ("* CNAME web.hoster.example.", "shop.example.", "shop.example."),
    ],
)
def test_the_zone_of_a_domain_is_found(zone: str, domain: str, apex: str) -> None:
    assert value(zone, "zone", domain=domain).apex == apex


@pytest.mark.parametrize(
    ("zone", "settings", "regions", "because"),
    [
        ("", Settings(regions=("eu-west-1",)), ("eu-west-1",), "told by --region or the configuration"),
        (BOUNCE, Settings(), ("eu-west-1",), "eu-west-1 from the MAIL FROM records"),
        ("@ MX 10 inbound-smtp.us-east-1.amazonaws.com.", Settings(), ("us-east-1",), "us-east-1 from the MX records"),
        ("bounce MX 10 feedback-smtp.eu-west-1.amazonaws.com.", Settings(), ("eu-west-1",), "eu-west-1 from the MAIL FROM records"),
        ("@ MX 10 mail", Settings(), (), ""),
    ],
)
def test_regions_are_found_out(zone: str, settings: Settings, regions: tuple[str, ...], because: str) -> None:
    found = value(zone, "regions", settings)
    assert (found.names, found.because) == (regions, because)


@pytest.mark.parametrize(("mail_from", "price"), [("", 27), ("bounce.shop.example.", 18)])
def test_a_healthy_domain_costs_few_questions(mail_from: str, price: int) -> None:
    """DNS, MX and MAIL FROM of a sender that receives with SES, with two name servers that agree."""
    zone = f'{SES}\n{BOUNCE}\nbounce TXT "v=spf1 include:amazonses.com ~all"\n@ MX 10 inbound-smtp.eu-west-1.amazonaws.com.'
    zone += '\n_dmarc TXT "v=DMARC1; p=reject"\nx._domainkey TXT "p=MIIB"'
    soa = DnsAnswer(records=("ns1.hoster.example. admin.shop.example. 7 7200 900 1209600 300",))
    said: dict[Question, Result] = {Dns("shop.example.", "SOA", f"198.51.100.{n}"): soa for n in (1, 2)}
    said[Dns("shop.example.", "DS")] = DnsAnswer()
    checks = choose(["dns", "mx", "mail-from"], ["mail-from-spf"])
    facts = {name for check in checks for name in check.parameters} - set(GIVEN)
    learning = learn(source(zone, said), *facts, settings=Settings(mail_from=mail_from))
    asked = sorted(str(question) for question in learning.asked if question.kind == Dns.kind)
    assert len(asked) == price, asked
