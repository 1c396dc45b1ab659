"""Paths of LwM2M objects, instances and resources."""

import re
from dataclasses import dataclass
from typing import Final, Self, override

# OMA-TS-LightweightM2M_Core 1.1.1 §7.2: identifiers are 16-bit; 65535 is reserved.
MAX_ID: Final = 65534
MAX_DEPTH: Final = 4
_IDENTIFIER: Final = re.compile(r"[0-9]{1,5}")


class InvalidPathError(ValueError):
    """A text is not an LwM2M path of one to four identifiers."""


@dataclass(frozen=True, slots=True, order=True)
class ResourcePath:
    """An object, instance, resource or resource instance, e.g. `ResourcePath(5, 0, 3)`."""

    object_id: int
    instance_id: int | None = None
    resource_id: int | None = None
    resource_instance_id: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the path that `/5/0/3` or `5/0/3` names; raise InvalidPathError otherwise."""
        parts = text.strip("/").split("/")
        if len(parts) > MAX_DEPTH or not all(_IDENTIFIER.fullmatch(part) for part in parts):
            raise InvalidPathError(text)
        ids = [int(part) for part in parts]
        if max(ids) > MAX_ID:
            raise InvalidPathError(text)
        return cls(*ids)

    @property
    def ids(self) -> tuple[int, ...]:
        """Return the identifiers that are present, outermost first."""
        every = (self.object_id, self.instance_id, self.resource_id, self.resource_instance_id)
        return tuple(each for each in every if each is not None)

    def child(self, identifier: int) -> ResourcePath:
        """Return the path one level below; raise InvalidPathError below a resource instance."""
        ids = (*self.ids, identifier)
        if len(ids) > MAX_DEPTH:
            raise InvalidPathError(f"{self}/{identifier}")
        return ResourcePath(*ids)

    @override
    def __str__(self) -> str:
        return "/" + "/".join(str(each) for each in self.ids)
