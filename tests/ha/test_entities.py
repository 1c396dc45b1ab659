"""What all entities have in common, whatever their platform."""

from importlib import import_module

from homeassistant.const import EntityCategory
from homeassistant.helpers import entity_registry as er

from custom_components.flownexus_ota import PLATFORMS

from .fleet import World

# Those that say something about how things stand; the others are for a person to act on or look at.
DIAGNOSTIC = {"update_phase", "connected", "updates_running", "updates_waiting"}


async def entries(world: World) -> dict[str, er.RegistryEntry]:
    """Return the entities of a device and of its server, by key."""
    await world.add_device("sensor-1")
    entry = await world.set_up()
    await world.ready("sensor-1")
    found = er.async_entries_for_config_entry(er.async_get(world.hass), entry.entry_id)
    prefixes = (f"{entry.entry_id}_sensor-1_", f"{entry.entry_id}_")
    keys = [each.unique_id.removeprefix(prefixes[0]).removeprefix(prefixes[1]) for each in found]
    return dict(zip(keys, found, strict=True))


async def test_every_entity_is_named_after_its_device(world: World) -> None:
    found = await entries(world)
    assert len(found) >= 7
    assert [key for key, each in found.items() if not each.has_entity_name] == []
    assert [key for key, each in found.items() if each.device_id is None] == []


async def test_what_says_how_an_update_stands_is_diagnostic(world: World) -> None:
    found = await entries(world)
    categories = {key: each.entity_category for key, each in found.items()}
    assert {key for key in DIAGNOSTIC if categories[key] is EntityCategory.DIAGNOSTIC} == DIAGNOSTIC
    assert categories["firmware"] is EntityCategory.CONFIG


async def test_what_changes_often_or_says_little_more_is_disabled_by_default(
    world: World,
) -> None:
    found = await entries(world)
    assert {key for key, each in found.items() if each.disabled} == {"last_result", "last_seen"}


async def test_entities_have_the_device_class_that_fits_them(world: World) -> None:
    found = await entries(world)
    classes = {key: each.original_device_class for key, each in found.items()}
    assert classes["firmware"] == "firmware"
    assert classes["update_phase"] == "enum"
    assert classes["connected"] == "connectivity"


def test_every_platform_says_how_many_calls_it_takes_at_once() -> None:
    modules = [import_module(f"custom_components.flownexus_ota.{name}") for name in PLATFORMS]
    assert [module.PARALLEL_UPDATES for module in modules] == [0] * len(modules)
