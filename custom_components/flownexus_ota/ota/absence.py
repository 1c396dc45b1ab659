"""Devices that have been away for so long that somebody may want to be rid of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime


def stale_before(watched_days: Sequence[date], stale_days: int) -> date | None:
    """Return the day (UTC) such that devices that were last seen before it are stale.

    `watched_days` are those, in order, on which somebody was there to see devices: only they count,
    so that no outage of a server makes its devices stale. A device is, once more than `stale_days`
    of them have come after the day on which it was last seen: then it has been away for at least
    as long. `None` while there were not so many yet, and for 0, which is never.
    """
    if stale_days <= 0 or len(watched_days) <= stale_days:
        return None
    return watched_days[-stale_days - 1]


def is_stale(last_seen: datetime | None, before: date | None) -> bool:
    """Tell whether a device is stale by that day; one whose time nobody knows is not."""
    return (
        before is not None and last_seen is not None and last_seen.astimezone(UTC).date() < before
    )


def with_watched(watched_days: Sequence[date], today: date, *, most: int) -> tuple[date, ...]:
    """Return the watched days with today, the last ones of them; none of the future stays.

    There are such where a clock was wrong.
    """
    return (*(day for day in watched_days if day < today), today)[-most:]
