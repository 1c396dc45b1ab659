"""The images on offer: which token stands for which image, and how much of it has left."""

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self, final

from .allowance import Allowance
from .coverage import Coverage
from .gate import DownloadGate
from .guesses import Guesses
from .open_images import OpenImages
from .pace import Throttle
from .tokens import is_token, token_sha256

TELL_INTERVAL_SECONDS: Final = 0.5
"""Between two calls of the listeners about one session, the first and the last byte apart."""

type CoverageListener = Callable[[str, int], None]
"""Called with a session's id and the bytes of its image that have left so far."""

type AllowanceListener = Callable[[str], None]
"""Called with the id of a session whose token has been asked for more than it is good for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One image for one session."""

    session_id: str
    sha256: str
    size_bytes: int
    file_name: str
    path: Path
    """The image store's file, which never changes."""
    gate: DownloadGate = field(default_factory=DownloadGate, compare=False)
    """Of the server whose device this is for; without one, nobody has to wait."""

    @property
    def etag(self) -> str:
        """The strong entity tag, quoted as in the header."""
        return f'"{self.sha256}"'


@final
class OfferBook:
    """All offers of one Home Assistant; used from its event loop only."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without offers; `clock` tells seconds."""
        self.guesses: Final = Guesses(clock=clock)
        """Those who ask for tokens that are not in this book."""
        self.images: Final = OpenImages()
        self._clock: Final = clock
        self._by_fingerprint: Final[dict[str, _Entry]] = {}
        self._by_session: Final[dict[str, _Entry]] = {}
        self._listeners: Final[list[CoverageListener]] = []
        self._allowance_listeners: Final[list[AllowanceListener]] = []

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
        entry.offer.gate.leave(session_id)
        self.images.retire(entry.offer.path)
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

    def take_request(self, token: str) -> bool:
        """Count a request; tell whether the token exists and is good for it."""
        entry = self._entry(token)
        if entry is None:
            return False
        if not entry.allowance.take_request():
            self.tell_spent(entry)
            return False
        return True

    async def admit(self, token: str) -> bool:
        """Tell whether the token exists and its image may leave, perhaps after a little wait.

        If it has to wait, the listeners are called as if bytes had left: the device is alive.
        """
        entry = self._entry(token)
        if entry is None:
            return False
        gate, session_id = entry.offer.gate, entry.offer.session_id
        if gate.admit(session_id):
            return True
        self.tell(entry)
        is_admitted = await gate.wait(session_id)
        if self._entry(token) is not entry:  # It was revoked meanwhile.
            gate.leave(session_id)
        self.tell(entry)
        return is_admitted

    def begin(self, token: str, cut: Callable[[], None]) -> Transfer | None:
        """Begin to count a transfer that was admitted; `cut` is called when it has to end."""
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
        twice a second at most. It is called also when bytes leave again that were counted before,
        and when the device is asked to come again later: it is alive.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add_allowance_listener(self, listener: AllowanceListener) -> Callable[[], None]:
        """Call `listener` when a token has been used up, once; return what ends that."""
        self._allowance_listeners.append(listener)
        return lambda: self._allowance_listeners.remove(listener)

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

    def tell_spent(self, entry: _Entry) -> None:
        """Call the listeners about a token that is used up, unless they were called before."""
        if entry.is_told_spent:
            return
        entry.is_told_spent = True
        for listener in tuple(self._allowance_listeners):
            listener(entry.offer.session_id)

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
        self.allowance: Final = Allowance(offer.size_bytes)
        self.transfers: Final[set[Transfer]] = set()
        self.is_told_spent = False
        self.tell_again_at = float("-inf")
        self.told_bytes = 0

    @property
    def is_complete(self) -> bool:
        """Tell whether every byte has left."""
        return self.coverage.covered_bytes == self.offer.size_bytes


@final
class Transfer:
    """One answer that carries bytes of an offer; a context manager for the time that it lasts."""

    def __init__(self, book: OfferBook, entry: _Entry, cut: Callable[[], None]) -> None:
        """Belong to `entry`; made by `OfferBook.begin`."""
        self._book: Final = book
        self._entry: Final = entry
        self._gate: Final = entry.offer.gate
        self._place: Final = self._gate.place(entry.offer.session_id)
        self.cut: Final = cut
        self._counted_to: int | None = None

    @property
    def throttle(self) -> Throttle:
        """What the bytes have to keep to."""
        return self._place.throttle

    def __enter__(self) -> Self:
        """Let the offer know, so that it can be cut."""
        self._entry.transfers.add(self)
        self._place.begin(self)
        return self

    def __exit__(self, *_exc: object) -> None:
        """Forget the transfer; a device that has it all needs its place no longer."""
        self._entry.transfers.discard(self)
        self._place.end(self)
        if self._place.is_idle and self._entry.is_complete:
            self._gate.leave(self._entry.offer.session_id)

    def count(self, start: int, end: int) -> None:
        """Count the bytes from `start` up to, without, `end` as left; only the growth is told."""
        known_to = start if self._counted_to is None else self._counted_to
        if start >= end or end == known_to:
            return
        self._counted_to = end
        self._place.moved(end - known_to)
        self._entry.allowance.take_bytes(end - known_to)
        self._entry.coverage.add(start, end)
        self._book.tell(self._entry)
        if self._entry.allowance.is_overdrawn:
            self._book.tell_spent(self._entry)
            self.cut()

    def broke_off(self) -> None:
        """Tell how far it came, although the listeners were called a moment ago."""
        if self._counted_to is not None:
            self._book.tell(self._entry, at_once=True)
