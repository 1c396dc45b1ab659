-- Times are UTC, ISO 8601 with microseconds, so that they sort as text.

CREATE TABLE devices (
    server_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    manufacturer TEXT,
    model TEXT,
    serial_number TEXT,
    hardware_version TEXT,
    firmware_version TEXT,
    package_version TEXT,
    further_facts TEXT NOT NULL DEFAULT '{}',
    registration_id TEXT,
    is_registered INTEGER NOT NULL DEFAULT 0 CHECK (is_registered IN (0, 1)),
    is_queue_mode INTEGER NOT NULL DEFAULT 0 CHECK (is_queue_mode IN (0, 1)),
    last_seen_at TEXT,
    PRIMARY KEY (server_id, endpoint)
) WITHOUT ROWID;

-- What was known of an image when it was last in a catalogue; rows outlive the files.
CREATE TABLE images (
    sha256 TEXT NOT NULL PRIMARY KEY,
    size_bytes INTEGER NOT NULL,
    version TEXT NOT NULL,
    reported_version TEXT,
    file_name TEXT NOT NULL,
    title TEXT,
    manufacturer TEXT,
    model TEXT,
    further_facts TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;

-- One row per update. What the image was called then is kept here too: a sidecar may change.
CREATE TABLE firmware_update (
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
    phase TEXT NOT NULL CHECK (phase IN (
        'waiting', 'offered', 'transferring', 'staged', 'installing',
        'succeeded', 'failed', 'cancelled')),
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
    CHECK ((result = 0) = (phase NOT IN ('succeeded', 'failed', 'cancelled'))),
    FOREIGN KEY (server_id, endpoint) REFERENCES devices (server_id, endpoint) ON DELETE CASCADE
);

CREATE UNIQUE INDEX firmware_update_active
    ON firmware_update (server_id, endpoint) WHERE result = 0;
CREATE INDEX firmware_update_of_device ON firmware_update (server_id, endpoint, created_at);
CREATE INDEX firmware_update_by_time ON firmware_update (created_at);
CREATE INDEX firmware_update_of_image ON firmware_update (image_sha256);

CREATE TABLE firmware_update_event (
    number INTEGER PRIMARY KEY,
    update_number INTEGER NOT NULL REFERENCES firmware_update (number) ON DELETE CASCADE,
    at TEXT NOT NULL,
    phase TEXT NOT NULL,
    waiting_reason TEXT,
    device_state INTEGER,
    device_result INTEGER,
    result INTEGER NOT NULL,
    reason TEXT,
    attempt INTEGER NOT NULL,
    evidence TEXT
);

CREATE INDEX firmware_update_event_of_update ON firmware_update_event (update_number);
