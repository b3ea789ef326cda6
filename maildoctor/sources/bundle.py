"""Questions and answers kept in a file: recorded in one place, replayed anywhere with the same report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from maildoctor import names
from maildoctor.ask import Aws, AwsAnswer, Dns, DnsAnswer, Failure, Members, Question, Result, Unasked
from maildoctor.settings import Domain, Settings

T = TypeVar("T")
SCHEMA = "maildoctor-bundle/1"
_RESULTS: dict[str, type[DnsAnswer] | type[AwsAnswer] | type[Failure] | type[Unasked]] = {
    "answer": DnsAnswer,
    "reply": AwsAnswer,
    "failure": Failure,
    "unasked": Unasked,
}


class UnusableBundle(ValueError):
    """The file is no bundle, or of another version; the message says which."""


@dataclass(frozen=True)
class Bundle:
    """One recorded audit: about what, when, and every question with its answer."""

    domain: Domain
    settings: Settings
    now: datetime
    memo: Mapping[Question, Result]

    def ask(self, question: Question) -> Result | None:
        """Answer as it was answered then."""
        return self.memo.get(question) or Unasked(f"the bundle has no answer to: {question}")

    def answers(self) -> Mapping[Question, Result]:
        """Nothing is ever under way."""
        return {}


def dump(bundle: Bundle) -> str:
    """Return a bundle as JSON text, in an order that does not depend on the run."""
    rows = [
        {"question": {"kind": question.kind, **_plain(question)}, _kind(result): _plain(result)}
        for question, result in sorted(bundle.memo.items(), key=lambda item: str(item[0]))
    ]
    whole = {
        "schema": SCHEMA,
        "domain": bundle.domain.name,
        "unicode": bundle.domain.unicode,
        "now": bundle.now.isoformat(),
        "settings": {name: value for name, value in asdict(bundle.settings).items() if name != "waivers"},
        "answers": rows,
    }
    # What AWS says is held read-only, which the encoder does not know.
    return json.dumps(whole, indent=1, ensure_ascii=True, default=dict) + "\n"


def _plain(value: Any) -> dict[str, Any]:
    """Return a value's members, without those that have their default."""
    members = ((member, getattr(value, member.name)) for member in fields(value))
    given = {member.name: held for member, held in members if held != member.default}
    return {name: held.plain if isinstance(held, Members) else held for name, held in given.items()}


def _kind(result: Result) -> str:
    return next(kind for kind, type_ in _RESULTS.items() if isinstance(result, type_))


def load(path: Path) -> Bundle:
    """Read a bundle. Raises `UnusableBundle`."""
    try:
        whole = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnusableBundle(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UnusableBundle(f"{path}: not a bundle (no JSON)") from error
    schema = whole.get("schema") if isinstance(whole, dict) else None
    if schema != SCHEMA:
        raise UnusableBundle(f"{path}: not a bundle of this version ({schema or 'no schema'}; this program reads {SCHEMA})")
    try:
        return _bundle(whole)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnusableBundle(f"{path}: a damaged bundle ({type(error).__name__}: {error})") from error


def _bundle(whole: dict[str, Any]) -> Bundle:
    memo = {_question(dict(row["question"])): _result(row) for row in whole["answers"]}
    now = datetime.fromisoformat(whole["now"])
    if now.tzinfo is None:
        raise ValueError("the time has no offset")
    # Octets that are no UTF-8 are written as low surrogates (PEP 383); a text with others has been tampered with.
    json.dumps(whole, ensure_ascii=False).encode("utf-8", "surrogateescape")
    domain, unicode = whole["domain"], whole.get("unicode", "")
    if domain != names.absolute(domain) or not isinstance(unicode, str):
        raise ValueError(f"{domain!r} is no domain name in canonical form")
    return Bundle(Domain(domain, unicode), _build(Settings, whole["settings"]), now, memo)


def _question(row: dict[str, Any]) -> Question:
    kind = row.pop("kind")
    if kind == Dns.kind:
        return _build(Dns, row)
    if kind == Aws.kind:
        return Aws(**row | {"parameters": Members.of(row.get("parameters", {}))})
    raise ValueError(f"unknown questions of kind {kind!r}")


def _result(row: dict[str, Any]) -> Result:
    kind = next((kind for kind in _RESULTS if kind in row), "")
    if not kind:
        raise ValueError(f"no answer to {row['question']}")
    if kind == "reply":
        return replace(AwsAnswer.of(row[kind].get("data", {})), missing=row[kind].get("missing", ""))
    build: Callable[..., Result] = _RESULTS[kind]
    return _build(build, row[kind])


def _build(type_: Callable[..., T], row: dict[str, Any]) -> T:
    """Build a value from its members; each must be of the kind that its default, or its name, promises."""
    value = type_(**{name: tuple(held) if isinstance(held, list) else held for name, held in row.items()})
    for member in fields(value):  # type: ignore[arg-type] # only dataclasses are built
        held = getattr(value, member.name)
        wanted = str if member.default is MISSING else type(member.default)
        if type(held) is not wanted or (wanted is tuple and not all(type(each) is str for each in held)):
            raise ValueError(f"{member.name} is not of the right kind: {held!r}")
    return value
