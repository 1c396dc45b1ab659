"""Where devices find the images: the suggestion, and what may be entered instead."""

import pytest
from homeassistant.components.http import ApiConfig
from homeassistant.core import HomeAssistant

from custom_components.flownexus_ota.base_url import (
    MAX_BASE_URL_LENGTH,
    default_firmware_base_url,
    firmware_base_urls,
    listener_base_url,
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
    ("options", "url"),
    [
        ({}, "http://192.168.1.10:8000"),
        ({"listener_port": 80}, "http://192.168.1.10"),
        ({"listener": "https", "listener_port": 443}, "https://192.168.1.10"),
        ({"listener_address": "10.0.0.9"}, "http://10.0.0.9:8000"),
        ({"listener_address": "fd00::9"}, "http://[fd00::9]:8000"),
        ({"listener_address": "::"}, "http://192.168.1.10:8000"),
        ({"advertised_host": "ota.example"}, "http://ota.example:8000"),
    ],
)
async def test_a_listener_has_a_url_of_its_own(
    hass: HomeAssistant, options: dict[str, object], url: str
) -> None:
    hass.config.api = ApiConfig("192.168.1.10", EVERYWHERE, 8123, use_ssl=False)
    with_listener = {"listener": "http", **options}
    assert listener_base_url(hass, with_listener) == url
    assert firmware_base_urls(hass, with_listener)[url.partition(":")[0]] == url


async def test_a_listener_whose_address_nobody_knows_has_none(hass: HomeAssistant) -> None:
    hass.config.api = None
    assert listener_base_url(hass, {"listener": "http"}) is None
    assert listener_base_url(hass, {"listener": "off"}) is None


async def test_a_typed_address_comes_before_the_listener_unless_it_is_home_assistants_own(
    hass: HomeAssistant,
) -> None:
    hass.config.api = ApiConfig("192.168.1.10", EVERYWHERE, 8123, use_ssl=False)
    own, listener = "http://192.168.1.10:8123", "http://192.168.1.10:8000"

    def http_url(typed: str | None, *, has_listener: bool = True) -> str:
        options = {"listener": "http", "firmware_base_url": typed}
        return firmware_base_urls(hass, options, has_listener=has_listener)["http"]

    assert http_url("http://proxy.example") == "http://proxy.example"
    assert http_url(own) == listener
    assert http_url(None) == listener
    assert http_url(own, has_listener=False) == own


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
        "http://10.0.0:8123",
        "http://10.0.0.5.6",
        "http://2130706433",
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
