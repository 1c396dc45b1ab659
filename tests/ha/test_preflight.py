"""What a person reads when something speaks against an update."""

from typing import Any

import pytest
from homeassistant.exceptions import ServiceValidationError

from custom_components.flownexus_ota.const import CONF_FIRMWARE_BASE_URL
from custom_components.flownexus_ota.exceptions import preflight_error
from custom_components.flownexus_ota.ota.preflight import Refusal, RefusalKey

from .fleet import NEW, OLD, World
from .texts import TEXTS, placeholders

VALUES: dict[str, dict[str, str]] = {
    RefusalKey.ALREADY_INSTALLED: {"version": NEW, "installed_version": NEW},
    RefusalKey.DOWNGRADE: {"version": OLD, "installed_version": NEW},
    RefusalKey.PROTOCOL_UNSUPPORTED: {"scheme": "http", "protocols": "coap"},
    RefusalKey.URI_TOO_LONG: {"length": "130", "limit": "127"},
    RefusalKey.IMAGE_NOT_FETCHED: {"detail": "firmware.example took longer than 30 s"},
    RefusalKey.IMAGE_UNTRUSTED: {"version": NEW, "cause": "unsigned"},
    RefusalKey.SECURITY_COUNTER_LOW: {"counter": "3", "known": "5"},
    RefusalKey.BATTERY_LOW: {"battery": "12", "minimum": "30"},
}


@pytest.mark.parametrize("key", RefusalKey)
def test_every_refusal_has_a_text_with_its_values(key: RefusalKey) -> None:
    error = preflight_error(Refusal(key=key, values=VALUES.get(key, {})), "Thingy 3")
    message = TEXTS["exceptions"][f"refused_{key}"]["message"]
    assert isinstance(error, ServiceValidationError)
    assert error.translation_key == f"refused_{key}"
    given = set(error.translation_placeholders or {})
    assert set(placeholders(message)) <= given


async def refusal(world: World, version: str | None = None) -> Any:
    """Press *Update* on the one device; return the key of the text."""
    with pytest.raises(ServiceValidationError) as caught:
        await world.install(await world.ready("thing"), version)
    return caught.value.translation_key


async def test_the_installed_version_is_not_installed_again(world: World) -> None:
    await world.add_device("thing")
    world.add_image(OLD)
    await world.set_up()
    assert await refusal(world, OLD) == "refused_already_installed"


async def test_a_base_url_that_leaves_no_room_for_the_rest_is_refused(world: World) -> None:
    await world.add_device("thing")
    world.add_image()
    await world.set_up(**{CONF_FIRMWARE_BASE_URL: "http://" + "a" * 110})
    assert await refusal(world) == "refused_uri_too_long"
    assert world.view("thing").session is None
