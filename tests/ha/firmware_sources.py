"""Sources of firmware beside the folder: a server of the internet, and entries that ask it."""

from typing import Any

from homeassistant.config_entries import ConfigSubentry

from simulator.image import make_image
from tests.sources.index_server import PublishedIndex

from .fleet import NEW, World


def simulated(version: str = NEW) -> bytes:
    """Return an image that simulated devices take."""
    return make_image(version, 50_000)


class IndexServer(PublishedIndex):
    """An index with images that simulated devices take."""

    def add(self, version: str = NEW, content: bytes | None = None, **members: object) -> str:
        """Publish an image; return its digest."""
        return self.publish(version, simulated(version) if content is None else content, **members)


def add_index(world: World, url: str, *, name: str = "Example") -> ConfigSubentry:
    """Add an index to the world's entry, as the form does."""
    return _added(world, "index", name, {"url": url, "allow_private_networks": True})


def add_damaged(world: World) -> ConfigSubentry:
    """Add an index whose settings somebody has damaged by hand."""
    return _added(world, "index", "Example", {})


def add_repository(world: World, api_url: str, **changes: object) -> ConfigSubentry:
    """Add a GitHub repository to the world's entry, as the form does."""
    data: dict[str, Any] = {
        "repository": "octocat/hello-world",
        "asset_pattern": "*.bin",
        "manufacturer": "Flownexus",
        "prerelease_channel": "beta",
        "api_url": api_url,
        "allow_private_networks": True,
    }
    return _added(world, "github", "Hello", data | changes)


def _added(world: World, kind: str, name: str, data: dict[str, Any]) -> ConfigSubentry:
    assert world.entry is not None
    subentry = ConfigSubentry(data=data, subentry_type=kind, title=name, unique_id=None)  # type: ignore[arg-type] # made read-only by it
    world.hass.config_entries.async_add_subentry(world.entry, subentry)
    return subentry
