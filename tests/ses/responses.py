"""Responses as AWS sends them, written by the models of botocore."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

import botocore.serialize

from tests.ses.requests import Request

ID = "5f0b3c9e-0000-4000-8000-2f6b1c000001"


@dataclass(frozen=True)
class Response:
    """Status, content and headers."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer(request: Request, said: dict[str, Any]) -> Response:
    """Write what an operation returns."""
    protocol, shape = request.protocol, request.model.output_shape
    if protocol == "smithy-rpc-v2-cbor":
        return Response(200, _cbor(shape, said), _CBOR)
    if protocol in ("rest-json", "json"):
        return Response(200, json.dumps(_json(shape, said)).encode(), {"content-type": _JSON[protocol]})
    if protocol == "query":
        result = f"<{request.operation}Result>{_members(shape, said)}</{request.operation}Result>"
        whole = f"<{request.operation}Response>{result}<ResponseMetadata><RequestId>{ID}</RequestId></ResponseMetadata>"
        return Response(200, f"{whole}</{request.operation}Response>".encode(), {"content-type": "text/xml"})
    return _rest_xml(request, shape, said)


def refusal(request: Request, code: str, message: str, status: int) -> Response:
    """Write an error."""
    protocol = request.protocol
    if protocol == "smithy-rpc-v2-cbor":
        text = {"__type": f"com.amazonaws.{request.service}#{code}", "message": message}
        body = b"\xbf" + b"".join(_text(part) for pair in text.items() for part in pair) + b"\xff"
        return Response(status, body, _CBOR)
    if protocol in ("rest-json", "json"):
        said = {"__type": code, "message": message}
        return Response(status, json.dumps(said).encode(), {"content-type": _JSON[protocol], "x-amzn-errortype": code})
    error = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if request.service == "s3":
        return Response(status, f"<Error>{error}<RequestId>{ID}</RequestId></Error>".encode(), {"content-type": "application/xml"})
    whole = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{ID}</RequestId></ErrorResponse>"
    return Response(status, whole.encode(), {"content-type": "text/xml"})


_JSON = {"rest-json": "application/json", "json": "application/x-amz-json-1.1"}
_CBOR = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def _json(shape: Any, value: Any) -> Any:
    """The wire form of a value: other names of members, times as seconds."""
    kind = shape.type_name
    if kind == "structure":
        members = {name: shape.members.get(name) for name in value}
        return {
            member.serialization.get("name", name) if member else name: _json(member, value[name]) if member else value[name]
            for name, member in members.items()
        }
    if kind == "map":
        return {name: _json(shape.value, item) for name, item in value.items()}
    if kind == "list":
        return [_json(shape.member, item) for item in value]
    return datetime.fromisoformat(value).timestamp() if kind == "timestamp" else value


def _cbor(shape: Any, value: dict[str, Any]) -> bytes:
    known = {name: item for name, item in value.items() if name in shape.members}
    octets = bytearray()
    writer = botocore.serialize.RpcV2CBORSerializer()
    writer._serialize_data_item(octets, _timed(shape, known), shape)
    return bytes(octets)


def _timed(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure":
        return {name: _timed(shape.members[name], item) for name, item in value.items()}
    if shape.type_name == "list":
        return [_timed(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {name: _timed(shape.value, item) for name, item in value.items()}
    return datetime.fromisoformat(value).astimezone(UTC) if shape.type_name == "timestamp" else value


def _text(text: str) -> bytes:
    octets = text.encode()
    return b"\x79" + len(octets).to_bytes(2, "big") + octets


def _members(shape: Any, value: dict[str, Any]) -> str:
    return "".join(
        _xml(shape.members[name], item, shape.members[name].serialization.get("name", name))
        if name in shape.members
        else f"<{name}>{escape(json.dumps(item))}</{name}>"
        for name, item in value.items()
    )


def _xml(shape: Any, value: Any, name: str) -> str:
    kind, flat = shape.type_name, shape.serialization.get("flattened")
    if kind == "list":
        item_name = shape.member.serialization.get("name", name if flat else "member")
        items = "".join(_xml(shape.member, item, item_name) for item in value)
        return items if flat else f"<{name}>{items}</{name}>"
    if kind == "map":
        key, held = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        pairs = "".join(f"<entry>{_xml(shape.key, one, key)}{_xml(shape.value, two, held)}</entry>" for one, two in value.items())
        return f"<{name}>{pairs}</{name}>"
    if kind == "structure":
        return f"<{name}>{_members(shape, value)}</{name}>"
    return f"<{name}>{escape(str(value).lower() if kind == 'boolean' else str(value))}</{name}>"


def _rest_xml(request: Request, shape: Any, said: dict[str, Any]) -> Response:
    if request.operation == "GetBucketLocation":
        # It is not as its model says; boto3 knows.
        return Response(200, f"<LocationConstraint>{said.get('LocationConstraint') or ''}</LocationConstraint>".encode(), _XML)
    payload = shape.serialization.get("payload")
    if payload and shape.members[payload].type_name == "string":
        return Response(200, said[payload].encode(), {"content-type": "application/json"})
    if payload:
        return Response(200, _xml(shape.members[payload], said[payload], payload).encode(), _XML)
    return Response(200, f"<{shape.name}>{_members(shape, said)}</{shape.name}>".encode(), _XML)


_XML = {"content-type": "application/xml"}
