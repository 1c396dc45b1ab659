"""The image store, as a person meets it: damaged images, a quota, and what stays at the end."""

import hashlib
from pathlib import Path

import pytest
from homeassistant.exceptions import ServiceValidationError

from custom_components.flownexus_ota.const import DOMAIN
from simulator.image import make_image

from .fleet import NEW, World

MIB = 1024 * 1024


def stored(world: World, version: str = NEW) -> Path:
    """Return the file of an image in the store."""
    sha256 = hashlib.sha256(make_image(version, 50_000)).hexdigest()
    return Path(world.hass.config.path(DOMAIN, "images", sha256))


def damage(path: Path) -> None:
    """Change a byte of a stored image, as a bad disk does."""
    path.chmod(0o644)
    path.write_bytes(b"?" + path.read_bytes()[1:])


async def test_a_damaged_image_is_stored_anew_before_it_is_offered(world: World) -> None:
    device = await world.add_device("thing")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("thing")
    damage(stored(world))
    await world.install(entity_id)
    assert device.record.running_version == NEW
    assert stored(world).read_bytes() == make_image(NEW, 50_000)


async def test_a_damaged_image_whose_file_is_gone_too_is_not_offered(world: World) -> None:
    await world.add_device("thing")
    world.add_image()
    await world.set_up()
    entity_id = await world.ready("thing")
    damage(stored(world))
    world.remove_images()
    with pytest.raises(ServiceValidationError) as raised:
        await world.install(entity_id)
    assert raised.value.translation_key == "refused_image_not_fetched"
    await world.runtime.shared.keeper.rescan()
    assert not stored(world).exists()


async def test_the_largest_quota_of_all_servers_holds_at_once(world: World) -> None:
    first = await world.set_up(store_quota_mib=100)
    store = world.runtime.shared.store
    world.add_entry(store_quota_mib=50)
    assert store.quota_bytes == 100 * MIB
    world.hass.config_entries.async_update_entry(first, options={"store_quota_mib": 300})
    await world.hass.async_block_till_done()
    assert store.quota_bytes == 300 * MIB
    world.hass.config_entries.async_update_entry(first, options={})
    await world.hass.async_block_till_done()
    assert store.quota_bytes == 2048 * MIB


async def test_the_images_of_active_updates_and_of_the_catalogue_are_never_pruned(
    world: World,
) -> None:
    await world.add_device("thing", "never_downloads")
    world.add_image()
    await world.set_up()
    await world.ready("thing")
    shared = world.runtime.shared
    await world.engine.request_update(
        world.view("thing").endpoint, world.image_of("thing"), asked_by=None
    )
    world.remove_images()
    world.add_image("3.0.0")
    await shared.keeper.rescan()
    await shared.keeper.note_references()
    versions = (NEW, "3.0.0")
    assert shared.store.referenced == frozenset(stored(world, each).name for each in versions)


async def test_the_last_server_takes_the_store_with_it_and_leaves_the_users_folder(
    world: World,
) -> None:
    world.add_image()
    entry = await world.set_up()
    assert stored(world).exists()
    await world.hass.config_entries.async_remove(entry.entry_id)
    await world.hass.async_block_till_done()
    assert not stored(world).parent.exists()
    world.remove_images()  # they are there


async def test_a_server_that_is_not_the_last_leaves_the_store(world: World) -> None:
    world.add_image()
    entry = await world.set_up()
    world.add_entry()
    await world.hass.config_entries.async_remove(entry.entry_id)
    assert stored(world).exists()


async def test_a_store_that_cannot_be_removed_is_told_in_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.add_image()
    entry = await world.set_up()
    (stored(world).parent / ("0" * 64)).mkdir()
    await world.hass.config_entries.async_remove(entry.entry_id)
    assert "Images stay in the image store" in caplog.text
