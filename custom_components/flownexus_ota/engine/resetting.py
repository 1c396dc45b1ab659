"""Making a device drop what it has of an image (`reference/ota-and-lwm2m.md` §1.5)."""

import logging
from collections.abc import Mapping
from typing import Final

from ..lwm2m import firmware_update
from ..lwm2m.exchange import DeviceRefusedError, Lwm2mError
from ..ota.device_facts import DeviceFacts
from ..ota.profile import ResetWay
from .gateway import DeviceGateway

_LOGGER = logging.getLogger(__name__)

RESET_TIMEOUT_SECONDS: Final = 30
NUL_PACKAGE: Final = b"\x00"
# The first version of object 5 with resource 10.
CANCEL_SINCE: Final = (1, 1)

STEPS: Final[Mapping[ResetWay, tuple[ResetWay, ...]]] = {
    ResetWay.AUTO: (ResetWay.CANCEL, ResetWay.EMPTY_URI, ResetWay.NUL_PACKAGE),
    ResetWay.CANCEL: (ResetWay.CANCEL,),
    ResetWay.EMPTY_URI: (ResetWay.EMPTY_URI,),
    ResetWay.NUL_PACKAGE: (ResetWay.NUL_PACKAGE,),
    ResetWay.TOKEN_ONLY: (),
}
"""What is sent, in this order, until the device does not refuse it."""


async def reset_device(gateway: DeviceGateway, facts: DeviceFacts, way: ResetWay) -> None:
    """Send what the profile says; whether it helped is told by the reading that follows.

    A step that ends open (no answer, a device asleep) is the last: it may have been obeyed, and
    the next could be taken for something else by a device that is idle again.
    """
    for step in steps_for(facts, way):
        try:
            await _send(gateway, facts, step)
        except DeviceRefusedError as err:
            _LOGGER.debug("%s refuses to be reset by %s: %s", facts.endpoint, step, err)
        except Lwm2mError as err:
            _LOGGER.debug("%s may not have been reset: %s", facts.endpoint, err)
            return
        else:
            return


def steps_for(facts: DeviceFacts, way: ResetWay) -> tuple[ResetWay, ...]:
    """Return what is sent to a device; by itself, Execute 5/x/10 only where the object has it."""
    has_cancel = _version(facts.update_object_version) >= CANCEL_SINCE
    if way is ResetWay.AUTO and not has_cancel:
        return STEPS[way][1:]
    return STEPS[way]


async def _send(gateway: DeviceGateway, facts: DeviceFacts, step: ResetWay) -> None:
    instance = firmware_update.instance(facts.update_instance_id or 0)
    endpoint, limit = facts.endpoint, RESET_TIMEOUT_SECONDS
    match step:
        case ResetWay.CANCEL:
            path = instance.child(firmware_update.CANCEL)
            await gateway.execute(endpoint, path, timeout_seconds=limit)
        case ResetWay.EMPTY_URI:
            path = instance.child(firmware_update.PACKAGE_URI)
            await gateway.write(endpoint, path, "", timeout_seconds=limit)
        case _:
            path = instance.child(firmware_update.PACKAGE)
            await gateway.write_opaque(endpoint, path, NUL_PACKAGE, timeout_seconds=limit)


def _version(text: str | None) -> tuple[int, ...]:
    """Return an object version in numbers; what is absent or odd is 1.0, the default (OMA)."""
    parts = (text or "").split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else (1, 0)
