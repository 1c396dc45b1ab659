"""How much is measured: in full, or just enough to see that everything works."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """The scale of a run."""

    devices: int
    """Each with its update entity alone."""
    standard_devices: int
    """Each with all its entities."""
    few_devices: int
    notifications: int
    sessions: int
    image_bytes: int
    transitions: int
    history_sessions: int
    rounds: int
    """How often what is compared is measured; the best counts: it was disturbed least."""
    overhead_rounds: int
    device_bytes_per_second: int
    downloads: int
    """At once, in the comparison of servers."""
    served_image_bytes: tuple[int, ...]
    served_bytes: int
    """In all, for each server and size of image."""
    serving_rounds: int


FULL: Final = Sizes(
    # Home Assistant takes 10,000 enabled entities per entry and no more
    # (MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY), the server's own among them; a device has six.
    devices=9_990,
    standard_devices=1_600,
    few_devices=100,
    notifications=20_000,
    sessions=1_000,
    image_bytes=256 * 1024,
    transitions=60_000,
    history_sessions=2_000,
    rounds=2,
    overhead_rounds=5,
    device_bytes_per_second=200_000,
    downloads=100,
    served_image_bytes=(1024**2, 16 * 1024**2),
    served_bytes=12 * 1024**3,
    serving_rounds=5,
)
QUICK: Final = Sizes(
    devices=60,
    standard_devices=40,
    few_devices=20,
    notifications=60,
    sessions=5,
    image_bytes=40_000,
    transitions=400,
    history_sessions=40,
    rounds=1,
    overhead_rounds=1,
    device_bytes_per_second=200_000,
    downloads=10,
    served_image_bytes=(65_536, 300_000),
    served_bytes=60_000_000,
    serving_rounds=1,
)
