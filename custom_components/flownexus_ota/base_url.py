"""The address under which devices find the firmware images."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.core import HomeAssistant

from .const import CONF_FIRMWARE_BASE_URL

DEFAULT_PORTS: Final = {"http": 80, "https": 443}

MAX_BASE_URL_LENGTH: Final = 80
"""A package URI has 127 characters at most; the rest is for path, token and name."""


def default_firmware_base_url(hass: HomeAssistant) -> str | None:
    """Return Home Assistant's own address by its IP address, which modems need no name server for.

    `None` when Home Assistant's HTTP server has not been set up.
    """
    api = hass.config.api
    if api is None:
        return None
    scheme = "https" if api.use_ssl else "http"
    host = api.local_ip if _is_wildcard(api.host) else api.host
    port = "" if api.port == DEFAULT_PORTS[scheme] else f":{api.port}"
    return f"{scheme}://{_bracketed(host)}{port}"


def firmware_base_urls(hass: HomeAssistant, options: Mapping[str, Any]) -> dict[str, str]:
    """Return the base URLs for the devices of an entry with these options, by their schemes.

    The preferred one comes first: what a person typed, then Home Assistant's own address.
    """
    urls = (options.get(CONF_FIRMWARE_BASE_URL), default_firmware_base_url(hass))
    by_scheme: dict[str, str] = {}
    for url in urls:
        if url:
            by_scheme.setdefault(url.partition(":")[0], url)
    return by_scheme


def normalise_base_url(text: str) -> str:
    """Return `text` without blanks around it and without slashes at its end, its scheme lower case.

    Raises `ValueError` for what no device could use: another scheme than http and https, no host,
    a port out of range, credentials, a query or fragment, a character outside of ASCII or a blank,
    more than `MAX_BASE_URL_LENGTH` characters.
    """
    parts = urlsplit(text.strip().rstrip("/"))
    url = parts.geturl()
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.port == 0:
        raise ValueError("not an http or https address")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("credentials, query or fragment")
    if len(url) > MAX_BASE_URL_LENGTH or not all("!" <= character <= "~" for character in url):
        raise ValueError("too long, or characters that no device reads")
    return url


def _is_wildcard(host: str) -> bool:
    """Tell whether `host` stands for every address of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    """Return `host` as URLs want it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host
