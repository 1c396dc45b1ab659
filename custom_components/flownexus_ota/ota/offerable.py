"""What there is to offer to a device, and what was offered."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Offerable:
    """A URI for an image by every scheme that we serve."""

    uri_lengths: Mapping[str, int] = field(default_factory=dict)
    """Characters of the URI that would be written, by scheme, the preferred first; empty when no
    firmware base URL is set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """An open URI."""

    uri: str
    """What is written to 5/x/1."""
    scheme: str
    other_schemes: tuple[str, ...] = ()
    """By what else the device could fetch the same image."""
