-- The words of a phase are compared one by one: SQLite makes the list of an `IN` anew for every row
-- that is written, which took two thirds of the time of a write. Nothing else is changed.

CREATE TABLE firmware_update_2 (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    server_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    image_sha256 TEXT NOT NULL REFERENCES images (sha256),
    image_size_bytes INTEGER NOT NULL,
    file_name TEXT NOT NULL,
    from_version TEXT,
    target_version TEXT NOT NULL,
    expected_version TEXT NOT NULL,
    reported_version TEXT,
    asked_by TEXT,
    phase TEXT NOT NULL,
    waiting_reason TEXT,
    -- The state that flownexus would show: IDLE before the device said anything, and after the end.
    state INTEGER NOT NULL GENERATED ALWAYS AS (
        CASE WHEN result = 0 THEN coalesce(device_state, 0) ELSE 0 END) VIRTUAL,
    device_state INTEGER,
    device_result INTEGER,
    result INTEGER NOT NULL,
    reason TEXT,
    evidence TEXT,
    attempt INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    deadline_at TEXT,
    updated_at TEXT NOT NULL,
    token_sha256 TEXT,
    -- What the rules count and mark for themselves: JSON, so that a new rule needs no migration.
    bookkeeping TEXT NOT NULL,
    -- A final row whose result stays 0 would block its device for ever.
    CHECK (CASE result
        WHEN 0 THEN phase = 'waiting' OR phase = 'offered' OR phase = 'transferring'
            OR phase = 'staged' OR phase = 'installing'
        ELSE phase = 'succeeded' OR phase = 'failed' OR phase = 'cancelled' END),
    FOREIGN KEY (server_id, endpoint) REFERENCES devices (server_id, endpoint) ON DELETE CASCADE
);

INSERT INTO firmware_update_2 (
    number, id, server_id, endpoint, image_sha256, image_size_bytes, file_name, from_version,
    target_version, expected_version, reported_version, asked_by, phase, waiting_reason,
    device_state, device_result, result, reason, evidence, attempt, created_at, started_at,
    finished_at, deadline_at, updated_at, token_sha256, bookkeeping
) SELECT
    number, id, server_id, endpoint, image_sha256, image_size_bytes, file_name, from_version,
    target_version, expected_version, reported_version, asked_by, phase, waiting_reason,
    device_state, device_result, result, reason, evidence, attempt, created_at, started_at,
    finished_at, deadline_at, updated_at, token_sha256, bookkeeping
FROM firmware_update;

DROP TABLE firmware_update;
ALTER TABLE firmware_update_2 RENAME TO firmware_update;

CREATE UNIQUE INDEX firmware_update_active
    ON firmware_update (server_id, endpoint) WHERE result = 0;
CREATE INDEX firmware_update_of_device ON firmware_update (server_id, endpoint, created_at);
CREATE INDEX firmware_update_by_time ON firmware_update (created_at);
CREATE INDEX firmware_update_of_image ON firmware_update (image_sha256);
