"""Who may run: first come first served, a bounded number at once."""

from collections.abc import Callable, Iterable

from ..ota.phase import Phase, WaitingReason
from ..ota.session_state import Session


class Places:
    """The queue of one server; sessions by id."""

    def __init__(self, limit: int) -> None:
        """Take how many sessions may run at once."""
        self.limit = limit
        self._running: set[str] = set()
        # A dict keeps the order of coming and is quick to leave.
        self._waiting: dict[str, None] = {}
        # Counted when somebody asks, for all at once: a thousand who wait ask a thousand times.
        self._positions: dict[str, int] | None = None

    @property
    def running_count(self) -> int:
        """Return how many hold a place."""
        return len(self._running)

    @property
    def waiting_count(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def is_running(self, session_id: str) -> bool:
        """Tell whether a session holds a place."""
        return session_id in self._running

    def position(self, session_id: str) -> int | None:
        """Return the place in the queue, 1 being next; `None` when not waiting."""
        if self._positions is None:
            self._positions = {each: place for place, each in enumerate(self._waiting, start=1)}
        return self._positions.get(session_id)

    @property
    def waiting_ids(self) -> list[str]:
        """Return who waits, the next first."""
        return list(self._waiting)

    def join(self, session_id: str) -> None:
        """Queue up."""
        self._positions = None
        self._waiting[session_id] = None

    def take_place(self, session_id: str) -> None:
        """Hold a place whatever the limit: the session ran before we were restarted."""
        self._running.add(session_id)

    def settle(self, session_id: str, *, needs_place: bool, waits: bool) -> bool:
        """Make true what a session's step means for the queue; tell whether anything changed.

        Whoever goes on after being held takes a place even beyond the limit: a sleepy device
        listens for a short while only.
        """
        if needs_place:
            if session_id in self._running:
                return False
            self._positions = None
            self._waiting.pop(session_id, None)
            self._running.add(session_id)
            return True
        had_place = session_id in self._running
        self._running.discard(session_id)
        if waits and session_id not in self._waiting:
            self.join(session_id)
            return True
        return had_place or waits

    def leave(self, session_id: str) -> None:
        """Give up a place, or the wait for one."""
        self._positions = None
        self._running.discard(session_id)
        self._waiting.pop(session_id, None)

    def grant(self, can_start: Callable[[str], bool]) -> Iterable[str]:
        """Give the free places to those who waited longest and can start; return their ids."""
        free = self.limit - len(self._running)
        granted: list[str] = []
        for session_id in self._waiting:
            if len(granted) >= free:
                break
            if can_start(session_id):
                granted.append(session_id)
        self._positions = None
        for session_id in granted:
            del self._waiting[session_id]
            self._running.add(session_id)
        return granted


def needs_place(session: Session) -> bool:
    """A session that waits or is held needs none; one that is asked before its offer does.

    One that is held because the server is away keeps its place: else as many again would begin
    whenever the server is back.
    """
    if session.phase is Phase.WAITING:
        return session.is_checking
    return not session.is_held or session.waiting_reason is WaitingReason.SERVER_DOWN
