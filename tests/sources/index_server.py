"""An index and its images, on a server of the internet."""

import hashlib
import json
from typing import Any

from aiohttp import web

from .file_server import FileServer


class PublishedIndex:
    """A server with an index and images."""

    def __init__(self, server: FileServer) -> None:
        """Answer on `server`."""
        self.server = server
        self.entries: list[object] = []
        self.status = 200
        server.answers["/index.json"] = self._index

    @property
    def url(self) -> str:
        """Return where the index is."""
        return self.server.url("/index.json")

    def publish(self, version: str, content: bytes, **members: object) -> str:
        """Add an image; return its digest."""
        digest = hashlib.sha256(content).hexdigest()
        name = f"thingy-{version}.bin"
        self.server.put(f"/{name}", content)
        told: dict[str, Any] = {"url": name, "sha256": digest, "size_bytes": len(content)}
        told |= {"version": version, "manufacturer": "Flownexus"}
        self.entries.append(told | members)
        return digest

    async def _index(self, _: web.BaseRequest) -> web.Response:
        body = json.dumps({"format": 1, "images": self.entries})
        return web.Response(status=self.status, text=body)
