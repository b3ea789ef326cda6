"""What is taken for a domain, and what is refused with which hint."""

from __future__ import annotations

import pytest

from maildoctor.cli.names_given import domain
from maildoctor.cli.refused import Refused

TAKEN = [
    ("shop.example", "shop.example.", "shop.example"),
    (" Shop.EXAMPLE. ", "shop.example.", "shop.example"),
    ("a_b.shop.example", "a_b.shop.example.", "a_b.shop.example"),
    ("xn--bcher-kva.example", "xn--bcher-kva.example.", "bücher.example (xn--bcher-kva.example)"),
    ("Bücher.example", "xn--bcher-kva.example.", "bücher.example (xn--bcher-kva.example)"),
    ("straße.example", "xn--strae-oqa.example.", "straße.example (xn--strae-oqa.example)"),
    ("bücher。example", "xn--bcher-kva.example.", "bücher.example (xn--bcher-kva.example)"),
    ("a" * 63 + ".example", "a" * 63 + ".example.", "a" * 63 + ".example"),
]
REFUSED = [
    ("", "an empty text is no domain name; give one such as example.com"),
    ("https://Shop.example/cart?x=1", "did you mean shop.example?"),
    ("https://user:pw@shop.example:8443/", "did you mean shop.example?"),
    ("info@shop.example", "is an e-mail address, not a domain name; did you mean shop.example?"),
    ("<info@shop.example>", "did you mean shop.example?"),
    ("192.0.2.1", "is an IP address"),
    ("[2001:db8::1]", "is an IP address"),
    ("shop.example/cart", "did you mean shop.example?"),
    ("shop.example:25", "did you mean shop.example?"),
    ("*.shop.example", "is a wildcard, not a domain name; did you mean shop.example?"),
    ("_dmarc.shop.example", "is the name of a record, not of a domain; did you mean shop.example?"),
    ("abc._domainkey.shop.example", "no hint"),
    ("shop..example", "has an empty label; did you mean shop.example?"),
    (".shop.example", "has an empty label; did you mean shop.example?"),
    ("shop.example,mill.example", "give several with spaces between them"),
    ("com", "is a single label"),
    ("localhost.", "is a single label"),
    ("a" * 64 + ".example", "has a label of 64 characters; 63 is the most"),
    (".".join(["a" * 49] * 5) + ".example", "characters; 253 is the most"),
    ("-shop.example", "'-shop' is no label"),
    ("sh!op.example", "'sh!op' is no label"),
    ("shop.123", "no top-level domain is a number"),
    ("xn--a.example", "is no internationalised domain name"),
    ("☃.example", "is no internationalised domain name"),
    ("sh\udcffop.example", "is no internationalised domain name"),
    ("shop\x1b[31m.example", "no domain name"),
]


@pytest.mark.parametrize(("given", "name", "text"), TAKEN)
def test_a_domain_is_taken_in_any_form_of_writing(given: str, name: str, text: str) -> None:
    taken = domain(given)
    assert (taken.name, taken.text) == (name, text)


@pytest.mark.parametrize(("given", "words"), [row for row in REFUSED if row[1] != "no hint"])
def test_what_is_no_domain_is_refused_in_one_printable_line(given: str, words: str) -> None:
    with pytest.raises(Refused) as refused:
        domain(given)
    assert words in str(refused.value)
    assert str(refused.value).isprintable()
