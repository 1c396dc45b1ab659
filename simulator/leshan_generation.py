"""What tells one generation of Leshan from another, and how a simulated one is set up."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Generation(Enum):
    """The releases whose shapes differ and that are met in the field."""

    M4 = "m4"
    M15 = "m15"
    M18 = "m18"


@dataclass(frozen=True, kw_only=True, slots=True)
class Traits:
    """The differences that are more than a name. Source: recordings of the three servers."""

    jetty: str
    """Version in the `Server` header and at the foot of error pages."""
    separator: str
    """Between the kind of an error and its text."""
    has_typed_nodes: bool
    """`kind` and `type` in nodes, integers as strings, times in milliseconds."""
    has_send: bool
    has_composite: bool
    has_active_cancel: bool
    decodes_composite_observations: bool
    """M15 answers 500 to every composite observation that the recorded device answered."""
    delays_requests: bool
    """A request to a sleeping device is kept and answered by an event, else 400."""
    has_plain_servlet_errors: bool
    """Errors of the servlet itself are `text/plain`, else a page or an untyped text."""
    has_legacy_event_path: bool
    """The stream is at `/event` too."""


TRAITS: Final[Mapping[Generation, Traits]] = {
    Generation.M4: Traits(
        jetty="9.4.34.v20201102",
        separator=":",
        has_typed_nodes=False,
        has_send=False,
        has_composite=False,
        has_active_cancel=False,
        decodes_composite_observations=False,
        delays_requests=False,
        has_plain_servlet_errors=False,
        has_legacy_event_path=True,
    ),
    Generation.M15: Traits(
        jetty="9.4.53.v20231009",
        separator=": ",
        has_typed_nodes=True,
        has_send=True,
        has_composite=True,
        has_active_cancel=True,
        decodes_composite_observations=False,
        delays_requests=False,
        has_plain_servlet_errors=False,
        has_legacy_event_path=False,
    ),
    Generation.M18: Traits(
        jetty="12.0.14",
        separator=": ",
        has_typed_nodes=True,
        has_send=True,
        has_composite=True,
        has_active_cancel=True,
        decodes_composite_observations=True,
        delays_requests=True,
        has_plain_servlet_errors=True,
        has_legacy_event_path=False,
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class LeshanSettings:
    """How a simulated server behaves. The defaults are those of the real one."""

    generation: Generation = Generation.M18
    path_prefix: str = ""
    """As behind a reverse proxy, e.g. `/leshan`."""
    username: str | None = None
    password: str | None = None
    token: str | None = None
    """Credentials that a proxy in front would ask for: basic, bearer, or none."""
    heartbeat_seconds: float = 10.0
    awake_seconds: float = 93.0
    """How long a device in queue mode is taken for awake after it was last heard."""
    default_timeout_seconds: float = 5.0
    timeout_scale: float = 1.0
    """Real seconds per second of a request's `timeout`; tests need not wait for a 504."""
    retransmission_seconds: float = 2.5
    """Before a silent device is asked again; doubled each time, four times (RFC 7252, 4.8)."""
    event_chunk_bytes: int | None = None
    """Cut what is written to event streams into pieces of this size."""

    @property
    def traits(self) -> Traits:
        """The differences of the chosen generation."""
        return TRAITS[self.generation]
