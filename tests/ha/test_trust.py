"""Public keys of a server: which images its devices get, and what a person reads of the others."""

import json
from pathlib import Path
from typing import Any

import pytest
from homeassistant.exceptions import ServiceValidationError

from custom_components.flownexus_ota.actions import async_begin
from custom_components.flownexus_ota.const import CONF_PUBLIC_KEYS, DOMAIN
from custom_components.flownexus_ota.diagnostics import async_get_config_entry_diagnostics
from custom_components.flownexus_ota.firmware import refusal_for
from custom_components.flownexus_ota.lwm2m.events import Endpoint

from ..ota.mcuboot_images import SigningKey, mcuboot_image, signing_key
from .fleet import NEW, OLD, World

OURS, THEIRS = signing_key("ecdsa-p256"), signing_key("ecdsa-p256", 2)
OUR_PEM, THEIR_PEM = OURS.public_pem.decode(), THEIRS.public_pem.decode()
SIGNED_VERSION = "2.0.0"


def add_mcuboot(world: World, key: SigningKey | None, **sidecar: Any) -> None:
    """Put an MCUboot image of version 2.0.0 into the folder."""
    folder = Path(world.hass.config.path(DOMAIN, "firmware"))
    folder.mkdir(parents=True, exist_ok=True)
    content = mcuboot_image("--security-counter", "9", key=key, version=SIGNED_VERSION)
    (folder / "signed.bin").write_bytes(content)
    members = {"manufacturer": "Flownexus", **sidecar}
    (folder / "signed.bin.json").write_text(json.dumps(members))


def latest(world: World) -> object:
    return world.firmware("thing").attributes["latest_version"]


async def set_keys(world: World, pem: str | None) -> None:
    """Store other keys, as the form does."""
    assert world.entry is not None
    options = {**world.entry.options, CONF_PUBLIC_KEYS: pem}
    world.hass.config_entries.async_update_entry(world.entry, options=options)


async def test_without_keys_any_signature_will_do(world: World) -> None:
    await world.add_device("thing")
    add_mcuboot(world, THEIRS)
    await world.set_up()
    await world.ready("thing")
    assert latest(world) == SIGNED_VERSION


@pytest.mark.parametrize(
    ("key", "cause"), [(THEIRS, "unknown_signer"), (None, "unsigned")], ids=["theirs", "none"]
)
async def test_an_image_that_no_key_verifies_is_not_offered_and_the_reason_is_known(
    world: World, key: SigningKey | None, cause: str
) -> None:
    await world.add_device("thing")
    world.add_image(NEW)
    add_mcuboot(world, key, allow_unsigned=True)
    entry = await world.set_up(**{CONF_PUBLIC_KEYS: OUR_PEM})
    await world.ready("thing")

    assert latest(world) == NEW
    keeper = world.runtime.shared.keeper
    assert keeper.catalogue is not None
    refusals = {
        image.version: refusal_for(world.runtime, image, Endpoint("thing"))
        for image in keeper.catalogue.images
    }
    assert refusals == {SIGNED_VERSION: "untrusted", NEW: None}
    told = await async_get_config_entry_diagnostics(world.hass, entry)
    assert [image["distrust"] for image in told["images"]] == [cause, None]
    assert "BEGIN" not in str(told)


async def test_other_keys_count_at_once(world: World) -> None:
    await world.add_device("thing")
    add_mcuboot(world, OURS)
    await world.set_up(**{CONF_PUBLIC_KEYS: THEIR_PEM})
    await world.ready("thing")
    assert latest(world) == OLD

    await set_keys(world, THEIR_PEM + OUR_PEM)
    await world.until(lambda: latest(world) == SIGNED_VERSION)
    await set_keys(world, THEIR_PEM)
    await world.until(lambda: latest(world) == OLD)
    await set_keys(world, None)
    await world.until(lambda: latest(world) == SIGNED_VERSION)


async def test_an_image_that_comes_later_is_judged_too(world: World) -> None:
    await world.add_device("thing")
    await world.set_up(**{CONF_PUBLIC_KEYS: OUR_PEM})
    entity_id = await world.ready("thing")
    add_mcuboot(world, OURS)
    await world.hass.services.async_call(
        "homeassistant", "update_entity", {"entity_id": entity_id}, blocking=True
    )
    await world.until(lambda: latest(world) == SIGNED_VERSION)


async def test_keys_that_cannot_be_used_let_nothing_through(world: World) -> None:
    await world.add_device("thing")
    add_mcuboot(world, OURS)
    await world.set_up(**{CONF_PUBLIC_KEYS: "no keys"})
    await world.ready("thing")
    assert latest(world) == OLD


async def test_an_update_that_was_asked_for_with_an_untrusted_image_is_refused(
    world: World,
) -> None:
    await world.add_device("thing")
    add_mcuboot(world, THEIRS)
    await world.set_up()
    await world.ready("thing")
    image = world.image_of("thing")
    await set_keys(world, OUR_PEM)
    await world.until(lambda: latest(world) == OLD)

    with pytest.raises(ServiceValidationError) as caught:
        await async_begin(
            world.runtime, Endpoint("thing"), image, asked_by=None, may_downgrade=False
        )
    assert caught.value.translation_key == "refused_image_untrusted"
    assert (caught.value.translation_placeholders or {})["cause"] == "unknown_signer"


async def test_devices_get_the_images_of_their_profiles_channel(world: World) -> None:
    await world.add_device("thing")
    world.add_image(NEW, channel="beta")
    await world.set_up()
    await world.ready("thing")
    assert latest(world) == OLD

    (subentry,) = world.runtime.entry.subentries.values()
    data = {**subentry.data, "channel": "beta"}
    world.hass.config_entries.async_update_subentry(world.runtime.entry, subentry, data=data)
    await world.until(lambda: latest(world) == NEW)
