import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from socket import AddressFamily, AddressInfo
from typing import override

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from custom_components.flownexus_ota.sources.fetch_errors import FetchError
from custom_components.flownexus_ota.sources.guarded_connection import (
    MAX_REDIRECTS,
    FetchTiming,
)
from custom_components.flownexus_ota.sources.guarded_fetch import (
    GuardedFetcher,
)

from .authority import Authority
from .conftest import HOST
from .file_server import LOOPBACK, FileServer

LIMIT = 4 * 1024 * 1024


class Names(AbstractResolver):
    """Knows what a test says, and how often it was asked."""

    def __init__(self, *answers: list[str]) -> None:
        """Give the answers in turn."""
        self.answers = list(answers)
        self.asked: list[str] = []

    @override
    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host.encode("idna").decode())  # as the operating system's does
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=AddressFamily.AF_INET,
                proto=0,
                flags=AddressInfo.AI_NUMERICHOST,
            )
            for address in self.answers.pop(0)
        ]

    @override
    async def close(self) -> None:
        self.answers.clear()


async def failure(fetcher: GuardedFetcher, url: str) -> tuple[str, dict[str, str]]:
    """Fetch a document that cannot be fetched, and return why."""
    with pytest.raises(FetchError) as raised:
        await fetcher.fetch_bytes(url, limit_bytes=LIMIT)
    return raised.value.key, dict(raised.value.details)


@pytest.fixture
def guarded(authority: Authority) -> GuardedFetcher:
    """Return one that may go to public hosts only."""
    return GuardedFetcher(authority.trusting())


async def test_a_document_is_fetched(fetcher: GuardedFetcher, server: FileServer) -> None:
    document = await fetcher.fetch_bytes(server.put("/index", b"[]"), limit_bytes=2)
    assert document is not None
    assert (document.content, document.etag) == (b"[]", None)


async def test_a_document_that_is_the_same_is_not_sent_again(
    fetcher: GuardedFetcher, server: FileServer
) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        is_same = request.headers.get("If-None-Match") == '"1"'
        status, body = (304, b"") if is_same else (200, b"[]")
        return web.Response(status=status, body=body, headers={"ETag": '"1"'})

    server.answers["/index"] = answer
    first = await fetcher.fetch_bytes(server.url("/index"), limit_bytes=LIMIT)
    assert first is not None
    assert first.etag == '"1"'
    assert await fetcher.fetch_bytes(server.url("/index"), limit_bytes=LIMIT, etag='"1"') is None


async def test_nothing_is_the_same_as_what_was_never_shown(
    fetcher: GuardedFetcher, server: FileServer
) -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=304)

    server.answers["/index"] = answer
    found = await failure(fetcher, server.url("/index"))
    assert found == ("fetch_bad_status", {"host": LOOPBACK, "status": "304"})


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("", "fetch_address_unusable"),
        ("https://", "fetch_address_unusable"),
        ("/index.json", "fetch_address_unusable"),
        ("https://[::1", "fetch_address_unusable"),
        ("https://[::1]@", "fetch_address_unusable"),
        ("https://firmware.example:99999/", "fetch_address_unusable"),
        ("https://127.1/", "fetch_address_unusable"),
        ("https://2130706433/", "fetch_address_unusable"),
        ("https://somebody:secret@firmware.example/", "fetch_address_unusable"),
        ("https://somebody@firmware.example/", "fetch_address_unusable"),
        ("http://firmware.example/", "fetch_not_https"),
        ("ftp://firmware.example/", "fetch_not_https"),
        ("file://firmware.example/etc/passwd", "fetch_not_https"),
    ],
)
async def test_only_https_addresses_without_a_login_are_asked(
    guarded: GuardedFetcher, url: str, key: str
) -> None:
    assert (await failure(guarded, url))[0] == key


async def test_a_name_that_no_name_server_can_be_asked_for_is_no_address(
    authority: Authority,
) -> None:
    fetcher = GuardedFetcher(authority.trusting(), resolver=Names([LOOPBACK]))
    key, _ = await failure(fetcher, f"https://{'a' * 64}.example/")
    assert key == "fetch_address_unusable"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        (LOOPBACK, LOOPBACK),
        ("[::1]", "::1"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ("localhost", LOOPBACK),
    ],
)
async def test_the_loopback_is_not_asked_however_it_is_written(
    guarded: GuardedFetcher, server: FileServer, host: str, address: str
) -> None:
    key, details = await failure(guarded, server.url("/", host=host))
    assert key == "fetch_address_forbidden"
    assert details["address"] in (address, "::1")
    assert server.requests == []


