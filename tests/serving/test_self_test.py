"""The self-test against real servers: those that serve as devices need it, and the others."""

import asyncio
import errno
import socket
import struct
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import override

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from custom_components.flownexus_ota.serving.offers import OfferBook
from custom_components.flownexus_ota.serving.self_test import RANGE_END, RANGE_START, probe
from custom_components.flownexus_ota.serving.self_test_rules import PASSED, UrlProblem, UrlVerdict
from tests.ha.web_server import ServerThread

from .certificates import new_pair
from .image_server import ImageServer
from .lying_server import (
    LOOPBACK,
    Answering,
    LyingServer,
    answering,
    compressed_image,
    cut_image,
    shifted_image,
    whole_image,
)

PAGE = b"<html><h1>Please log in</h1></html>"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files, one of the test's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_our_own_server_passes(session: aiohttp.ClientSession) -> None:
    async with ImageServer() as server:
        verdict = await probe(f"http://{LOOPBACK}:{server.port}", server.book, session)
        await server.idle()
    assert verdict == PASSED


async def test_the_test_leaves_neither_image_nor_token(
    session: aiohttp.ClientSession, disk: Path
) -> None:
    book = OfferBook()
    async with LyingServer(book, answering()) as server:
        verdict = await probe(server.url, book, session)
    [request] = server.requests
    token = request.split("/")[2]
    assert verdict == PASSED
    assert len(token) == 22
    assert book.find(token) is None
    assert left_in(disk) == []


async def test_it_asks_for_a_range_like_a_device_and_allows_compression(
    session: aiohttp.ClientSession,
) -> None:
    book = OfferBook()
    async with LyingServer(book, answering()) as server:
        await probe(server.url, book, session)
    [request] = server.requests
    assert request.startswith("GET /f/")
    assert f"Range: bytes={RANGE_START}-{RANGE_END - 1}\r\n" in request
    assert "Accept-Encoding: gzip" in request


@pytest.mark.parametrize(
    ("answer", "problem", "detail"),
    [
        (whole_image, "range_ignored", "200 OK"),
        (shifted_image, "wrong_bytes", "2000 / 2000"),
        (cut_image, "wrong_bytes", "1999 / 2000"),
        (answering(body=b"x" * 100_000), "wrong_bytes", "4097 / 2000"),
        (compressed_image, "compressed", "gzip"),
        (answering(content_encoding="identity"), None, ""),
        (
            answering(status="302 Found", body=b"", location="https://hass.example:443/f/secret"),
            "redirect",
            "https://hass.example:443",
        ),
        (answering(content_length=None), "no_length", "206 Partial Content"),
        (answering(etag=None), "no_etag", ""),
        (answering(etag="W/{etag}"), "no_etag", None),
        (answering(status="404 Not Found", body=b"?"), "foreign_answer", "404 Not Found"),
        (answering(status="401 Whatever", body=b"?"), "foreign_answer", "401 Unauthorized"),
        (
            answering(status="200 OK", body=PAGE, content_type="text/html; charset=utf-8"),
            "foreign_answer",
            "200 OK",
        ),
        (answering(status="200 OK", body=b"hello"), "foreign_answer", "200 OK"),
        (answering(status="502 Bad Gateway", body=PAGE), "server_error", "502 Bad Gateway"),
        (lambda _image, _etag: b"", "not_http", "the connection ended without an answer"),
        (lambda _image, _etag: b"220 smtp.example\r\n\r\n", "not_http", "the answer is not HTTP"),
    ],
)
async def test_a_server_that_spoils_images_is_found_out(
    session: aiohttp.ClientSession,
    answer: Answering,
    problem: str | None,
    detail: str | None,
) -> None:
    book = OfferBook()
    async with LyingServer(book, answer) as server:
        verdict = await probe(server.url, book, session)
    assert verdict.problem == problem
    assert detail in {None, verdict.detail}


async def test_a_redirect_is_not_followed(session: aiohttp.ClientSession) -> None:
    book = OfferBook()
    async with LyingServer(book, answering()) as target:
        moved = answering(status="301 Moved Permanently", body=b"", location=target.url)
        async with LyingServer(book, moved) as server:
            verdict = await probe(server.url, book, session)
        assert target.requests == []
    assert verdict == UrlVerdict(problem=UrlProblem.REDIRECT, detail=target.url)


