"""Bodies of writes: the JSON and text that the REST surface takes, each generation in its way."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from simulator.leshan_errors import AnswerError, invalid_request, unexpected_exception
from simulator.leshan_generation import Generation
from simulator.leshan_models import Kind, Models
from simulator.leshan_nodes import path_text, resource_model
from simulator.link import Ids, Value

ARGUMENTS: Final = re.compile(r"(\d(='[^']*')?(,\d(='[^']*')?)*)?")
NULL_TYPE: Final = (
    'Cannot invoke "com.fasterxml.jackson.databind.JsonNode.asText()" because the return value of '
    '"com.fasterxml.jackson.databind.JsonNode.get(String)" is null'
)
PATH_IDS_OF_RESOURCE: Final = 3
INT_KINDS: Final = (Kind.INTEGER, Kind.UNSIGNED_INTEGER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One value to write to one resource or resource instance."""

    path: Ids
    kind: Kind
    value: Value


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
    return parse_node(path, _parse_json(text, generation), generation)


def parse_composite(text: str, generation: Generation) -> tuple[Write, ...]:
    """Read the body of a composite write; any error in a node is a 500 there."""
    document = _parse_json(text, generation)
    try:
        writes = [parse_node(parse_path(path), node, generation) for path, node in document.items()]
    except AnswerError as error:
        raise unexpected_exception(
            f"com.fasterxml.jackson.databind.JsonMappingException: {error.text}"
        ) from error
    return tuple(write for group in writes for write in group)


def parse_path(text: str) -> Ids:
    """Read `/5/0/3` or `5/0/3`; raise ValueError."""
    parts = text.strip("/").split("/")
    if not all(part.isdecimal() for part in parts):
        raise ValueError(text)
    return tuple(int(part) for part in parts)


def check_arguments(text: str) -> None:
    """Raise AnswerError for the body of an execute that is no argument list."""
    if ARGUMENTS.fullmatch(text) is None:
        raise invalid_request(
            f"Invalid Execute request : [Unable to parse Arguments [{text}] : "
            f"Unable to parse Argument [{text}]]"
        )


def check_kind(write: Write, models: Models, generation: Generation) -> Write:
    """Hold a value to its model, M4 by conversion, later ones strictly; raise AnswerError."""
    model = resource_model(write.path, models)
    if model is None or model.kind is write.kind or model.kind is Kind.NONE:
        return write
    converted = _convert(write, model.kind) if generation is Generation.M4 else None
    if converted is None:
        raise invalid_request(
            f"Invalid value type for resource {path_text(write.path)}, "
            f"expected {model.kind.value}, got {write.kind.value}"
        )
    return converted


def parse_node(path: Ids, node: object, generation: Generation) -> tuple[Write, ...]:
    """Read a resource or an instance as single values."""
    if not isinstance(node, dict):
        raise invalid_request("unable to parse json to tlv:Node should be an object")
    if "resources" in node:
        groups = [
            parse_node((*path, _node_id(each)), each, generation) for each in node["resources"]
        ]
        return tuple(write for group in groups for write in group)
    if "id" not in node:
        raise invalid_request("unable to parse json to tlv:Missing id for resource")
    if "values" in node:
        values = {(*path, int(number)): value for number, value in node["values"].items()}
    else:
        values = {path: node.get("value")}
    read = _classic_value if generation is Generation.M4 else _typed_value
    return tuple(read(ids, value, node) for ids, value in values.items())


def _parse_json(text: str, generation: Generation) -> dict[str, object]:
    try:
        document = json.loads(text)
    except ValueError as error:
        detail = f"java.io.EOFException: {error}" if generation is Generation.M4 else str(error)
        raise invalid_request(f"unable to parse json to tlv:{detail}") from error
    if not isinstance(document, dict):
        raise invalid_request("unable to parse json to tlv:Node should be an object")
    return document


def _node_id(node: object) -> int:
    if not isinstance(node, dict) or "id" not in node:
        raise invalid_request("unable to parse json to tlv:Missing id for resource")
    return int(node["id"])


def _classic_value(path: Ids, value: object, _node: Mapping[str, object]) -> Write:
    """Before M6 the JSON type decides; `kind` and `type` are not looked at."""
    match value:
        case bool():
            return Write(path=path, kind=Kind.BOOLEAN, value=value)
        case int():
            return Write(path=path, kind=Kind.INTEGER, value=value)
        case float():
            return Write(path=path, kind=Kind.FLOAT, value=str(value))
        case str():
            return Write(path=path, kind=Kind.STRING, value=value)
        case _:
            raise invalid_request("unable to parse json to tlv:Invalid value")


def _typed_value(path: Ids, value: object, node: Mapping[str, object]) -> Write:
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
        case ((Kind.STRING | Kind.CORELINK), str()):
            return value
        case Kind.BOOLEAN, bool():
            return value
        case ((Kind.INTEGER | Kind.UNSIGNED_INTEGER), (str() | int())):
            return _int(str(value))
        case Kind.FLOAT, (str() | int() | float()):
            return str(value)
        case Kind.TIME, int():
            return value // 1000
        case Kind.OPAQUE, str():
            return _hex(value)
        case Kind.OBJLNK, {"objectId": int(object_id), "objectInstanceId": int(instance_id)}:
            return f"{object_id}:{instance_id}"
        case _:
            return None


def _convert(write: Write, kind: Kind) -> Write | None:
    """What M4's converter makes of a value of another type; `None` where it gives up."""
    converted: Value | None = None
    match kind, write.kind:
        case Kind.STRING, (Kind.INTEGER | Kind.FLOAT | Kind.BOOLEAN):
            converted = str(write.value).lower()
        case Kind.UNSIGNED_INTEGER, Kind.INTEGER:
            converted = write.value
        case Kind.FLOAT, Kind.INTEGER:
            converted = write.value
        case Kind.TIME, Kind.INTEGER if isinstance(write.value, int):
            converted = write.value // 1000
        case Kind.OPAQUE, Kind.STRING:
            converted = _hex(str(write.value))
        case _:
            return None
    return None if converted is None else Write(path=write.path, kind=kind, value=converted)


def _int(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d+", text) else None


def _hex(text: str) -> bytes | None:
    return bytes.fromhex(text) if re.fullmatch(r"([0-9a-fA-F]{2})*", text) else None
