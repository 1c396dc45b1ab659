"""The SQL of the history, in one place."""

from collections.abc import Iterable
from typing import Final

_WHERE_STANDS: Final = """
UPDATE firmware_update SET
    phase = :phase, waiting_reason = :waiting_reason, device_state = :device_state,
    device_result = :device_result, reason = :reason, evidence = :evidence, attempt = :attempt,
    from_version = :from_version, reported_version = :reported_version, started_at = :started_at,
    finished_at = :finished_at, deadline_at = :deadline_at, updated_at = :updated_at,
    token_sha256 = coalesce(:token_sha256, token_sha256), bookkeeping = :bookkeeping
"""
# Only the end names `result`: SQLite writes an index again whenever one of its columns is named.
UPDATE_SESSION: Final = f"{_WHERE_STANDS} WHERE id = :id AND result = 0"
END_SESSION: Final = f"{_WHERE_STANDS}, result = :result WHERE id = :id AND result = 0"

INSERT_SESSION: Final = """
INSERT INTO firmware_update (
    id, server_id, endpoint, image_sha256, image_size_bytes, file_name, from_version,
    target_version, expected_version, reported_version, asked_by, phase, waiting_reason,
    device_state, device_result, result, reason, evidence, attempt, created_at, started_at,
    finished_at, deadline_at, updated_at, token_sha256, bookkeeping
) VALUES (
    :id, :server_id, :endpoint, :image_sha256, :image_size_bytes, :file_name, :from_version,
    :target_version, :expected_version, :reported_version, :asked_by, :phase, :waiting_reason,
    :device_state, :device_result, :result, :reason, :evidence, :attempt, :created_at, :started_at,
    :finished_at, :deadline_at, :updated_at, :token_sha256, :bookkeeping
)
"""

# A session may be the first that is heard of its device or image.
INSERT_DEVICE_OF_SESSION: Final = """
INSERT OR IGNORE INTO devices (server_id, endpoint) VALUES (:server_id, :endpoint)
"""
INSERT_IMAGE_OF_SESSION: Final = """
INSERT OR IGNORE INTO images (sha256, size_bytes, version, reported_version, file_name)
VALUES (:image_sha256, :image_size_bytes, :target_version,
        nullif(:expected_version, :target_version), :file_name)
"""

INSERT_EVENT: Final = """
INSERT INTO firmware_update_event (
    update_number, at, phase, waiting_reason, device_state, device_result, result, reason,
    attempt, evidence
) SELECT number, :updated_at, :phase, :waiting_reason, :device_state, :device_result, :result,
    :reason, :attempt, :evidence_of_step
FROM firmware_update WHERE id = :id
"""

ENDED_AS: Final = "SELECT phase, result FROM firmware_update WHERE id = :id"

ACTIVE_SESSIONS: Final = """
SELECT * FROM firmware_update WHERE result = 0 AND server_id = :server_id ORDER BY number
"""

USERS_OF_IMAGE: Final = """
SELECT * FROM firmware_update WHERE result = 0 AND image_sha256 = :sha256 ORDER BY number
"""

ACTIVE_IMAGES: Final = "SELECT DISTINCT image_sha256 FROM firmware_update WHERE result = 0"

# By their numbers: the clock may have been set back between two of them.
LAST_SESSION: Final = """
SELECT * FROM firmware_update WHERE number = (
    SELECT max(number) FROM firmware_update WHERE server_id = :server_id AND endpoint = :endpoint)
"""

LAST_SESSIONS: Final = """
SELECT firmware_update.* FROM devices JOIN firmware_update ON firmware_update.number = (
    SELECT max(latest.number) FROM firmware_update AS latest
    WHERE latest.server_id = devices.server_id AND latest.endpoint = devices.endpoint)
WHERE devices.server_id = :server_id
"""

SESSION: Final = "SELECT * FROM firmware_update WHERE id = :id"

