"""How much of an image has left."""

from hypothesis import given, strategies as st

from custom_components.flownexus_ota.serving.coverage import Coverage


def covered(*intervals: tuple[int, int]) -> int:
    coverage = Coverage()
    for start, end in intervals:
        coverage.add(start, end)
    return coverage.covered_bytes


def test_nothing_is_covered_at_first() -> None:
    assert covered() == 0


def test_bytes_that_leave_twice_count_once() -> None:
    assert covered((0, 10), (0, 10), (5, 15)) == 15


def test_pieces_that_touch_become_one() -> None:
    assert covered((0, 10), (20, 30), (10, 20)) == 30


def test_a_hole_is_not_covered() -> None:
    assert covered((0, 10), (20, 30)) == 20


def test_an_empty_piece_covers_nothing() -> None:
    assert covered((5, 5), (7, 3)) == 0


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=30))
def test_the_count_is_that_of_a_set_of_positions(intervals: list[tuple[int, int]]) -> None:
    positions = {position for interval in intervals for position in range(*interval)}
    assert covered(*intervals) == len(positions)
