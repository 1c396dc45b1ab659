"""Which token stands for which image, and who hears of its progress."""

import asyncio
from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.gate import DownloadGate, DownloadLimits
from custom_components.flownexus_ota.serving.offers import Offer, OfferBook, Transfer

from .clock import Clock

TOKEN = "A" * 22
OTHER_TOKEN = "B" * 22
SIZE = 1000


def an_offer(
    session_id: str = "session", size_bytes: int = SIZE, gate: DownloadGate | None = None
) -> Offer:
    return Offer(
        gate=DownloadGate() if gate is None else gate,
        session_id=session_id,
        sha256="c" * 64,
        size_bytes=size_bytes,
        file_name="thingy.bin",
        path=Path("images") / ("c" * 64),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(clock: Clock) -> OfferBook:
    return OfferBook(clock=clock)


@pytest.fixture
def told(book: OfferBook) -> list[tuple[str, int]]:
    calls: list[tuple[str, int]] = []
    book.add_listener(lambda session_id, covered: calls.append((session_id, covered)))
    return calls


def begun(book: OfferBook, token: str = TOKEN) -> Transfer:
    transfer = book.begin(token, lambda: None)
    assert transfer is not None
    return transfer


def test_a_token_finds_its_offer(book: OfferBook) -> None:
    book.add(TOKEN, an_offer())
    assert book.find(TOKEN) == an_offer()


@pytest.mark.parametrize("token", [OTHER_TOKEN, "", "\u00e9" * 22, TOKEN + "A", TOKEN.lower()])
def test_another_token_finds_nothing(book: OfferBook, token: str) -> None:
    book.add(TOKEN, an_offer())
    assert book.find(token) is None
    assert book.begin(token, lambda: None) is None


def test_a_revoked_token_finds_nothing_and_its_transfers_are_cut(book: OfferBook) -> None:
    cuts: list[str] = []
    book.add(TOKEN, an_offer("a"))
    book.add(OTHER_TOKEN, an_offer("b"))
    mine = book.begin(TOKEN, lambda: cuts.append("a"))
    others = book.begin(OTHER_TOKEN, lambda: cuts.append("b"))
    assert mine is not None
    assert others is not None
    with mine, others:
        book.revoke("a")
    assert cuts == ["a"]
    assert book.find(TOKEN) is None
    assert book.covered_bytes("a") is None
    assert book.percent("a") is None
    assert book.find(OTHER_TOKEN) is not None


def test_a_transfer_that_is_over_is_not_cut(book: OfferBook) -> None:
    cuts: list[str] = []
    book.add(TOKEN, an_offer())
    transfer = book.begin(TOKEN, lambda: cuts.append("cut"))
    assert transfer is not None
    with transfer:
        pass
    book.revoke("session")
    assert cuts == []


def test_revoking_twice_or_what_was_never_offered_is_no_error(book: OfferBook) -> None:
    book.add(TOKEN, an_offer())
    book.revoke("session")
    book.revoke("session")
    book.revoke("unknown")


def test_a_fresh_url_of_a_session_ends_the_old_one_and_counts_anew(book: OfferBook) -> None:
    book.add(TOKEN, an_offer())
    begun(book).count(0, 500)
    book.add(OTHER_TOKEN, an_offer())
    assert book.find(TOKEN) is None
    assert book.covered_bytes("session") == 0


def test_the_same_offer_again_keeps_what_was_counted(book: OfferBook) -> None:
    book.add(TOKEN, an_offer())
    begun(book).count(0, 500)
    book.add(TOKEN, an_offer())
    assert book.covered_bytes("session") == 500


def test_two_sessions_with_the_same_image_count_apart(book: OfferBook) -> None:
    book.add(TOKEN, an_offer("a"))
    book.add(OTHER_TOKEN, an_offer("b"))
    begun(book).count(0, 500)
    assert (book.covered_bytes("a"), book.covered_bytes("b")) == (500, 0)


def test_a_closed_book_offers_nothing(book: OfferBook) -> None:
    book.add(TOKEN, an_offer("a"))
    book.add(OTHER_TOKEN, an_offer("b"))
    book.close()
    assert book.find(TOKEN) is None
    assert book.find(OTHER_TOKEN) is None


@pytest.mark.parametrize(("covered", "percent"), [(0, 0), (9, 0), (10, 1), (999, 99), (1000, 100)])
def test_one_hundred_percent_means_every_byte(book: OfferBook, covered: int, percent: int) -> None:
    book.add(TOKEN, an_offer())
    begun(book).count(0, covered)
    assert book.percent("session") == percent


def test_the_first_byte_is_told_at_once(book: OfferBook, told: list[tuple[str, int]]) -> None:
    book.add(TOKEN, an_offer())
    begun(book).count(0, 1)
    assert told == [("session", 1)]


def test_progress_is_told_twice_a_second(
    book: OfferBook, clock: Clock, told: list[tuple[str, int]]
) -> None:
    book.add(TOKEN, an_offer())
    transfer = begun(book)
    for step in range(1, 9):
        transfer.count(0, step * 100)
        clock.now += 0.125
    assert told == [("session", 100), ("session", 500)]


def test_many_small_ranges_are_told_twice_a_second_together(
    book: OfferBook, clock: Clock, told: list[tuple[str, int]]
) -> None:
    book.add(TOKEN, an_offer())
    for step in range(8):
        begun(book).count(step * 100, step * 100 + 100)
        clock.now += 0.125
    assert told == [("session", 100), ("session", 500)]


def test_completion_is_told_at_once_and_once(book: OfferBook, told: list[tuple[str, int]]) -> None:
    book.add(TOKEN, an_offer())
    begun(book).count(0, 500)
    begun(book).count(500, SIZE)
    begun(book).count(0, SIZE)
    assert told == [("session", 500), ("session", SIZE)]


def test_bytes_that_leave_again_are_a_sign_of_life(
    book: OfferBook, clock: Clock, told: list[tuple[str, int]]
) -> None:
    book.add(TOKEN, an_offer())
    begun(book).count(0, 500)
    clock.now += 1
    begun(book).count(0, 100)
    assert told == [("session", 500), ("session", 500)]


def test_no_bytes_are_no_news(book: OfferBook, clock: Clock, told: list[tuple[str, int]]) -> None:
    book.add(TOKEN, an_offer())
    transfer = begun(book)
    transfer.count(7, 7)
    transfer.count(0, 100)
    clock.now += 1
    transfer.count(0, 100)
    assert told == [("session", 100)]


def test_a_transfer_that_breaks_off_tells_how_far_it_came(
    book: OfferBook, told: list[tuple[str, int]]
) -> None:
    book.add(TOKEN, an_offer())
    transfer = begun(book)
    transfer.count(0, 100)
    transfer.count(0, 200)
    transfer.broke_off()
    assert told == [("session", 100), ("session", 200)]


def test_a_transfer_that_breaks_off_before_its_first_byte_tells_nothing(
    book: OfferBook, told: list[tuple[str, int]]
) -> None:
    book.add(TOKEN, an_offer())
    begun(book).broke_off()
    assert told == []


def test_a_listener_that_has_left_hears_nothing(book: OfferBook) -> None:
    heard: list[int] = []
    remove = book.add_listener(lambda _session_id, covered: heard.append(covered))
    book.add(TOKEN, an_offer())
    remove()
    begun(book).count(0, 100)
    assert heard == []


def test_a_transfer_of_a_revoked_token_tells_nothing_more(
    book: OfferBook, told: list[tuple[str, int]]
) -> None:
    book.add(TOKEN, an_offer())
    transfer = begun(book)
    book.revoke("session")
    transfer.count(0, 100)
    transfer.broke_off()
    assert told == []


async def test_a_device_that_has_to_wait_is_alive(
    book: OfferBook, clock: Clock, told: list[tuple[str, int]]
) -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1), wait_seconds=0)
    book.add(TOKEN, an_offer("a", gate=gate))
    book.add(OTHER_TOKEN, an_offer("b", gate=gate))
    assert await book.admit(TOKEN)
    assert not await book.admit(OTHER_TOKEN)
    clock.now += 1
    assert not await book.admit(OTHER_TOKEN)
    assert told == [("b", 0), ("b", 0)]


