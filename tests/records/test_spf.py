"""SPF records: what is read, what is wrong, and how a record is changed without losing its owner's terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maildoctor.records.spf import Policy, is_policy, merge, parse, term


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("v=spf1", True),
        ("v=spf1 -all", True),
        ("V=SPF1 -all", True),
        ("v=spf10 -all", False),
        ("v=spf1;-all", False),
        (" v=spf1 -all", False),
        ('"v=spf1 -all"', False),
        ("spf2.0/pra -all", False),
    ],
)
def test_the_version_is_exact(text: str, is_one: bool) -> None:
    assert is_policy(text) is is_one


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("all", ""),
        ("-all", ""),
        ("all:x.example", "syntax"),
        ("include:one.example", ""),
        ("include:one.example.", ""),
        ("INCLUDE:One.Example", ""),
        ("include", "syntax"),
        ("include:", "syntax"),
        ("include:amazonses", "syntax"),
        ("include:one.example/24", "syntax"),
        ("include/24", "syntax"),
        ("include:one.example~all", "syntax"),
        ("include:%{d}", ""),
        ("include:%{d2r-}.spf.example", ""),
        ("include:%{d0}.spf.example", "macro"),
        ("include:%{c}.spf.example", "macro"),
        ("include:%{x}.spf.example", "macro"),
        ("include:%d.spf.example", "macro"),
        ("exists:%{i}._spf.%{d}", ""),
        ("exists:%{i}.%{l1r-}.one.example/86400.rate.%{d}", ""),
        ("exists", "syntax"),
        ("a", ""),
        ("a/24", ""),
        ("a//64", ""),
        ("a/24//64", ""),
        ("a:one.example/24//64", ""),
        ("a/33", "address"),
        ("a//129", "address"),
        ("a/", "address"),
        ("a/024", "address"),
        ("a:", "syntax"),
        ("a:192.0.2.1", "syntax"),
        ("mx:one.example", ""),
        ("mx:one.example/x", "syntax"),
        ("ptr", ""),
        ("ptr:one.example", ""),
        ("ptr/24", "syntax"),
        ("ip4:192.0.2.1", ""),
        ("ip4:192.0.2.0/24", ""),
        ("ip4:192.0.2.0/33", "address"),
        ("ip4:192.0.2", "address"),
        ("ip4:192.0.2.256", "address"),
        ("ip4:192.0.2.01", "address"),
        ("ip4:2001:db8::1", "address"),
        ("ip4", "address"),
        ("ip6:2001:db8::/32", ""),
        ("ip6:2001:db8::/129", "address"),
        ("ip6:192.0.2.1", "address"),
        ("ip6:2001:db8::%eth0", "address"),
        ("redirect=one.example", ""),
        ("redirect=", "syntax"),
        ("redirect=one", "syntax"),
        ("exp=why.one.example", ""),
        ("unknown=anything.%{d}", ""),
        ("unknown=%", "macro"),
        ("ipv4:192.0.2.1", "syntax"),
        ("192.0.2.1", "syntax"),
        ("+-all", "syntax"),
        ("-redirect=one.example", "syntax"),
        ("a:one.example\t-all", "syntax"),
        ("a:ümlaut.example", "syntax"),
    ],
)
def test_a_term_says_what_is_wrong_with_it(text: str, kind: str) -> None:
    fault = term(text).fault
    assert (fault.kind if fault else "") == kind, fault


@pytest.mark.parametrize(
    ("text", "name", "qualifier", "value", "prefix4", "prefix6"),
    [
        ("~include:One.example", "include", "~", "One.example", None, None),
        ("a:one.example/24//64", "a", "", "one.example", 24, 64),
        ("mx//64", "mx", "", "", None, 64),
        ("ip4:192.0.2.0/24", "ip4", "", "192.0.2.0", 24, None),
        ("?ip6:2001:db8::/32", "ip6", "?", "2001:db8::", None, 32),
        ("Redirect=one.example", "redirect", "", "one.example", None, None),
    ],
)
def test_a_term_has_parts(text: str, name: str, qualifier: str, value: str, prefix4: int | None, prefix6: int | None) -> None:
    found = term(text)
    assert (found.name, found.qualifier, found.value, found.prefix4, found.prefix6) == (name, qualifier, value, prefix4, prefix6)


def test_modifiers_come_at_most_once_but_unknown_ones() -> None:
    policy = parse("v=spf1 redirect=a.example redirect=b.example ra=x ra=y")
    assert [(found.text, found.fault.kind) for found in policy.faults if found.fault] == [("redirect=b.example", "repeated")]


def test_what_stands_behind_all_is_lost_and_a_redirect_beside_it_ignored() -> None:
    policy = parse("v=spf1 mx -all include:late.example redirect=never.example")
    assert [found.text for found in policy.tested] == ["mx"]
    assert [found.text for found in policy.lost] == ["include:late.example"]
    assert policy.redirect is None
    assert [found.text for found in policy.queries] == ["mx"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("v=spf1 -all", "v=spf1 include:amazonses.com -all"),
        ("v=spf1 mx ip4:192.0.2.1 ~all", "v=spf1 mx ip4:192.0.2.1 include:amazonses.com ~all"),
        ("v=spf1 include:AmazonSES.com ~all", "v=spf1 include:AmazonSES.com ~all"),
        ("v=spf1 ~all include:amazonses.com", "v=spf1 include:amazonses.com ~all"),
        ("v=spf1 redirect=a.example", "v=spf1 include:amazonses.com redirect=a.example"),
        ("v=spf1 mx exp=why.example", "v=spf1 mx include:amazonses.com exp=why.example"),
        ("v=spf1", "v=spf1 include:amazonses.com"),
    ],
)
def test_a_mechanism_is_put_where_it_is_tested(before: str, after: str) -> None:
    assert str(parse(before).with_term("include:amazonses.com")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("v=spf1 mx +all", "v=spf1 mx ~all"),
        ("v=spf1 mx", "v=spf1 mx ~all"),
        ("v=spf1 mx exp=why.example", "v=spf1 mx ~all exp=why.example"),
        ("v=spf1", "v=spf1 ~all"),
    ],
)
def test_the_end_of_a_record_is_changed_alone(before: str, after: str) -> None:
    assert str(parse(before).ending("~")) == after


@pytest.mark.parametrize(
    ("records", "merged"),
    [
        (["v=spf1 include:a.example -all", "v=spf1 include:b.example -all"], "v=spf1 include:a.example include:b.example -all"),
        (["v=spf1 mx -all", "v=spf1 include:amazonses.com ~all"], "v=spf1 mx include:amazonses.com ~all"),
        (["v=spf1 mx -all", "v=spf1 MX ip4:192.0.2.1 -all"], "v=spf1 mx ip4:192.0.2.1 -all"),
        (["v=spf1 mx ?all", "v=spf1 a +all"], "v=spf1 mx a ?all"),
        (["v=spf1 redirect=a.example", "v=spf1 mx -all exp=why.example"], "v=spf1 include:a.example mx -all exp=why.example"),
        (["v=spf1 redirect=a.example", "v=spf1 redirect=b.example"], "v=spf1 include:a.example include:b.example ~all"),
    ],
)
def test_records_are_merged_into_one(records: list[str], merged: str) -> None:
    assert str(merge(map(parse, records))) == merged


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_any_text_is_read_and_printed_again(text: str) -> None:
    policy = parse("v=spf1 " + text)
    assert parse(str(policy)) == policy
    assert str(policy).split(" ") == ["v=spf1", *filter(None, text.split(" "))]


def test_a_policy_is_its_terms() -> None:
    assert parse("v=spf1  mx   -all") == Policy((term("mx"), term("-all")))
