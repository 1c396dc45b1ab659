"""An index on a server, asked for again and again."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from custom_components.flownexus_ota.sources.fetch_errors import FetchError
from custom_components.flownexus_ota.sources.guarded_fetch import GuardedFetcher
from custom_components.flownexus_ota.sources.index_source import IndexSource
from custom_components.flownexus_ota.storage.image_store import ImageStore

from ..ota.mcuboot_images import hand_made
from .file_server import FileServer


def entry(name: str, content: bytes, **members: object) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    told = {"url": name, "sha256": digest, "size_bytes": len(content), "version": "1.4.2"}
    return told | {"model": "Thingy:91"} | members


def publish(
    server: FileServer, *entries: object, etag: str = '"1"', expires_at: str | None = None
) -> str:
    """Serve an index that is told apart by its ETag."""
    index = {"format": 1, "images": entries, "expires_at": expires_at}
    body = json.dumps(index).encode()

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        return web.Response(body=body, headers={"ETag": etag})

    server.answers["/index.json"] = answer
    return server.url("/index.json")


async def test_the_images_of_an_index_are_listed_and_fetched(
    server: FileServer, fetcher: GuardedFetcher, tmp_path: Path
) -> None:
    server.put("/a.bin", b"firmware")
    source = IndexSource("Example", publish(server, entry("a.bin", b"firmware")), fetcher)
    (image,) = (await source.list_images()).images
    store = ImageStore(tmp_path / "images")
    await source.origin_of(image).bring(image.stored, store)
    assert store.path(image.stored.sha256).read_bytes() == b"firmware"


async def test_an_index_that_is_the_same_is_not_sent_again(
    server: FileServer, fetcher: GuardedFetcher
) -> None:
    source = IndexSource("Example", publish(server, entry("a.bin", b"1")), fetcher)
    first = await source.list_images()
    assert await source.list_images() == first
    assert server.requests[-1].headers["If-None-Match"] == '"1"'
    publish(server, entry("a.bin", b"1"), entry("b.bin", b"2", version="2.0.0"), etag='"2"')
    assert len((await source.list_images()).images) == 2


async def test_an_index_expires_also_while_nobody_answers(
    server: FileServer, fetcher: GuardedFetcher
) -> None:
    now = datetime(2026, 11, 26, tzinfo=UTC)
    url = publish(server, entry("a.bin", b"1"), expires_at="2026-11-27T00:00:00Z")
    source = IndexSource("Example", url, fetcher, clock=lambda: now)
    assert len((await source.list_images()).images) == 1
    server.answers.clear()
    with pytest.raises(FetchError):
        await source.list_images()
    now += timedelta(days=1)
    listing = await source.list_images()
    assert listing.images == ()
    assert [problem.key for problem in listing.problems] == ["index_expired"]


async def test_an_index_that_is_not_there_is_an_error(
    server: FileServer, fetcher: GuardedFetcher
) -> None:
    with pytest.raises(FetchError):
        await IndexSource("Example", server.url("/nothing"), fetcher).list_images()


@pytest.mark.parametrize(
    ("content", "members", "detail"),
    [
        (b"PK\x03\x04" + b"\0" * 100, {}, "format_zip"),
        (hand_made(), {}, "unsigned"),
        (hand_made(), {"allow_unsigned": True, "version": "9.9.9"}, "version_contradiction"),
    ],
    ids=["zip", "unsigned", "another version"],
)
async def test_what_turns_out_to_be_something_else_is_not_kept(
    server: FileServer,
    fetcher: GuardedFetcher,
    tmp_path: Path,
    content: bytes,
    members: dict[str, object],
    detail: str,
) -> None:
    server.put("/a.bin", content)
    source = IndexSource("Example", publish(server, entry("a.bin", content, **members)), fetcher)
    (image,) = (await source.list_images()).images
    store = ImageStore(tmp_path / "images")
    with pytest.raises(FetchError, match=detail):
        await source.origin_of(image).bring(image.stored, store)
    assert not store.has(image.stored.sha256)
