"""Values on their way to a device."""

import re
from dataclasses import dataclass

from simulator.leshan_models import Kind
from simulator.link import Ids, Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One value to write to one resource or resource instance."""

    path: Ids
    kind: Kind
    value: Value


def hex_bytes(text: str) -> bytes | None:
    """Read hexadecimal digits; `None` if they are none, or odd in number."""
    return bytes.fromhex(text) if re.fullmatch(r"([0-9a-fA-F]{2})*", text) else None
