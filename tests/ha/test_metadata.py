"""What Home Assistant itself reads of the manifest and the brand; more is in tests/shipping/."""

from typing import Final

import pytest
from awesomeversion import AwesomeVersion
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
from PIL import Image

from custom_components.flownexus_ota.const import DOMAIN

from .texts import PACKAGE, load_json

MANIFEST: Final = load_json("manifest.json")


def test_the_manifest_is_in_the_order_that_hassfest_wants() -> None:
    keys = list(MANIFEST)

    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])


def test_the_manifest_fits_the_folder_and_the_release() -> None:
    assert MANIFEST["domain"] == PACKAGE.name == DOMAIN
    assert AwesomeVersion(MANIFEST["version"]).valid
    assert MANIFEST["documentation"].startswith("https://github.com/")
    assert MANIFEST["issue_tracker"].startswith(MANIFEST["documentation"])


def test_nothing_is_required_that_home_assistant_does_not_have() -> None:
    assert MANIFEST["requirements"] == []


async def test_home_assistant_loads_the_manifest(hass: HomeAssistant) -> None:
    integration = await async_get_integration(hass, DOMAIN)

    assert integration.version == MANIFEST["version"]
    assert integration.config_flow is True
    assert integration.iot_class == "local_push"
    assert integration.integration_type == "hub"
    assert integration.has_branding


@pytest.mark.parametrize("theme", ["", "dark_"])
@pytest.mark.parametrize(("name", "height"), [("icon", 256), ("logo", 128)])
def test_the_brand_images_have_the_sizes_that_are_shown(theme: str, name: str, height: int) -> None:
    for factor, suffix in ((1, ""), (2, "@2x")):
        with Image.open(PACKAGE / "brand" / f"{theme}{name}{suffix}.png") as image:
            assert image.height == factor * height
            assert image.format == "PNG"
            assert (image.width == image.height) == (name == "icon")
