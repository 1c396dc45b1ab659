"""Who counts as away for long: by the days on which somebody was there to see devices."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from custom_components.flownexus_ota.ota.absence import is_stale, stale_before, with_watched

TODAY = date(2026, 11, 26)


def days_ago(number: int) -> date:
    return TODAY - timedelta(days=number)


def watched(*days: int) -> list[date]:
    """Return the days so many days ago, in order."""
    return sorted(days_ago(day) for day in days)


def noon(days: int) -> datetime:
    return datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC) - timedelta(days=days)


def test_a_device_is_stale_once_it_was_away_for_longer_than_so_many_days() -> None:
    before = stale_before(watched(*range(31)), 30)

    assert is_stale(noon(31), before)
    assert not is_stale(noon(30), before)


def test_nobody_is_stale_before_there_were_so_many_days() -> None:
    assert stale_before(watched(*range(30)), 30) is None
    assert not is_stale(noon(1000), None)


def test_days_on_which_nobody_was_there_to_see_do_not_count() -> None:
    # Two days, then an outage of three months, then two days.
    before = stale_before(watched(0, 1, 92, 93), 2)

    assert is_stale(noon(93), before)
    assert not is_stale(noon(92), before)
    assert stale_before(watched(0, 1, 92, 93), 4) is None


def test_zero_days_are_never() -> None:
    assert stale_before(watched(*range(100)), 0) is None


def test_a_device_whose_time_nobody_knows_is_not_stale() -> None:
    assert not is_stale(None, TODAY)


def test_days_are_those_of_utc() -> None:
    early = datetime(2026, 11, 26, 1, tzinfo=timezone(timedelta(hours=2)))
    assert is_stale(early, TODAY)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), (0,)),
        ((2, 1), (2, 1, 0)),
        ((2, 1, 0), (2, 1, 0)),
        # A clock that was ahead once must not keep all days after it from counting.
        ((1, -5), (1, 0)),
        ((4, 3, 2, 1), (3, 2, 1, 0)),
    ],
)
def test_today_is_watched_once_and_the_oldest_days_are_forgotten(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    days = with_watched([days_ago(day) for day in before], TODAY, most=4)
    assert days == tuple(days_ago(day) for day in after)
