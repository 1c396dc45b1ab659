"""Bodies of writes as M4 reads them: the JSON type decides, and the model converts what it can."""

from datetime import datetime

from simulator.leshan_errors import AnswerError, invalid_request, unexpected_exception
from simulator.leshan_models import Kind
from simulator.leshan_nodes import path_text
from simulator.leshan_writes import Write, hex_bytes
from simulator.link import Ids, Value


def parse_classic_node(path: Ids, node: object) -> tuple[Write, ...]:
    """Read a resource or an instance as single values; raise AnswerError in M4's words."""
    match node:
        case {"resources": list(resources)}:
            groups = [parse_classic_node((*path, _node_id(each)), each) for each in resources]
            return tuple(write for group in groups for write in group)
        case {"id": _, "values": dict(values)}:
            return tuple(_value((*path, int(number)), value) for number, value in values.items())
        case {"id": _, "value": value}:
            return (_value(path, value),)
        case {"value": _} | {"values": _}:
            raise unexpected_exception("Missing id")
        case _:
            raise unexpected_exception("Invalid node element")


def convert(write: Write, kind: Kind) -> Write:
    """Turn a value into what its model demands; raise AnswerError where M4 gives up."""
    return Write(path=write.path, kind=kind, value=_converted(write, kind))


def wrong_kind(write: Write, kind: Kind) -> AnswerError:
    """The error for a value of a type that its model does not have."""
    return invalid_request(
        f"Invalid value type for resource {path_text(write.path)}, "
        f"expected {kind.value}, got {write.kind.value}"
    )


def _node_id(node: object) -> int:
    match node:
        case {"id": int(number)}:
            return number
        case _:
            raise unexpected_exception("Missing id")


def _value(path: Ids, value: object) -> Write:
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
            raise invalid_request(
                "unable to parse json to tlv:"
                "java.lang.IllegalStateException: Not a JSON Primitive: null"
            )


def _converted(write: Write, kind: Kind) -> Value:
    match kind, write.kind, write.value:
        case Kind.STRING, (Kind.INTEGER | Kind.FLOAT | Kind.BOOLEAN), value:
            return str(value).lower()
        case ((Kind.UNSIGNED_INTEGER | Kind.FLOAT), Kind.INTEGER, value):
            return value
        case Kind.TIME, Kind.INTEGER, int(milliseconds):
            return milliseconds // 1000
        case Kind.TIME, Kind.STRING, str(text):
            return int(datetime.fromisoformat(text).timestamp())
        case Kind.OPAQUE, Kind.STRING, str(text):
            return _bytes(write.path, text)
        case _:
            raise wrong_kind(write, kind)


def _bytes(path: Ids, text: str) -> bytes:
    value = hex_bytes(text)
    if value is None:
        raise invalid_request(
            f"Unable to convert hexastring [{text}] to byte array for resource {path_text(path)}"
        )
    return value
