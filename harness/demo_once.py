"""`scripts/demo --once`: one update through Home Assistant's WebSocket API, as a client does it."""

from datetime import datetime
from typing import Any, Final

from harness.hass import Hass
from harness.hass_socket import CommandError, State
from harness.stage import Stage
from harness.waiting import StageError
from scripts.setup.console import say

_INSTALL_LIMIT_SECONDS: Final = 600.0
_SHOWN: Final = ("installed_version", "latest_version", "in_progress", "update_percentage")


async def update_once(stage: Stage, endpoint: str) -> int:
    """Update one device and print what is seen of it; return 0 if it runs the new version."""
    hass, devices = stage.hass, stage.devices
    entity_id = await hass.update_entity(endpoint)
    printer = _Printer(entity_id)
    printer.note(entity_id, hass.states[entity_id])
    unlisten = hass.socket.listen(printer.note)
    target = hass.states[entity_id]["attributes"]["latest_version"]
    say(f"Updating {endpoint} to {target} by update.install on {entity_id}")
    try:
        await _install(hass, entity_id, endpoint)
        await devices.until_running(endpoint, target)
    except CommandError as err:
        say(f"FAILED: Home Assistant says: {err.message}")
    except StageError as err:
        say(f"FAILED: {err}; it runs {devices.running_version(endpoint)}")
    else:
        say(f"OK: {endpoint} itself says that it runs {target}")
        return 0
    finally:
        unlisten()
    return 1


async def _install(hass: Hass, entity_id: str, endpoint: str) -> None:
    """Install, and wait for the end also when the device slept and the call did not wait.

    Raises CommandError or StageError.
    """
    await hass.socket.call(
        "update.install", {"entity_id": entity_id}, limit_seconds=_INSTALL_LIMIT_SECONDS
    )
    await hass.socket.until(
        lambda: not hass.states[entity_id]["attributes"]["in_progress"],
        "the update to end",
        limit_seconds=_INSTALL_LIMIT_SECONDS,
    )
    phase = hass.states[await hass.entity_id("sensor", endpoint, "update_phase")]
    if phase["state"] != "succeeded":
        reason = phase["attributes"].get("reason")
        raise StageError(f"the update of {endpoint} ended as {phase['state']} ({reason})")


class _Printer:
    """Prints every change of one entity, with the time."""

    def __init__(self, entity_id: str) -> None:
        self._entity_id = entity_id
        self._last: dict[str, Any] = {}

    def note(self, entity_id: str, state: State | None) -> None:
        """Print what is new."""
        if entity_id != self._entity_id:
            return
        shown = {"state": None if state is None else state["state"]}
        if state is not None:
            shown |= {name: state["attributes"].get(name) for name in _SHOWN}
        new = {name: value for name, value in shown.items() if self._last.get(name, "") != value}
        self._last = shown
        if new:
            time = datetime.now().astimezone().isoformat(timespec="milliseconds")
            say(f"{time}  {entity_id}  {'  '.join(f'{k}={v}' for k, v in new.items())}")
