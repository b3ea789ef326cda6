"""The configuration: `maildoctor.toml`, or `[tool.maildoctor]` in `pyproject.toml`, looked for upwards to the repository root."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maildoctor.model import Waiver

_OPTIONS: dict[str, tuple[type, ...]] = {
    "fail-on": (str,),
    "exit-zero": (bool,),
    "select": (list,),
    "ignore": (list,),
    "format": (list,),
    "resolver": (list,),
    "timeout": (int, float),
    "aws": (bool,),
    "aws-profile": (str,),
    "color": (str,),
    "domains": (dict,),
    "waivers": (list,),
}
_DOMAIN: dict[str, tuple[type, ...]] = {
    "roles": (list,),
    "regions": (list,),
    "dkim-tokens": (list,),
    "mail-from": (str,),
    "from": (str,),
    "sender-ips": (list,),
}
_WAIVER: dict[str, tuple[type, ...]] = {"check": (str,), "domain": (str,), "reason": (str,), "expires": (dt.date,)}
_KINDS = {str: "a text", bool: "true or false", list: "a list of texts", int: "a number", float: "a number", dict: "a table"}


class BadConfiguration(ValueError):
    """The configuration cannot be used; the message names file and key."""


@dataclass(frozen=True)
class Configuration:
    """What a configuration file says. `options` by the names of the command line, `domains` by the name as written."""

    path: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    domains: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()


def find(start: Path) -> Configuration:
    """Return the nearest configuration at or above a directory; an empty one where there is none. Raises `BadConfiguration`."""
    for directory in (start, *start.parents):
        own = directory / "maildoctor.toml"
        if own.is_file():
            return parse(_load(own), own)
        shared = directory / "pyproject.toml"
        if shared.is_file():
            section = _load(shared).get("tool", {}).get("maildoctor")
            if section is not None:
                return parse(section, shared, "tool.maildoctor.")
        if (directory / ".git").exists():
            break
    return Configuration()


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise BadConfiguration(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadConfiguration(f"{path}: not a text file in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfiguration(f"{path}: {error}") from error
    except RecursionError as error:
        raise BadConfiguration(f"{path}: lists or tables too deep in one another") from error


def parse(whole: Any, path: Path, prefix: str = "") -> Configuration:
    """Return the configuration that a parsed file holds. Raises `BadConfiguration`."""
    if not isinstance(whole, dict):
        raise BadConfiguration(f"{path}: {prefix.rstrip('.')} must be a table")
    _conform(whole, _OPTIONS, path, prefix)
    domains = whole.get("domains", {})
    for name, told in domains.items():
        here = f'{prefix}domains."{name}"'
        if not isinstance(told, dict):
            raise BadConfiguration(f"{path}: {here} must be a table")
        _conform(told, _DOMAIN, path, here + ".")
    waivers = tuple(_waiver(row, path, f"{prefix}waivers[{position}]") for position, row in enumerate(whole.get("waivers", ())))
    options = {key: value for key, value in whole.items() if key not in ("domains", "waivers")}
    return Configuration(path, options, domains, waivers)


def _conform(table: Mapping[str, Any], schema: Mapping[str, tuple[type, ...]], path: Path, prefix: str) -> None:
    """Refuse unknown keys and values of another type."""
    for key, value in table.items():
        if key not in schema:
            raise BadConfiguration(f"{path}: there is no key {prefix}{key}{_near(key, schema)}")
        kinds = schema[key]
        fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if not fits or (key != "waivers" and isinstance(value, list) and not all(isinstance(each, str) for each in value)):
            wanted = "a list of tables" if key == "waivers" else "a date such as 2027-03-31, without quotes"
            raise BadConfiguration(f"{path}: {prefix}{key} must be {_KINDS.get(kinds[0], wanted) if key != 'waivers' else wanted}")


def _near(key: str, known: Iterable[str]) -> str:
    import difflib

    found = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {found[0]}?" if found else f"; there are: {', '.join(known)}"


def _waiver(row: Any, path: Path, here: str) -> Waiver:
    if not isinstance(row, dict):
        raise BadConfiguration(f"{path}: {here} must be a table")
    _conform(row, _WAIVER, path, here + ".")
    for key in ("check", "reason", "expires"):
        if not row.get(key) or (key == "reason" and not row[key].strip()):
            raise BadConfiguration(f"{path}: {here} has no {key}; a waiver needs check, reason and expires")
    expires = row["expires"]
    if isinstance(expires, dt.datetime):
        raise BadConfiguration(f"{path}: {here}.expires must be a date such as 2027-03-31, without a time")
    return Waiver(row["check"], row["reason"], expires.isoformat(), row.get("domain", ""))
