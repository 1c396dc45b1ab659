"""What people chose for one device, whatever it tells about itself."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """The choices; those of a device that nobody touched are the defaults."""

    pinned_version: str | None = None
    """The one version that it is to have, also if that is older; `None` is the best that fits."""
    is_auto_updated: bool = False
    """Whether its updates begin by themselves, in its maintenance window."""


NO_WISHES = Wishes()