async def test_a_port_where_nobody_listens_is_refused(session: aiohttp.ClientSession) -> None:
    with socket.socket() as unused:
        unused.bind((LOOPBACK, 0))  # Bound, but not listening.
        port = unused.getsockname()[1]
        verdict = await probe(f"http://{LOOPBACK}:{port}", OfferBook(), session)
    assert verdict == UrlVerdict(problem=UrlProblem.REFUSED)


async def test_a_server_that_never_answers_is_given_up(
    session: aiohttp.ClientSession, disk: Path
) -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        url = f"http://{LOOPBACK}:{silent.getsockname()[1]}"
        verdict = await probe(url, OfferBook(), session, limit_seconds=0.05)
    assert verdict == UrlVerdict(problem=UrlProblem.TIMED_OUT)
    assert left_in(disk) == []


class NoNames(AbstractResolver):
    """A name server that knows nobody."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(None, "Domain name not found")

    @override
    async def close(self) -> None:
        """Hold nothing."""


async def test_a_name_that_nobody_knows_is_called_so() -> None:
    connector = aiohttp.TCPConnector(resolver=NoNames())
    async with aiohttp.ClientSession(connector=connector) as session:
        verdict = await probe("http://ota.example", OfferBook(), session)
    problem = UrlProblem.NAME_UNKNOWN
    assert verdict == UrlVerdict(problem=problem, detail="Domain name not found")


async def test_digits_that_are_no_whole_address_are_called_so(
    session: aiohttp.ClientSession,
) -> None:
    verdict = await probe("http://192.168.1:8123", OfferBook(), session)
    detail = "it is no whole IP address"
    assert verdict == UrlVerdict(problem=UrlProblem.NAME_UNKNOWN, detail=detail)


async def test_a_connection_that_is_reset_is_no_web_server(
    session: aiohttp.ClientSession,
) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        linger = struct.pack("ii", 1, 0)  # Close with a reset.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    server = await asyncio.start_server(reset, LOOPBACK, 0)
    async with server:
        url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        verdict = await probe(url, OfferBook(), session)
    problem = UrlProblem.NOT_HTTP
    assert verdict == UrlVerdict(problem=problem, detail="Connection reset by peer")


async def test_an_address_without_a_way_is_unreachable() -> None:
    def no_way(_address: object) -> socket.socket:
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    connector = aiohttp.TCPConnector(socket_factory=no_way)
    async with aiohttp.ClientSession(connector=connector) as session:
        verdict = await probe(f"http://{LOOPBACK}:1", OfferBook(), session)
    assert verdict == UrlVerdict(problem=UrlProblem.UNREACHABLE, detail="No route to host")


async def test_https_where_http_is_spoken_is_no_tls(
    session: aiohttp.ClientSession,
) -> None:
    async with ImageServer() as server:
        verdict = await probe(f"https://{LOOPBACK}:{server.port}", server.book, session)
    assert verdict.problem is UrlProblem.NO_TLS


async def test_a_certificate_of_our_own_authority_is_trusted_by_its_context(
    session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    pair = new_pair(tmp_path)
    async with ImageServer(certificate=pair.server) as server:
        url = f"https://{LOOPBACK}:{server.port}"
        verdict = await probe(url, server.book, session, ssl_context=pair.client)
        await server.idle()
    assert verdict == PASSED


@pytest.mark.parametrize(
    ("address", "days", "is_trusted", "problem"),
    [
        (LOOPBACK, (-2, -1), True, UrlProblem.CERTIFICATE_EXPIRED),
        (LOOPBACK, (1, 2), True, UrlProblem.CERTIFICATE_EXPIRED),
        ("192.0.2.1", (-1, 1), True, UrlProblem.CERTIFICATE_NAME),
        (LOOPBACK, (-1, 1), False, UrlProblem.CERTIFICATE_UNTRUSTED),
    ],
)
async def test_a_bad_certificate_is_told_by_its_kind(
    session: aiohttp.ClientSession,
    tmp_path: Path,
    address: str,
    days: tuple[int, int],
    problem: UrlProblem,
    *,
    is_trusted: bool,
) -> None:
    pair = new_pair(tmp_path, address=address, days=days)
    trusting = pair.client if is_trusted else None
    book = OfferBook()
    with ServerThread(LyingServer(book, answering(), certificate=pair.server)) as server:
        verdict = await probe(server.url, book, session, ssl_context=trusting)
    assert verdict.problem is problem
    assert verdict.detail


async def test_a_disk_without_room_for_the_image_is_no_verdict(
    session: aiohttp.ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(OSError, match="No such file"):
        await probe(f"http://{LOOPBACK}:1", OfferBook(), session)
