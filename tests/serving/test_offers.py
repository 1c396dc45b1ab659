"""Which token stands for which image, and who hears of its progress."""

from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.offers import Offer, OfferBook, Transfer

TOKEN = "A" * 22
OTHER_TOKEN = "B" * 22
SIZE = 1000


def an_offer(session_id: str = "session", size_bytes: int = SIZE) -> Offer:
    return Offer(
        session_id=session_id,
        sha256="c" * 64,
        size_bytes=size_bytes,
        file_name="thingy.bin",
        path=Path("images") / ("c" * 64),
    )


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


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
