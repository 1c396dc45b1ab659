"""How fast bytes may leave, reckoned with a clock that stands until it is moved."""

import pytest

from custom_components.flownexus_ota.serving.pace import Pace, Throttle

from .clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_no_rate_is_no_wait_and_one_portion(clock: Clock) -> None:
    pace = Pace(0, clock=clock)
    assert pace.reserve(10**9) == 0
    assert Throttle(pace).portion(65536) == 65536


def test_bytes_are_paid_for_by_whoever_comes_next(clock: Clock) -> None:
    clock.now = 100
    pace = Pace(1000, clock=clock)
    waits = [pace.reserve(500) for _ in range(4)]
    # A quarter of a second was in the bucket.
    assert waits == [0, 0.25, 0.75, 1.25]


def test_time_that_was_not_used_is_made_up_for_only_a_little(clock: Clock) -> None:
    clock.now = 100
    pace = Pace(1000, clock=clock)
    pace.reserve(500)
    clock.now += 3600
    assert [pace.reserve(500) for _ in range(3)] == [0, 0.25, 0.75]


def test_devices_that_share_a_rate_take_turns(clock: Clock) -> None:
    clock.now = 100
    pace = Pace(1000, clock=clock)
    turns = [(pace.reserve(100), name) for _ in range(3) for name in ("a", "b", "c")]
    assert [name for _, name in sorted(turns)] == ["a", "b", "c"] * 3


def test_a_rate_that_is_changed_counts_from_the_next_portion_on(clock: Clock) -> None:
    clock.now = 100
    pace = Pace(1000, clock=clock)
    pace.reserve(1250)
    pace.rate_bytes_per_second = 10_000
    assert [pace.reserve(1000) for _ in range(2)] == pytest.approx([1.0, 1.1])
    pace.rate_bytes_per_second = 0
    assert pace.reserve(1000) == 0


@pytest.mark.parametrize(
    ("rates", "portion"),
    [((1000, 0), 512), ((80_000, 0), 10_000), ((0, 80_000), 10_000), ((10**9, 10**9), 65536)],
)
def test_a_portion_is_an_eighth_of_a_second_but_no_crumb(
    clock: Clock, rates: tuple[int, int], portion: int
) -> None:
    throttle = Throttle(*(Pace(rate, clock=clock) for rate in rates))
    assert throttle.portion(65536) == portion
    assert throttle.portion(7) == 7
