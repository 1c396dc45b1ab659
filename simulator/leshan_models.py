"""Object models a simulated Leshan ships: objects 1, 3 and 5, as the OMA registry defines them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.leshan_generation import Generation


class Kind(Enum):
    """Data types of resources; the value is Leshan's name."""

    STRING = "STRING"
    INTEGER = "INTEGER"
    UNSIGNED_INTEGER = "UNSIGNED_INTEGER"
    FLOAT = "FLOAT"
    BOOLEAN = "BOOLEAN"
    OPAQUE = "OPAQUE"
    TIME = "TIME"
    OBJLNK = "OBJLNK"
    CORELINK = "CORELINK"
    NONE = "NONE"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceModel:
    """One resource of an object."""

    id: int
    name: str
    kind: Kind
    operations: str
    is_multiple: bool = False
    is_mandatory: bool = False
    value_range: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectModel:
    """One version of an object."""

    id: int
    name: str
    version: str
    is_multiple: bool
    is_mandatory: bool
    resources: Mapping[int, ResourceModel]


type Row = tuple[int, str, Kind, str, str]
"""Id, name, type, operations, flags (`m` multiple, `!` mandatory)."""

SERVER_1_0: Final[tuple[Row, ...]] = (
    (0, "Short Server ID", Kind.INTEGER, "R", "!"),
    (1, "Lifetime", Kind.INTEGER, "RW", "!"),
    (2, "Default Minimum Period", Kind.INTEGER, "RW", ""),
    (3, "Default Maximum Period", Kind.INTEGER, "RW", ""),
    (4, "Disable", Kind.NONE, "E", ""),
    (5, "Disable Timeout", Kind.INTEGER, "RW", ""),
    (6, "Notification Storing When Disabled or Offline", Kind.BOOLEAN, "RW", "!"),
    (7, "Binding", Kind.STRING, "RW", "!"),
    (8, "Registration Update Trigger", Kind.NONE, "E", "!"),
)
DEVICE_1_0: Final[tuple[Row, ...]] = (
    (0, "Manufacturer", Kind.STRING, "R", ""),
    (1, "Model Number", Kind.STRING, "R", ""),
    (2, "Serial Number", Kind.STRING, "R", ""),
    (3, "Firmware Version", Kind.STRING, "R", ""),
    (4, "Reboot", Kind.NONE, "E", "!"),
    (5, "Factory Reset", Kind.NONE, "E", ""),
    (6, "Available Power Sources", Kind.INTEGER, "R", "m"),
    (7, "Power Source Voltage", Kind.INTEGER, "R", "m"),
    (8, "Power Source Current", Kind.INTEGER, "R", "m"),
    (9, "Battery Level", Kind.INTEGER, "R", ""),
    (10, "Memory Free", Kind.INTEGER, "R", ""),
    (11, "Error Code", Kind.INTEGER, "R", "m!"),
    (12, "Reset Error Code", Kind.NONE, "E", ""),
    (13, "Current Time", Kind.TIME, "RW", ""),
    (14, "UTC Offset", Kind.STRING, "RW", ""),
    (15, "Timezone", Kind.STRING, "RW", ""),
    (16, "Supported Binding and Modes", Kind.STRING, "R", "!"),
    (17, "Device Type", Kind.STRING, "R", ""),
    (18, "Hardware Version", Kind.STRING, "R", ""),
    (19, "Software Version", Kind.STRING, "R", ""),
    (20, "Battery Status", Kind.INTEGER, "R", ""),
    (21, "Memory Total", Kind.INTEGER, "R", ""),
    (22, "ExtDevInfo", Kind.OBJLNK, "R", "m"),
)
FIRMWARE_1_0: Final[tuple[Row, ...]] = (
    (0, "Package", Kind.OPAQUE, "W", "!"),
    (1, "Package URI", Kind.STRING, "RW", "!"),
    (2, "Update", Kind.NONE, "E", "!"),
    (3, "State", Kind.INTEGER, "R", "!"),
    (5, "Update Result", Kind.INTEGER, "R", "!"),
    (6, "PkgName", Kind.STRING, "R", ""),
    (7, "PkgVersion", Kind.STRING, "R", ""),
    (8, "Firmware Update Protocol Support", Kind.INTEGER, "R", "m"),
    (9, "Firmware Update Delivery Method", Kind.INTEGER, "R", "!"),
)
FIRMWARE_1_1: Final[tuple[Row, ...]] = (
    *FIRMWARE_1_0,
    (10, "Cancel", Kind.NONE, "E", ""),
    (11, "Severity", Kind.INTEGER, "RW", ""),
    (12, "Last State Change Time", Kind.TIME, "R", ""),
    (13, "Maximum Defer Period", Kind.UNSIGNED_INTEGER, "RW", ""),
)


