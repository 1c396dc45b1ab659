"""GitHub's releases as images, through aiogithubapi and a server that answers like GitHub."""

import asyncio
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from custom_components.flownexus_ota.ota.sidecar import SidecarProblem
from custom_components.flownexus_ota.sources.fetch_errors import FetchError
from custom_components.flownexus_ota.sources.github import GithubSource, Repository
from custom_components.flownexus_ota.sources.github_api import GithubApi, may_ask_at
from custom_components.flownexus_ota.sources.guarded_connection import (
    FetchTiming,
    GuardedConnection,
)
from custom_components.flownexus_ota.sources.guarded_fetch import GuardedFetcher
from custom_components.flownexus_ota.sources.problem import FolderProblem, RemoteProblem
from custom_components.flownexus_ota.storage.image_store import ImageStore

from .authority import Authority
from .file_server import LOOPBACK, FileServer
from .github_server import RELEASES, REPOSITORY, GithubServer, message

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ZEPHYR = {"model": "Thingy:91"}


@pytest.fixture
def github(server: FileServer) -> GithubServer:
    return GithubServer(server)


class Sources:
    """Makes sources of the one repository."""

    def __init__(self, authority: Authority, github: GithubServer) -> None:
        self._trusting = authority.trusting()
        self._github = github

    def __call__(
        self,
        *,
        token: str | None = None,
        patterns: Mapping[str, str] = ZEPHYR,
        allows_private: bool = True,
        timing: FetchTiming | None = None,
    ) -> GithubSource:
        timing = timing or FetchTiming()
        connection = GuardedConnection(
            self._trusting, allows_private=allows_private, timing=timing, resolver=None
        )
        repository = Repository(
            name=REPOSITORY,
            asset_pattern="*.bin",
            patterns=patterns,
            prerelease_channel="beta",
        )
        return GithubSource(
            "Hello",
            repository,
            GithubApi(connection, token=token, base_url=self._github.base_url, timing=timing),
            GuardedFetcher(self._trusting, allows_private=allows_private, timing=timing),
            token=token,
        )


@pytest.fixture
def source_of(authority: Authority, github: GithubServer) -> Sources:
    return Sources(authority, github)


async def failure(source: GithubSource) -> tuple[str, dict[str, str]]:
    with pytest.raises(FetchError) as raised:
        await source.list_images()
    return raised.value.key, dict(raised.value.details)


async def test_an_asset_of_a_release_is_an_image(
    github: GithubServer, source_of: Sources, server: FileServer, tmp_path: Path
) -> None:
    release = github.release("v1.4.2")
    github.upload(release, "thingy.bin", b"firmware")
    github.upload(release, "thingy.elf", b"debug")
    source = source_of()
    listing = await source.list_images()
    assert listing.problems == ()
    (image,) = listing.images
    described = image.described()
    assert image.name == "Hello: thingy.bin (v1.4.2)"
    assert (described.version, described.model, described.channel) == ("1.4.2", "Thingy:91", None)
    assert described.release_notes == "Description of the release"
    assert described.release_url == f"https://github.example/{REPOSITORY}/releases/tag/v1.4.2"
    assert described.origin == image.url
    store = ImageStore(tmp_path / "images")
    await source.origin_of(image).bring(image.stored, store)
    assert store.path(hashlib.sha256(b"firmware").hexdigest()).read_bytes() == b"firmware"
    assert server.paths[-1].startswith(f"/{REPOSITORY}/releases/download/")


async def test_releases_before_their_time_have_a_channel_and_drafts_are_not_seen(
    github: GithubServer, source_of: Sources
) -> None:
    github.upload(github.release("v1.0.0"), "a.bin", b"1")
    github.upload(github.release("v1.1.0-rc1", prerelease=True), "a.bin", b"2")
    github.upload(github.release("v1.2.0", draft=True), "a.bin", b"3")
    images = [image.described() for image in (await source_of().list_images()).images]
    assert [(image.version, image.channel) for image in images] == [
        ("1.1.0-rc1", "beta"),
        ("1.0.0", None),
    ]


async def test_a_sidecar_beside_an_asset_says_more_than_the_release(
    github: GithubServer, source_of: Sources
) -> None:
    release = github.release("nightly", prerelease=True)
    github.upload(release, "a.bin", b"firmware")
    members = {"version": "1.4.2", "endpoint": "urn:imei:*", "channel": "nightly"}
    github.upload(release, "a.bin.json", json.dumps(members).encode())
    (image,) = (await source_of().list_images()).images
    described = image.described()
    assert (described.version, described.channel) == ("1.4.2", "nightly")
    assert (described.endpoint, described.model) == ("urn:imei:*", None)


async def test_a_sidecar_is_fetched_once(
    github: GithubServer, source_of: Sources, server: FileServer
) -> None:
    release = github.release("v1.4.2")
    github.upload(release, "a.bin", b"firmware")
    beside = github.upload(release, "a.bin.json", b"{}")
    source = source_of()
    await source.list_images()
    github.upload(github.release("v1.5.0"), "a.bin", b"newer")
    assert len((await source.list_images()).images) == 2
    beside["updated_at"] = "2026-03-01T00:00:00Z"
    github.etag = "changed"
    await source.list_images()
    assert len([path for path in server.paths if path.endswith(".json")]) == 2