async def test_a_session_that_ends_leaves_its_place_to_the_next(book: OfferBook) -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1), wait_seconds=0)
    book.add(TOKEN, an_offer("a", gate=gate))
    book.add(OTHER_TOKEN, an_offer("b", gate=gate))
    assert await book.admit(TOKEN)
    book.revoke("a")
    assert await book.admit(OTHER_TOKEN)


async def test_a_device_that_has_everything_leaves_its_place_to_the_next(book: OfferBook) -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1), wait_seconds=0)
    book.add(TOKEN, an_offer("a", gate=gate))
    book.add(OTHER_TOKEN, an_offer("b", gate=gate))
    assert await book.admit(TOKEN)
    with begun(book) as part:
        part.count(0, 600)
    assert not await book.admit(OTHER_TOKEN)
    with begun(book) as rest:
        rest.count(600, SIZE)
    assert await book.admit(OTHER_TOKEN)


async def test_the_places_of_one_server_are_not_those_of_another(book: OfferBook) -> None:
    book.add(
        TOKEN, an_offer("a", gate=DownloadGate(DownloadLimits(max_parallel=1), wait_seconds=0))
    )
    book.add(
        OTHER_TOKEN,
        an_offer("b", gate=DownloadGate(DownloadLimits(max_parallel=1), wait_seconds=0)),
    )
    assert await book.admit(TOKEN)
    assert await book.admit(OTHER_TOKEN)


