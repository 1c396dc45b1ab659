"""Bodies and paths of requests: what the REST surface takes, each generation in its way."""

import json
import re
from collections.abc import Mapping
from typing import Final

from simulator.leshan_classic import convert, parse_classic_node, wrong_kind
from simulator.leshan_errors import AnswerError, invalid_request, unexpected_exception
from simulator.leshan_generation import Generation
from simulator.leshan_models import M4_WRITE_MODELS, Kind, Models
from simulator.leshan_nodes import path_text, resource_model
from simulator.leshan_writes import Write, hex_bytes
from simulator.link import Ids, Value

ARGUMENTS: Final = re.compile(r"(\d(='[^']*')?(,\d(='[^']*')?)*)?")
ID_NAMES: Final = ("object", "object instance", "resource", "resource instance")
UNSIGNED_16_BITS: Final = range(1 << 16)
NULL_TYPE: Final = (
    'Cannot invoke "com.fasterxml.jackson.databind.JsonNode.asText()" because the return value of '
    '"com.fasterxml.jackson.databind.JsonNode.get(String)" is null'
)
UNREADABLE: Final = "unable to parse json to tlv:"


def parse_path(text: str) -> Ids:
    """Read `/5/0/3` or `5/0/3`; raise ValueError with Leshan's words."""
    text = text.strip("/")
    parts = text.split("/")
    if not all(re.fullmatch(r"-?\d+", part) for part in parts):
        raise ValueError(f"Invalid elements in path: {text}")
    if len(parts) > len(ID_NAMES):
        raise ValueError(f"Invalid length for path: {text}")
    ids = tuple(int(part) for part in parts)
    for name, number in zip(ID_NAMES, ids, strict=False):
        if number not in UNSIGNED_16_BITS:
            raise ValueError(f"Invalid {name} id {number}, It MUST be an unsigned int.")
    return ids


def parse_write(
    path: Ids, content_type: str | None, text: str, generation: Generation
) -> tuple[Write, ...]:
    """Read the body of a write to `path`; raise AnswerError as Leshan does."""
    media_type = None if content_type is None else content_type.partition(";")[0].strip().lower()
    if media_type == "text/plain":
        return (Write(path=path, kind=Kind.STRING, value=text),)
    if media_type != "application/json":
        shown = "null" if content_type is None else content_type
        raise invalid_request(f"content type {shown} not supported")
    if generation is not Generation.M4:
        return _parse_typed_node(path, _parse_json(text))
    if not text:
        raise invalid_request(f"new node value is mandatory for {path_text(path)}")
    return parse_classic_node(path, _parse_json(text))


def parse_composite(text: str) -> tuple[Write, ...]:
    """Read the body of a composite write; any error in a node is a 500 there."""
    document = _parse_json(text)
    if not isinstance(document, dict):
        raise unexpected_exception("com.fasterxml.jackson.databind.exc.MismatchedInputException")
    try:
        groups = [_parse_typed_node(parse_path(path), node) for path, node in document.items()]
    except (AnswerError, ValueError) as error:
        raise unexpected_exception(
            f"com.fasterxml.jackson.databind.JsonMappingException: {error}"
        ) from error
    return tuple(write for group in groups for write in group)


def check_arguments(text: str) -> None:
    """Raise AnswerError for the body of an execute that is no argument list."""
    if ARGUMENTS.fullmatch(text) is None:
        raise invalid_request(
            f"Invalid Execute request : [Unable to parse Arguments [{text}] : "
            f"Unable to parse Argument [{text}]]"
        )


def check_kind(write: Write, models: Models, generation: Generation) -> Write:
    """Hold a value to its model, M4 by conversion, later ones strictly; raise AnswerError."""
    known = {**M4_WRITE_MODELS, **models} if generation is Generation.M4 else models
    model = resource_model(write.path, known)
    if model is None or model.kind in (write.kind, Kind.NONE):
        return write
    if generation is Generation.M4:
        return convert(write, model.kind)
    raise wrong_kind(write, model.kind)


def _parse_json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise invalid_request(f"{UNREADABLE}{error}") from error


def _parse_typed_node(path: Ids, node: object) -> tuple[Write, ...]:
    match node:
        case {"resources": list(resources)}:
            groups = [_parse_typed_node((*path, _node_id(each)), each) for each in resources]
            return tuple(write for group in groups for write in group)
        case {"id": _, "values": dict(values), **rest}:
            return tuple(
                _typed_value((*path, int(number)), value, rest) for number, value in values.items()
            )
        case {"id": _, **rest}:
            return (_typed_value(path, rest.get("value"), rest),)
        case dict():
            raise invalid_request(f"{UNREADABLE}Missing id")
        case _:
            raise invalid_request(f"{UNREADABLE}Invalid node element")


def _node_id(node: object) -> int:
    match node:
        case {"id": int(number)}:
            return number
        case _:
            raise invalid_request(f"{UNREADABLE}Missing id")


def _typed_value(path: Ids, value: object, node: Mapping[object, object]) -> Write:
    if "type" not in node:
        raise unexpected_exception(NULL_TYPE)
    name = str(node["type"]).upper()
    if name not in Kind.__members__ or name == Kind.NONE.value:
        raise unexpected_exception(
            f"No enum constant org.eclipse.leshan.core.model.ResourceModel.Type.{name}"
        )
    kind = Kind[name]
    parsed = _parse_value(kind, value)
    if parsed is None:
        raise unexpected_exception(
            f"Invalid value for resource {path_text(path)}, unexpected type, expected {name}"
        )
    return Write(path=path, kind=kind, value=parsed)


def _parse_value(kind: Kind, value: object) -> Value | None:
    """Read a value as its type wants it written; `None` if it is written otherwise."""
    match kind, value:
        case ((Kind.STRING | Kind.CORELINK), str(text)):
            return text
        case Kind.BOOLEAN, bool(flag):
            return flag
        case ((Kind.INTEGER | Kind.UNSIGNED_INTEGER), (str() | int())):
            return int(value) if re.fullmatch(r"-?\d+", str(value)) else None
        case Kind.FLOAT, (str() | int() | float()):
            return str(value)
        case Kind.TIME, int():
            return value // 1000
        case Kind.OPAQUE, str():
            return hex_bytes(value)
        case Kind.OBJLNK, {"objectId": int(object_id), "objectInstanceId": int(instance_id)}:
            return f"{object_id}:{instance_id}"
        case _:
            return None
