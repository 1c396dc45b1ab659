"""Maintenance windows: on which days, and from when until when, devices may be updated."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

EVERY_DAY: Final = frozenset(range(7))
_DAY: Final = timedelta(days=1)
_DAYS_AHEAD: Final = 8


class WindowGate(StrEnum):
    """What waits for the window."""

    UPDATE = "update"
    """Everything: nothing is written to a device outside it."""
    INSTALL = "install"
    """The installation alone: the image is downloaded before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MaintenanceWindow:
    """A span of local time on some days of the week; it may reach into the next day.

    On the days when clocks are changed it opens when the local time is reached for the first time,
    and closes when that is reached for the last time. A time that is skipped counts as if clocks
    were changed only after it; one that would close before it opens, because of that, is as long as
    on other days.
    """

    opens: time
    closes: time
    """Not later than `opens`: on the next day; the same is a whole day."""
    zone: tzinfo
    weekdays: frozenset[int] = EVERY_DAY
    """Of the days on which it opens; 0 is Monday."""

    def is_open(self, now: datetime) -> bool:
        """Tell whether it is open."""
        return any(begin <= now < end for begin, end in self._spans(now))

    def next_opening(self, now: datetime) -> datetime:
        """Return since when it is open, or when it opens next, in UTC."""
        return min(begin for begin, end in self._spans(now) if now < end)

    def _spans(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the spans that may include `now`, and all that begin within the next week."""
        today = now.astimezone(self.zone).date()
        for ahead in range(-1, _DAYS_AHEAD):
            day = today + ahead * _DAY
            if day.weekday() in self.weekdays:
                last_day = day if self.opens < self.closes else day + _DAY
                begin = self._instants(day, self.opens)[0]
                end = max(self._instants(last_day, self.closes))
                yield begin, end if begin < end else begin + self._usual_length

    @property
    def _usual_length(self) -> timedelta:
        """Return how long it is open within one day on which clocks are not changed."""
        opens, closes = (datetime.combine(date.min, at) for at in (self.opens, self.closes))
        return closes - opens

    def _instants(self, day: date, at: time) -> tuple[datetime, datetime]:
        """Return when a local time is reached, for the first and for the last time, in UTC."""
        local = datetime.combine(day, at, self.zone)
        return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
