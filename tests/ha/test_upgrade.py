"""What earlier versions wrote is loaded: devices, history, updates under way, profiles, options.

How it was recorded: tests/upgrade/README.md.
"""

import hashlib
import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flownexus_ota.const import CONF_FIRMWARE_BASE_URL, CONF_URL, DOMAIN
from custom_components.flownexus_ota.profiles import CONF_TIMES

from .complaints import tracebacks
from .fleet import NEW, OLD, World
from .forms import open_topic, suggestions

RECORDED: Final = sorted((Path(__file__).parents[1] / "upgrade").glob("[0-9]*"))
TIME: Final = re.compile(r"'(\d{4}-\d\d-\d\dT[\d:.]+\+00:00)'")
PACKAGE_URI: Final = (5, 0, 1)
OUTCOMES: Final = {
    "updated-1": ("succeeded", "success"),
    "damaged-1": ("failed", "integrity_failed"),
    "cancelled-1": ("cancelled", "cancelled"),
}
ACTIVE: Final = ("waiting-1", "halfway-1")


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftBehind:
    """A folder that an earlier version left."""

    folder: Path

    def load(self, name: str) -> Any:
        """Return a JSON file of it."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))

    @property
    def history(self) -> str:
        """Return the database as SQL, its last entry a moment ago: deadlines are points in time."""
        text = (self.folder / "history.sql").read_text(encoding="utf-8")
        written = TIME.findall(text.partition("CREATE TABLE firmware_update_event")[2])
        passed = dt_util.utcnow() - datetime.fromisoformat(max(written))

        def moved(found: re.Match[str]) -> str:
            at = datetime.fromisoformat(found[1]) + passed
            return f"'{at.isoformat(timespec='microseconds')}'"

        return TIME.sub(moved, text)

    def put_into(self, hass: HomeAssistant, storage: dict[str, Any]) -> None:
        """Write the files where this version looks for them."""
        root = Path(hass.config.path(DOMAIN))
        shutil.copytree(self.folder / "firmware", root / "firmware")
        (root / "images").mkdir()
        for image in (root / "firmware").glob("*.bin"):
            digest = hashlib.sha256(image.read_bytes()).hexdigest()
            shutil.copy(image, root / "images" / digest)
        with closing(sqlite3.connect(root / f"{DOMAIN}.db")) as database:
            database.executescript(self.history)
        storage[DOMAIN] = self.load("secret.json")

    def new_entry(self, world: World) -> MockConfigEntry:
        """Add the stored entry, with the addresses of this test's servers, and its entities."""
        stored = self.load("entry.json")
        kept = ("entry_id", "title", "version", "minor_version", "source")
        entry = MockConfigEntry(
            domain=DOMAIN,
            unique_id=world.leshan.base_url,
            data=stored["data"] | {CONF_URL: world.leshan.base_url},
            options=stored["options"] | {CONF_FIRMWARE_BASE_URL: world.firmware_url},
            subentries_data=stored["subentries"],
            **{key: stored[key] for key in kept},
        )
        entry.add_to_hass(world.hass)
        registry = er.async_get(world.hass)
        for each in self.load("entities.json"):
            domain, _, name = each["entity_id"].partition(".")
            registry.async_get_or_create(
                domain, DOMAIN, each["unique_id"], object_id_base=name, config_entry=entry
            )
        return entry


@pytest.fixture(params=RECORDED, ids=lambda folder: folder.name)
def left(request: pytest.FixtureRequest) -> LeftBehind:
    return LeftBehind(folder=request.param)


@pytest.fixture
async def upgraded(world: World, left: LeftBehind, hass_storage: dict[str, Any]) -> World:
    """Return this version, started where the earlier one had ended; no device is back yet."""
    left.put_into(world.hass, hass_storage)
    world.entry = left.new_entry(world)
    assert await world.hass.config_entries.async_setup(world.entry.entry_id)
    await world.hass.async_block_till_done()
    return world


async def histories(world: World) -> dict[str, dict[str, Any]]:
    answer = await world.hass.services.async_call(
        DOMAIN, "get_history", {"include_events": True}, blocking=True, return_response=True
    )
    assert answer is not None
    updates: list[dict[str, Any]] = answer["updates"]  # type: ignore[assignment] # JSON
    return {update["endpoint"]: update for update in updates}


