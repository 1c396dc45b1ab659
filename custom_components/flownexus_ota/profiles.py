"""Profiles as config subentries: what is stored of one, and what it means to the engine."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.util import dt as dt_util

from .ota.profile import (
    DEFAULT_PROFILE,
    Confirm,
    Deadlines,
    Profile,
    ProtocolChoice,
    ResetWay,
    UriStyle,
    VersionResource,
)
from .ota.profile_match import ProfileRule, in_order
from .ota.window import WindowGate
from .windows import CONF_WINDOW, window_of

SUBENTRY_PROFILE: Final = "profile"

CONF_NAME: Final = "name"
CONF_MANUFACTURER: Final = "manufacturer"
CONF_MODEL: Final = "model"
CONF_ENDPOINT: Final = "endpoint"
CONF_COMPILED_IN_HOSTS: Final = "compiled_in_hosts"
CONF_CHANNEL: Final = "channel"
CONF_ASSUME_HTTP: Final = "assume_http"
CONF_MAX_ATTEMPTS: Final = "max_attempts"
CONF_TIMES: Final = "times"

PATTERNS: Final = (CONF_MANUFACTURER, CONF_MODEL, CONF_ENDPOINT)


def _by_key(words: type[StrEnum]) -> dict[str, StrEnum]:
    """Return words by their translation keys: a slash, as in `3/0/3`, is none of a key's."""
    return {word.value.replace("/", "_"): word for word in words}


CHOICES: Final = {
    "uri_style": _by_key(UriStyle),
    "protocol": _by_key(ProtocolChoice),
    "confirm": _by_key(Confirm),
    "version_resource": _by_key(VersionResource),
    "reset": _by_key(ResetWay),
}
"""Fields of a profile that are one word of several, stored by its key."""
DEADLINES: Final = tuple(field.name for field in fields(Deadlines))
BACK_OFFS: Final = ("back_off_first", "back_off_second", "back_off_later")
TIMES: Final = (*DEADLINES, *BACK_OFFS)
"""All durations, stored in seconds under `CONF_TIMES`."""


def rules_of(entry: ConfigEntry) -> tuple[ProfileRule, ...]:
    """Return the entry's profiles and the built-in ones, the most specific first.

    The server's maintenance window is that of every device whose profile has none.
    """
    rules = in_order(
        _rule(subentry.title, subentry.data)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_PROFILE
    )
    found = window_of(entry.options.get(CONF_WINDOW), dt_util.get_default_time_zone())
    if found is None:
        return rules
    window, gate = found
    everything_else = ProfileRule(name="", profile=DEFAULT_PROFILE)
    return tuple(
        rule
        if rule.profile.window is not None
        else replace(rule, profile=replace(rule.profile, window=window, window_gate=gate))
        for rule in (*rules, everything_else)
    )


def default_times() -> dict[str, float]:
    """Return the durations of the default profile, in seconds."""
    deadlines = {name: getattr(DEFAULT_PROFILE.deadlines, name) for name in DEADLINES}
    back_offs = dict(zip(BACK_OFFS, DEFAULT_PROFILE.back_off, strict=True))
    return {name: each.total_seconds() for name, each in (deadlines | back_offs).items()}


def _rule(name: str, data: Mapping[str, Any]) -> ProfileRule:
    # What an older release did not store has its default.
    seconds = default_times() | data.get(CONF_TIMES, {})
    times = {each: timedelta(seconds=seconds[each]) for each in TIMES}
    choices: dict[str, Any] = {
        each: words[data[each]] for each, words in CHOICES.items() if each in data
    }
    found = window_of(data.get(CONF_WINDOW), dt_util.get_default_time_zone())
    window, gate = (None, WindowGate.UPDATE) if found is None else found
    return ProfileRule(
        name=name,
        **{each: data.get(each) for each in PATTERNS},
        profile=Profile(
            **choices,
            compiled_in_hosts=tuple(data.get(CONF_COMPILED_IN_HOSTS, ())),
            channel=data.get(CONF_CHANNEL),
            assume_http=data.get(CONF_ASSUME_HTTP, DEFAULT_PROFILE.assume_http),
            max_attempts=data.get(CONF_MAX_ATTEMPTS, DEFAULT_PROFILE.max_attempts),
            deadlines=Deadlines(**{each: times[each] for each in DEADLINES}),
            back_off=tuple(times[each] for each in BACK_OFFS),
            window=window,
            window_gate=gate,
        ),
    )
