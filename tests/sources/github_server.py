"""What GitHub's API tells of releases, in the shapes that its documentation shows."""

import hashlib
import json
from typing import Any, Final

from aiohttp import web

from .file_server import FileServer

REPOSITORY: Final = "octocat/hello-world"
RELEASES: Final = f"/repos/{REPOSITORY}/releases"


class GithubServer:
    """A repository with releases, on a server that also serves their assets."""

    def __init__(self, server: FileServer) -> None:
        """Answer on `server`."""
        self._server = server
        self._next_id = 1
        self.releases: list[Any] = []
        self.answer: web.Response | None = None
        """What is answered instead."""
        self.etag = 'W/"1"'
        server.answers[RELEASES] = self._list

    @property
    def base_url(self) -> str:
        """Return where the API is."""
        return self._server.url("")

    def release(self, tag: str, **changes: object) -> dict[str, Any]:
        """Publish a release, the newest."""
        release: dict[str, Any] = {
            "url": f"{self.base_url}{RELEASES}/{self._next_id}",
            "html_url": f"https://github.example/{REPOSITORY}/releases/tag/{tag}",
            "id": self._next_id,
            "tag_name": tag,
            "target_commitish": "main",
            "name": tag,
            "body": "Description of the release\r\n",
            "draft": False,
            "prerelease": False,
            "created_at": "2026-02-27T19:35:32Z",
            "published_at": "2026-02-27T19:35:32Z",
            "assets": [],
        }
        release |= changes
        self.releases.insert(0, release)
        self._next_id += 1
        self.etag = f'W/"{self._next_id}"'
        return release

    def upload(
        self, release: dict[str, Any], name: str, content: bytes, /, **changes: object
    ) -> dict[str, Any]:
        """Add an asset to a release."""
        number = self._next_id
        path = f"/repos/{REPOSITORY}/releases/assets/{number}"
        download = f"/{REPOSITORY}/releases/download/{release['tag_name']}/{name}"
        asset = {
            "url": self._server.put(path, content),
            "browser_download_url": self._server.put(download, content),
            "id": number,
            "name": name,
            "label": None,
            "state": "uploaded",
            "content_type": "application/octet-stream",
            "size": len(content),
            "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
            "download_count": 42,
            "created_at": "2026-02-27T19:35:32Z",
            "updated_at": "2026-02-27T19:35:32Z",
        } | changes
        release["assets"].append(asset)
        self._next_id += 1
        self.etag = f'W/"{self._next_id}"'
        return asset

    async def _list(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.answer is not None:
            return self.answer
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304)
        return web.json_response(self.releases, headers={"ETag": self.etag})


def message(status: int, text: str, **headers: str) -> web.Response:
    """Return how GitHub refuses."""
    body = json.dumps({"message": text, "documentation_url": "https://docs.github.example/rest"})
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)
