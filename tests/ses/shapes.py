"""What the service models of botocore say about requests and responses, so that no test is more lenient than AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session

TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "timestamp": (str,),
    "blob": (str,),
}


@cache
def model(service: str) -> Any:
    """The model of a service, by the name of its client."""
    return botocore.session.get_session().get_service_model(service)


def operation(service: str, name: str) -> Any:
    """The model of one operation."""
    return model(service).operation_model(name)


def complaints(shape: Any, value: Any, *, request: bool, where: str = "") -> Iterator[str]:
    """Say all that a model has against a value. Responses may lack required members: those of SES do."""
    kind = shape.type_name
    types: Any = TYPES[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{where or shape.name}: {value!r} is no {kind}"
    elif kind == "structure":
        yield from _structure(shape, value, request, where)
    elif kind == "list":
        yield from _length(shape, value, where)
        for at, item in enumerate(value):
            yield from complaints(shape.member, item, request=request, where=f"{where}[{at}]")
    elif kind == "map":
        for name, item in value.items():
            yield from complaints(shape.key, name, request=request, where=f"{where}.{name}")
            yield from complaints(shape.value, item, request=request, where=f"{where}.{name}")
    else:
        yield from _scalar(shape, value, where)


def _structure(shape: Any, value: dict[str, Any], request: bool, where: str) -> Iterator[str]:
    for name, item in value.items():
        if name not in shape.members:
            yield f"{where}.{name}: {shape.name} has no such member"
        else:
            yield from complaints(shape.members[name], item, request=request, where=f"{where}.{name}")
    for name in shape.required_members if request else ():
        if name not in value:
            yield f"{where}.{name}: is required"


def _scalar(shape: Any, value: Any, where: str) -> Iterator[str]:
    enum = shape.metadata.get("enum", ())
    pattern = shape.metadata.get("pattern")
    if enum and value not in enum:
        yield f"{where}: {value!r} is none of {', '.join(enum)}"
    if shape.type_name == "string":
        yield from _length(shape, value, where)
        if pattern and _matches(pattern, value) is False:
            yield f"{where}: {value!r} does not match {pattern}"
    if shape.type_name == "timestamp" and not _is_time(value):
        yield f"{where}: {value!r} is no time in ISO 8601"


def _matches(pattern: str, value: str) -> bool | None:
    try:
        return bool(re.fullmatch(pattern, value))
    except re.error:
        return None  # Java knows classes that Python does not


def _length(shape: Any, value: Any, where: str) -> Iterator[str]:
    if len(value) < shape.metadata.get("min", 0) or len(value) > shape.metadata.get("max", len(value)):
        yield f"{where}: {len(value)} is no length for {shape.name}"


def _is_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def typed(service: str, name: str, given: dict[str, str]) -> dict[str, Any]:
    """Return parameters that were written as text with the types of the operation's input."""
    shape = operation(service, name).input_shape
    values: dict[str, Any] = {}
    for member, text in given.items():
        assert shape is not None, f"{service} {name} takes no {member}"
        assert member in shape.members, f"{service} {name} takes no {member}"
        values[member] = text if shape.members[member].type_name in ("string", "timestamp") else json.loads(text)
    return values


def error_codes(service: str, name: str) -> set[str]:
    """The codes of the errors that an operation is modelled to give; those that any can give are not among them."""
    shapes = operation(service, name).error_shapes
    return {shape.name for shape in shapes} | {shape.metadata.get("error", {}).get("code", shape.name) for shape in shapes}
