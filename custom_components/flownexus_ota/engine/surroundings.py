"""What surrounds the engine of one server: who wants to know, and how long it pauses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..lwm2m.events import Endpoint
from ..ota.session_state import Session
from .facts_keeper import PAUSE_SECONDS
from .router import RESYNC_RETRY_SECONDS

RECONCILE_SECONDS: Final = 15 * 60
# Who waits for a time begins at most so long after it.
CLOCK_SECONDS: Final = 10.0
# After an error of ours that ended everything but the sessions.
RESTART_SECONDS: Final = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class EnginePauses:
    """How long an engine waits before it does something again, in seconds."""

    reconcile: float = RECONCILE_SECONDS
    resync: float = RESYNC_RETRY_SECONDS
    restart: float = RESTART_SECONDS
    facts: float = PAUSE_SECONDS
    clock: float = CLOCK_SECONDS


DEFAULT_PAUSES: Final = EnginePauses()


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineListener:
    """Who wants to know; called in the loop, must not block."""

    on_device: Callable[[Endpoint], None]
    on_server: Callable[[], None]
    on_not_authorised: Callable[[], None]
    on_session: Callable[[Session | None, Session], None] = lambda *_: None
    """After each remembered step; `before` is `None` when the session was just asked for."""
    on_arrived_late: Callable[[Session], None] = lambda _: None
    """A device came back on the target after its session had failed; that stays failed."""
