"""DMARC policy records (RFC 9989 4.7, 4.8): text to record and back.

Reading is tolerant and strict at once: whatever begins with the right version is a record, each tag in it is kept as written, and
what is wrong with a tag is told of that tag alone. For that is what receivers do: they leave out what they cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from maildoctor import names
from maildoctor.records import report_uri
from maildoctor.records.report_uri import ReportUri

REQUESTS = ("none", "quarantine", "reject")
"""The policies, from weak to strong (RFC 9989 4.7)."""

VALUES = {
    "p": re.compile("none|quarantine|reject"),
    "sp": re.compile("none|quarantine|reject"),
    "np": re.compile("none|quarantine|reject"),
    "adkim": re.compile("[rs]"),
    "aspf": re.compile("[rs]"),
    # RFC 9989 4.8, dmarc-fo: one of 0 and 1, and d and s once each, in any order.
    "fo": re.compile(r"(?!.*([01ds]).*\1)(?!.*0.*1)(?!.*1.*0)[01ds](:[01ds])*"),
    "psd": re.compile("[ynu]"),
    "t": re.compile("[yn]"),
    "rua": re.compile(".+"),
    "ruf": re.compile(".+"),
}
"""The tags of RFC 9989 4.8 and the form of their values, in lower case."""

REMOVED = ("pct", "rf", "ri")
"""Tags of RFC 7489 that RFC 9989 C.4 and C.5 took away."""

_LISTS = ("rua", "ruf")
_TAGS = "|".join((*VALUES, *REMOVED))
_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_MEANT = re.compile(r"v\W*dmarc|^\W*dmarc\s*1|\bp\s*=\s*(?:none|quarantine|reject)", re.IGNORECASE)
_MENTION = re.compile(r"v\s*=\s*[\"'\\]*dmarc1", re.IGNORECASE)
_SWALLOWED = re.compile(rf"[\s,]+(?=(?:{_TAGS})\s*=)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z]+")
_ADDRESS = r"mailto:[A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_PLAIN = re.compile(
    r"v=DMARC1; ?p=(?:none|quarantine|reject)"
    r"(?:; ?(?:(?:sp|np)=(?:none|quarantine|reject)|(?:adkim|aspf)=[rs]|t=[yn]|psd=[yn]|fo=[01]"
    rf"|(?:rua|ruf)={_ADDRESS}(?:, ?{_ADDRESS})*))*;?"
)


@dataclass(frozen=True)
class Tag:
    """One part between semicolons, as written. `name` is in lower case, "" where the part has no `=`."""

    text: str
    name: str = ""
    value: str = ""

    @property
    def known(self) -> bool:
        """Whether RFC 9989 or, before it, RFC 7489 knows the tag."""
        return self.name in VALUES or self.name in REMOVED

    @property
    def valid(self) -> bool:
        """Whether the value has the form that RFC 9989 4.8 wants. Values are compared without case, but for report addresses."""
        form = VALUES.get(self.name)
        return bool(form and form.fullmatch(self.value.lower()))

    @property
    def swallowed(self) -> str:
        """The tag that was taken into the value because the semicolon before it is missing; or ""."""
        match = _SWALLOWED.search(self.value)
        return self.value[match.end() :].partition("=")[0].strip().lower() if match else ""


@dataclass(frozen=True)
class Dmarc:
    """One policy record: its text, and the tags behind the version in their order."""

    text: str
    tags: tuple[Tag, ...]

    def __str__(self) -> str:
        return self.text

    @property
    def duplicates(self) -> tuple[str, ...]:
        """Names of tags that occur twice, by which the whole list becomes invalid (RFC 9989 4.7; RFC 6376 3.2)."""
        all_names = ["v", *(tag.name for tag in self.tags if tag.name)]
        return tuple(sorted({name for name in all_names if all_names.count(name) > 1}))

    @property
    def swallowing(self) -> tuple[Tag, ...]:
        """The tags into whose values others were taken, for want of a semicolon."""
        return tuple(tag for tag in self.tags if tag.swallowed)

    @property
    def plain(self) -> bool:
        """Whether it is of the form about which no two readers disagree."""
        return bool(_PLAIN.fullmatch(self.text)) and not self.duplicates

    def tag(self, name: str) -> Tag | None:
        """Return the tag of a name."""
        return next((tag for tag in self.tags if tag.name == name), None)

    def value(self, name: str) -> str:
        """Return a valid value in lower case; "" where the tag is absent, or its value invalid and so left out (RFC 9989 4.7)."""
        tag = self.tag(name)
        return tag.value.lower() if tag and tag.valid else ""

    def uris(self, name: str) -> tuple[ReportUri, ...]:
        """Return the report addresses of `rua` or `ruf`."""
        tag = self.tag(name)
        return report_uri.parse(tag.value) if tag else ()

    @property
    def reports(self) -> bool:
        """Whether aggregate reports have a valid address."""
        return any(not uri.fault for uri in self.uris("rua"))

    @property
    def broken(self) -> tuple[str, ...]:
        """The policy tags that make receivers give up the policy (RFC 9989 4.10.1): `p` absent or invalid, `sp` or `np` invalid."""
        return tuple(name for name in ("p", "sp", "np") if not self.value(name) and (name == "p" or self.tag(name) is not None))

    def requested(self, *, below: bool = False, exists: bool = True) -> str:
        """Return the policy for the domain itself, or for one `below` it; "" where receivers apply no DMARC at all."""
        if self.broken:
            # RFC 9989 4.10.1: with a report address, as if p=none had been said.
            return "none" if self.reports else ""
        own, sub = self.value("p"), self.value("sp")
        if not below:
            return own
        return (self.value("np") if not exists else "") or sub or own

    @property
    def testing(self) -> bool:
        """Whether `t=y` asks for one step less than the policy."""
        return self.value("t") == "y"

    def replaced(self, name: str, value: str) -> Dmarc:
        """Return the record with a tag set: in its place, or, where it is new, behind those that it depends on."""
        new = Tag(f"{name}={value}", name, value)
        if self.tag(name) is not None:
            return build(new if tag.name == name else tag for tag in self.tags)
        before = {"p": (), "sp": ("p",), "np": ("p", "sp")}.get(name, tuple(tag.name for tag in self.tags))
        place = max((index + 1 for index, tag in enumerate(self.tags) if tag.name in before), default=0)
        return build((*self.tags[:place], new, *self.tags[place:]))

    def without(self, *dropped: str) -> Dmarc:
        """Return the record without some tags."""
        return build(tag for tag in self.tags if tag.name not in dropped)


def build(tags: Iterable[Tag]) -> Dmarc:
    """Print a record from its tags."""
    kept = tuple(tags)
    return Dmarc("; ".join(("v=DMARC1", *(f"{tag.name}={tag.value}" if tag.name else tag.text for tag in kept))), kept)


def parse(text: str) -> Dmarc | None:
    """Read a record; None where the text does not begin with `v=DMARC1` and so is none (RFC 9989 4.7)."""
    if not _VERSION.match(text):
        return None
    parts = (part.strip(" \t") for part in text.split(";")[1:])
    return Dmarc(text, tuple(_tag(part) for part in parts if part))


def _tag(text: str) -> Tag:
    name, equals, value = text.partition("=")
    name = name.strip(" \t")
    return Tag(text, name.lower(), value.strip(" \t")) if equals and _NAME.fullmatch(name) else Tag(text)


def meant(text: str) -> bool:
    """Tell whether a text at a `_dmarc` name was meant as a record, be it one or not."""
    return bool(_MEANT.search(text))


def mention(text: str) -> int:
    """Return where a text, of whatever kind, has a DMARC record in it; -1 where it has none."""
    match = _MENTION.search(text)
    return match.start() if match else -1


def from_alias(target: str) -> str:
    """Return the record that was entered as the target of an alias; "" where the target is a name like any other."""
    text = b".".join(names.labels(target)).decode("utf-8", "surrogateescape")
    return text if mention(text) == 0 else ""


def weaker(policy: str, than: str) -> bool:
    """Tell whether one policy asks for less than another."""
    return bool(policy and than) and REQUESTS.index(policy) < REQUESTS.index(than)


def lowered(policy: str) -> str:
    """Return the policy one step below (RFC 9989 4.7, `t`)."""
    return REQUESTS[max(REQUESTS.index(policy) - 1, 0)] if policy else ""


def nearest(value: str) -> str:
    """Return the policy that a misspelt value was meant to be; "none", which harms nobody, where that cannot be told."""
    import difflib

    return next(iter(difflib.get_close_matches(value.lower(), REQUESTS, n=1)), "none")


def repaired(text: str) -> Dmarc:
    """Return what a broken text was meant to say: the tags that can be recognised in it, `p` first."""
    clean = re.sub(r"[\"'\\]|[^ -~]", " ", text)
    clean = re.sub(r"\bv?\s*[=:]?\s*dmarc\s*1?\b\.?", ";", clean, count=1, flags=re.IGNORECASE)
    parts = _SWALLOWED.sub(";", " " + clean).split(";")
    kept: dict[str, str] = {}
    for tag in map(_tag, (part.strip(" \t,.") for part in parts)):
        value = _repaired_value(tag)
        if value and tag.name not in kept:
            kept[tag.name] = value
    kept = {"p": kept.pop("p", "none"), **kept}
    return build(Tag(f"{name}={value}", name, value) for name, value in kept.items())


def _repaired_value(tag: Tag) -> str:
    """Return the valid value that was meant, or "" where the tag is better left out."""
    if tag.name in ("p", "sp", "np"):
        return nearest(tag.value)
    if tag.name in _LISTS:
        return ",".join(uri for part in report_uri.parse(tag.value) for uri in ((part.text,) if not part.fault else part.mended))
    return tag.value.lower() if tag.valid or (tag.name in REMOVED and tag.value) else ""
