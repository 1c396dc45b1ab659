"""*Update all*: one call for hundreds of devices, worked off in turn."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

import pytest
import pytest_asyncio

from harness.hass import Hass
from harness.hass_socket import State
from harness.history_file import stored_updates
from harness.leshan_simulated import SimulatedSite
from harness.stage import Stage, set_stage
from simulator.leshan_generation import Generation

from .fleet import FIRMWARE, NEW, sensors

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

_COUNT: Final = 500
_AT_ONCE: Final = 25
_SIZE_BYTES: Final = 4_096
_SHOWN_LIMIT_SECONDS: Final = 120.0
_UPDATED_LIMIT_SECONDS: Final = 180.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fleet_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Home Assistant before a simulated Leshan with many devices."""
    folder = tmp_path_factory.mktemp("update-all")
    fleet = replace(sensors("unit-", count=_COUNT), bytes_per_second=None)
    async with AsyncExitStack() as ends:
        stage = await set_stage(
            ends,
            folder=folder,
            site=SimulatedSite(Generation.M18),
            hass=Hass(folder),
            fleet=fleet,
            firmware=[replace(FIRMWARE, size_bytes=_SIZE_BYTES)],
        )
        await stage.hass.set_options(max_parallel_updates=_AT_ONCE)
        await stage.hass.set_options("downloads", max_parallel_downloads=_AT_ONCE)
        yield stage


async def test_one_call_updates_five_hundred_devices_in_turn(fleet_stage: Stage) -> None:
    socket, states = fleet_stage.hass.socket, fleet_stage.hass.states
    cards = [f"update.unit_{number}_firmware" for number in range(1, _COUNT + 1)]
    await socket.until(
        lambda: all(states.get(card, {}).get("state") == "on" for card in cards),
        "every card to offer the update",
        limit_seconds=_SHOWN_LIMIT_SECONDS,
    )
    (running,) = (each for each in states if each.endswith("_updates_running"))
    phases = [f"sensor.unit_{number}_update_phase" for number in range(1, _COUNT + 1)]
    seen: defaultdict[str, list[State]] = defaultdict(list)
    socket.listen(lambda entity_id, state: seen[entity_id].append(state or {}))

    await socket.call("update.install", {"entity_id": cards}, limit_seconds=_UPDATED_LIMIT_SECONDS)
    await socket.until(
        lambda: not any(states[card]["attributes"]["in_progress"] for card in cards),
        "every update to end",
        limit_seconds=_UPDATED_LIMIT_SECONDS,
    )

    assert {states[card]["state"] for card in cards} == {"off"}
    at_once = [int(state["state"]) for state in seen[running]]
    assert 0 < max(at_once) <= _AT_ONCE
    places = {state["attributes"].get("queue_position") for each in phases for state in seen[each]}
    assert places >= {1, _COUNT - _AT_ONCE}
    rows = stored_updates(fleet_stage.hass.folder)
    assert len(rows) == _COUNT
    assert {(row.phase, row.target_version) for row in rows} == {("succeeded", NEW)}
    versions = fleet_stage.devices.booted_versions
    assert {versions[f"unit-{number}"][-1] for number in range(1, _COUNT + 1)} == {NEW}
