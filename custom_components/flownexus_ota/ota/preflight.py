"""What is looked at before anything is written to a device, and what speaks against it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import batched
from typing import Final, override

from ..lwm2m.firmware_update import DeliveryMethod
from .device_facts import DeviceFacts
from .offerable import Offerable
from .profile import Profile
from .profile_match import version_of
from .scheme import protocols_in_words, usable_schemes
from .trust import is_rolled_back
from .version import is_newer, is_same_version

MAX_URI_LENGTH: Final = 127
"""Zephyr 3.0 to 4.4 overruns a buffer at 128 characters (CVE-2026-10672)."""


class RefusalKey(StrEnum):
    """Why an update is not begun; each is part of a translation key."""

    NO_OBJECT_5 = "no_object_5"
    PUSH_ONLY = "push_only"
    ALREADY_INSTALLED = "already_installed"
    DOWNGRADE = "downgrade"
    NO_BASE_URL = "no_base_url"
    PROTOCOL_UNSUPPORTED = "protocol_unsupported"
    URI_TOO_LONG = "uri_too_long"
    BATTERY_LOW = "battery_low"
    IMAGE_MISSING = "image_missing"
    IMAGE_DAMAGED = "image_damaged"
    IMAGE_NOT_FETCHED = "image_not_fetched"
    IMAGE_UNTRUSTED = "image_untrusted"
    SECURITY_COUNTER_LOW = "security_counter_low"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One reason against an update, with the values that a person needs to see."""

    key: RefusalKey
    values: Mapping[str, str] = field(default_factory=dict)

    @override
    def __str__(self) -> str:
        """Return it in words for the history, e.g. `battery_low battery=12 minimum=30`."""
        return " ".join((self.key, *(f"{name}={value}" for name, value in self.values.items())))

    @classmethod
    def told_by(cls, words: str) -> Refusal | None:
        """Return what the history has the words of, or `None`."""
        key, *parts = re.split(r" (\w+)=", words)
        if key not in RefusalKey:
            return None
        return cls(key=RefusalKey(key), values=dict(batched(parts, 2, strict=True)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants to be installed, and under which conditions."""

    version: str
    may_downgrade: bool = False
    """Somebody asked for this very version."""
    min_battery_percent: int = 0
    """0 for any; a device that does not tell its battery level is not asked for it."""
    security_counter: int | None = None
    """Of the image."""
    refused_schemes: tuple[str, ...] = ()
    """What the device called unsupported in this session."""


def preflight(
    facts: DeviceFacts, wish: Wish, offerable: Offerable, profile: Profile
) -> Refusal | None:
    """Return the first reason why the update should not be begun, or `None`.

    That the image is there and trusted is seen to afterwards: it may have to be fetched.
    """
    return (
        _device_refusal(facts)
        or _version_refusal(facts, wish, profile)
        or _counter_refusal(facts, wish)
        or _offer_refusal(facts, wish, offerable, profile)
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


def _counter_refusal(facts: DeviceFacts, wish: Wish) -> Refusal | None:
    if not is_rolled_back(wish.security_counter, facts.security_counter):
        return None
    values = {"counter": str(wish.security_counter), "known": str(facts.security_counter)}
    return Refusal(key=RefusalKey.SECURITY_COUNTER_LOW, values=values)


def _offer_refusal(
    facts: DeviceFacts, wish: Wish, offerable: Offerable, profile: Profile
) -> Refusal | None:
    lengths = offerable.uri_lengths
    if not lengths:
        return Refusal(key=RefusalKey.NO_BASE_URL)
    usable = usable_schemes(facts, profile, lengths, refused=wish.refused_schemes)
    if not usable:
        return Refusal(
            key=RefusalKey.PROTOCOL_UNSUPPORTED,
            values={"scheme": ", ".join(lengths), "protocols": protocols_in_words(facts, profile)},
        )
    if lengths[usable[0]] > MAX_URI_LENGTH:
        return Refusal(
            key=RefusalKey.URI_TOO_LONG,
            values={"length": str(lengths[usable[0]]), "limit": str(MAX_URI_LENGTH)},
        )
    return None


def _battery_refusal(facts: DeviceFacts, wish: Wish) -> Refusal | None:
    level = facts.battery_percent
    if level is None or level >= wish.min_battery_percent:
        return None
    return Refusal(
        key=RefusalKey.BATTERY_LOW,
        values={"battery": str(level), "minimum": str(wish.min_battery_percent)},
    )