@pytest.fixture
def spent(book: OfferBook) -> list[str]:
    sessions: list[str] = []
    book.add_allowance_listener(sessions.append)
    return sessions


def test_a_token_that_is_used_up_is_told_once(book: OfferBook, spent: list[str]) -> None:
    book.add(TOKEN, an_offer())
    for _ in range(3):
        assert book.take_request(TOKEN)
        begun(book).count(0, SIZE)
    assert spent == []
    assert not book.take_request(TOKEN)
    assert not book.take_request(TOKEN)
    assert spent == ["session"]


def test_a_transfer_that_overdraws_is_cut_and_told(book: OfferBook, spent: list[str]) -> None:
    cuts: list[str] = []
    book.add(TOKEN, an_offer())
    for _ in range(2):
        begun(book).count(0, SIZE)
    transfer = book.begin(TOKEN, lambda: cuts.append("cut"))
    assert transfer is not None
    begun(book).count(0, 500)
    transfer.count(0, 500)
    assert (cuts, spent) == ([], [])
    transfer.count(0, 501)
    assert (cuts, spent) == (["cut"], ["session"])


def test_the_next_attempt_of_a_session_begins_with_all_of_its_allowance(book: OfferBook) -> None:
    book.add(TOKEN, an_offer())
    begun(book).count(0, SIZE)
    begun(book).count(0, SIZE)
    begun(book).count(0, SIZE)
    assert not book.take_request(TOKEN)
    book.revoke("session")
    book.add(TOKEN, an_offer())
    assert book.take_request(TOKEN)


async def test_an_unknown_token_is_good_for_nothing(book: OfferBook, spent: list[str]) -> None:
    remove = book.add_allowance_listener(spent.append)
    assert not book.take_request(TOKEN)
    assert not await book.admit(TOKEN)
    remove()
    assert spent == []


async def test_a_session_that_ends_while_it_waits_takes_no_place(book: OfferBook) -> None:
    gate = DownloadGate(DownloadLimits(max_parallel=1))
    for session_id, token in (("a", TOKEN), ("b", OTHER_TOKEN)):
        book.add(token, an_offer(session_id, gate=gate))
    assert await book.admit(TOKEN)
    waiting = asyncio.create_task(book.admit(OTHER_TOKEN), eager_start=True)
    book.revoke("b")
    book.revoke("a")
    await waiting
    assert book.begin(OTHER_TOKEN, lambda: None) is None
    assert gate.admit("c")
