"""Reading a device: object 3 and its instance of object 5, turned into facts."""

import logging
from collections.abc import Mapping
from dataclasses import fields, replace
from operator import attrgetter
from typing import Final

from ..lwm2m import device, firmware_update
from ..lwm2m.events import ResourceValue, ResourceValues
from ..lwm2m.exchange import DeviceRefusedError, UnreadableReplyError
from ..lwm2m.path import ResourcePath
from ..ota.device_facts import DeviceFacts
from ..ota.profile import Profile
from ..ota.profile_match import version_of
from ..ota.report import Report, ResultReported, StateReported, VersionReported
from .gateway import DeviceGateway

_LOGGER = logging.getLogger(__name__)

READ_TIMEOUT_SECONDS: Final = 15

TEXT_FACTS: Final[Mapping[ResourcePath, str]] = {
    device.MANUFACTURER: "manufacturer",
    device.MODEL: "model",
    device.SERIAL_NUMBER: "serial_number",
    device.HARDWARE_VERSION: "hardware_version",
    device.FIRMWARE_VERSION: "firmware_version",
}
NUMBER_FACTS: Final[Mapping[int, str]] = {
    firmware_update.STATE: "update_state",
    firmware_update.UPDATE_RESULT: "update_result",
    firmware_update.DELIVERY_METHOD: "delivery_method",
    firmware_update.MAXIMUM_DEFER_PERIOD: "defer_seconds",
}
PASSING_FACTS: Final = ("update_state", "update_result", "battery_percent")
_LASTING: Final = attrgetter(
    *(each.name for each in fields(DeviceFacts) if each.name not in PASSING_FACTS)
)


def facts_from(values: ResourceValues, facts: DeviceFacts) -> DeviceFacts:
    """Return the facts, renewed by whatever of them is among the values."""
    changes: dict[str, object] = {}
    for path, value in values.items():
        if name := TEXT_FACTS.get(path):
            changes[name] = _text(value)
        elif path == device.BATTERY_LEVEL:
            changes["battery_percent"] = _number(value)
        elif (path.object_id, path.instance_id) == (
            firmware_update.OBJECT_ID,
            facts.update_instance_id,
        ):
            changes.update(_of_object_5(path, value))
    return replace(facts, **changes) if changes else facts  # type: ignore[arg-type] # names and types come from the tables above


def lasting(facts: DeviceFacts) -> DeviceFacts:
    """Return what is worth storing at once: states and levels come and go."""
    return replace(facts, **dict.fromkeys(PASSING_FACTS))  # type: ignore[arg-type] # each may be None


def is_lasting_change(before: DeviceFacts, after: DeviceFacts) -> bool:
    """Tell whether anything has changed that is worth storing at once."""
    return _LASTING(before) != _LASTING(after)


def reports_from(values: ResourceValues, facts: DeviceFacts, profile: Profile) -> list[Report]:
    """Return what a session learns from values that its device told; the state comes last.

    What was told together belongs together: a state finds its result noted already.
    """
    told = facts_from(
        values,
        DeviceFacts(endpoint=facts.endpoint, update_instance_id=facts.update_instance_id),
    )
    reports: list[Report] = []
    if (version := version_of(told, profile)) is not None:
        reports.append(VersionReported(version=version))
    if told.update_result is not None:
        reports.append(ResultReported(result=told.update_result))
    if told.update_state is not None:
        reports.append(StateReported(state=told.update_state))
    return reports


async def read_device(gateway: DeviceGateway, facts: DeviceFacts) -> DeviceFacts:
    """Read objects 3 and 5 and return the renewed facts; raise the Lwm2mError that prevents it.

    A device that refuses one object is known by the other.
    """
    paths = [device.INSTANCE]
    if facts.update_instance_id is not None:
        paths.insert(0, firmware_update.instance(facts.update_instance_id))
    refusals: list[DeviceRefusedError | UnreadableReplyError] = []
    for path in paths:
        try:
            values = await gateway.read(facts.endpoint, path, timeout_seconds=READ_TIMEOUT_SECONDS)
        except (DeviceRefusedError, UnreadableReplyError) as err:
            _LOGGER.debug("%s does not tell %s: %s", facts.endpoint, path, err)
            refusals.append(err)
        else:
            facts = facts_from(values, facts)
    if len(refusals) == len(paths):
        raise refusals[0]
    return facts


def _of_object_5(path: ResourcePath, value: ResourceValue) -> dict[str, object]:
    match path.resource_id:
        case None:
            return {}
        case firmware_update.PACKAGE_VERSION:
            return {"package_version": _text(value)}
        case firmware_update.PROTOCOL_SUPPORT if isinstance(value, Mapping):
            numbers = (_number(each) for each in value.values())
            return {"protocols": tuple(each for each in numbers if each is not None)}
        case known if known in NUMBER_FACTS:
            return {NUMBER_FACTS[known]: _number(value)}
        case _:
            return {}


def _text(value: ResourceValue) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _number(value: ResourceValue) -> int | None:
    # bool is an int to Python, not to LwM2M.
    return value if isinstance(value, int) and not isinstance(value, bool) else None
