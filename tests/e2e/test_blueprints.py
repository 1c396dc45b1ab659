"""The blueprints in a real Home Assistant of the newest release: accepted, and at work."""

import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio

from harness.hass import Hass
from harness.hass_socket import CommandError
from harness.leshan_simulated import SimulatedSite
from harness.stage import Stage
from harness.waiting import poll_until
from scripts.setup.places import REPOSITORY

from .complaints import complaints
from .conftest import new_stage
from .fleet import NEW, OLD, install, sensors

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

BLUEPRINTS: Final = REPOSITORY / "blueprints/automation/flownexus_ota"
NAMES: Final = ("notify_on_failure", "update_at_night", "weekly_report")
LIMIT_SECONDS: Final = 120.0


def clock(**ahead: float) -> str:
    return (datetime.now() + timedelta(**ahead)).strftime("%H:%M:%S")  # noqa: DTZ005  local time


def add_automations(config: Path) -> None:
    """Do as somebody does who imports the blueprints and fills in their forms."""
    shutil.copytree(BLUEPRINTS, config / "blueprints/automation/flownexus_ota")
    now = {"begins_at": clock(hours=-1), "ends_at": clock(hours=2)}
    inputs: dict[str, dict[str, Any]] = {"update_at_night": now}
    made = [
        {
            "id": name,
            "alias": name,
            "use_blueprint": {"path": f"flownexus_ota/{name}.yaml", "input": inputs.get(name, {})},
        }
        for name in NAMES
    ]
    (config / "automations.yaml").write_text(json.dumps(made), encoding="utf-8")
    with (config / "configuration.yaml").open("a", encoding="utf-8") as configuration:
        configuration.write("automation: !include automations.yaml\n")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def automated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Home Assistant with an automation of each blueprint, before a simulated Leshan."""
    folder = tmp_path_factory.mktemp("blueprints")
    async with AsyncExitStack() as ends:
        stage = await new_stage(ends, folder, SimulatedSite(), Hass(folder))
        await stage.hass.stop()
        add_automations(stage.hass.folder)
        await stage.hass.start_again()
        # An automation is "on" before, and hears nothing yet.
        await stage.hass.until_running()
        yield stage


async def notifications(stage: Stage) -> dict[str, str]:
    """Return the titles of Home Assistant's notifications, by their ids."""
    shown = await stage.hass.socket.command("persistent_notification/get")
    return {each["notification_id"]: each["title"] for each in shown}


def is_told(stage: Stage, start: str) -> Callable[[], Awaitable[bool]]:
    async def told() -> bool:
        return any(each.startswith(start) for each in await notifications(stage))

    return told


async def test_home_assistant_accepts_them_and_switches_them_on(automated: Stage) -> None:
    listed = await automated.hass.socket.command("blueprint/list", domain="automation")
    ours = {path: each for path, each in listed.items() if path.startswith("flownexus_ota/")}
    assert set(ours) == {f"flownexus_ota/{name}.yaml" for name in NAMES}
    assert [each for each in ours.values() if "error" in each] == []
    states, on = automated.hass.states, {f"automation.{name}" for name in NAMES}
    await automated.hass.socket.until(
        lambda: {name for name in on if states.get(name, {}).get("state") == "on"} == on,
        "the automations to be on",
        limit_seconds=LIMIT_SECONDS,
    )


async def test_a_failure_is_told(automated: Stage) -> None:
    await automated.site.add_devices(sensors("full-", "no_space"))
    entity_id = await automated.hass.update_entity("full-1")
    with pytest.raises(CommandError):
        await install(automated, entity_id)
    start = "flownexus_ota_update_failed_"
    await poll_until(is_told(automated, start), "the failure", limit_seconds=LIMIT_SECONDS)
    titles = (await notifications(automated)).values()
    assert "Firmware update of full-1 failed" in titles


async def test_a_night_updates_and_tells(automated: Stage) -> None:
    entity_id = await automated.hass.update_entity("early-1")
    assert automated.hass.states[entity_id]["attributes"]["installed_version"] == OLD
    run = {"entity_id": "automation.update_at_night", "skip_condition": False}
    await automated.hass.socket.call("automation.trigger", run, limit_seconds=LIMIT_SECONDS)
    await automated.devices.until_running("early-1", NEW)
    titles = await notifications(automated)
    assert titles["flownexus_ota_night"] == "Firmware at night: 1 updated, 1 failed"


async def test_a_week_is_told(automated: Stage) -> None:
    run = {"entity_id": "automation.weekly_report", "skip_condition": False}
    await automated.hass.socket.call("automation.trigger", run, limit_seconds=LIMIT_SECONDS)
    title = (await notifications(automated))["flownexus_ota_weekly_report"]
    assert title == "Firmware updates of the week: 1 succeeded, 2 failed"


async def test_home_assistants_log_has_nothing_to_complain_of(automated: Stage) -> None:
    assert complaints(automated.hass.process.lines) == []