async def test_a_name_for_a_private_address_is_not_asked(
    authority: Authority, server: FileServer
) -> None:
    fetcher = GuardedFetcher(authority.trusting(), resolver=Names(["1.1.1.1", LOOPBACK]))
    found = await failure(fetcher, server.url("/", host=HOST))
    assert found == ("fetch_address_forbidden", {"host": HOST, "address": LOOPBACK})
    assert server.requests == []


async def test_a_name_is_resolved_once_and_never_after_it_was_checked(
    authority: Authority, server: FileServer
) -> None:
    names = Names([LOOPBACK], ["169.254.169.254"])
    fetcher = GuardedFetcher(authority.trusting(), allows_private=True, resolver=names)
    server.put("/index", b"[]")
    url = server.url("/index", host=HOST)
    document = await fetcher.fetch_bytes(url, limit_bytes=LIMIT)
    assert document is not None
    assert names.asked == [HOST]
    assert (await failure(fetcher, url))[0] == "fetch_address_forbidden"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(
    fetcher: GuardedFetcher, server: FileServer, status: int
) -> None:
    server.put("/there", b"[]")
    url = server.redirect("/here", "/there", status=status)
    document = await fetcher.fetch_bytes(url, limit_bytes=LIMIT)
    assert document is not None
    assert server.paths == ["/here", "/there"]


async def test_redirects_have_an_end(fetcher: GuardedFetcher, server: FileServer) -> None:
    found = await failure(fetcher, server.redirect("/loop", "/loop"))
    details = {"host": LOOPBACK, "limit": str(MAX_REDIRECTS)}
    assert found == ("fetch_too_many_redirects", details)
    assert len(server.requests) == MAX_REDIRECTS + 1


@pytest.mark.parametrize(
    ("location", "key"),
    [
        ("http://127.0.0.1/", "fetch_not_https"),
        ("https://169.254.169.254/latest/meta-data", "fetch_address_forbidden"),
        ("https://u:p@127.0.0.1/", "fetch_address_unusable"),
        ("https://[", "fetch_address_unusable"),
        ("https://[::1]@", "fetch_address_unusable"),
        ("", "fetch_too_many_redirects"),
    ],
)
async def test_where_a_redirect_leads_is_checked_like_the_first_address(
    fetcher: GuardedFetcher, server: FileServer, location: str, key: str
) -> None:
    assert (await failure(fetcher, server.redirect("/here", location)))[0] == key


async def test_a_redirect_from_a_public_name_into_the_own_network_is_not_followed(
    authority: Authority, server: FileServer
) -> None:
    names = Names([LOOPBACK], ["169.254.1.1"])
    fetcher = GuardedFetcher(authority.trusting(), allows_private=True, resolver=names)
    server.redirect("/here", f"https://inside.example:{server.port}/")
    found = await failure(fetcher, server.url("/here", host=HOST))
    details = {"host": "inside.example", "address": "169.254.1.1"}
    assert found == ("fetch_address_forbidden", details)


async def test_credentials_are_for_the_first_host_alone(
    authority: Authority, fetcher: GuardedFetcher, server: FileServer
) -> None:
    async with FileServer(authority.serving()) as other:
        server.redirect("/here", "/here-too")
        server.redirect("/here-too", other.redirect("/there", server.put("/end", b"[]")))
        document = await fetcher.fetch_bytes(
            server.url("/here"), limit_bytes=LIMIT, authorisation="Bearer secret"
        )
        assert document is not None
        seen = [request.headers.get("Authorization") for request in server.requests]
        assert seen == ["Bearer secret", "Bearer secret", None]
        assert [request.headers.get("Authorization") for request in other.requests] == [None]


async def test_a_server_that_nobody_vouches_for_is_not_asked(
    tmp_path: Path, fetcher: GuardedFetcher
) -> None:
    async with FileServer(Authority(tmp_path, "Somebody else").serving()) as server:
        key, details = await failure(fetcher, server.put("/index", b"[]"))
        assert key == "fetch_certificate"
        assert "CERTIFICATE_VERIFY_FAILED" in details["error"]
        assert server.requests == []