def _object(
    object_id: int, name: str, version: str, rows: tuple[Row, ...], flags: str
) -> ObjectModel:
    resources = {
        resource_id: ResourceModel(
            id=resource_id,
            name=resource_name,
            kind=kind,
            operations=operations,
            is_multiple="m" in resource_flags,
            is_mandatory="!" in resource_flags,
        )
        for resource_id, resource_name, kind, operations, resource_flags in rows
    }
    return ObjectModel(
        id=object_id,
        name=name,
        version=version,
        is_multiple="m" in flags,
        is_mandatory="!" in flags,
        resources=resources,
    )


# Version 1.2 of object 5 is in no Leshan, 1.1 not in M4: without a model, values lose their type.
SHIPPED: Final[Mapping[tuple[int, str], ObjectModel]] = {
    (model.id, model.version): model
    for model in (
        _object(1, "LwM2M Server", "1.0", SERVER_1_0, "m!"),
        _object(1, "LwM2M Server", "1.1", SERVER_1_0, "m!"),
        _object(3, "Device", "1.0", DEVICE_1_0, "!"),
        _object(3, "Device", "1.1", DEVICE_1_0, "!"),
        _object(5, "Firmware Update", "1.0", FIRMWARE_1_0, ""),
        _object(5, "Firmware Update", "1.1", FIRMWARE_1_1, ""),
    )
}
# An object that names no version has this one, if its device speaks LwM2M 1.1. M4: always 1.0.
DEFAULT_VERSIONS_LWM2M_1_1: Final[Mapping[int, str]] = {1: "1.1", 3: "1.1"}
MISSING_IN_M4: Final = (5, "1.1")
# What M4 has no model for it reads raw, yet it writes by this one (tried on a real one).
M4_WRITE_MODELS: Final[Mapping[int, ObjectModel]] = {5: SHIPPED[5, "1.0"]}

type Models = Mapping[int, ObjectModel]
"""The models that count for one registration, by object id."""


def models_for(
    object_versions: Mapping[int, str | None], lwm2m_version: str, generation: Generation
) -> Models:
    """Choose the model of each registered object; without one it is left out."""
    knows_defaults = lwm2m_version != "1.0" and generation is not Generation.M4
    defaults = DEFAULT_VERSIONS_LWM2M_1_1 if knows_defaults else {}
    chosen = {
        object_id: SHIPPED.get((object_id, version or defaults.get(object_id, "1.0")))
        for object_id, version in object_versions.items()
    }
    return {
        object_id: model
        for object_id, model in chosen.items()
        if model is not None
        and (generation is not Generation.M4 or (object_id, model.version) != MISSING_IN_M4)
    }


def specification(model: ObjectModel) -> dict[str, object]:
    """What `/api/objectspecs` tells about one object."""
    suffix = "" if model.version == "1.0" else f":{model.version}"
    return {
        "id": model.id,
        "name": model.name,
        "instancetype": "multiple" if model.is_multiple else "single",
        "mandatory": model.is_mandatory,
        "urn": f"urn:oma:lwm2m:oma:{model.id}{suffix}",
        "version": model.version,
        "lwm2mversion": model.version,
        "description": f"{model.name}.",
        "description2": "",
        "resourcedefs": [
            _resource_specification(resource) for resource in model.resources.values()
        ],
    }


def _resource_specification(resource: ResourceModel) -> dict[str, object]:
    return {
        "id": resource.id,
        "name": resource.name,
        "operations": resource.operations,
        "instancetype": "multiple" if resource.is_multiple else "single",
        "mandatory": resource.is_mandatory,
        "type": resource.kind.value.lower(),
        "range": resource.value_range,
        "units": "",
        "description": f"{resource.name}.",
    }
