"""Requests as boto3 sends them, read by the models of botocore: which service, which operation, with which parameters."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.parsers

from maildoctor.operations import allowed
from tests.ses import shapes

SERVICES = sorted({operation.service for operation in allowed().values()} - {"configuration"})


class Strange(Exception):
    """The request is of no service that is known here."""


@dataclass(frozen=True)
class Request:
    """One request. `key` is the access key, `token` that of a session, `signed` when it was signed by the clock of the sender."""

    service: str
    protocol: str
    operation: str
    parameters: dict[str, Any]
    region: str
    key: str
    token: str
    signed: datetime

    @property
    def model(self) -> Any:
        """The model of its operation."""
        return shapes.operation(self.service, self.operation)


def read(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """Read a request. Raises `Strange`."""
    scope = re.search(r"Credential=([^/]+)/\d+/([^/]*)/([^/]+)/aws4_request", headers.get("authorization", ""))
    if not scope:
        raise Strange("not signed")
    service, protocol, name, parameters = _routed(scope[3], method, target, headers, body)
    signed = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    shape = shapes.operation(service, name).input_shape
    parameters = _timed(shape, parameters) if shape else parameters
    return Request(service, protocol, name, parameters, scope[2], scope[1], headers.get("x-amz-security-token", ""), signed)


def _routed(
    signing: str, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, str, str, dict[str, Any]]:
    for service in SERVICES:
        model = shapes.model(service)
        for protocol in model.metadata["protocols"] if model.signing_name == signing else ():
            found = _READERS[protocol](service, method, target, headers, body)
            if found:
                return service, protocol, *found
    raise Strange(f"{method} {target} is nothing of {signing}")


Found = tuple[str, dict[str, Any]] | None


def _rest(service: str, method: str, target: str, _headers: Mapping[str, str], body: bytes) -> Found:
    split = urlsplit(target)
    query = parse_qs(split.query, keep_blank_values=True)
    for pattern, marks, name in _routes(service, method):
        match = pattern.fullmatch(split.path)
        if match and marks <= query.keys() and (marks or not _other_marks(service, method) & query.keys()):
            return name, _located(shapes.operation(service, name).input_shape, match.groupdict(), query, body)
    return None


@cache
def _routes(service: str, method: str) -> list[tuple[re.Pattern[str], frozenset[str], str]]:
    model, routes = shapes.model(service), []
    for name in model.operation_names:
        http = model.operation_model(name).http
        path, _, query = http["requestUri"].partition("?")
        if http["method"] == method:
            pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", r"(?P<\1>[^/]+)", re.escape(path))
            routes.append((re.compile(pattern), frozenset(word.partition("=")[0] for word in query.split("&") if word), name))
    # Paths without placeholders first: /identities/list is no identity.
    return sorted(routes, key=lambda route: (route[0].groups, -len(route[1])))


@cache
def _other_marks(service: str, method: str) -> frozenset[str]:
    return frozenset[str]().union(*(marks for _, marks, _ in _routes(service, method)))


def _located(shape: Any, path: Mapping[str, str], query: Mapping[str, list[str]], body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body) if body[:1] == b"{" else {}
    for name, member in shape.members.items() if shape else ():
        wire = member.serialization.get("name", name)
        place = member.serialization.get("location")
        if place == "uri" and wire in path:
            found[name] = unquote(path[wire])
        elif place == "querystring" and wire in query:
            found[name] = _scalar(member, query[wire][0])
    return found


def _scalar(shape: Any, text: str) -> Any:
    if shape.type_name in ("integer", "long"):
        return int(text)
    return text == "true" if shape.type_name == "boolean" else text


def _json(service: str, _method: str, _target: str, headers: Mapping[str, str], body: bytes) -> Found:
    prefix, _, name = headers.get("x-amz-target", "").partition(".")
    return (name, json.loads(body)) if prefix == shapes.model(service).metadata["targetPrefix"] else None


def _cbor(service: str, _method: str, target: str, _headers: Mapping[str, str], body: bytes) -> Found:
    prefix = f"/service/{shapes.model(service).metadata['targetPrefix']}/operation/"
    if not target.startswith(prefix):
        return None
    parser = botocore.parsers.RpcV2CBORParser()
    values = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}
    return target.removeprefix(prefix), _plain(values)


def _timed(shape: Any, value: Any) -> Any:
    """Return parameters with times as text: on the wire they are seconds, or text of one of two forms."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {name: _timed(shape.members[name], item) if name in shape.members else item for name, item in value.items()}
    if shape.type_name != "timestamp":
        return value
    when = datetime.fromtimestamp(value, UTC) if isinstance(value, (int, float)) else datetime.fromisoformat(value)
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _query(service: str, _method: str, _target: str, _headers: Mapping[str, str], body: bytes) -> Found:
    form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    model = shapes.model(service)
    if form.get("Version") != model.api_version or form.get("Action") not in model.operation_names:
        return None
    shape = model.operation_model(form["Action"]).input_shape
    return form["Action"], _form(shape, form, "") if shape else {}


def _form(shape: Any, form: Mapping[str, str], prefix: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return {
            name: _form(member, form, f"{prefix}{wire}.")
            for name, member in shape.members.items()
            for wire in [member.serialization.get("name", name)]
            if any(key == f"{prefix}{wire}" or key.startswith(f"{prefix}{wire}.") for key in form)
        }
    if kind == "list":
        return [_form(shape.member, form, f"{prefix}member.{number}.") for number in _numbers(form, f"{prefix}member.")]
    if kind == "map":
        return {
            form[f"{prefix}entry.{number}.key"]: _form(shape.value, form, f"{prefix}entry.{number}.value.")
            for number in _numbers(form, f"{prefix}entry.")
        }
    return _scalar(shape, form[prefix.removesuffix(".")])


def _numbers(form: Mapping[str, str], prefix: str) -> Iterator[int]:
    found = {int(key.removeprefix(prefix).partition(".")[0]) for key in form if key.startswith(prefix)}
    yield from sorted(found)


_READERS: dict[str, Any] = {
    "rest-json": _rest,
    "rest-xml": _rest,
    "json": _json,
    "query": _query,
    "smithy-rpc-v2-cbor": _cbor,
}
