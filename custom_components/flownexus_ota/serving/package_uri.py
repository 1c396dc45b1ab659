"""What is written to 5/x/1: the URI under which a device fetches its image (`design.md` D17)."""

import re
from typing import Final

from ..ota.preflight import MAX_URI_LENGTH
from ..ota.profile import UriStyle

ABSOLUTE_PREFIX: Final = "/f/"
PATH_PREFIX: Final = "/media/firmware/"
_FALLBACK_NAME: Final = "firmware.bin"


class PackageUriTooLongError(ValueError):
    """No URI of at most `MAX_URI_LENGTH` characters can be made: the base URL is too long."""

    def __init__(self, length: int) -> None:
        """Keep how long the shortest possible URI is."""
        super().__init__(f"a package URI of {length} characters; {MAX_URI_LENGTH} are allowed")
        self.length: Final = length


def package_uri(base_url: str, token: str, file_name: str, style: UriStyle) -> str:
    """Return the URI of one offer.

    ABSOLUTE puts `base_url` in front; PATH leaves it out, because such devices have host and port
    compiled in. The name only tells people what it is (the token decides), so it is cleaned, and
    shortened where it does not fit. Raise `PackageUriTooLongError`.
    """
    if style is UriStyle.ABSOLUTE:
        start = f"{base_url.rstrip('/')}{ABSOLUTE_PREFIX}{token}/"
    else:
        start = f"{PATH_PREFIX}{token}/"
    room = MAX_URI_LENGTH - len(start)
    if room < 1:
        raise PackageUriTooLongError(len(start) + 1)
    return start + _shortened(clean_name(file_name), room)


def clean_name(file_name: str) -> str:
    """Return a name of `[A-Za-z0-9._-]` that is no part of a path traversal; never empty.

    Home Assistant refuses, and logs, requests whose path looks like an attack.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", file_name)
    return re.sub(r"\.{2,}", ".", name).strip(".") or _FALLBACK_NAME


def _shortened(name: str, room: int) -> str:
    """Shorten the name in front of its suffix (`.bin`), or the whole where the suffix is long."""
    if len(name) <= room:
        return name
    stem, dot, suffix = name.rpartition(".")
    ending = dot + suffix
    if not stem or len(ending) >= room:
        return name[:room].rstrip(".")
    return stem[: room - len(ending)].rstrip(".") + ending
