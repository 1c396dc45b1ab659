"""What one token is good for in all."""

import pytest

from custom_components.flownexus_ota.serving.allowance import SPARE_REQUESTS, Allowance

MEBIBYTE = 1024 * 1024


def test_three_whole_images_are_allowed_and_not_a_fourth() -> None:
    allowance = Allowance(1000)
    for _ in range(3):
        assert allowance.take_request()
        allowance.take_bytes(1000)
    assert allowance.is_spent
    assert not allowance.is_overdrawn
    assert not allowance.take_request()


def test_what_leaves_beyond_three_images_has_to_end() -> None:
    allowance = Allowance(1000)
    allowance.take_bytes(3001)
    assert (allowance.is_spent, allowance.is_overdrawn) == (True, True)


@pytest.mark.parametrize("range_bytes", [1024, 256])
def test_an_image_may_be_fetched_three_times_in_small_ranges(range_bytes: int) -> None:
    allowance = Allowance(MEBIBYTE)
    for _ in range(3 * MEBIBYTE // range_bytes):
        assert allowance.take_request()
        allowance.take_bytes(range_bytes)


def test_requests_that_carry_nothing_end_too() -> None:
    allowance = Allowance(1)
    assert all(allowance.take_request() for _ in range(SPARE_REQUESTS))
    assert not allowance.take_request()
    assert not allowance.is_overdrawn
