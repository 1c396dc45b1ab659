"""Which profile a device gets: by patterns, the most specific first (`design.md` §6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .device_facts import DeviceFacts
from .pattern import PatternSpecificity, fits, specificity_of
from .profile import DEFAULT_PROFILE, Confirm, Profile, ResetWay, UriStyle, VersionResource


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfileRule:
    """A profile with a name, and patterns of the devices that it is for; `None` fits any."""

    name: str
    profile: Profile
    manufacturer: str | None = None
    model: str | None = None
    endpoint: str | None = None

    @property
    def specificity(self) -> tuple[PatternSpecificity, ...]:
        """Return how narrowly it is aimed: by endpoint before model before manufacturer."""
        return tuple(map(specificity_of, (self.endpoint, self.model, self.manufacturer)))

    def is_for(self, facts: DeviceFacts) -> bool:
        """Tell whether all patterns fit the device."""
        return (
            fits(self.manufacturer, facts.manufacturer)
            and fits(self.model, facts.model)
            and fits(self.endpoint, facts.endpoint)
        )


# The sample keeps the strings of Zephyr's lwm2m_client sample, which it was made of. Its host is
# compiled in, its version never changes, and an empty URI makes it download (ADR 0010).
FLOWNEXUS_SAMPLE: Final = ProfileRule(
    name="flownexus sample client",
    manufacturer="Zephyr",
    model="OMA-LWM2M Sample Client",
    profile=Profile(
        uri_style=UriStyle.PATH, confirm=Confirm.RESULT, reset=ResetWay.TOKEN_ONLY, assume_http=True
    ),
)
BUILT_IN: Final = (FLOWNEXUS_SAMPLE,)


def in_order(rules: Iterable[ProfileRule]) -> tuple[ProfileRule, ...]:
    """Return a person's rules and the built-in ones, the most specific first.

    Of two that are equally specific, a person's comes before a built-in one, else the earlier.
    """
    return tuple(sorted((*rules, *BUILT_IN), key=lambda rule: rule.specificity, reverse=True))


def profile_for(rules: Iterable[ProfileRule], facts: DeviceFacts) -> Profile:
    """Return the profile of the first rule that fits the device, else the default."""
    return next((rule.profile for rule in rules if rule.is_for(facts)), DEFAULT_PROFILE)


def version_of(facts: DeviceFacts, profile: Profile) -> str | None:
    """Return what the device runs, from the resource that its profile names."""
    if profile.version_resource is VersionResource.PACKAGE_VERSION:
        return facts.package_version
    return facts.firmware_version
