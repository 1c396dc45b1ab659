"""What is tried again after a failure, how often, and when (`design.md` §6)."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Final

from ..lwm2m.firmware_update import UpdateResult
from .phase import Reason
from .profile import Profile
from .session_state import Session

AS_OFTEN_AS_THE_PROFILE_SAYS: Final = 1_000

# The device's own word decides; a result that is not listed is not tried again.
ATTEMPTS_BY_RESULT: Final[Mapping[int, int]] = {
    UpdateResult.OUT_OF_MEM: AS_OFTEN_AS_THE_PROFILE_SAYS,
    UpdateResult.CONNECTION_LOST: AS_OFTEN_AS_THE_PROFILE_SAYS,
    UpdateResult.INTEGRITY_FAILED: 2,
    UpdateResult.INVALID_URI: 2,
    UpdateResult.UPDATE_FAILED: AS_OFTEN_AS_THE_PROFILE_SAYS,
}

# What we concluded ourselves: only what a better moment can cure.
REASONS_TRIED_AGAIN: Final = frozenset(
    {
        Reason.NO_ANSWER,
        Reason.OFFER_IGNORED,
        Reason.TRANSFER_STALLED,
        Reason.DOWNLOAD_LIMIT,
        Reason.NOT_INSTALLED,
    }
)

# A URL that a device calls invalid may have been an expired one.
RESULTS_THAT_NEED_A_FRESH_URL: Final = frozenset({UpdateResult.INVALID_URI})

# Whoever used the old one up may go on asking for it.
REASONS_THAT_NEED_A_FRESH_URL: Final = frozenset({Reason.DOWNLOAD_LIMIT})

# Without us its URL answers nothing, or 404; the flownexus sample calls every failure 8.
RESULTS_OF_OUR_DOWNTIME: Final = frozenset(
    {UpdateResult.CONNECTION_LOST, UpdateResult.INVALID_URI, UpdateResult.UPDATE_FAILED}
)

SPREAD: Final = 0.2
"""Back-offs differ by up to this share, so that a fleet does not come back all at once."""


def is_tried_again(session: Session, result: int, reason: Reason, profile: Profile) -> bool:
    """Tell whether a session that would fail now is to have another attempt."""
    if reason is Reason.DEVICE_REPORTED:
        has_other_scheme = result == UpdateResult.UNSUP_PROTO and session.other_schemes
        otherwise = AS_OFTEN_AS_THE_PROFILE_SAYS if has_other_scheme else 1
        limit = ATTEMPTS_BY_RESULT.get(result, otherwise)
    else:
        limit = AS_OFTEN_AS_THE_PROFILE_SAYS if reason in REASONS_TRIED_AGAIN else 1
    return session.attempt < min(limit, profile.max_attempts)


def back_off_after(session: Session, profile: Profile) -> timedelta:
    """Return how long to wait before the next attempt: the same each time it is asked."""
    steps = profile.back_off
    step = steps[min(session.attempt, len(steps)) - 1]
    # No random numbers in rules: two sessions differ, one session never does.
    digest = sha256(f"{session.id} {session.attempt}".encode()).digest()
    share = int.from_bytes(digest[:4]) / 0xFFFF_FFFF
    return step * (1 - SPREAD + 2 * SPREAD * share)
