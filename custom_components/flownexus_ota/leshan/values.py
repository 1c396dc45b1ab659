"""Single values: from JSON in any generation's spelling to the type the resource has.

Resources of objects 3 and 5 are decoded by their id: a server without a model of the registered
object version sends State 2 as OPAQUE "02" or as STRING "2". What cannot be read is kept as text.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Final

from ..lwm2m.events import SingleValue
from ..lwm2m.path import ResourcePath
from .jsontext import Json
from .text import shown, shown_raw

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_INTEGER: Final = 2**63 - 1
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,20}")
# TLV integers have 1, 2, 4 or 8 bytes (OMA-TS-LightweightM2M_Core 1.1.1, appendix C).
_TLV_INTEGER_BYTES: Final = (1, 2, 4, 8)


class ValueType(Enum):
    """The data types of LwM2M."""

    STRING = "STRING"
    INTEGER = "INTEGER"
    FLOAT = "FLOAT"
    BOOLEAN = "BOOLEAN"
    OPAQUE = "OPAQUE"
    TIME = "TIME"
    OBJECT_LINK = "OBJLNK"


_WIRE_TYPES: Final = {each.value: each for each in ValueType} | {
    "UNSIGNED_INTEGER": ValueType.INTEGER,
    "CORELINK": ValueType.STRING,
}

# OMA registry: object 3 version 1.2, object 5 version 1.2.
_BY_RESOURCE: Final[Mapping[int, Mapping[int, ValueType]]] = {
    3: dict.fromkeys((0, 1, 2, 3, 14, 15, 16, 17, 18, 19), ValueType.STRING)
    | dict.fromkeys((6, 7, 8, 9, 10, 11, 20, 21), ValueType.INTEGER)
    | {13: ValueType.TIME, 22: ValueType.OBJECT_LINK},
    5: dict.fromkeys((1, 6, 7), ValueType.STRING)
    | dict.fromkeys((3, 5, 8, 9, 11, 13), ValueType.INTEGER)
    | {0: ValueType.OPAQUE, 12: ValueType.TIME, 14: ValueType.BOOLEAN},
}


def decode_value(path: ResourcePath, value: Json, wire_type: str | None) -> SingleValue:
    """Return the value of the resource at `path`; never raises.

    `wire_type` is the JSON's `type`, which M4 does not send.
    """
    spoken = _WIRE_TYPES.get(wire_type.upper()) if wire_type is not None else None
    meant = resource_type(path.object_id, path.resource_id) or spoken
    if meant is None:
        return _untyped(value)
    decoded = _DECODERS[meant](value, spoken)
    return _untyped(value) if decoded is None else decoded


def resource_type(object_id: int, resource_id: int | None) -> ValueType | None:
    """Return the type that the registry gives a resource of objects 3 and 5, else None."""
    by_id = _BY_RESOURCE.get(object_id, {})
    return None if resource_id is None else by_id.get(resource_id)


def _untyped(value: Json) -> SingleValue:
    if value is None or isinstance(value, bool):
        return value
    if (number := whole(value)) is not None:
        return number
    if isinstance(value, float) and math.isfinite(value):
        return value
    return shown_raw(value)


def whole(value: Json) -> int | None:
    """Return a JSON number that is an integer of 64 bits, else None."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -_MAX_INTEGER <= value <= _MAX_INTEGER else None


def _octets(value: Json) -> bytes | None:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _string(value: Json, spoken: ValueType | None) -> SingleValue:
    if spoken is ValueType.OPAQUE and (octets := _octets(value)) is not None:
        return shown(octets.decode("utf-8", errors="replace"))
    return None if value is None else shown_raw(value)


def _integer(value: Json, spoken: ValueType | None) -> int | None:
    if not isinstance(value, str):
        return whole(int(value) if isinstance(value, float) and value.is_integer() else value)
    if spoken is not ValueType.OPAQUE and _DECIMAL.fullmatch(value):
        return whole(int(value))
    # M4 names no types: a text that is no number is the hex of a resource it has no model for.
    octets = _octets(value)
    if octets is None or len(octets) not in _TLV_INTEGER_BYTES:
        return None
    return int.from_bytes(octets, signed=True)


def _float(value: Json, _spoken: ValueType | None) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError, OverflowError:
        return None
    return number if math.isfinite(number) else None


def _boolean(value: Json, spoken: ValueType | None) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    number = _integer(value, spoken)
    return bool(number) if number in (0, 1) else None


def _opaque(value: Json, _spoken: ValueType | None) -> bytes | None:
    return _octets(value)


def _time(value: Json, spoken: ValueType | None) -> datetime | None:
    # Milliseconds where Leshan knows a time when it sees one; the device's own seconds elsewhere.
    if whole(value) is not None and spoken in (None, ValueType.TIME):
        return time_of(value)
    seconds = _integer(value, spoken)
    return time_of(value) if seconds is None else time_of(seconds * 1000)


def time_of(value: Json) -> datetime | None:
    """Return the time that milliseconds (since M6) or an ISO text (before) tell, else None."""
    try:
        if (milliseconds := whole(value)) is not None:
            return _EPOCH + timedelta(milliseconds=milliseconds)
        if isinstance(value, str):
            return _in_utc(datetime.fromisoformat(value))
    except ValueError, OverflowError:
        pass
    return None


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _object_link(value: Json, _spoken: ValueType | None) -> str | None:
    match value:
        case {"objectId": int(object_id), "objectInstanceId": int(instance_id)}:
            return f"{object_id}:{instance_id}"
        case _:
            return None


_DECODERS: Final[Mapping[ValueType, Callable[[Json, ValueType | None], SingleValue]]] = {
    ValueType.STRING: _string,
    ValueType.INTEGER: _integer,
    ValueType.FLOAT: _float,
    ValueType.BOOLEAN: _boolean,
    ValueType.OPAQUE: _opaque,
    ValueType.TIME: _time,
    ValueType.OBJECT_LINK: _object_link,
}