def phases(world: World, attribute: str | None = None) -> list[str]:
    """Return the phases of the updates that were under way, or an attribute of the sensors."""
    states = [world.phase(name) for name in ACTIVE]
    return [state.state if attribute is None else state.attributes[attribute] for state in states]


async def test_every_known_device_is_there_before_its_server_says_so(upgraded: World) -> None:
    versions = {
        name: upgraded.firmware(name).attributes["installed_version"]
        for name in (*OUTCOMES, *ACTIVE)
    }
    assert versions == dict.fromkeys(versions, OLD) | {"updated-1": NEW}
    assert len(upgraded.runtime.devices) == len(versions)


async def test_every_entity_keeps_its_id_and_none_is_doubled(
    upgraded: World, left: LeftBehind
) -> None:
    stored = {each["unique_id"]: each["entity_id"] for each in left.load("entities.json")}
    registry = er.async_get(upgraded.hass)
    entries = er.async_entries_for_config_entry(registry, upgraded.runtime.entry.entry_id)
    now = {each.unique_id: each.entity_id for each in entries}
    assert stored.items() <= now.items()
    states = {entity_id: upgraded.hass.states.get(entity_id) for entity_id in stored.values()}
    assert [name for name, state in states.items() if state is None] == []
    assert [name for name in now.values() if re.search(r"_2$", name)] == []


async def test_updates_that_had_ended_are_shown_and_told_as_they_were(
    upgraded: World, left: LeftBehind
) -> None:
    shown = {
        name: (upgraded.phase(name).state, upgraded.phase(name).attributes["last_result"])
        for name in OUTCOMES
    }
    told = await histories(upgraded)
    assert shown == OUTCOMES
    assert {name: (told[name]["phase"], told[name]["result"]) for name in OUTCOMES} == OUTCOMES
    assert told["damaged-1"]["attempt"] == 2
    number_of_events = left.history.count('INSERT INTO "firmware_update_event"')
    assert sum(len(update["events"]) for update in told.values()) >= number_of_events


async def test_updates_that_were_under_way_go_on_to_their_end(
    upgraded: World, caplog: pytest.LogCaptureFixture
) -> None:
    await upgraded.until(lambda: phases(upgraded, "waiting_reason") == ["unregistered"] * 2)
    assert phases(upgraded) == ["waiting", "transferring"]
    devices = [await upgraded.add_device(name) for name in ACTIVE]
    await upgraded.until(lambda: phases(upgraded) == ["succeeded"] * 2)
    assert [device.record.running_version for device in devices] == [NEW, NEW]
    assert tracebacks(caplog) == []


async def test_a_download_goes_on_at_the_address_that_the_earlier_version_gave(
    upgraded: World, left: LeftBehind
) -> None:
    given = re.search(r"'halfway-1'.*?'([0-9a-f]{64})','\{\"offer", left.history)
    assert given is not None
    device = await upgraded.add_device("halfway-1")
    await upgraded.until(lambda: upgraded.phase("halfway-1").state == "succeeded")
    (asked,) = device.record.asked(PACKAGE_URI)
    token = str(asked.value).split("/")[-2]
    assert hashlib.sha256(token.encode()).hexdigest() == given[1]


async def test_options_and_profiles_are_those_that_were_set(
    upgraded: World, left: LeftBehind
) -> None:
    stored = left.load("entry.json")
    assert upgraded.entry is not None
    settings = await open_topic(upgraded.hass, upgraded.entry, "settings")
    assert stored["options"].items() <= suggestions(settings).items()
    (profile,) = stored["subentries"]
    told = {name: value for name, value in profile["data"].items() if name != CONF_TIMES}
    form = await upgraded.entry.start_subentry_reconfigure_flow(
        upgraded.hass, profile["subentry_id"]
    )
    assert (told | {"name": profile["title"]}).items() <= suggestions(form).items()
    (rule,) = (each for each in upgraded.runtime.profile_rules if each.name == profile["title"])
    first_pause = profile["data"][CONF_TIMES]["back_off_first"]
    assert rule.profile.back_off[0].total_seconds() == first_pause
