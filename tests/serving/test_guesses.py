"""How tokens that do not exist are counted."""

import logging

import pytest

from custom_components.flownexus_ota.serving.guesses import (
    MAX_ADDRESSES,
    MAX_WRONG_TOKENS,
    WINDOW_SECONDS,
    Guesses,
)

from .clock import Clock

ADDRESS = "192.0.2.1"


def guess(guesses: Guesses, count: int, address: str | None = ADDRESS) -> bool:
    """Ask for so many different tokens; return what became of the last one."""
    return [guesses.add(address, f"token-{number}") for number in range(count)][-1]


def test_as_many_wrong_tokens_as_a_fleet_may_have_are_no_guesses() -> None:
    assert not guess(Guesses(), MAX_WRONG_TOKENS)


def test_more_wrong_tokens_of_one_address_are_too_many() -> None:
    guesses = Guesses()
    assert guess(guesses, MAX_WRONG_TOKENS + 1)
    assert guesses.add(ADDRESS, "token-0")


def test_a_device_that_keeps_asking_for_what_it_had_counts_once() -> None:
    guesses = Guesses()
    asked = {guesses.add(ADDRESS, "A" * 22) for _ in range(10 * MAX_WRONG_TOKENS)}
    assert asked == {False}
    assert not guess(guesses, MAX_WRONG_TOKENS - 1)


def test_other_addresses_are_not_suspected_with_it() -> None:
    guesses = Guesses()
    guess(guesses, MAX_WRONG_TOKENS + 1)
    assert not guesses.add("192.0.2.2", "token")


def test_after_the_window_it_begins_anew() -> None:
    clock = Clock()
    guesses = Guesses(clock=clock)
    guess(guesses, MAX_WRONG_TOKENS + 1)
    clock.now += WINDOW_SECONDS - 1
    assert guesses.add(ADDRESS, "token")
    clock.now += 1
    assert not guesses.add(ADDRESS, "token")


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unix socket", "unix socket", True),
    ],
)
def test_an_address_is_what_one_subscriber_has(first: str, second: str, *, is_one: bool) -> None:
    guesses = Guesses()
    guess(guesses, MAX_WRONG_TOKENS + 1, first)
    assert guesses.add(second, "token") is is_one


def test_many_addresses_do_not_fill_the_memory() -> None:
    guesses = Guesses()
    guess(guesses, MAX_WRONG_TOKENS + 1)
    for number in range(MAX_ADDRESSES):
        guesses.add(f"10.0.{number // 256}.{number % 256}", "token")
    assert not guesses.add(ADDRESS, "token")  # Forgotten, as the one that asked longest ago.


def test_it_is_logged_once_and_without_a_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    guesses = Guesses()
    guess(guesses, 3 * MAX_WRONG_TOKENS)
    guess(guesses, 3 * MAX_WRONG_TOKENS, None)
    first, second = caplog.messages
    assert first.startswith("192.0.2.1 has asked for more than 256 images")
    assert second.startswith("Somebody has asked")
    assert "token-" not in caplog.text
