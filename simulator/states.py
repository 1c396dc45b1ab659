"""Object 5's numbers as a device knows them (LwM2M Firmware Update 1.0 and 1.1)."""

from enum import IntEnum


class State(IntEnum):
    """Resource 5/0/3."""

    IDLE = 0
    DOWNLOADING = 1
    DOWNLOADED = 2
    UPDATING = 3


class Result(IntEnum):
    """Resource 5/0/5."""

    INITIAL = 0
    SUCCESS = 1
    NO_SPACE = 2
    OUT_OF_MEMORY = 3
    CONNECTION_LOST = 4
    BAD_CHECKSUM = 5
    UNSUPPORTED_TYPE = 6
    INVALID_URI = 7
    UPDATE_FAILED = 8
    UNSUPPORTED_PROTOCOL = 9
    CANCELLED = 10


class Code(IntEnum):
    """CoAP answer codes as whole numbers (2.05 is 205)."""

    CHANGED = 204
    CONTENT = 205
    BAD_REQUEST = 400
    NOT_FOUND = 404
    NOT_ALLOWED = 405
    NOT_ACCEPTABLE = 406
    UNSUPPORTED_FORMAT = 415
