"""Object 5, Firmware Update: resources, states, results (OMA registry, versions 1.0 to 1.2)."""

from enum import IntEnum
from typing import Final

from .path import ResourcePath

OBJECT_ID: Final = 5

PACKAGE: Final = 0
PACKAGE_URI: Final = 1
UPDATE: Final = 2
STATE: Final = 3
UPDATE_RESULT: Final = 5
PACKAGE_NAME: Final = 6
PACKAGE_VERSION: Final = 7
PROTOCOL_SUPPORT: Final = 8
DELIVERY_METHOD: Final = 9
CANCEL: Final = 10
SEVERITY: Final = 11
MAXIMUM_DEFER_PERIOD: Final = 13


class UpdateState(IntEnum):
    """Resource 5/x/3, by the specification's numbers."""

    IDLE = 0
    DOWNLOADING = 1
    DOWNLOADED = 2
    UPDATING = 3


class UpdateResult(IntEnum):
    """Resource 5/x/5, with the seed's names; 12 and 13 come from object 33629."""

    DEFAULT = 0
    SUCCESS = 1
    NO_STORAGE = 2
    OUT_OF_MEM = 3
    CONNECTION_LOST = 4
    INTEGRITY_FAILED = 5
    UNSUP_FW = 6
    INVALID_URI = 7
    UPDATE_FAILED = 8
    UNSUP_PROTO = 9
    CANCELLED = 10
    DEFERRED = 11
    CONFLICTING_STATE = 12
    DEPENDENCY_ERROR = 13


class DeliveryMethod(IntEnum):
    """Resource 5/x/9."""

    PULL = 0
    PUSH = 1
    BOTH = 2


class Protocol(IntEnum):
    """Resource 5/x/8, one value per supported protocol."""

    COAP = 0
    COAPS = 1
    HTTP = 2
    HTTPS = 3
    COAP_TCP = 4
    COAP_TLS = 5


def instance(instance_id: int) -> ResourcePath:
    """Return the path of one instance of object 5."""
    return ResourcePath(OBJECT_ID, instance_id)


UNKNOWN_RESULT: Final = "unknown"
"""The translation key of a result that no version of the object names."""


def result_key(raw_result: int) -> str:
    """Return the translation key of a raw result: `no_storage`, or `unknown`."""
    if raw_result in UpdateResult:
        return UpdateResult(raw_result).name.lower()
    return UNKNOWN_RESULT


def state_key(raw_state: int) -> str:
    """Return the translation key of a raw state: `downloading`, or `unknown`."""
    if raw_state in UpdateState:
        return UpdateState(raw_state).name.lower()
    return "unknown"
