"""The releases of a repository, asked of GitHub by aiogithubapi.

It is imported when the first repository is set up, and not before: Home Assistant has it for
integrations of its own, and not everybody uses one of them.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, final

import aiohttp
from aiogithubapi import (
    GitHubAPI,
    GitHubAuthenticationException,
    GitHubException,
    GitHubNotFoundException,
    GitHubNotModifiedException,
    GitHubRatelimitException,
)

from .fetch_errors import (
    FetchError,
    NotThereError,
    RateLimitedError,
    TokenRefusedError,
    TooSlowError,
    UnreadableError,
)
from .github import GithubAnswer
from .guarded_connection import FetchTiming, GuardedConnection, host_of

GITHUB_API_URL: Final = "https://api.github.com"
RELEASES_PER_REPOSITORY: Final = 30
# GitHub's advice for a secondary limit without a time: wait for at least a minute.
_UNTOLD_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(hours=6)


@final
class GithubApi:
    """Asks GitHub; every failure is a `FetchError`."""

    def __init__(
        self,
        connection: GuardedConnection,
        *,
        token: str | None,
        base_url: str = GITHUB_API_URL,
        timing: FetchTiming | None = None,
    ) -> None:
        """Ask with a token if there is one."""
        self._connection = connection
        self._token = token
        self._timing = FetchTiming() if timing is None else timing
        self.base_url: Final = base_url
        self._may_ask_at: datetime | None = None
        """Until then nothing is asked: GitHub shuts out who does not mind its limits."""

    async def releases(self, repository: str, *, etag: str | None) -> GithubAnswer | None:
        """Return the newest releases, or `None` if they are still those with `etag`."""
        host, now = host_of(self.base_url), datetime.now(UTC)
        if self._may_ask_at is not None and now < self._may_ask_at:
            raise RateLimitedError(host=host, until=_shown(self._may_ask_at))

        def note(response: aiohttp.ClientResponse) -> None:
            self._may_ask_at = may_ask_at(response.status, response.headers, datetime.now(UTC))

        seconds = self._timing.document_seconds
        try:
            async with (
                asyncio.timeout(seconds),
                self._connection.session(on_answer=note) as session,
            ):
                return await self._ask(session, repository, etag)
        except TimeoutError as err:
            raise TooSlowError(host=host, limit_seconds=f"{seconds:g}") from err
        except GitHubNotModifiedException:
            return None
        except GitHubException as err:
            raise self._named(err, repository) from err

    async def _ask(
        self, session: aiohttp.ClientSession, repository: str, etag: str | None
    ) -> GithubAnswer:
        # Without a token, it would take one of the environment.
        api = GitHubAPI(
            token=self._token or "",
            session=session,
            base_url=self.base_url,
            timeout=self._connection.limits,
        )
        further: dict[str, Any] = {} if etag is None else {"etag": etag}
        try:
            answer = await api.generic(
                f"/repos/{repository}/releases",
                params={"per_page": RELEASES_PER_REPOSITORY},
                **further,
            )
        except GitHubException as err:
            # It takes a cancellation for a failure of the connection.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from err
            raise
        return GithubAnswer(releases=answer.data, etag=answer.etag)

    def _named(self, err: GitHubException, repository: str) -> FetchError:
        """Return the FetchError that stands for what aiogithubapi raises."""
        host = host_of(self.base_url)
        for cause in (err.__cause__, err.__context__):
            if isinstance(cause, FetchError):
                return cause
        if self._may_ask_at is None and isinstance(err, GitHubRatelimitException):
            self._may_ask_at = datetime.now(UTC) + _UNTOLD_PAUSE
        if self._may_ask_at is not None:
            return RateLimitedError(host=host, until=_shown(self._may_ask_at))
        if isinstance(err, GitHubAuthenticationException):
            return TokenRefusedError(host=host)
        if isinstance(err, GitHubNotFoundException):
            return NotThereError(host=host, what=repository)
        # Its texts have whole answers in them.
        return UnreadableError(host=host, error=type(err).__name__)


def may_ask_at(status: int, headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when the next question is allowed, if this answer says that none is before.

    GitHub tells it in `Retry-After` (seconds), or in `X-RateLimit-Reset` (since the epoch) once
    `X-RateLimit-Remaining` is 0.
    """
    if status not in (403, 429):
        return None
    after, reset = headers.get("Retry-After", ""), headers.get("X-RateLimit-Reset", "")
    if after.isdecimal():
        pause = timedelta(seconds=min(int(after), _LONGEST_PAUSE.total_seconds()))
    elif headers.get("X-RateLimit-Remaining") == "0" and reset.isdecimal():
        # A clock that is wrong must not stop us for ever.
        seconds = int(reset) - now.timestamp()
        pause = timedelta(seconds=min(max(seconds, 0.0), _LONGEST_PAUSE.total_seconds()))
    elif status == 429:
        pause = _UNTOLD_PAUSE
    else:
        return None
    return now + pause


def _shown(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