EVENTS: Final = """
SELECT firmware_update_event.* FROM firmware_update
JOIN firmware_update_event ON firmware_update_event.update_number = firmware_update.number
WHERE firmware_update.id = :id ORDER BY firmware_update_event.number
"""

PUT_DEVICE: Final = """
INSERT INTO devices (
    server_id, endpoint, manufacturer, model, serial_number, hardware_version, firmware_version,
    package_version, further_facts, registration_id, is_registered, is_queue_mode, last_seen_at
) VALUES (
    :server_id, :endpoint, :manufacturer, :model, :serial_number, :hardware_version,
    :firmware_version, :package_version, :further_facts, :registration_id, :is_registered,
    :is_queue_mode, :last_seen_at
) ON CONFLICT (server_id, endpoint) DO UPDATE SET
    manufacturer = excluded.manufacturer, model = excluded.model,
    serial_number = excluded.serial_number, hardware_version = excluded.hardware_version,
    firmware_version = excluded.firmware_version, package_version = excluded.package_version,
    further_facts = excluded.further_facts, registration_id = excluded.registration_id,
    is_registered = excluded.is_registered, is_queue_mode = excluded.is_queue_mode,
    last_seen_at = excluded.last_seen_at
"""

PUT_LAST_SEEN: Final = """
UPDATE devices SET last_seen_at = :last_seen_at
WHERE server_id = :server_id AND endpoint = :endpoint
    AND (last_seen_at IS NULL OR last_seen_at < :last_seen_at)
"""

PUT_WISHES: Final = """
INSERT INTO devices (server_id, endpoint, pinned_version, is_auto_updated)
VALUES (:server_id, :endpoint, :pinned_version, :is_auto_updated)
ON CONFLICT (server_id, endpoint) DO UPDATE SET
    pinned_version = excluded.pinned_version, is_auto_updated = excluded.is_auto_updated
"""

DEVICES: Final = "SELECT * FROM devices WHERE server_id = :server_id ORDER BY endpoint"

PUT_IMAGE: Final = """
INSERT INTO images (
    sha256, size_bytes, version, reported_version, file_name, title, manufacturer, model,
    further_facts
) VALUES (
    :sha256, :size_bytes, :version, :reported_version, :file_name, :title, :manufacturer, :model,
    :further_facts
) ON CONFLICT (sha256) DO UPDATE SET
    size_bytes = excluded.size_bytes, version = excluded.version,
    reported_version = excluded.reported_version, file_name = excluded.file_name,
    title = excluded.title, manufacturer = excluded.manufacturer, model = excluded.model,
    further_facts = excluded.further_facts
"""

IMAGES: Final = "SELECT * FROM images ORDER BY sha256"

# Their updates and events go with them (ON DELETE CASCADE).
DELETE_SERVER: Final = "DELETE FROM devices WHERE server_id = :server_id"
DELETE_DEVICE: Final = """
DELETE FROM devices WHERE server_id = :server_id AND endpoint = :endpoint
"""

DELETE_OLD_SESSIONS: Final = """
DELETE FROM firmware_update WHERE number IN (
    SELECT number FROM firmware_update
    WHERE result <> 0 AND created_at < :before AND coalesce(finished_at, updated_at) < :before
        AND (:server_id IS NULL OR server_id = :server_id)
    LIMIT :limit)
"""

_CONDITIONS: Final = {
    "server_id": "server_id = :server_id",
    "endpoint": "endpoint = :endpoint",
    "since": "created_at >= :since",
    "until": "created_at < :until",
    "results": "result IN (SELECT value FROM json_each(:results))",
    "phases": "phase IN (SELECT value FROM json_each(:phases))",
}


def sessions_by(names: Iterable[str]) -> str:
    """Return the query for sessions by the named parameters, and `limit`."""
    where = " AND ".join(_CONDITIONS[name] for name in names) or "TRUE"
    return (
        f"SELECT * FROM firmware_update WHERE {where} "  # noqa: S608 # only texts from above
        "ORDER BY created_at DESC, number DESC LIMIT :limit"
    )
