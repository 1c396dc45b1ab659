"""The address under which devices find the firmware images."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from homeassistant.core import HomeAssistant

from .const import CONF_ADVERTISED_HOST, CONF_FIRMWARE_BASE_URL
from .download_options import listener_settings
from .serving.host_name import address_of

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
    return _url(scheme, api.local_ip if _is_wildcard(api.host) else api.host, api.port)


def listener_base_url(hass: HomeAssistant, options: Mapping[str, Any]) -> str | None:
    """Return where devices reach the listener of an entry with these options.

    `None` when it has none, or nobody knows under which address this machine is reached.
    """
    settings = listener_settings(options)
    if settings is None:
        return None
    host = options.get(CONF_ADVERTISED_HOST)
    if host is None and not _is_wildcard(settings.address):
        host = settings.address
    elif host is None and hass.config.api is not None:
        host = hass.config.api.local_ip
    return None if host is None else _url(settings.scheme, host, settings.port)


def firmware_base_urls(
    hass: HomeAssistant, options: Mapping[str, Any], *, has_listener: bool = True
) -> dict[str, str]:
    """Return the base URLs for the devices of an entry with these options, by their schemes.

    The preferred one comes first: what a person typed, then the listener's, then Home Assistant's
    own address, also where that was typed: it is what the form suggests.
    """
    own = default_firmware_base_url(hass)
    typed = options.get(CONF_FIRMWARE_BASE_URL)
    listener = listener_base_url(hass, options) if has_listener else None
    by_scheme: dict[str, str] = {}
    for url in (None if typed == own else typed, listener, own):
        if url:
            by_scheme.setdefault(url.partition(":")[0], url)
    return by_scheme


def normalise_base_url(text: str) -> str:
    """Return `text` without blanks around it and without slashes at its end, its scheme lower case.

    Raises `ValueError` for what no device could use: another scheme than http and https, no host,
    digits and dots that are no address, a port out of range, credentials, a query or fragment, a
    character outside of ASCII or a blank, more than `MAX_BASE_URL_LENGTH` characters.
    """
    parts = urlsplit(text.strip().rstrip("/"))
    url = parts.geturl()
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.port == 0:
        raise ValueError("not an http or https address")
    # What ends in a number is an address or a mistake, as `192.168.1` (WHATWG URL).
    if parts.hostname.rpartition(".")[2].isdigit() and address_of(parts.hostname) is None:
        raise ValueError("no whole IP address")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("credentials, query or fragment")
    if len(url) > MAX_BASE_URL_LENGTH or not all("!" <= character <= "~" for character in url):
        raise ValueError("too long, or characters that no device reads")
    return url


def _url(scheme: str, host: str, port: int) -> str:
    suffix = "" if port == DEFAULT_PORTS[scheme] else f":{port}"
    return f"{scheme}://{_bracketed(host)}{suffix}"


def _is_wildcard(host: str) -> bool:
    """Tell whether `host` stands for every address of this machine."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    """Return `host` as URLs want it: IPv6 addresses in brackets."""
    return f"[{host}]" if ":" in host else host