async def test_a_server_that_speaks_no_tls_is_told_apart(fetcher: GuardedFetcher) -> None:
    async with FileServer(None) as server:
        url = server.url("/").replace("http:", "https:")
        assert (await failure(fetcher, url))[0] == "fetch_certificate"


async def test_a_server_that_is_not_there_is_unreachable(
    authority: Authority, fetcher: GuardedFetcher
) -> None:
    async with FileServer(authority.serving()) as server:
        url = server.url("/index?token=secret")
    key, details = await failure(fetcher, url)
    assert (key, details["host"]) == ("fetch_unreachable", LOOPBACK)
    assert "secret" not in str(details)


async def test_an_answer_that_is_no_http_is_unreachable(authority: Authority) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n\r\n")
        await writer.drain()
        writer.close()

    fetcher = GuardedFetcher(authority.trusting(), allows_private=True)
    listener = await asyncio.start_server(talk, LOOPBACK, 0, ssl=authority.serving())
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        key, details = await failure(fetcher, f"https://{LOOPBACK}:{port}/?token=secret")
    assert key == "fetch_unreachable"
    assert "secret" not in str(details)


@pytest.mark.parametrize("status", [204, 206, 401, 404, 500])
async def test_any_other_status_is_told(
    fetcher: GuardedFetcher, server: FileServer, status: int
) -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=status)

    server.answers["/index"] = answer
    found = await failure(fetcher, server.url("/index"))
    assert found == ("fetch_bad_status", {"host": LOOPBACK, "status": str(status)})


async def test_a_compressed_answer_is_refused(fetcher: GuardedFetcher, server: FileServer) -> None:
    url = server.put("/index", gzip.compress(b"0" * LIMIT), **{"Content-Encoding": "gzip"})
    found = await failure(fetcher, url)
    assert found == ("fetch_compressed", {"host": LOOPBACK, "encoding": "gzip"})
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


async def test_more_than_the_limit_is_refused_by_its_announcement(
    fetcher: GuardedFetcher, server: FileServer
) -> None:
    found = await failure(fetcher, server.put("/index", b"0" * (LIMIT + 1)))
    assert found == ("fetch_too_large", {"host": LOOPBACK, "limit_bytes": str(LIMIT)})


def chunked(blocks: AsyncIterator[bytes], **headers: str) -> web.Response:
    return web.Response(body=blocks, headers=headers)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"0" * 65536


async def test_an_answer_without_end_is_refused_at_the_limit(
    fetcher: GuardedFetcher, server: FileServer
) -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return chunked(endless())

    server.answers["/index"] = answer
    assert (await failure(fetcher, server.url("/index")))[0] == "fetch_too_large"


async def test_an_answer_that_breaks_off_is_unreachable(
    fetcher: GuardedFetcher, server: FileServer
) -> None:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    server.answers["/index"] = answer
    assert (await failure(fetcher, server.url("/index")))[0] == "fetch_unreachable"


@pytest.mark.parametrize(
    ("timing", "limit"),
    [
        (FetchTiming(stall_seconds=0.05), "0.05"),
        (FetchTiming(document_seconds=0.06), "0.06"),
    ],
)
async def test_a_server_that_stalls_is_given_up(
    authority: Authority, server: FileServer, timing: FetchTiming, limit: str
) -> None:
    is_over = asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await is_over.wait()
        return response

    server.answers["/index"] = answer
    fetcher = GuardedFetcher(authority.trusting(), allows_private=True, timing=timing)
    found = await failure(fetcher, server.url("/index"))
    is_over.set()
    assert found == ("fetch_too_slow", {"host": LOOPBACK, "limit_seconds": limit})


async def test_a_connection_that_is_not_accepted_is_given_up(authority: Authority) -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await is_over.wait()
        writer.close()

    is_over = asyncio.Event()
    timing = FetchTiming(connect_seconds=0.05)
    fetcher = GuardedFetcher(authority.trusting(), allows_private=True, timing=timing)
    # It accepts the connection and never shakes hands.
    async with await asyncio.start_server(silent, LOOPBACK, 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        found = await failure(fetcher, f"https://{LOOPBACK}:{port}/")
        is_over.set()
    assert found == ("fetch_too_slow", {"host": LOOPBACK, "limit_seconds": "0.05"})
