"""Fetches a test image under a firmware base URL, as a device would, and tells what is wrong."""

import asyncio
import hashlib
import secrets
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import hdrs
from yarl import URL

from ..ota.profile import UriStyle
from .offers import Offer, OfferBook
from .package_uri import package_uri
from .self_test_rules import Answer, Expected, UrlProblem, UrlVerdict, judge, shown_detail

PROBE_LIMIT_SECONDS: Final = 15.0
IMAGE_SIZE_BYTES: Final = 4096
# From the middle: who ignores the range, or shifts it, is found out.
RANGE_START: Final = 1000
RANGE_END: Final = 3000
FILE_NAME: Final = "self-test.bin"
_TOKEN_BYTES: Final = 16

# X509_V_ERR_… of OpenSSL's x509_vfy.h.
_EXPIRED_CODES: Final = frozenset({9, 10})  # not yet valid, expired
_NAME_CODES: Final = frozenset({62, 64})  # host name, IP address


async def probe(
    base_url: str,
    book: OfferBook,
    session: aiohttp.ClientSession,
    *,
    ssl_context: ssl.SSLContext | None = None,
    limit_seconds: float = PROBE_LIMIT_SECONDS,
) -> UrlVerdict:
    """Ask for a range of a test image under `base_url`, whose images come from `book`.

    The image and its token live as long as the test. An https server has to be one that
    `ssl_context` trusts, or the session by itself. Raise `OSError` when this machine's disk has no
    room for the image; whatever the network does becomes a verdict.
    """
    expected = _new_expected()
    async with _on_offer(book, expected) as token:
        url = package_uri(base_url, token, FILE_NAME, UriStyle.ABSOLUTE)
        try:
            async with asyncio.timeout(limit_seconds):
                answer = await _fetch(session, url, expected, ssl_context)
        except (aiohttp.ClientError, TimeoutError) as err:
            return _verdict_of(err)
    return judge(answer, expected)


def _new_expected() -> Expected:
    # Others every time, so that no cache on the way knows them.
    content = secrets.token_bytes(IMAGE_SIZE_BYTES)
    digest = hashlib.sha256(content).hexdigest()
    return Expected(content=content, etag=f'"{digest}"', start=RANGE_START, end=RANGE_END)


@asynccontextmanager
async def _on_offer(book: OfferBook, expected: Expected) -> AsyncIterator[str]:
    """Offer the test image for the time of the `with` block; yield its token."""
    name = f"self-test-{secrets.token_hex(_TOKEN_BYTES)}"
    path = Path(tempfile.gettempdir(), f"flownexus_ota-{name}")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    offer = Offer(
        session_id=name,
        sha256=expected.etag.strip('"'),
        size_bytes=len(expected.content),
        file_name=FILE_NAME,
        path=path,
    )
    try:
        await asyncio.to_thread(_write, path, expected.content)
        book.add(token, offer)
        yield token
    finally:
        book.revoke(offer.session_id)
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)


async def _fetch(
    session: aiohttp.ClientSession,
    url: str,
    expected: Expected,
    ssl_context: ssl.SSLContext | None,
) -> Answer:
    async with session.get(
        URL(url, encoded=True),
        headers={
            hdrs.RANGE: f"bytes={expected.start}-{expected.end - 1}",
            # A proxy that compresses for clients that allow it does so for some devices.
            hdrs.ACCEPT_ENCODING: "gzip, deflate",
            hdrs.CONNECTION: "close",
        },
        allow_redirects=False,
        auto_decompress=False,
        ssl=True if ssl_context is None else ssl_context,
    ) as response:
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=await _read(response, limit_bytes=len(expected.content) + 1),
        )


async def _read(response: aiohttp.ClientResponse, *, limit_bytes: int) -> bytes:
    """Return the body, or what came of it; no more than `limit_bytes`."""
    body = bytearray()
    try:
        while len(body) < limit_bytes:
            chunk = await response.content.read(limit_bytes - len(body))
            if not chunk:
                break
            body += chunk
    except aiohttp.ClientPayloadError:
        pass  # Cut short: that it is too short is judged like other wrong bytes.
    return bytes(body)


def _verdict_of(error: aiohttp.ClientError | TimeoutError) -> UrlVerdict:
    """Return what a test that got no answer tells."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return _certificate_verdict(error)
        case aiohttp.ClientSSLError():
            problem, detail = UrlProblem.NO_TLS, _words(error)
        case TimeoutError():
            problem, detail = UrlProblem.TIMED_OUT, ""
        case aiohttp.InvalidURL():
            # Digits and dots, as `192.168.1`; an older version took them for a name.
            problem, detail = UrlProblem.NAME_UNKNOWN, "it is no whole IP address"
        case aiohttp.ClientConnectorDNSError():
            problem, detail = UrlProblem.NAME_UNKNOWN, _words(error)
        case aiohttp.ClientConnectorError(os_error=ConnectionRefusedError()):
            problem, detail = UrlProblem.REFUSED, ""
        case aiohttp.ClientConnectorError():
            problem, detail = UrlProblem.UNREACHABLE, _words(error)
        case aiohttp.ClientOSError():
            problem, detail = UrlProblem.NOT_HTTP, error.strerror or ""
        case aiohttp.ServerDisconnectedError():
            problem, detail = UrlProblem.NOT_HTTP, "the connection ended without an answer"
        case _:
            # Not the error's own text: what answered is quoted in it.
            problem, detail = UrlProblem.NOT_HTTP, "the answer is not HTTP"
    return UrlVerdict(problem=problem, detail=shown_detail(detail))


def _certificate_verdict(error: aiohttp.ClientConnectorCertificateError) -> UrlVerdict:
    reason = error.certificate_error
    code = reason.verify_code if isinstance(reason, ssl.SSLCertVerificationError) else None
    if code in _EXPIRED_CODES:
        problem = UrlProblem.CERTIFICATE_EXPIRED
    elif code in _NAME_CODES:
        problem = UrlProblem.CERTIFICATE_NAME
    else:
        problem = UrlProblem.CERTIFICATE_UNTRUSTED
    words = getattr(reason, "verify_message", None) or type(reason).__name__
    return UrlVerdict(problem=problem, detail=shown_detail(str(words)))


def _words(error: aiohttp.ClientConnectorError) -> str:
    """Return what the operating system says; aiohttp's text would have the whole target in it."""
    return error.os_error.strerror or type(error.os_error).__name__
