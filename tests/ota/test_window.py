"""When maintenance windows are open, on ordinary days and when clocks are changed."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, strategies as st

from custom_components.flownexus_ota.ota.profile import Profile
from custom_components.flownexus_ota.ota.window import EVERY_DAY, MaintenanceWindow, WindowGate

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = MaintenanceWindow(opens=time(2), closes=time(4), zone=BERLIN)
# A Friday: night from Friday to Saturday.
WEEKEND = MaintenanceWindow(opens=time(22), closes=time(6), zone=BERLIN, weekdays=frozenset({4, 5}))


def local(text: str, *, fold: int = 0) -> datetime:
    """Return a time of Berlin, e.g. `2026-11-26 02:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("window", "now", "is_open"),
    [
        (NIGHT, "2026-11-26 01:59:59", False),
        (NIGHT, "2026-11-26 02:00", True),
        (NIGHT, "2026-11-26 03:59:59", True),
        (NIGHT, "2026-11-26 04:00", False),
        (WEEKEND, "2026-11-27 21:59", False),
        (WEEKEND, "2026-11-27 22:00", True),
        (WEEKEND, "2026-11-28 05:59", True),
        (WEEKEND, "2026-11-28 12:00", False),
        (WEEKEND, "2026-11-28 22:00", True),
        (WEEKEND, "2026-11-29 05:59", True),
        (WEEKEND, "2026-11-29 22:00", False),
    ],
)
def test_a_window_is_open_from_its_first_to_before_its_last_moment(
    window: MaintenanceWindow, now: str, *, is_open: bool
) -> None:
    assert window.is_open(local(now)) is is_open


def test_the_same_time_twice_is_a_whole_day() -> None:
    mondays = MaintenanceWindow(opens=time(9), closes=time(9), zone=BERLIN, weekdays=frozenset({0}))
    assert mondays.is_open(local("2026-11-23 09:00"))
    assert mondays.is_open(local("2026-11-24 08:59"))
    assert not mondays.is_open(local("2026-11-24 09:00"))


@pytest.mark.parametrize(
    ("window", "now", "opening"),
    [
        (NIGHT, "2026-11-26 01:00", "2026-11-26 02:00"),
        (NIGHT, "2026-11-26 03:00", "2026-11-26 02:00"),
        (NIGHT, "2026-11-26 04:00", "2026-11-27 02:00"),
        (WEEKEND, "2026-11-29 06:00", "2026-12-04 22:00"),
    ],
)
def test_the_next_opening_is_told(window: MaintenanceWindow, now: str, opening: str) -> None:
    assert window.next_opening(local(now)) == local(opening)


@pytest.mark.parametrize(
    ("closes", "minutes"),
    [
        (time(2, 45), 30),
        # Its end would come before its beginning, or with it.
        (time(3), 45),
        (time(3, 15), 60),
        # Half an hour after it, by the clock on the wall.
        (time(3, 45), 30),
    ],
)
def test_a_window_whose_beginning_is_skipped_opens_all_the_same(closes: time, minutes: int) -> None:
    # On 29 March 2026 02:00 is followed by 03:00.
    window = MaintenanceWindow(opens=time(2, 15), closes=closes, zone=BERLIN)
    opening = window.next_opening(local("2026-03-29 01:00"))
    assert opening == datetime(2026, 3, 29, 1, 15, tzinfo=UTC)
    assert window.is_open(opening + timedelta(minutes=minutes - 1))
    assert not window.is_open(opening + timedelta(minutes=minutes))


def test_a_window_in_the_hour_that_comes_twice_is_open_both_times() -> None:
    # On 25 October 2026 03:00 is followed by 02:00.
    window = MaintenanceWindow(opens=time(2, 15), closes=time(2, 45), zone=BERLIN)
    assert window.next_opening(local("2026-10-25 01:00")) == local("2026-10-25 02:15")
    assert window.is_open(local("2026-10-25 02:30", fold=1))
    assert not window.is_open(local("2026-10-25 02:45", fold=1))


@example(
    now=datetime(2026, 3, 28, 12, tzinfo=UTC),
    opens=time(2),
    closes=time(3),
    zone="Europe/Berlin",
    weekdays=EVERY_DAY,
)
@given(
    now=st.datetimes(
        min_value=datetime(2025, 1, 1),  # noqa: DTZ001 # the strategy adds a zone
        max_value=datetime(2035, 1, 1),  # noqa: DTZ001 # the strategy adds a zone
        timezones=st.just(UTC),
    ),
    opens=st.times(),
    closes=st.times(),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
)
def test_every_window_opens_within_eight_days_and_is_open_then(
    now: datetime, opens: time, closes: time, zone: str, weekdays: frozenset[int]
) -> None:
    window = MaintenanceWindow(opens=opens, closes=closes, zone=ZoneInfo(zone), weekdays=weekdays)
    opening = window.next_opening(now)
    assert window.is_open(max(opening, now))
    assert opening <= now + timedelta(days=8)
    assert window.is_open(now) is (opening <= now)


@pytest.mark.parametrize(
    ("gate", "begins"), [(WindowGate.UPDATE, False), (WindowGate.INSTALL, True)]
)
def test_outside_the_window_nothing_is_installed_and_only_downloads_may_begin(
    gate: WindowGate, *, begins: bool
) -> None:
    profile = Profile(window=NIGHT, window_gate=gate)
    noon, night = local("2026-11-26 12:00"), local("2026-11-26 03:00")
    assert (profile.may_begin(noon), profile.may_install(noon)) == (begins, False)
    assert (profile.may_begin(night), profile.may_install(night)) == (True, True)


def test_without_a_window_every_time_is_good() -> None:
    assert Profile().may_begin(local("2026-11-26 12:00"))
    assert frozenset({0, 1, 2, 3, 4, 5, 6}) == EVERY_DAY
