"""The integration's history as it lies on disk, read past Home Assistant."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

_UPDATES: Final = """\
SELECT id, endpoint, target_version, expected_version, phase, reason, device_result, attempt,
       created_at, finished_at,
       EXISTS (SELECT 1 FROM firmware_update_event AS event
               WHERE event.update_number = firmware_update.number
                 AND event.evidence LIKE 'arrived late%') AS has_arrived_late
FROM firmware_update ORDER BY number
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredUpdate:
    """One row of `firmware_update`; times are seconds since 1970."""

    id: str
    endpoint: str
    target_version: str
    expected_version: str
    phase: str
    reason: str | None
    device_result: int | None
    attempt: int
    created_s: float
    finished_s: float | None
    has_arrived_late: bool

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.finished_s is None


def stored_updates(configuration: Path) -> list[StoredUpdate]:
    """Return every row, the oldest first; raise sqlite3.Error."""
    file = configuration / "flownexus_ota/flownexus_ota.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        return [_update(row) for row in database.execute(_UPDATES)]


def _update(row: sqlite3.Row) -> StoredUpdate:
    created_s = _seconds(row["created_at"])
    assert created_s is not None  # noqa: S101  the column is NOT NULL
    return StoredUpdate(
        id=row["id"],
        endpoint=row["endpoint"],
        target_version=row["target_version"],
        expected_version=row["expected_version"],
        phase=row["phase"],
        reason=row["reason"],
        device_result=row["device_result"],
        attempt=row["attempt"],
        created_s=created_s,
        finished_s=_seconds(row["finished_at"]),
        has_arrived_late=bool(row["has_arrived_late"]),
    )


def _seconds(stored: str | None) -> float | None:
    return None if stored is None else datetime.fromisoformat(stored).timestamp()
