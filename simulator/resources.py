"""What objects 1, 3 and 5 consist of, as far as a simulated device has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from simulator.link import Ids


class ValueKind(Enum):
    """LwM2M data types; a time travels as seconds since 1970."""

    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    OPAQUE = "opaque"
    TIME = "time"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """What may be done with a resource, and what it holds."""

    kind: ValueKind
    operations: str
    is_multiple: bool = False

    @property
    def is_readable(self) -> bool:
        """Whether it can be read and observed."""
        return "R" in self.operations

    @property
    def is_writable(self) -> bool:
        """Whether it can be written."""
        return "W" in self.operations

    @property
    def is_executable(self) -> bool:
        """Whether it can be executed."""
        return "E" in self.operations


LIFETIME: Final[Ids] = (1, 0, 1)
UPDATE_TRIGGER: Final[Ids] = (1, 0, 8)
FIRMWARE_VERSION: Final[Ids] = (3, 0, 3)
REBOOT: Final[Ids] = (3, 0, 4)
CURRENT_TIME: Final[Ids] = (3, 0, 13)
PACKAGE: Final[Ids] = (5, 0, 0)
PACKAGE_URI: Final[Ids] = (5, 0, 1)
UPDATE: Final[Ids] = (5, 0, 2)
UPDATE_STATE: Final[Ids] = (5, 0, 3)
UPDATE_RESULT: Final[Ids] = (5, 0, 5)
PACKAGE_VERSION: Final[Ids] = (5, 0, 7)
PROTOCOLS: Final[Ids] = (5, 0, 8)
DELIVERY_METHOD: Final[Ids] = (5, 0, 9)
CANCEL: Final[Ids] = (5, 0, 10)

RESOURCES: Final[Mapping[tuple[int, int], Resource]] = {
    (1, 0): Resource(kind=ValueKind.INTEGER, operations="R"),
    (1, 1): Resource(kind=ValueKind.INTEGER, operations="R"),
    (1, 6): Resource(kind=ValueKind.BOOLEAN, operations="R"),
    (1, 7): Resource(kind=ValueKind.STRING, operations="R"),
    (1, 8): Resource(kind=ValueKind.NONE, operations="E"),
    (3, 0): Resource(kind=ValueKind.STRING, operations="R"),
    (3, 1): Resource(kind=ValueKind.STRING, operations="R"),
    (3, 2): Resource(kind=ValueKind.STRING, operations="R"),
    (3, 3): Resource(kind=ValueKind.STRING, operations="R"),
    (3, 4): Resource(kind=ValueKind.NONE, operations="E"),
    (3, 11): Resource(kind=ValueKind.INTEGER, operations="R", is_multiple=True),
    (3, 13): Resource(kind=ValueKind.TIME, operations="R"),
    (3, 16): Resource(kind=ValueKind.STRING, operations="R"),
    (3, 18): Resource(kind=ValueKind.STRING, operations="R"),
    (5, 0): Resource(kind=ValueKind.OPAQUE, operations="W"),
    (5, 1): Resource(kind=ValueKind.STRING, operations="RW"),
    (5, 2): Resource(kind=ValueKind.NONE, operations="E"),
    (5, 3): Resource(kind=ValueKind.INTEGER, operations="R"),
    (5, 5): Resource(kind=ValueKind.INTEGER, operations="R"),
    (5, 7): Resource(kind=ValueKind.STRING, operations="R"),
    (5, 8): Resource(kind=ValueKind.INTEGER, operations="R", is_multiple=True),
    (5, 9): Resource(kind=ValueKind.INTEGER, operations="R"),
    (5, 10): Resource(kind=ValueKind.NONE, operations="E"),
}


def resource_at(path: Ids) -> Resource | None:
    """Return the resource of a path with at least three ids; `None` for what no device here has."""
    if len(path) not in (3, 4) or path[1] != 0:
        return None
    resource = RESOURCES.get((path[0], path[2]))
    return None if resource is None or (len(path) == 4 and not resource.is_multiple) else resource
