"""By what a device may fetch its image: http or https, by what it lists, its profile and us."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from ..lwm2m.firmware_update import Protocol
from .device_facts import DeviceFacts
from .profile import Profile, ProtocolChoice, UriStyle

PROTOCOL_BY_SCHEME: Final[Mapping[str, int]] = {
    "http": Protocol.HTTP,
    "https": Protocol.HTTPS,
}


def usable_schemes(
    facts: DeviceFacts,
    profile: Profile,
    available: Iterable[str],
    *,
    refused: Collection[str] = (),
) -> tuple[str, ...]:
    """Return those of `available` by which the device may fetch, in the same order.

    `refused` are those that it called unsupported in this session (result 9).
    """
    supported = _supported_schemes(facts, profile)
    if profile.uri_style is UriStyle.PATH:
        # The scheme is compiled in: there is nothing to choose, and nothing else to try.
        return tuple(available)[:1] if supported and not refused else ()
    return tuple(each for each in available if each in supported and each not in refused)


def protocols_in_words(facts: DeviceFacts, profile: Profile) -> str:
    """Return what the device fetches by, as its profile or 5/x/8 says."""
    if profile.protocol is not ProtocolChoice.AUTO:
        return profile.protocol.value
    if facts.protocols is None:
        return Protocol.COAP.name.lower()
    names = [
        Protocol(number).name.lower() if number in Protocol else str(number)
        for number in facts.protocols
    ]
    return ", ".join(names) or "-"


def _supported_schemes(facts: DeviceFacts, profile: Profile) -> frozenset[str]:
    if profile.protocol is not ProtocolChoice.AUTO:
        return frozenset({profile.protocol.value})
    if facts.protocols is None:
        return frozenset(PROTOCOL_BY_SCHEME) if profile.assume_http else frozenset()
    return frozenset(
        scheme for scheme, number in PROTOCOL_BY_SCHEME.items() if number in facts.protocols
    )
