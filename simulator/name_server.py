"""A device's name server: what a test or a demo needs devices to find, and then the system's."""

import socket
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from typing import override

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver


class NameServer(AbstractResolver):
    """Answers for a few names itself, as the record of a zone would; addresses are no names."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        """Know these addresses by host name."""
        self._addresses = {name.lower(): ip_address(each) for name, each in addresses.items()}
        self._system = ThreadedResolver()

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return where a host is; raise OSError if nobody knows."""
        known = self._addresses.get(host.lower())
        if known is None:
            return await self._system.resolve(host, port, family)
        is_v6 = isinstance(known, IPv6Address)
        return [
            ResolveResult(
                hostname=host,
                host=str(known),
                port=port,
                family=socket.AF_INET6 if is_v6 else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    @override
    async def close(self) -> None:
        """Have nothing to close."""
