BEGIN TRANSACTION;
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
INSERT INTO "devices" VALUES('01M8BRYKHH0X9V4710XQ5HQ2PP','cancelled-1','Flownexus','Simulated sensor','0000-00001','1.0','1.0.0',NULL,'{"update_instance_id": 0, "update_object_version": "1.1", "update_state": 0, "update_result": 0, "protocols": [2, 3], "delivery_method": 0}','QMz3ngqLBc',1,0,'2026-11-26T11:12:43.625000+00:00');
INSERT INTO "devices" VALUES('01M8BRYKHH0X9V4710XQ5HQ2PP','damaged-1','Flownexus','Simulated sensor','0000-00001','1.0','1.0.0',NULL,'{"update_instance_id": 0, "update_object_version": "1.1", "update_state": 0, "update_result": 5, "protocols": [2, 3], "delivery_method": 0}','N4lp5Sy3QF',1,0,'2026-11-26T11:13:21.447259+00:00');
INSERT INTO "devices" VALUES('01M8BRYKHH0X9V4710XQ5HQ2PP','halfway-1','Flownexus','Simulated sensor','0000-00001','1.0','1.0.0',NULL,'{"update_instance_id": 0, "update_object_version": "1.1", "update_state": 0, "update_result": 0, "protocols": [2, 3], "delivery_method": 0}','yScsRdY5P7',1,0,'2026-11-26T11:12:43.625000+00:00');
INSERT INTO "devices" VALUES('01M8BRYKHH0X9V4710XQ5HQ2PP','updated-1','Flownexus','Simulated sensor','0000-00001','1.0','1.1.0',NULL,'{"update_instance_id": 0, "update_object_version": "1.1", "update_state": 0, "update_result": 1, "protocols": [2, 3], "delivery_method": 0}','ibgE2tlfvB',1,0,'2026-11-26T11:13:21.384000+00:00');
INSERT INTO "devices" VALUES('01M8BRYKHH0X9V4710XQ5HQ2PP','waiting-1','Flownexus','Simulated sensor','0000-00001','1.0','1.0.0',NULL,'{"update_instance_id": 0, "update_object_version": "1.1", "update_state": 0, "update_result": 0, "protocols": [2, 3], "delivery_method": 0}','hxezDL5Hdz',1,0,'2026-11-26T11:12:43.625000+00:00');
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
INSERT INTO "firmware_update" VALUES(1,'2c56946435d64dcea919d038a266d780','01M8BRYKHH0X9V4710XQ5HQ2PP','updated-1','e4056420fe946aa6845334eb1ad23be63d73e27ba406bc03c09fb137369cccab',24000,'simulated-sensor-1.1.0.bin','1.0.0','1.1.0','1.1.0','1.1.0','f22cf447cd2f42068b8a90790bf8bb82','succeeded',NULL,0,1,1,'version_proved','DeviceRead state=0 result=1 version=1.1.0 number=2',1,'2026-11-26T11:13:21.013850+00:00','2026-11-26T11:13:21.031664+00:00','2026-11-26T11:13:21.395322+00:00',NULL,'2026-11-26T11:13:21.395456+00:00','3224e13cf71d5a53787bfa2ec946cdee84d2d46f2632bebf0dde5c6d53618746','{"version_before_execute": "1.0.0", "offer_count": 1, "execute_count": 1, "result_before_offer": 0, "result_before_execute": 0, "is_uri_answered": true, "reading_number": 2, "is_registered_anew": true}');
INSERT INTO "firmware_update" VALUES(2,'c12c45060d7c41af8be79e6408bfc489','01M8BRYKHH0X9V4710XQ5HQ2PP','damaged-1','e4056420fe946aa6845334eb1ad23be63d73e27ba406bc03c09fb137369cccab',24000,'simulated-sensor-1.1.0.bin','1.0.0','1.1.0','1.1.0','1.0.0','f22cf447cd2f42068b8a90790bf8bb82','failed',NULL,1,5,5,'device_reported','ResultReported result=5',2,'2026-11-26T11:13:21.417251+00:00','2026-11-26T11:13:21.420783+00:00','2026-11-26T11:13:22.669401+00:00',NULL,'2026-11-26T11:13:22.669482+00:00','f7391e52bd5e3a458acf1a80e481d947911b6a49887c6d32066146a593890b41','{"offer_count": 1, "result_before_offer": 5, "is_uri_answered": true, "reading_number": 2, "may_reset": true}');
INSERT INTO "firmware_update" VALUES(3,'bf88cdf05a034d529a05dce047a544eb','01M8BRYKHH0X9V4710XQ5HQ2PP','cancelled-1','e4056420fe946aa6845334eb1ad23be63d73e27ba406bc03c09fb137369cccab',24000,'simulated-sensor-1.1.0.bin','1.0.0','1.1.0','1.1.0','1.0.0','f22cf447cd2f42068b8a90790bf8bb82','cancelled',NULL,0,10,10,'cancelled_by_user','DeviceRead state=0 result=10 version=1.0.0 number=2',1,'2026-11-26T11:13:22.674242+00:00','2026-11-26T11:13:22.689509+00:00','2026-11-26T11:13:22.801407+00:00',NULL,'2026-11-26T11:13:22.801530+00:00','2b25fdac7cb1e85209f03aa1941c4e6d67354758861e712c04508a6fadd6ac5a','{"offer_count": 1, "result_before_offer": 0, "is_uri_answered": true, "reading_number": 2}');
INSERT INTO "firmware_update" VALUES(4,'33cbc99eba53479085c1a426a5e3a02d','01M8BRYKHH0X9V4710XQ5HQ2PP','waiting-1','e4056420fe946aa6845334eb1ad23be63d73e27ba406bc03c09fb137369cccab',24000,'simulated-sensor-1.1.0.bin','1.0.0','1.1.0','1.1.0','1.0.0','f22cf447cd2f42068b8a90790bf8bb82','waiting','queue',NULL,NULL,0,NULL,NULL,1,'2026-11-26T11:13:22.841372+00:00',NULL,NULL,'2026-12-26T11:13:22.841372+00:00','2026-11-26T11:13:22.856174+00:00','314d055cd46a9e49f75d0520e304d5c1ee591d961fc0dfd6cf0fcc8a4abb4f31','{}');
INSERT INTO "firmware_update" VALUES(5,'869ed12821ad4311b79ff533cba84e6a','01M8BRYKHH0X9V4710XQ5HQ2PP','halfway-1','e4056420fe946aa6845334eb1ad23be63d73e27ba406bc03c09fb137369cccab',24000,'simulated-sensor-1.1.0.bin','1.0.0','1.1.0','1.1.0','1.0.0','f22cf447cd2f42068b8a90790bf8bb82','transferring',NULL,1,NULL,0,NULL,'StateReported state=1',1,'2026-11-26T11:13:22.886682+00:00','2026-11-26T11:13:22.905617+00:00',NULL,'2026-11-26T11:18:22.973935+00:00','2026-11-26T11:13:22.974095+00:00','f0ebe0aadd20b6892c2d441be8f759d0f5bf56fd39f548573147a16a5dee4439','{"offer_count": 1, "result_before_offer": 0, "is_uri_answered": true, "reading_number": 1}');
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
INSERT INTO "firmware_update_event" VALUES(1,1,'2026-11-26T11:13:21.017110+00:00','waiting','queue',NULL,NULL,0,NULL,1,'asked for');
INSERT INTO "firmware_update_event" VALUES(2,1,'2026-11-26T11:13:21.031821+00:00','waiting',NULL,NULL,NULL,0,NULL,1,'PlaceGranted');
INSERT INTO "firmware_update_event" VALUES(3,1,'2026-11-26T11:13:21.053502+00:00','offered',NULL,0,NULL,0,NULL,1,'DeviceRead state=0 result=0 version=1.0.0 number=0');
INSERT INTO "firmware_update_event" VALUES(4,1,'2026-11-26T11:13:21.066585+00:00','offered',NULL,0,NULL,0,NULL,1,'UriAnswered answer=done');
INSERT INTO "firmware_update_event" VALUES(5,1,'2026-11-26T11:13:21.068511+00:00','transferring',NULL,1,NULL,0,NULL,1,'StateReported state=1');
INSERT INTO "firmware_update_event" VALUES(6,1,'2026-11-26T11:13:21.078190+00:00','staged',NULL,2,NULL,0,NULL,1,'StateReported state=2');
INSERT INTO "firmware_update_event" VALUES(7,1,'2026-11-26T11:13:21.082795+00:00','installing',NULL,2,NULL,0,NULL,1,'ExecuteAnswered answer=done');
INSERT INTO "firmware_update_event" VALUES(8,1,'2026-11-26T11:13:21.084250+00:00','installing',NULL,3,NULL,0,NULL,1,'StateReported state=3');
INSERT INTO "firmware_update_event" VALUES(9,1,'2026-11-26T11:13:21.386182+00:00','installing',NULL,3,NULL,0,NULL,1,'DeviceRegistered');
INSERT INTO "firmware_update_event" VALUES(10,1,'2026-11-26T11:13:21.395456+00:00','succeeded',NULL,0,1,1,'version_proved',1,'DeviceRead state=0 result=1 version=1.1.0 number=2');
INSERT INTO "firmware_update_event" VALUES(11,2,'2026-11-26T11:13:21.418092+00:00','waiting','queue',NULL,NULL,0,NULL,1,'asked for');
INSERT INTO "firmware_update_event" VALUES(12,2,'2026-11-26T11:13:21.420876+00:00','waiting',NULL,NULL,NULL,0,NULL,1,'PlaceGranted');
INSERT INTO "firmware_update_event" VALUES(13,2,'2026-11-26T11:13:21.425951+00:00','offered',NULL,0,NULL,0,NULL,1,'DeviceRead state=0 result=0 version=1.0.0 number=0');
INSERT INTO "firmware_update_event" VALUES(14,2,'2026-11-26T11:13:21.445053+00:00','offered',NULL,0,NULL,0,NULL,1,'UriAnswered answer=done');
INSERT INTO "firmware_update_event" VALUES(15,2,'2026-11-26T11:13:21.449435+00:00','transferring',NULL,1,NULL,0,NULL,1,'StateReported state=1');
INSERT INTO "firmware_update_event" VALUES(16,2,'2026-11-26T11:13:21.452287+00:00','waiting','back_off',1,5,0,'device_reported',2,'ResultReported result=5');
INSERT INTO "firmware_update_event" VALUES(17,2,'2026-11-26T11:13:22.613768+00:00','waiting','queue',1,5,0,'device_reported',2,'DeadlinePassed');
INSERT INTO "firmware_update_event" VALUES(18,2,'2026-11-26T11:13:22.629488+00:00','waiting',NULL,1,5,0,'device_reported',2,'PlaceGranted');
INSERT INTO "firmware_update_event" VALUES(19,2,'2026-11-26T11:13:22.643832+00:00','offered',NULL,0,NULL,0,NULL,2,'DeviceRead state=0 result=5 version=1.0.0 number=1');
INSERT INTO "firmware_update_event" VALUES(20,2,'2026-11-26T11:13:22.661342+00:00','offered',NULL,0,NULL,0,NULL,2,'UriAnswered answer=done');
INSERT INTO "firmware_update_event" VALUES(21,2,'2026-11-26T11:13:22.666981+00:00','offered',NULL,0,0,0,NULL,2,'ResultReported result=0');
INSERT INTO "firmware_update_event" VALUES(22,2,'2026-11-26T11:13:22.668253+00:00','transferring',NULL,1,0,0,NULL,2,'StateReported state=1');
INSERT INTO "firmware_update_event" VALUES(23,2,'2026-11-26T11:13:22.669482+00:00','failed',NULL,1,5,5,'device_reported',2,'ResultReported result=5');
INSERT INTO "firmware_update_event" VALUES(24,3,'2026-11-26T11:13:22.674649+00:00','waiting','queue',NULL,NULL,0,NULL,1,'asked for');
INSERT INTO "firmware_update_event" VALUES(25,3,'2026-11-26T11:13:22.689597+00:00','waiting',NULL,NULL,NULL,0,NULL,1,'PlaceGranted');
INSERT INTO "firmware_update_event" VALUES(26,3,'2026-11-26T11:13:22.695059+00:00','offered',NULL,0,NULL,0,NULL,1,'DeviceRead state=0 result=0 version=1.0.0 number=0');
INSERT INTO "firmware_update_event" VALUES(27,3,'2026-11-26T11:13:22.727727+00:00','offered',NULL,0,NULL,0,NULL,1,'UriAnswered answer=done');
INSERT INTO "firmware_update_event" VALUES(28,3,'2026-11-26T11:13:22.736897+00:00','transferring',NULL,1,NULL,0,NULL,1,'StateReported state=1');
INSERT INTO "firmware_update_event" VALUES(29,3,'2026-11-26T11:13:22.754801+00:00','transferring',NULL,1,NULL,0,NULL,1,'CancelRequested');
INSERT INTO "firmware_update_event" VALUES(30,3,'2026-11-26T11:13:22.775924+00:00','transferring',NULL,1,10,0,NULL,1,'ResultReported result=10');
INSERT INTO "firmware_update_event" VALUES(31,3,'2026-11-26T11:13:22.787029+00:00','transferring',NULL,0,10,0,NULL,1,'StateReported state=0');
INSERT INTO "firmware_update_event" VALUES(32,3,'2026-11-26T11:13:22.801530+00:00','cancelled',NULL,0,10,10,'cancelled_by_user',1,'DeviceRead state=0 result=10 version=1.0.0 number=2');
INSERT INTO "firmware_update_event" VALUES(33,4,'2026-11-26T11:13:22.856174+00:00','waiting','queue',NULL,NULL,0,NULL,1,'asked for');
INSERT INTO "firmware_update_event" VALUES(34,5,'2026-11-26T11:13:22.887388+00:00','waiting','queue',NULL,NULL,0,NULL,1,'asked for');
INSERT INTO "firmware_update_event" VALUES(35,5,'2026-11-26T11:13:22.905742+00:00','waiting',NULL,NULL,NULL,0,NULL,1,'PlaceGranted');
INSERT INTO "firmware_update_event" VALUES(36,5,'2026-11-26T11:13:22.931427+00:00','offered',NULL,0,NULL,0,NULL,1,'DeviceRead state=0 result=0 version=1.0.0 number=0');
INSERT INTO "firmware_update_event" VALUES(37,5,'2026-11-26T11:13:22.960948+00:00','offered',NULL,0,NULL,0,NULL,1,'UriAnswered answer=done');
INSERT INTO "firmware_update_event" VALUES(38,5,'2026-11-26T11:13:22.974095+00:00','transferring',NULL,1,NULL,0,NULL,1,'StateReported state=1');
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
INSERT INTO "images" VALUES('e4056420fe946aa6845334eb1ad23be63d73e27ba406bc03c09fb137369cccab',24000,'1.1.0',NULL,'simulated-sensor-1.1.0.bin',NULL,NULL,NULL,'{}');
CREATE UNIQUE INDEX firmware_update_active
    ON firmware_update (server_id, endpoint) WHERE result = 0;
CREATE INDEX firmware_update_of_device ON firmware_update (server_id, endpoint, created_at);
CREATE INDEX firmware_update_by_time ON firmware_update (created_at);
CREATE INDEX firmware_update_of_image ON firmware_update (image_sha256);
CREATE INDEX firmware_update_event_of_update ON firmware_update_event (update_number);
COMMIT;
PRAGMA user_version = 1;
