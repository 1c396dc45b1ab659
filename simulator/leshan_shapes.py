"""JSON as each generation of Leshan writes it: nodes, answers of devices, registrations."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from simulator.leshan_generation import Generation
from simulator.leshan_models import Kind
from simulator.leshan_nodes import Instance, MultipleResource, Node, ObjectNode, SingleResource
from simulator.link import Value

type Json = dict[str, object]

CODE_NAMES: Final[Mapping[int, str]] = {
    201: "CREATED",
    202: "DELETED",
    204: "CHANGED",
    205: "CONTENT",
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    408: "REQUEST_ENTITY_INCOMPLETE",
    412: "PRECONDITION_FAILED",
    413: "REQUEST_ENTITY_TOO_LARGE",
    415: "UNSUPPORTED_CONTENT_FORMAT",
    500: "INTERNAL_SERVER_ERROR",
}
FIRST_ERROR_CODE: Final = 400


def dump(document: object) -> str:
    """Write JSON as Jackson does: compact, and not ASCII only."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def answer_json(code: int, diagnostic: str, **members: object) -> Json:
    """A device's answer: the envelope, with `content` or `objectLinks` if the answer has them."""
    has_failed = code >= FIRST_ERROR_CODE
    answer: Json = {
        "status": f"{CODE_NAMES.get(code, 'UNKNOWN')}({code})",
        "valid": code in CODE_NAMES,
        "success": not has_failed,
        "failure": has_failed,
    }
    if diagnostic:
        answer["errormessage"] = diagnostic
    return answer | members


def node_json(node: Node, generation: Generation) -> Json:
    """A node with everything below it."""
    return _classic_node(node) if generation is Generation.M4 else _typed_node(node)


def date_json(epoch_seconds: float, generation: Generation) -> int | str:
    """A moment: milliseconds since M6, before ISO 8601 in whole seconds."""
    if generation is not Generation.M4:
        return int(epoch_seconds * 1000)
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _typed_node(node: Node) -> Json:
    match node:
        case SingleResource():
            kind = "resourceInstance" if node.is_resource_instance else "singleResource"
            value = _typed_value(node.kind, node.value)
            return {"kind": kind, "id": node.id, "type": node.kind.value, "value": value}
        case MultipleResource():
            values = {
                str(number): _typed_value(node.kind, value) for number, value in node.values.items()
            }
            return {
                "kind": "multiResource",
                "values": values,
                "id": node.id,
                "type": node.kind.value,
            }
        case Instance():
            return {
                "kind": "instance",
                "resources": [_typed_node(each) for each in node.resources],
                "id": node.id,
            }
        case ObjectNode():
            return {
                "instances": [_typed_node(each) for each in node.instances],
                "kind": "obj",
                "id": node.id,
            }


def _typed_value(kind: Kind, value: Value) -> object:
    match kind, value:
        case Kind.TIME, int():
            return value * 1000
        case _, bytes():
            return value.hex()
        case Kind.OBJLNK, str():
            return _object_link(value) | {"nullLink": value == "65535:65535"}
        case (_, bool()) | (_, str()):
            return value
        case Kind.FLOAT, int():
            return str(float(value))
        case _:
            return str(value)


def _classic_node(node: Node) -> Json:
    match node:
        case SingleResource(is_resource_instance=True):
            return {"id": node.id}  # M4 leaves the value out
        case SingleResource():
            return {"id": node.id, "value": _classic_value(node.kind, node.value)}
        case MultipleResource():
            values = {
                str(number): _classic_value(node.kind, value)
                for number, value in node.values.items()
            }
            return {"id": node.id, "values": values}
        case Instance():
            return {"id": node.id, "resources": [_classic_node(each) for each in node.resources]}
        case ObjectNode():
            return {"id": node.id, "instances": [_classic_node(each) for each in node.instances]}


def _classic_value(kind: Kind, value: Value) -> object:
    match kind, value:
        case Kind.TIME, int():
            return date_json(value, Generation.M4)
        case _, bytes():
            return value.hex()
        case Kind.OBJLNK, str():
            return _object_link(value)
        case Kind.FLOAT, int():
            return float(value)
        case _:
            return value


def _object_link(text: str) -> Json:
    object_id, instance_id = text.split(":")
    return {"objectId": int(object_id), "objectInstanceId": int(instance_id)}
