"""Which images of the store go when there is no room for another."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

# An image that has just been looked up may be on its way to a session that nobody knows of yet.
_RECENT_SECONDS: Final = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldImage:
    """An image in the store."""

    sha256: str
    size_bytes: int
    needed_at_seconds: float
    """Since the epoch."""


def to_prune(
    held: Iterable[HeldImage],
    *,
    excess_bytes: int,
    referenced: Collection[str] | None,
    now_seconds: float,
) -> tuple[str, ...] | None:
    """Return which images to remove, or `None` if all that may go are not enough.

    Those that were needed least recently go first; never one that is referenced (`None`: all are)
    or that was needed within the last hour.
    """
    if excess_bytes <= 0:
        return ()
    pruned: list[str] = []
    for image in sorted(held, key=lambda image: image.needed_at_seconds):
        if referenced is None or image.sha256 in referenced:
            continue
        if now_seconds - image.needed_at_seconds < _RECENT_SECONDS:
            continue
        pruned.append(image.sha256)
        excess_bytes -= image.size_bytes
        if excess_bytes <= 0:
            return tuple(pruned)
    return None
