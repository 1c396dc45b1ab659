"""The images on offer: which token stands for which image, and how much of it has left."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, final

from .coverage import Coverage
from .tokens import is_token, token_sha256

TELL_INTERVAL_SECONDS: Final = 0.5
"""Between two calls of the listeners about one session, the first and the last byte apart."""

type CoverageListener = Callable[[str, int], None]
"""Called with a session's id and the bytes of its image that have left so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One image for one session."""

    session_id: str
    sha256: str
    size_bytes: int
    file_name: str
    path: Path
    """The image store's file, which never changes."""

    @property
    def etag(self) -> str:
        """The strong entity tag, quoted as in the header."""
        return f'"{self.sha256}"'


@final
class OfferBook:
    """All offers of one Home Assistant; used from its event loop only."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without offers; `clock` tells seconds."""
        self._clock: Final = clock
        self._by_fingerprint: Final[dict[str, _Entry]] = {}
        self._by_session: Final[dict[str, _Entry]] = {}
        self._listeners: Final[list[CoverageListener]] = []

    def add(self, token: str, offer: Offer) -> None:
        """Open `token`; the session's other one dies, the same one again keeps what was counted."""
        fingerprint = token_sha256(token)
        known = self._by_session.get(offer.session_id)
        if known is not None and known.fingerprint == fingerprint and known.offer == offer:
            return
        self.revoke(offer.session_id)
        entry = _Entry(fingerprint, offer)
        self._by_fingerprint[fingerprint] = self._by_session[offer.session_id] = entry

    def revoke(self, session_id: str) -> None:
        """Close a session's token and cut its transfers; safe to repeat."""
        entry = self._by_session.pop(session_id, None)
        if entry is None:
            return
        del self._by_fingerprint[entry.fingerprint]
        for transfer in tuple(entry.transfers):
            transfer.cut()

    def close(self) -> None:
        """Revoke everything."""
        for session_id in tuple(self._by_session):
            self.revoke(session_id)

    def find(self, token: str) -> Offer | None:
        """Return what a token, which may come from anybody, stands for."""
        entry = self._entry(token)
        return None if entry is None else entry.offer

    def begin(self, token: str, cut: Callable[[], None]) -> Transfer | None:
        """Begin to count a transfer; `cut` is called when the token is revoked meanwhile."""
        entry = self._entry(token)
        return None if entry is None else Transfer(self, entry, cut)

    def covered_bytes(self, session_id: str) -> int | None:
        """Return how much of the image has left, no byte counted twice; `None` without an offer."""
        entry = self._by_session.get(session_id)
        return None if entry is None else entry.coverage.covered_bytes

    def percent(self, session_id: str) -> int | None:
        """Return the same as 0 to 100; 100 only when every byte has left."""
        entry = self._by_session.get(session_id)
        if entry is None:
            return None
        return entry.coverage.covered_bytes * 100 // entry.offer.size_bytes

    def add_listener(self, listener: CoverageListener) -> Callable[[], None]:
        """Call `listener` when bytes leave; return what ends that.

        It hears of the first byte, of the completion, of a transfer that broke off, and in between
        twice a second at most. It is called also when bytes leave again that were counted before:
        the device is alive.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, entry: _Entry, *, at_once: bool = False) -> None:
        """Call the listeners, unless they were called a moment ago or the offer is revoked."""
        if self._by_fingerprint.get(entry.fingerprint) is not entry:
            return
        now = self._clock()
        covered = entry.coverage.covered_bytes
        is_news = covered == entry.offer.size_bytes > entry.told_bytes
        if not (at_once or is_news or now >= entry.tell_again_at):
            return
        entry.tell_again_at = now + TELL_INTERVAL_SECONDS
        entry.told_bytes = covered
        for listener in tuple(self._listeners):
            listener(entry.offer.session_id, covered)

    def _entry(self, token: str) -> _Entry | None:
        if not is_token(token):
            return None
        # The table is searched by the hash, so time tells nothing about the tokens that exist.
        fingerprint = token_sha256(token)
        entry = self._by_fingerprint.get(fingerprint)
        if entry is None or not hmac.compare_digest(entry.fingerprint, fingerprint):
            return None
        return entry


@final
class _Entry:
    """An offer with what has become of it."""

    def __init__(self, fingerprint: str, offer: Offer) -> None:
        self.fingerprint: Final = fingerprint
        self.offer: Final = offer
        self.coverage: Final = Coverage()
        self.transfers: Final[set[Transfer]] = set()
        self.tell_again_at = float("-inf")
        self.told_bytes = 0


@final
class Transfer:
    """One answer that carries bytes of an offer; a context manager for the time that it lasts."""

    def __init__(self, book: OfferBook, entry: _Entry, cut: Callable[[], None]) -> None:
        """Belong to `entry`; made by `OfferBook.begin`."""
        self._book: Final = book
        self._entry: Final = entry
        self.cut: Final = cut
        self._counted_to: int | None = None

    def __enter__(self) -> Self:
        """Let the offer know, so that it can be cut."""
        self._entry.transfers.add(self)
        return self

    def __exit__(self, *_exc: object) -> None:
        """Forget the transfer."""
        self._entry.transfers.discard(self)

    def count(self, start: int, end: int) -> None:
        """Count the bytes from `start` up to, without, `end` as left; only the growth is told."""
        if start >= end or end == self._counted_to:
            return
        self._counted_to = end
        self._entry.coverage.add(start, end)
        self._book.tell(self._entry)

    def broke_off(self) -> None:
        """Tell how far it came, although the listeners were called a moment ago."""
        if self._counted_to is not None:
            self._book.tell(self._entry, at_once=True)
