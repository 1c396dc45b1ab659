"""The images we know, and which of them a device should have."""

from collections.abc import Iterable, Iterator
from functools import cmp_to_key
from typing import Final, final

from .device_facts import DeviceFacts
from .image import FirmwareImage
from .version import is_same_version, rank
from .wishes import Wishes

# A fleet has few kinds of device; past this, somebody's hardware version is a serial number.
_KIND_LIMIT: Final = 1024

type _Kind = tuple[str | None, str | None, str | None]
"""Manufacturer, model, hardware version."""


@final
class Catalogue:
    """Images, best first; immutable."""

    __slots__ = ("_by_kind", "_by_sha256", "images")

    def __init__(self, images: Iterable[FirmwareImage] = ()) -> None:
        """Sort `images`: highest version first, then the most specific."""
        # The first two only make the order repeatable where versions have none.
        ordered = sorted(images, key=lambda image: (image.file_name, image.sha256))
        ordered.sort(key=lambda image: image.specificity, reverse=True)
        ordered.sort(key=cmp_to_key(_by_version), reverse=True)
        self.images: Final = tuple(ordered)
        self._by_kind: Final[dict[_Kind, tuple[FirmwareImage, ...]]] = {}
        self._by_sha256: Final = {image.sha256: image for image in reversed(ordered)}

    def applicable_to(
        self, facts: DeviceFacts, channel: str | None = None
    ) -> tuple[FirmwareImage, ...]:
        """Return the images that fit a device, best first; `channel` is that of its profile."""
        return tuple(self._applicable_to(facts, channel))

    def latest_for(self, facts: DeviceFacts, channel: str | None = None) -> FirmwareImage | None:
        """Return the most specific image of the highest version that fits a device.

        It may be older than what is installed.
        """
        return next(self._applicable_to(facts, channel), None)

    def choice_for(
        self, facts: DeviceFacts, wishes: Wishes, channel: str | None = None
    ) -> FirmwareImage | None:
        """Return the image that the device is to have: the pinned version, else the best."""
        if wishes.pinned_version is None:
            return self.latest_for(facts, channel)
        return self.named(facts, wishes.pinned_version, channel)

    def named(
        self, facts: DeviceFacts, version: str, channel: str | None = None
    ) -> FirmwareImage | None:
        """Return the most specific image of one version that fits a device."""
        images = self._applicable_to(facts, channel)
        return next((each for each in images if is_same_version(each.version, version)), None)

    def by_sha256(self, sha256: str) -> FirmwareImage | None:
        """Return the image of these bytes; the best one where several sidecars describe them."""
        return self._by_sha256.get(sha256)

    def _applicable_to(self, facts: DeviceFacts, channel: str | None) -> Iterator[FirmwareImage]:
        images = self._for_kind(facts)
        return (image for image in images if image.unit_refusal(facts, channel) is None)

    def _for_kind(self, facts: DeviceFacts) -> tuple[FirmwareImage, ...]:
        kind = (facts.manufacturer, facts.model, facts.hardware_version)
        images = self._by_kind.get(kind)
        if images is None:
            images = tuple(image for image in self.images if image.kind_refusal(facts) is None)
            if len(self._by_kind) >= _KIND_LIMIT:
                self._by_kind.clear()
            self._by_kind[kind] = images
        return images


def _by_version(left: FirmwareImage, right: FirmwareImage) -> int:
    return rank(left.version, right.version)
