"""Who may download at once, and who has to make room."""

import asyncio

import pytest

from custom_components.flownexus_ota.serving.gate import (
    LINGER_SECONDS,
    MAX_TRANSFERS,
    MAX_WAITING,
    WINDOW_SECONDS,
    DownloadGate,
    DownloadLimits,
    Place,
)

from .clock import Clock


class Load:
    """A transfer that only knows whether it was cut."""

    def __init__(self) -> None:
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> DownloadGate:
    return DownloadGate(DownloadLimits(max_parallel=2), clock=clock)


def busy(gate: DownloadGate, session_id: str) -> tuple[Place, Load]:
    """Let a session download."""
    assert gate.admit(session_id)
    place, load = gate.place(session_id), Load()
    place.begin(load)
    return place, load


def flow(clock: Clock, place: Place, *, seconds: float, bytes_per_second: int) -> None:
    """Let time pass in which bytes leave evenly."""
    for _ in range(int(seconds)):
        clock.now += 1
        place.moved(bytes_per_second)


def test_so_many_sessions_have_a_place_and_no_more(gate: DownloadGate) -> None:
    busy(gate, "a")
    busy(gate, "b")
    assert not gate.admit("c")


def test_a_session_that_has_a_place_keeps_it_for_its_next_range(gate: DownloadGate) -> None:
    place, load = busy(gate, "a")
    place.end(load)
    busy(gate, "b")
    assert not gate.admit("c")
    assert gate.admit("a")


def test_whoever_leaves_makes_room(gate: DownloadGate) -> None:
    busy(gate, "a")
    busy(gate, "b")
    gate.leave("a")
    gate.leave("never there")
    assert gate.admit("c")


def test_an_idle_place_goes_to_the_next_after_a_while_the_idlest_first(
    gate: DownloadGate, clock: Clock
) -> None:
    first, load = busy(gate, "a")
    second, other = busy(gate, "b")
    first.end(load)
    clock.now += 1
    second.end(other)
    clock.now += LINGER_SECONDS - 2
    assert not gate.admit("c")
    clock.now += 1
    assert gate.admit("c")
    assert not gate.admit("a")
    assert gate.admit("b")


def test_a_dribbling_client_is_cut_when_somebody_waits_and_not_before(
    gate: DownloadGate, clock: Clock
) -> None:
    dribbling, load = busy(gate, "a")
    sound, other = busy(gate, "b")
    for _ in range(int(WINDOW_SECONDS)):
        flow(clock, dribbling, seconds=1, bytes_per_second=99)
        sound.moved(5000)
    assert not load.is_cut
    assert gate.admit("c")
    assert (load.is_cut, other.is_cut) == (True, False)


def test_a_narrowband_device_keeps_its_place(gate: DownloadGate, clock: Clock) -> None:
    slow, load = busy(gate, "a")
    busy(gate, "b")[0].moved(10**9)
    flow(clock, slow, seconds=600, bytes_per_second=200)
    gate.place("b").moved(10**9)
    assert not gate.admit("c")
    assert not load.is_cut


def test_a_device_that_was_fast_once_and_takes_nothing_more_is_cut(
    gate: DownloadGate, clock: Clock
) -> None:
    stalled, load = busy(gate, "a")
    flow(clock, stalled, seconds=20, bytes_per_second=10**6)
    sound, _ = busy(gate, "b")
    for _ in range(3):
        clock.now += WINDOW_SECONDS / 2
        sound.moved(10**6)
    assert gate.admit("c")
    assert load.is_cut


def test_nobody_is_judged_before_a_whole_window(gate: DownloadGate, clock: Clock) -> None:
    busy(gate, "a")
    busy(gate, "b")
    clock.now += WINDOW_SECONDS - 1
    assert not gate.admit("c")
    clock.now += 1
    assert gate.admit("c")


def test_nobody_is_blamed_for_a_rate_of_ours(clock: Clock) -> None:
    limits = DownloadLimits(max_parallel=20, total_bytes_per_second=1000)
    gate = DownloadGate(limits, clock=clock)
    places = [busy(gate, str(number))[0] for number in range(20)]
    for _ in range(int(WINDOW_SECONDS)):
        clock.now += 1
        for place in places:
            place.moved(50)
    assert not gate.admit("one more")
    clock.now += WINDOW_SECONDS
    assert gate.admit("one more")


def test_of_too_many_transfers_of_one_session_the_oldest_go(gate: DownloadGate) -> None:
    assert gate.admit("a")
    loads = [Load() for _ in range(MAX_TRANSFERS + 2)]
    for load in loads:
        gate.place("a").begin(load)
    assert [load.is_cut for load in loads] == [True, True] + [False] * MAX_TRANSFERS


def test_a_lower_limit_lets_those_go_on_who_download(gate: DownloadGate, clock: Clock) -> None:
    _, load = busy(gate, "a")
    place, other = busy(gate, "b")
    gate.set_limits(DownloadLimits(max_parallel=1))
    assert not gate.admit("c")
    assert (load.is_cut, other.is_cut) == (False, False)
    place.end(other)
    gate.leave("a")
    clock.now += LINGER_SECONDS
    assert gate.admit("c")


def test_a_higher_limit_lets_more_in(gate: DownloadGate) -> None:
    busy(gate, "a")
    busy(gate, "b")
    gate.set_limits(DownloadLimits(max_parallel=3))
    assert gate.admit("c")


def test_changed_rates_hold_for_those_who_download_already(gate: DownloadGate) -> None:
    place, _ = busy(gate, "a")
    assert place.throttle.portion(65536) == 65536
    gate.set_limits(DownloadLimits(device_bytes_per_second=80_000))
    assert place.throttle.portion(65536) == 10_000
    gate.set_limits(DownloadLimits(total_bytes_per_second=8_000))
    assert place.throttle.portion(65536) == 1_000
    gate.set_limits(DownloadLimits())
    assert place.throttle.portion(65536) == 65536


def waiting(gate: DownloadGate, session_id: str) -> asyncio.Task[bool]:
    """Let a session wait for a place."""
    return asyncio.create_task(gate.wait(session_id), eager_start=True)


async def test_those_who_wait_have_their_turn_in_the_order_in_which_they_came() -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1))
    busy(gate, "a")
    first, second = waiting(gate, "b"), waiting(gate, "c")
    gate.leave("a")
    assert not gate.admit("one that pushes in")
    assert await first
    assert gate.admit("b")
    gate.leave("b")
    assert await second


async def test_a_wait_is_short() -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1), wait_seconds=0.01)
    busy(gate, "a")
    assert not await gate.wait("b")
    assert gate.admit("a")


async def test_who_gives_up_lets_the_next_have_its_turn() -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1))
    busy(gate, "a")
    first, second = waiting(gate, "b"), waiting(gate, "c")
    gate.leave("a")
    first.cancel()
    assert await second


async def test_a_place_that_becomes_free_by_time_alone_is_found(clock: Clock) -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1), clock=clock)
    place, load = busy(gate, "a")
    place.end(load)
    task = waiting(gate, "b")
    clock.now += LINGER_SECONDS
    assert await task


async def test_two_requests_of_one_session_wait_for_one_place() -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1))
    busy(gate, "a")
    both = [waiting(gate, "b"), waiting(gate, "b")]
    gate.leave("a")
    assert await asyncio.gather(*both) == [True, True]


async def test_only_so_many_wait() -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1))
    busy(gate, "a")
    tasks = [waiting(gate, str(number)) for number in range(MAX_WAITING)]
    assert not await gate.wait("one too many")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    gate.leave("a")
    assert gate.admit("b")