async def test_the_digest_of_a_sidecar_stands_in_for_githubs(
    github: GithubServer, source_of: Sources
) -> None:
    release = github.release("v1.4.2")
    sha256 = hashlib.sha256(b"firmware").hexdigest()
    github.upload(release, "a.bin", b"firmware", digest=None)
    github.upload(release, "a.bin.json", json.dumps({"sha256": sha256}).encode())
    (image,) = (await source_of().list_images()).images
    assert image.stored.sha256 == sha256


@pytest.mark.parametrize(
    ("sidecar", "changes", "key"),
    [
        (b"{}", {"digest": None}, RemoteProblem.ASSET_WITHOUT_DIGEST),
        (b"{}", {"digest": "md5:12"}, RemoteProblem.ASSET_WITHOUT_DIGEST),
        (b"{]", {}, SidecarProblem.NOT_JSON),
        (b'{"modle": "x"}', {}, SidecarProblem.UNKNOWN_MEMBER),
        (b'{"sha256": "' + b"0" * 64 + b'"}', {}, FolderProblem.SHA256_MISMATCH),
        (b" " * 100_000, {}, RemoteProblem.NOT_FETCHED),
    ],
)
async def test_an_asset_that_cannot_be_used_costs_itself_only(
    github: GithubServer,
    source_of: Sources,
    sidecar: bytes,
    changes: dict[str, object],
    key: str,
) -> None:
    github.upload(github.release("v1.0.0"), "a.bin", b"good")
    release = github.release("v1.4.2")
    github.upload(release, "a.bin", b"firmware", **changes)
    github.upload(release, "a.bin.json", sidecar)
    listing = await source_of().list_images()
    assert [image.described().version for image in listing.images] == ["1.0.0"]
    assert [(each.file_name, each.key) for each in listing.problems] == [
        ("Hello: a.bin (v1.4.2)", key)
    ]


async def test_without_a_pattern_an_asset_fits_nobody(
    github: GithubServer, source_of: Sources
) -> None:
    github.upload(github.release("v1.4.2"), "a.bin", b"firmware")
    listing = await source_of(patterns={}).list_images()
    assert [problem.key for problem in listing.problems] == [SidecarProblem.NO_PATTERN]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "open"},
        {"name": None},
        {"size": 0},
        {"size": "8"},
        {"size": 2**40},
        {"url": "http://api.github.example/1"},
        {"browser_download_url": None},
        {"browser_download_url": "https://["},
    ],
)
async def test_what_is_no_asset_is_passed_over(
    github: GithubServer, source_of: Sources, changes: dict[str, object]
) -> None:
    github.upload(github.release("v1.4.2"), "a.bin", b"firmware", **changes)
    listing = await source_of().list_images()
    assert (listing.images, listing.problems) == ((), ())


async def test_what_is_no_release_is_passed_over(github: GithubServer, source_of: Sources) -> None:
    github.upload(github.release("v1.4.2"), "a.bin", b"firmware")
    github.releases += [None, 7, {}, {"tag_name": "v1", "assets": None}]
    github.release("v2")["assets"] = ["?"]
    assert len((await source_of().list_images()).images) == 1


async def test_releases_that_are_the_same_are_not_sent_again(
    github: GithubServer, source_of: Sources, server: FileServer
) -> None:
    github.upload(github.release("v1.4.2"), "a.bin", b"firmware")
    source = source_of()
    first = await source.list_images()
    assert await source.list_images() == first
    assert server.requests[-1].headers["If-None-Match"] == github.etag


async def test_a_sidecar_that_could_not_be_fetched_is_asked_for_again(
    github: GithubServer, source_of: Sources, server: FileServer
) -> None:
    release = github.release("v1.4.2")
    github.upload(release, "a.bin", b"firmware")
    beside = github.upload(release, "a.bin.json", b"{}")
    path = str(beside["browser_download_url"]).removeprefix(github.base_url)
    answer = server.answers.pop(path)
    source = source_of()
    assert (await source.list_images()).images == ()
    server.answers[path] = answer
    assert len((await source.list_images()).images) == 1


async def test_a_token_is_for_the_api_and_for_no_other_host(
    github: GithubServer,
    source_of: Sources,
    authority: Authority,
    server: FileServer,
    tmp_path: Path,
) -> None:
    async with FileServer(authority.serving()) as storage:
        release = github.release("v1.4.2")
        inside = github.upload(release, "a.bin", b"firmware")
        outside = github.upload(release, "b.bin", b"elsewhere")
        server.redirect(
            str(inside["url"]).removeprefix(github.base_url), storage.put("/blob", b"firmware")
        )
        outside["url"] = storage.put("/mine", b"elsewhere")
        source = source_of(token="secret")
        store = ImageStore(tmp_path / "images")
        images = (await source.list_images()).images
        for image in images:
            await source.origin_of(image).bring(image.stored, store)
        tokens = [request.headers.get("Authorization") for request in server.requests]
        assert tokens == ["token secret", "Bearer secret"]
        assert [request.headers.get("Authorization") for request in storage.requests] == [None] * 2
    assert "secret" not in repr(source.origin_of(images[0]))


