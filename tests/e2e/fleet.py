"""The devices and the firmware of the end-to-end tests, and the steps that they share."""

from typing import Final

from harness.catalogue import Firmware
from harness.hass_socket import State
from harness.stage import Stage
from simulator.fleet import FleetOptions
from simulator.settings import Timing

OLD: Final = "1.0.0"
NEW: Final = "1.1.0"
# A second and a half of download: long enough for progress to be told.
SIZE_BYTES: Final = 150_000
RATE_BYTES_PER_SECOND: Final = 100_000
INSTALL_LIMIT_SECONDS: Final = 60.0
SHOWN_LIMIT_SECONDS: Final = 60.0

FIRMWARE: Final = Firmware(
    version=NEW,
    manufacturer="Flownexus",
    model="Simulated sensor",
    size_bytes=SIZE_BYTES,
    title="Sensor firmware",
    release_notes="* faster\n",
)


def sensors(name_prefix: str, *behaviours: str, count: int = 1) -> FleetOptions:
    """Return devices on the old version, the first ones with these behaviours."""
    return FleetOptions(
        server="",
        count=max(count, len(behaviours)),
        behaviours=behaviours,
        name_prefix=name_prefix,
        version=OLD,
        timing=Timing(install_seconds=0.2, reboot_seconds=0.2),
        bytes_per_second=RATE_BYTES_PER_SECOND,
    )


async def install(stage: Stage, *entity_ids: str) -> None:
    """Press *Update* on one or several cards; raise CommandError if one of them fails."""
    await stage.hass.socket.call(
        "update.install", {"entity_id": list(entity_ids)}, limit_seconds=INSTALL_LIMIT_SECONDS
    )


async def until_up_to_date(stage: Stage, endpoint: str) -> State:
    """Wait until device and card agree on the new version; return the card's state."""
    entity_id = await stage.hass.entity_id("update", endpoint, "firmware")
    await stage.devices.until_running(endpoint, NEW)
    states = stage.hass.states
    await stage.hass.socket.until(
        lambda: states[entity_id]["state"] == "off",
        f"{endpoint}'s card to say that it is up to date",
        limit_seconds=SHOWN_LIMIT_SECONDS,
    )
    return states[entity_id]


async def until_phase(stage: Stage, endpoint: str, phase: str) -> State:
    """Wait until the phase sensor says `phase`; return its state."""
    entity_id = await stage.hass.entity_id("sensor", endpoint, "update_phase")
    states = stage.hass.states
    await stage.hass.socket.until(
        lambda: states[entity_id]["state"] == phase,
        f"{endpoint}'s update phase to be {phase}",
        limit_seconds=SHOWN_LIMIT_SECONDS,
    )
    return states[entity_id]


class Watcher:
    """Every state that a few entities went through."""

    def __init__(self, stage: Stage, *entity_ids: str) -> None:
        """Watch from now on."""
        self.seen: dict[str, list[State]] = {entity_id: [] for entity_id in entity_ids}
        self.most_at_once = 0
        self._states = stage.hass.states
        stage.hass.socket.listen(self._note)

    def percentages(self, entity_id: str) -> list[float]:
        """Return what the progress bar of a card showed."""
        shown = (state["attributes"]["update_percentage"] for state in self.seen[entity_id])
        return [each for each in shown if each is not None]

    def _note(self, entity_id: str, state: State | None) -> None:
        if entity_id in self.seen and state is not None:
            self.seen[entity_id].append(state)
            running = [self._states[each]["attributes"]["in_progress"] for each in self.seen]
            self.most_at_once = max(self.most_at_once, running.count(True))
