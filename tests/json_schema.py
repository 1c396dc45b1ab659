"""As much of JSON Schema as our schemas use; a keyword that is not known here is an error."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

_TYPES: Final[Mapping[str, Callable[[object], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_BOUNDS: Final[Mapping[str, tuple[type, Callable[[Any, Any], bool]]]] = {
    "maxItems": (list, lambda value, limit: len(value) <= limit),
    "minLength": (str, lambda value, limit: len(value) >= limit),
    "maxLength": (str, lambda value, limit: len(value) <= limit),
    "pattern": (str, lambda value, pattern: re.search(pattern, value) is not None),
    "minimum": (int, lambda value, limit: value >= limit),
    "maximum": (int, lambda value, limit: value <= limit),
}
_TOLD: Final = {"$schema", "$defs", "title", "description", "format"}


def is_valid(document: object, schema: Mapping[str, Any]) -> bool:
    """Tell whether a document is as a schema says."""
    return all(_checks(document, schema, schema))


def _checks(value: Any, rules: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[bool]:
    for keyword, rule in rules.items():
        match keyword:
            case "$ref":
                yield all(_checks(value, _pointed(rule, root), root))
            case "type":
                yield any(
                    _TYPES[name](value) for name in ([rule] if isinstance(rule, str) else rule)
                )
            case "const":
                yield type(value) is type(rule) and value == rule
            case "anyOf":
                yield any(all(_checks(value, each, root)) for each in rule)
            case "required":
                yield not isinstance(value, dict) or set(rule) <= value.keys()
            case "properties":
                of_object = value if isinstance(value, dict) else {}
                for name in rule.keys() & of_object.keys():
                    yield all(_checks(of_object[name], rule[name], root))
            case "additionalProperties":
                assert rule is False
                yield not isinstance(value, dict) or value.keys() <= rules["properties"].keys()
            case "items":
                yield not isinstance(value, list) or all(
                    all(_checks(each, rule, root)) for each in value
                )
            case _ if keyword in _BOUNDS:
                kind, holds = _BOUNDS[keyword]
                yield not isinstance(value, kind) or holds(value, rule)
            case _:
                assert keyword in _TOLD, keyword


def _pointed(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, Mapping)
    return found
