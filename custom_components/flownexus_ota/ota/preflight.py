"""What is looked at before anything is written to a device, and what speaks against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, override

from ..lwm2m.firmware_update import DeliveryMethod, Protocol
from .device_facts import DeviceFacts
from .profile import Profile, ProtocolChoice, UriStyle
from .profile_match import version_of
from .version import is_newer, is_same_version

MAX_URI_LENGTH: Final = 127
"""Zephyr 3.0 to 4.4 overruns a buffer at 128 characters (CVE-2026-10672)."""

PROTOCOL_BY_SCHEME: Final[Mapping[str, int]] = {
    "http": Protocol.HTTP,
    "https": Protocol.HTTPS,
}


class RefusalKey(StrEnum):
    """Why an update is not begun; each is part of a translation key."""

    NO_OBJECT_5 = "no_object_5"
    PUSH_ONLY = "push_only"
    ALREADY_INSTALLED = "already_installed"
    DOWNGRADE = "downgrade"
    NO_BASE_URL = "no_base_url"
    PROTOCOL_UNSUPPORTED = "protocol_unsupported"
    URI_TOO_LONG = "uri_too_long"
    IMAGE_MISSING = "image_missing"
    BATTERY_LOW = "battery_low"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One reason against an update, with the values that a person needs to see."""

    key: RefusalKey
    values: Mapping[str, str] = field(default_factory=dict)

    @override
    def __str__(self) -> str:
        """Return it in words for the history, e.g. `battery_low battery=12 minimum=30`."""
        return " ".join((self.key, *(f"{name}={value}" for name, value in self.values.items())))


@dataclass(frozen=True, kw_only=True, slots=True)
class Offerable:
    """What there is to offer to a device: an image in the store, and a URI for it."""

    scheme: str | None
    """Of the firmware base URL; `None` when no such URL is set."""
    uri_length: int = 0
    """Characters of the URI that would be written."""
    is_image_stored: bool = True
    """Whether the store has the image, with the right size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants to be installed, and under which conditions."""

    version: str
    may_downgrade: bool = False
    """Somebody asked for this very version."""
    min_battery_percent: int = 0
    """0 for any; a device that does not tell its battery level is not asked for it."""


def preflight(
    facts: DeviceFacts, wish: Wish, offerable: Offerable, profile: Profile
) -> Refusal | None:
    """Return the first reason why the update should not be begun, or `None`."""
    return (
        _device_refusal(facts)
        or _version_refusal(facts, wish, profile)
        or _offer_refusal(facts, offerable, profile)
        or _battery_refusal(facts, wish)
    )


def _device_refusal(facts: DeviceFacts) -> Refusal | None:
    if facts.update_instance_id is None:
        return Refusal(key=RefusalKey.NO_OBJECT_5)
    if facts.delivery_method == DeliveryMethod.PUSH:
        return Refusal(key=RefusalKey.PUSH_ONLY)
    return None


def _version_refusal(facts: DeviceFacts, wish: Wish, profile: Profile) -> Refusal | None:
    installed = version_of(facts, profile)
    if installed is None:
        return None
    values = {"version": wish.version, "installed_version": installed}
    # By the image's own version: one that differs from the installed in `+build` alone is another.
    if is_same_version(installed, wish.version):
        return Refusal(key=RefusalKey.ALREADY_INSTALLED, values=values)
    if is_newer(installed, wish.version) and not wish.may_downgrade:
        return Refusal(key=RefusalKey.DOWNGRADE, values=values)
    return None


def _offer_refusal(facts: DeviceFacts, offerable: Offerable, profile: Profile) -> Refusal | None:
    if offerable.scheme is None:
        return Refusal(key=RefusalKey.NO_BASE_URL)
    supported = _supported_schemes(facts, profile)
    # A device that is given a path alone has its scheme compiled in.
    schemes = (
        frozenset(PROTOCOL_BY_SCHEME)
        if profile.uri_style is UriStyle.PATH
        else frozenset({offerable.scheme})
    )
    if not supported & schemes:
        return Refusal(
            key=RefusalKey.PROTOCOL_UNSUPPORTED,
            values={"scheme": offerable.scheme, "protocols": _protocols_in_words(facts, profile)},
        )
    if offerable.uri_length > MAX_URI_LENGTH:
        return Refusal(
            key=RefusalKey.URI_TOO_LONG,
            values={"length": str(offerable.uri_length), "limit": str(MAX_URI_LENGTH)},
        )
    return None if offerable.is_image_stored else Refusal(key=RefusalKey.IMAGE_MISSING)


def _battery_refusal(facts: DeviceFacts, wish: Wish) -> Refusal | None:
    level = facts.battery_percent
    if level is None or level >= wish.min_battery_percent:
        return None
    return Refusal(
        key=RefusalKey.BATTERY_LOW,
        values={"battery": str(level), "minimum": str(wish.min_battery_percent)},
    )


def _supported_schemes(facts: DeviceFacts, profile: Profile) -> frozenset[str]:
    if profile.protocol is not ProtocolChoice.AUTO:
        return frozenset({profile.protocol.value})
    if facts.protocols is None:
        return frozenset(PROTOCOL_BY_SCHEME) if profile.assume_http else frozenset()
    return frozenset(
        scheme for scheme, number in PROTOCOL_BY_SCHEME.items() if number in facts.protocols
    )


def _protocols_in_words(facts: DeviceFacts, profile: Profile) -> str:
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
