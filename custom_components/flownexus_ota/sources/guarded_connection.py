"""One guarded request: https, to addresses that were checked, redirects followed by hand.

A name is resolved once, its addresses are checked, and only they are connected to; a redirect is
checked like the first address. So nobody who writes an index can make Home Assistant talk to its
own network.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from socket import AddressFamily
from typing import Final, final, override

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from .addresses import is_address, may_fetch_from, parsed_url
from .bounded_response import BoundedResponse
from .fetch_errors import (
    AddressForbiddenError,
    AddressUnusableError,
    CertificateError,
    NotHttpsError,
    TooManyRedirectsError,
    TooSlowError,
    UnreachableError,
)

MAX_REDIRECTS: Final = 3
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# GitHub's redirect to a release's file has a header of 9 KiB.
_HEADER_LIMIT_BYTES: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchTiming:
    """How long a download may take."""

    connect_seconds: float = 15
    stall_seconds: float = 30
    document_seconds: float = 60
    """All of a small document."""
    image_seconds: float = 1800
    """All of an image: 256 MiB at 150 kB/s."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchRequest:
    """What is asked for."""

    url: str
    accept: str = "*/*"
    authorisation: str | None = None
    """A header's value; a host that is redirected to never sees it."""
    etag: str | None = None


@final
class GuardedConnection:
    """Asks servers; every failure is a `FetchError`."""

    def __init__(
        self,
        ssl_context: ssl.SSLContext,
        *,
        allows_private: bool,
        timing: FetchTiming,
        resolver: AbstractResolver | None,
    ) -> None:
        """Trust whom `ssl_context` trusts; ask the operating system without a `resolver`."""
        self._ssl_context = ssl_context
        self._allows_private = allows_private
        self._timing = timing
        self._resolver = resolver

    @asynccontextmanager
    async def opened(
        self, request: FetchRequest, *, seconds: float
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Yield the answer of where the redirects end, within a time that includes its reading."""
        resolver = _CheckedResolver(self._resolver, allows_private=self._allows_private)
        try:
            async with (
                asyncio.timeout(seconds),
                self._session(resolver) as session,
                await self._followed(session, request) as response,
            ):
                with _named_failures(response.url.host or "", self._timing):
                    yield response
        except TimeoutError as err:
            raise TooSlowError(host=host_of(request.url), limit_seconds=f"{seconds:g}") from err

    @property
    def limits(self) -> aiohttp.ClientTimeout:
        """Return how long each step of a request may take; all of it is its caller's to limit."""
        return aiohttp.ClientTimeout(
            total=None,
            sock_connect=self._timing.connect_seconds,
            sock_read=self._timing.stall_seconds,
        )

    @asynccontextmanager
    async def session(
        self, *, on_answer: Callable[[aiohttp.ClientResponse], None]
    ) -> AsyncGenerator[aiohttp.ClientSession]:
        """Yield a session for somebody else's client, which follows redirects, and has `limits`.

        Each of its requests is guarded all the same, and its failures are `FetchError`s.
        """

        async def guard(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            url = _checked(str(request.url), allows_private=self._allows_private)
            with _named_failures(url.host or "", self._timing):
                response = await handler(request)
            on_answer(response)
            return response

        resolver = _CheckedResolver(self._resolver, allows_private=self._allows_private)
        async with self._session(resolver, guard) as session:
            yield session

    def _session(
        self, resolver: AbstractResolver, *middlewares: aiohttp.ClientMiddlewareType
    ) -> aiohttp.ClientSession:
        """Return a session of its own: no cookies, no proxy, no connection of anybody else's."""
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, ssl=self._ssl_context, force_close=True
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            response_class=BoundedResponse,
            headers={"Accept-Encoding": "identity"},
            middlewares=middlewares,
            auto_decompress=False,
            trust_env=False,
            timeout=self.limits,
            max_line_size=_HEADER_LIMIT_BYTES,
            max_field_size=_HEADER_LIMIT_BYTES,
        )

    async def _followed(
        self, session: aiohttp.ClientSession, request: FetchRequest
    ) -> aiohttp.ClientResponse:
        """Return the first answer that is no redirect; the caller closes it."""
        url = _checked(request.url, allows_private=self._allows_private)
        headers = _headers(request)
        for _ in range(MAX_REDIRECTS + 1):
            with _named_failures(url.host or "", self._timing):
                response = await session.get(url, headers=headers, allow_redirects=False)
            if response.status not in _REDIRECTS:
                return response
            response.close()
            target = _checked(
                _location(url, response.headers.get("Location", "")),
                allows_private=self._allows_private,
            )
            if target.origin() != url.origin():
                headers.pop("Authorization", None)
            url = target
        raise TooManyRedirectsError(host=url.host or "", limit=str(MAX_REDIRECTS))


@final
class _CheckedResolver(AbstractResolver):
    """Gives out no address that may not be connected to, of a name that has one."""

    def __init__(self, resolver: AbstractResolver | None, *, allows_private: bool) -> None:
        """Ask `resolver`, else the operating system."""
        self._resolver = aiohttp.ThreadedResolver() if resolver is None else resolver
        self._allows_private = allows_private

    @override
    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        for each in found:
            if not may_fetch_from(each["host"], allows_private=self._allows_private):
                raise AddressForbiddenError(host=host, address=each["host"])
        return found

    @override
    async def close(self) -> None:
        """Close nothing: a resolver that was given belongs to who gave it."""


def host_of(url: str) -> str:
    """Return the host of a URL that was asked already."""
    return URL(url).host or ""


def _checked(url: str, *, allows_private: bool) -> URL:
    """Return a URL that may be asked, as far as it can be told before its name is resolved."""
    try:
        parsed = parsed_url(url)
        host, port = parsed.host, parsed.port
    except ValueError as err:
        raise AddressUnusableError from err
    if not host or parsed.user is not None or parsed.password is not None:
        raise AddressUnusableError
    if parsed.scheme != "https" or port is None:
        raise NotHttpsError(host=host)
    # Nobody resolves a numeric address.
    if is_address(host) and not may_fetch_from(host, allows_private=allows_private):
        raise AddressForbiddenError(host=host, address=host)
    return parsed


def _location(url: URL, location: str) -> str:
    try:
        return str(url.join(parsed_url(location)))
    except ValueError as err:
        raise AddressUnusableError from err


def _headers(request: FetchRequest) -> dict[str, str]:
    headers = {"Accept": request.accept}
    if request.authorisation is not None:
        headers["Authorization"] = request.authorisation
    if request.etag is not None:
        headers["If-None-Match"] = request.etag
    return headers


@contextmanager
def _named_failures(host: str, timing: FetchTiming) -> Iterator[None]:
    """Raise the FetchError that stands for what aiohttp raises inside."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as err:
        raise TooSlowError(host=host, limit_seconds=f"{timing.connect_seconds:g}") from err
    except aiohttp.ServerTimeoutError as err:
        raise TooSlowError(host=host, limit_seconds=f"{timing.stall_seconds:g}") from err
    except (aiohttp.InvalidURL, UnicodeError) as err:
        # `127.1`, `2130706433`: no canonical address; or a name that no name server can be asked.
        raise AddressUnusableError from err
    except aiohttp.ClientSSLError as err:
        raise CertificateError(host=host, error=_said(err)) from err
    except (aiohttp.ClientError, OSError) as err:
        raise UnreachableError(host=host, error=_reason(err)) from err


def _reason(err: Exception) -> str:
    """Return why nobody is there as the system says it; the name service's numbers are negative."""
    number = err.errno if isinstance(err, OSError) else None
    return os.strerror(number) if number is not None and number > 0 else _said(err)


def _said(err: Exception) -> str:
    """Return what went wrong, without the URL that some of aiohttp's texts have in them."""
    if isinstance(err, aiohttp.ClientConnectorCertificateError):
        return str(err.certificate_error)[:255]
    text = err.strerror if isinstance(err, OSError) else None
    return (text or type(err).__name__)[:255]