@pytest.mark.parametrize(
    ("answer", "key", "details"),
    [
        (message(401, "Bad credentials"), "fetch_token_refused", {}),
        (message(403, "Resource not accessible"), "fetch_token_refused", {}),
        (message(404, "Not Found"), "fetch_not_there", {"what": REPOSITORY}),
        (message(500, "Oops"), "fetch_unreadable", {"error": "GitHubException"}),
        (web.Response(text="<html>"), "fetch_unreadable", {"error": "no list of releases"}),
        (web.json_response({"a": 1}), "fetch_unreadable", {"error": "no list of releases"}),
        (
            web.Response(text="{", content_type="application/json"),
            "fetch_unreadable",
            {"error": "GitHubException"},
        ),
    ],
)
async def test_an_answer_without_releases_is_named(
    github: GithubServer,
    source_of: Sources,
    answer: web.Response,
    key: str,
    details: dict[str, str],
) -> None:
    github.answer = answer
    assert await failure(source_of()) == (key, {"host": LOOPBACK} | details)


@pytest.mark.parametrize(
    "answer",
    [
        message(403, "API rate limit exceeded", **{"X-RateLimit-Remaining": "0"}),
        message(429, "Slow down", **{"Retry-After": "3600"}),
        message(429, "Slow down"),
        message(
            403,
            "API rate limit exceeded for you",
            **{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9999999999"},
        ),
    ],
)
async def test_who_asks_too_often_is_not_asked_again_before_the_time(
    github: GithubServer, source_of: Sources, server: FileServer, answer: web.Response
) -> None:
    github.answer = answer
    source = source_of()
    first = await failure(source)
    assert first[0] == "fetch_rate_limited"
    github.answer = None
    assert await failure(source) == first
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (200, {"Retry-After": "7"}, None),
        (403, {}, None),
        (403, {"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "1"}, None),
        (403, {"X-RateLimit-Remaining": "0"}, None),
        (403, {"Retry-After": "7"}, 7),
        (429, {"Retry-After": "99999999"}, 21_600),
        (429, {"Retry-After": "soon"}, 60),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, 0),
    ],
)
def test_how_long_to_wait_is_told_by_the_answer(
    status: int, headers: dict[str, str], seconds: int | None
) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert may_ask_at(status, headers, NOW) == expected


async def test_a_server_within_the_own_network_is_not_asked(
    source_of: Sources, server: FileServer
) -> None:
    source = source_of(allows_private=False)
    assert await failure(source) == (
        "fetch_address_forbidden",
        {"host": LOOPBACK, "address": LOOPBACK},
    )
    assert server.requests == []


async def test_a_repository_that_was_renamed_is_followed_but_not_to_http(
    github: GithubServer, source_of: Sources, server: FileServer
) -> None:
    github.upload(github.release("v1.4.2"), "a.bin", b"firmware")
    server.answers["/repositories/1/releases"] = server.answers[RELEASES]
    server.redirect(RELEASES, "/repositories/1/releases", status=301)
    assert len((await source_of().list_images()).images) == 1
    server.redirect(RELEASES, "http://127.0.0.1/")
    assert (await failure(source_of()))[0] == "fetch_not_https"


async def test_a_server_that_does_not_answer_is_given_up(
    source_of: Sources, server: FileServer
) -> None:
    is_over = asyncio.Event()

    async def stall(_: web.BaseRequest) -> web.Response:
        await is_over.wait()
        return web.Response()

    server.answers[RELEASES] = stall
    source = source_of(timing=FetchTiming(document_seconds=0.05))
    assert await failure(source) == (
        "fetch_too_slow",
        {"host": LOOPBACK, "limit_seconds": "0.05"},
    )
    stalled = source_of(timing=FetchTiming(stall_seconds=0.05))
    assert (await failure(stalled))[0] == "fetch_too_slow"
    asked_before = len(server.requests)
    asking = asyncio.create_task(source_of().list_images())
    while len(server.requests) == asked_before:  # noqa: ASYNC110 # a server tells nobody that it was asked
        await asyncio.sleep(0.001)
    asking.cancel()
    await asyncio.wait([asking])
    is_over.set()
    assert asking.cancelled()


async def test_two_assets_that_share_a_name_are_told_apart(
    github: GithubServer, source_of: Sources
) -> None:
    for content in (b"1", b"2"):
        github.upload(github.release("v1.4.2"), "a.bin", content)
    names = [image.name for image in (await source_of().list_images()).images]
    assert names == ["Hello: a.bin (v1.4.2)", "Hello: a.bin (v1.4.2) (2)"]
