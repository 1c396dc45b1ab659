"""The repairs of firmware that is not used, and of a database that was moved aside."""

from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flownexus_ota import issues, repairs
from custom_components.flownexus_ota.const import DOMAIN

from .fleet import NEW, World
from .repair_page import Repair
from .texts import TEXTS

FILE = f"sensor-{NEW}.bin"
ISSUE = f"catalogue_{FILE}.json"


@pytest.fixture(autouse=True)
async def repairs_are_there(hass: HomeAssistant) -> None:
    """Have repairs, whose routes have to be there before the server starts."""
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, "repairs", {})


@pytest.fixture
def repair(hass_client: ClientSessionGenerator) -> Repair:
    return Repair(hass_client)


def write_sidecar(world: World, text: str) -> None:
    Path(world.hass.config.path(DOMAIN, "firmware", f"{FILE}.json")).write_text(text)


def raised(world: World, issue_id: str) -> ir.IssueEntry | None:
    return ir.async_get(world.hass).async_get_issue(DOMAIN, issue_id)


async def bad_firmware(world: World) -> None:
    """Set up with an image whose sidecar is not JSON."""
    world.add_image()
    write_sidecar(world, "{version: 1}")
    await world.add_device("sensor-1")
    await world.set_up()
    await world.ready("sensor-1")


async def test_submitting_reads_the_corrected_file_and_offers_it(
    world: World, repair: Repair
) -> None:
    await bad_firmware(world)
    form = await repair.open(ISSUE)
    write_sidecar(world, f'{{"version": "{NEW}", "manufacturer": "Flownexus"}}')

    ended = await repair.post({})

    text = TEXTS["issues"]["catalogue_not_json"]["fix_flow"]["step"]["confirm"]["description"]
    assert "line 1" in text.format(**form["description_placeholders"])
    assert ended["type"] == "create_entry"
    assert raised(world, ISSUE) is None
    await world.until(lambda: world.firmware("sensor-1").attributes["latest_version"] == NEW)


async def test_what_is_still_wrong_keeps_its_issue_which_says_what_it_is_now(
    world: World, repair: Repair
) -> None:
    await bad_firmware(world)
    await repair.open(ISSUE)
    write_sidecar(world, "[]")

    ended = await repair.post({})

    assert (ended["type"], ended["reason"]) == ("abort", "still_wrong")
    text = TEXTS["issues"]["catalogue_not_an_object"]["fix_flow"]["abort"]["still_wrong"]
    assert FILE in text.format(**ended["description_placeholders"])
    found = raised(world, ISSUE)
    assert found is not None
    assert found.translation_key == "catalogue_not_an_object"


async def test_without_a_server_nobody_reads(world: World, repair: Repair) -> None:
    await bad_firmware(world)
    await repair.open(ISSUE)
    assert await world.hass.config_entries.async_unload(world.runtime.entry.entry_id)

    ended = await repair.post({})

    assert (ended["type"], ended["reason"]) == ("abort", "server_not_loaded")


async def test_a_reading_that_does_not_end_is_not_waited_for(
    world: World, repair: Repair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repairs, "READ_LIMIT_SECONDS", 0.1)
    await bad_firmware(world)
    await repair.open(ISSUE)
    keeper = world.runtime.shared.keeper
    await keeper.pause()

    ended = await repair.post({})
    keeper.go_on()

    assert (ended["type"], ended["reason"]) == ("abort", "not_read")
    assert raised(world, ISSUE) is not None


async def test_that_a_history_was_moved_aside_is_said_until_a_person_has_read_it(
    world: World, repair: Repair
) -> None:
    await world.set_up()
    issues.show_history_damaged(world.hass, "flownexus_ota.db.damaged")
    found = raised(world, issues.HISTORY_DAMAGED)
    assert found is not None
    assert found.is_persistent
    form = await repair.open(issues.HISTORY_DAMAGED)

    ended = await repair.post({})

    assert form["description_placeholders"] == {"file": "flownexus_ota.db.damaged"}
    assert ended["type"] == "create_entry"
    assert raised(world, issues.HISTORY_DAMAGED) is None


async def test_removing_the_last_server_takes_the_word_about_its_history_along(
    world: World,
) -> None:
    entry = await world.set_up()
    issues.show_history_damaged(world.hass, "flownexus_ota.db.damaged")

    await world.hass.config_entries.async_remove(entry.entry_id)

    assert raised(world, issues.HISTORY_DAMAGED) is None
