"""The repair of devices that have not been seen for long: a person deletes them, nobody else."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .away import (
    LONG_AWAY,
    SHORTLY_AWAY,
    begin,
    days_ago,
    issue,
    known,
    named,
    opened,
)
from .fleet import World
from .repair_page import Repair
from .texts import TEXTS


@pytest.fixture(autouse=True)
async def repairs(hass: HomeAssistant) -> None:
    """Have repairs, whose routes have to be there before the server starts."""
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, "repairs", {})


@pytest.fixture
def repair(hass_client: ClientSessionGenerator) -> Repair:
    return Repair(hass_client)


def issue_id(world: World) -> str:
    """Return the id of the issue, which is there."""
    found = issue(world)
    assert found is not None
    return found.issue_id


async def test_a_person_chooses_what_is_deleted_and_all_is_chosen_at_first(
    world: World, hass_storage: dict[str, Any], repair: Repair
) -> None:
    await begin(world, hass_storage, LONG_AWAY | SHORTLY_AWAY)
    await world.until(lambda: issue(world) is not None)

    form = await repair.open(issue_id(world))
    confirmation = await repair.post({"devices": form["data_schema"][0]["default"]})
    ended = await repair.post({})

    assert form["step_id"] == "choose"
    options = form["data_schema"][0]["selector"]["select"]["options"]
    seen_on = days_ago(400).date().isoformat()
    assert options[0] == {"value": "old-1", "label": f"old-1 ({seen_on})"}
    assert form["data_schema"][0]["default"] == ["old-1", "old-2"]
    assert (confirmation["step_id"], confirmation["description_placeholders"]) == (
        "confirm",
        {"devices": "old-1, old-2"},
    )
    assert ended["type"] == "create_entry"
    assert issue(world) is None
    assert known(world) == {"new-1"}


async def test_what_is_deleted_is_gone_from_the_history_too(
    world: World, hass_storage: dict[str, Any], repair: Repair
) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)
    form = await repair.open(issue_id(world))
    await repair.post({"devices": form["data_schema"][0]["default"]})
    await repair.post({})
    assert world.entry is not None
    await world.hass.async_block_till_done()
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)

    history = opened(world)
    left = history.devices(world.entry.entry_id)
    history.close()

    assert left == []
    entities = er.async_entries_for_config_entry(er.async_get(world.hass), world.entry.entry_id)
    assert [each.unique_id for each in entities if "old" in each.unique_id] == []


async def test_what_a_person_takes_out_stays_and_so_does_the_issue(
    world: World, hass_storage: dict[str, Any], repair: Repair
) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)
    await repair.open(issue_id(world))
    nothing = await repair.post({"devices": []})
    await repair.post({"devices": ["old-2"]})
    ended = await repair.post({})

    assert (nothing["step_id"], nothing["errors"]) == ("choose", {"devices": "none_chosen"})
    assert (ended["type"], ended["reason"]) == ("abort", "some_left")
    text = TEXTS["issues"]["stale_devices"]["fix_flow"]["abort"]["some_left"]
    assert text.format(**ended["description_placeholders"]).startswith("Deleted: 1.")
    assert known(world) == {"old-1"}
    assert named(world) == "old-1"


async def test_a_device_that_comes_back_while_a_person_decides_is_not_deleted(
    world: World, hass_storage: dict[str, Any], repair: Repair
) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)
    await repair.open(issue_id(world))
    await repair.post({"devices": ["old-1", "old-2"]})
    await world.add_device("old-1")
    await world.until(lambda: named(world) == "old-2")

    ended = await repair.post({})

    assert ended["type"] == "create_entry"
    assert known(world) == {"old-1"}


async def test_when_all_have_come_back_while_a_person_looks_that_is_said(
    world: World, hass_storage: dict[str, Any], repair: Repair
) -> None:
    await begin(world, hass_storage, {"old-1": 400})
    await world.until(lambda: issue(world) is not None)
    await repair.open(issue_id(world))
    await world.add_device("old-1")
    await world.until(lambda: issue(world) is None)

    ended = await repair.post({"devices": ["old-1"]})

    assert (ended["type"], ended["reason"]) == ("abort", "all_came_back")


async def test_nothing_is_deleted_while_the_server_is_not_set_up(
    world: World, hass_storage: dict[str, Any], repair: Repair
) -> None:
    await begin(world, hass_storage, LONG_AWAY)
    await world.until(lambda: issue(world) is not None)
    await repair.open(issue_id(world))
    await repair.post({"devices": ["old-1"]})
    assert world.entry is not None
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)

    ended = await repair.post({})
    opened_anew = await Repair(repair.client_of).open(issue_id(world))

    assert (ended["type"], ended["reason"]) == ("abort", "server_not_loaded")
    assert (opened_anew["type"], opened_anew["reason"]) == ("abort", "server_not_loaded")
    assert known(world) == set(LONG_AWAY)
