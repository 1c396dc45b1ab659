"""The Home Assistant releases that are started here, and what differs between them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.setup.environments import Environment, environment


@dataclass(frozen=True, kw_only=True, slots=True)
class HassVersion:
    """One release, and the environment that has it."""

    number: str
    environment: Environment
    http_storage_version: int
    http_storage_minor_version: int
    ssl_profile: str

    def python(self) -> Path:
        """Return its Python, set up if need be; raise scripts.setup.console.SetupError."""
        return environment(self.environment)


NEWEST: Final = HassVersion(
    number="2026.11.0",
    environment="hass",
    http_storage_version=3,
    http_storage_minor_version=1,
    ssl_profile="intermediate_v6",
)
OLDEST: Final = HassVersion(
    number="2026.10.4",
    environment="test",
    http_storage_version=2,
    http_storage_minor_version=2,
    ssl_profile="modern",
)
