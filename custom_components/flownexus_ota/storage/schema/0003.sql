-- What people chose for a device. Columns, not facts: what a device tells never changes them.
ALTER TABLE devices ADD COLUMN pinned_version TEXT;
ALTER TABLE devices ADD COLUMN is_auto_updated INTEGER NOT NULL DEFAULT 0
    CHECK (is_auto_updated IN (0, 1));
