"""Names and addresses of machines, as they stand in URLs and in certificates."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

MAX_HOST_LENGTH: Final = 253
"""Of a name in text form (RFC 1035 §2.3.4: 255 octets on the wire)."""
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def normalise_host(text: str) -> str:
    """Return a host name in lower case without a dot at its end, an address in its shortest form.

    Raises `ValueError` for what is neither: a URL, a port, a wildcard, digits and dots that are no
    address, a character outside of ASCII.
    """
    name = text.strip().lower().removesuffix(".")
    if (address := address_of(name)) is not None:
        return str(address)
    labels = name.split(".")
    # What ends in a number is an address or a mistake (WHATWG URL, "ends in a number").
    if len(name) > MAX_HOST_LENGTH or labels[-1].isdigit():
        raise ValueError(f"no host name: {text!r}")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"no host name: {text!r}")
    return name


def address_of(host: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that `host` is, with or without brackets; `None` for a name."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
