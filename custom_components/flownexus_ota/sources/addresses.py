"""Which addresses of the network a download may go to."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from yarl import URL

_GLOBAL_UNICAST_V6: Final = ip_network("2000::/3")  # RFC 4291 §2.4; all of the rest is special
_NAT64: Final = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits
# A home's and a company's own; link-local is none of them: clouds tell secrets on 169.254.169.254.
_PRIVATE: Final = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "fc00::/7",
        "::1/128",
    )
)


def parsed_url(text: str) -> URL:
    """Return a URL; raise `ValueError`, and nothing else, for what is none."""
    try:
        return URL(text)
    except IndexError as err:  # yarl 1.25, by `https://[::1]@`
        raise ValueError("a login without a host") from err


def is_address(host: str) -> bool:
    """Tell whether a URL's host is a numeric address, which nobody resolves."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def may_fetch_from(address: str, *, allows_private: bool) -> bool:
    """Tell whether a download may go to a numeric address; what is none may not.

    Public unicast addresses always may. Those of private networks, the loopback and the provider's
    (CGNAT) among them, only where that is allowed; all other special ones never.
    """
    try:
        number = _embedded(ip_address(address))
    except ValueError:
        return False
    if allows_private and any(number in network for network in _PRIVATE):
        return True
    is_unicast = (
        not number.is_multicast if isinstance(number, IPv4Address) else number in _GLOBAL_UNICAST_V6
    )
    return is_unicast and number.is_global


def _embedded(number: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that packets to an IPv6 address end at, if they do."""
    if isinstance(number, IPv4Address):
        return number
    if number.ipv4_mapped is not None:
        return number.ipv4_mapped
    return IPv4Address(int(number) & 0xFFFFFFFF) if number in _NAT64 else number
