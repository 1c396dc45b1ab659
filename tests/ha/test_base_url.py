"""Where devices find the images: the suggestion, and what may be entered instead."""

import pytest
from homeassistant.components.http import ApiConfig
from homeassistant.core import HomeAssistant

from custom_components.flownexus_ota.base_url import (
    MAX_BASE_URL_LENGTH,
    default_firmware_base_url,
    firmware_base_urls,
    normalise_base_url,
)

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound in these tests


@pytest.mark.parametrize(
    ("bound_to", "port", "use_ssl", "expected"),
    [
        (EVERYWHERE, 8123, False, "http://192.168.1.10:8123"),
        ("::", 8123, False, "http://192.168.1.10:8123"),
        ("127.0.0.1", 8123, False, "http://127.0.0.1:8123"),
        ("fd00::10", 8123, False, "http://[fd00::10]:8123"),
        ("hass.lan", 8123, False, "http://hass.lan:8123"),
        (EVERYWHERE, 80, False, "http://192.168.1.10"),
        (EVERYWHERE, 8123, True, "https://192.168.1.10:8123"),
        (EVERYWHERE, 443, True, "https://192.168.1.10"),
    ],
)
async def test_the_suggestion_is_the_address_that_home_assistant_listens_on(
    hass: HomeAssistant, *, bound_to: str, port: int, use_ssl: bool, expected: str
) -> None:
    hass.config.api = ApiConfig("192.168.1.10", bound_to, port, use_ssl)

    assert default_firmware_base_url(hass) == expected


async def test_without_a_web_server_there_is_no_suggestion(hass: HomeAssistant) -> None:
    hass.config.api = None

    assert default_firmware_base_url(hass) is None
    assert firmware_base_urls(hass, {}) == {}


async def test_the_option_wins_over_the_suggestion(hass: HomeAssistant) -> None:
    hass.config.api = ApiConfig("192.168.1.10", EVERYWHERE, 8123, use_ssl=False)

    own = "http://192.168.1.10:8123"
    assert firmware_base_urls(hass, {"firmware_base_url": "http://10.0.0.5"}) == {
        "http": "http://10.0.0.5"
    }
    assert firmware_base_urls(hass, {}) == {"http": own}


async def test_the_option_comes_first_and_another_scheme_of_ours_after_it(
    hass: HomeAssistant,
) -> None:
    hass.config.api = ApiConfig("192.168.1.10", EVERYWHERE, 8123, use_ssl=False)

    urls = firmware_base_urls(hass, {"firmware_base_url": "https://ota.example"})

    assert list(urls.items()) == [
        ("https", "https://ota.example"),
        ("http", "http://192.168.1.10:8123"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" http://10.0.0.5:8123/ ", "http://10.0.0.5:8123"),
        ("HTTPS://ota.example.org//", "https://ota.example.org"),
        ("http://10.0.0.5/ota/", "http://10.0.0.5/ota"),
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
        ("http://[fd00::10]:8123", "http://[fd00::10]:8123"),
    ],
)
def test_an_address_is_brought_into_one_form(text: str, expected: str) -> None:
    assert normalise_base_url(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.5",
        "coap://10.0.0.5",
        "http://",
        "http://:8123",
        "http://10.0.0.5:0",
        "http://10.0.0.5:65536",
        "http://[fd00::10",
        "http://alice:secret@10.0.0.5",
        "http://10.0.0.5/?a=b",
        "http://10.0.0.5/#top",
        "http://10.0.0.5/a b",
        "http://ötä.example.org",
        "http://10.0.0.5/" + MAX_BASE_URL_LENGTH * "a",
    ],
)
def test_an_address_that_no_device_can_use_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which of its many texts is nobody's business
        normalise_base_url(text)
