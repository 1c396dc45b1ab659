"""A firmware image: its bytes by digest, its version, and the devices it fits."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .device_facts import DeviceFacts
from .image_problem import ImageKind
from .pattern import PatternSpecificity, fits, specificity_of
from .trust import is_rolled_back
from .version import is_comparable, is_newer

# The whole package URI has at most 127 characters (Zephyr, CVE-2026-10672).
FILE_NAME_LENGTH_LIMIT: Final = 32
STABLE_CHANNEL: Final = "stable"
_SUFFIX_LENGTH_LIMIT: Final = 8
_DEFAULT_STEM: Final = "firmware"

type Specificity = tuple[PatternSpecificity, ...]
"""Per pattern, most telling first."""


class Mismatch(StrEnum):
    """Why an image does not fit a device; each is a translation key."""

    MANUFACTURER = "manufacturer"
    MODEL = "model"
    HARDWARE_VERSION = "hardware_version"
    CHANNEL = "channel"
    """The image is of a channel that the device's profile does not name."""
    ENDPOINT = "endpoint"
    INSTALLED_UNKNOWN = "installed_unknown"
    """The image asks for a range of installed versions, and the device's cannot be compared."""
    INSTALLED_TOO_OLD = "installed_too_old"
    INSTALLED_TOO_NEW = "installed_too_new"
    SECURITY_COUNTER = "security_counter"
    """The image's is lower than the highest that was installed on the device."""
    UNTRUSTED = "untrusted"
    """The public keys of the device's server speak against the image."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FirmwareImage:
    """One image of the catalogue; patterns are `fnmatch`, case-insensitive, `None` fits any."""

    sha256: str
    size_bytes: int
    version: str
    file_name: str
    """As it is served: `[A-Za-z0-9._-]`, at most 32 characters."""
    reported_version: str | None = None
    title: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    hardware_version: str | None = None
    endpoint: str | None = None
    min_installed_version: str | None = None
    max_installed_version: str | None = None
    channel: str | None = None
    release_notes: str | None = None
    release_url: str | None = None
    severity: str | None = None
    kind: ImageKind = ImageKind.PLAIN
    security_counter: int | None = None
    """A bootloader that minds it refuses a lower one than it has seen."""
    signature: str | None = None
    """MCUboot alone: how it is signed, e.g. `ecdsa-p256`; `none` when it is not."""
    is_padded: bool = False
    """Whether it fills a whole slot, as an image for an update should not."""
    origin: str | None = None
    """The https address where its bytes can be fetched; `None` for a file of the folder."""

    @property
    def expected_version(self) -> str:
        """Return what the device reports once it runs this image (`design.md` D8)."""
        return self.version if self.reported_version is None else self.reported_version

    @property
    def specificity(self) -> Specificity:
        """Return how narrowly this image is aimed; of two, the greater is the more specific."""
        patterns = (self.endpoint, self.hardware_version, self.model, self.manufacturer)
        bounds = (self.min_installed_version, self.max_installed_version)
        bound_count = sum(bound is not None for bound in bounds)
        return (*map(specificity_of, patterns), (bound_count, 0))

    def refusal(self, facts: DeviceFacts, channel: str | None = None) -> Mismatch | None:
        """Return the first reason why the image does not fit the device, or `None` if it does.

        `channel` is that of the device's profile.
        """
        return self.kind_refusal(facts) or self.unit_refusal(facts, channel)

    def kind_refusal(self, facts: DeviceFacts) -> Mismatch | None:
        """Return why the image does not fit the device's kind: maker, model or hardware."""
        if not fits(self.manufacturer, facts.manufacturer):
            return Mismatch.MANUFACTURER
        if not fits(self.model, facts.model):
            return Mismatch.MODEL
        if not fits(self.hardware_version, facts.hardware_version):
            return Mismatch.HARDWARE_VERSION
        return None

    def unit_refusal(self, facts: DeviceFacts, channel: str | None = None) -> Mismatch | None:
        """Return why it does not fit this one device of its kind: channel, name or version."""
        if not self._is_of_channel(channel):
            return Mismatch.CHANNEL
        if not fits(self.endpoint, facts.endpoint):
            return Mismatch.ENDPOINT
        if is_rolled_back(self.security_counter, facts.security_counter):
            return Mismatch.SECURITY_COUNTER
        lowest, highest = self.min_installed_version, self.max_installed_version
        if lowest is None and highest is None:
            return None
        installed = facts.firmware_version
        if installed is None or not is_comparable(installed):
            return Mismatch.INSTALLED_UNKNOWN
        if lowest is not None and is_newer(lowest, installed):
            return Mismatch.INSTALLED_TOO_OLD
        if highest is not None and is_newer(installed, highest):
            return Mismatch.INSTALLED_TOO_NEW
        return None

    def _is_of_channel(self, channel: str | None) -> bool:
        """Tell whether devices of a channel get the image; what is stable, everybody gets."""
        own = STABLE_CHANNEL if self.channel is None else self.channel.casefold()
        return own in {STABLE_CHANNEL, (channel or STABLE_CHANNEL).casefold()}

    def is_applicable_to(self, facts: DeviceFacts) -> bool:
        """Tell whether the image fits the device."""
        return self.refusal(facts) is None


def clean_file_name(name: str, *, length_limit: int = FILE_NAME_LENGTH_LIMIT) -> str:
    """Return `name` as it can stand in a URL: `[A-Za-z0-9._-]`, within the limit, never empty.

    The suffix survives, because some bootloaders look at it.
    """
    # Home Assistant's security filter logs paths with `..`, token included.
    cleaned = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9._-]+", "-", name)).rstrip("-.")
    head, _, tail = cleaned.rpartition(".")
    is_suffix = tail != cleaned and tail.isalnum() and len(tail) <= _SUFFIX_LENGTH_LIMIT
    stem, suffix = (head, f".{tail}") if is_suffix else (cleaned, "")
    stem = stem.strip("-.")[: length_limit - len(suffix)].rstrip("-.")
    return (stem or _DEFAULT_STEM) + suffix
