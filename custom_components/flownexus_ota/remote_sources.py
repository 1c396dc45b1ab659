"""The sources of firmware that one server has besides the folder: indexes and GitHub releases."""

import asyncio
import logging
import random
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any, Final, final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from .catalogue_keeper import Listed
from .const import DOMAIN
from .shared import Shared
from .sources.fetch_errors import FetchError
from .sources.github import GithubSource, Repository
from .sources.guarded_connection import FetchTiming, GuardedConnection
from .sources.guarded_fetch import GuardedFetcher
from .sources.index_source import IndexSource
from .sources.problem import Problem, RemoteProblem
from .sources.remote import RemoteListing, RemoteSource

_LOGGER: Final = logging.getLogger(__name__)

SUBENTRY_INDEX: Final = "index"
SUBENTRY_GITHUB: Final = "github"
SOURCE_KINDS: Final = (SUBENTRY_INDEX, SUBENTRY_GITHUB)

CONF_NAME: Final = "name"
CONF_INDEX_URL: Final = "url"
CONF_ALLOW_PRIVATE_NETWORKS: Final = "allow_private_networks"
CONF_REPOSITORY: Final = "repository"
CONF_ASSET_PATTERN: Final = "asset_pattern"
CONF_PRERELEASE_CHANNEL: Final = "prerelease_channel"
CONF_ACCESS_TOKEN: Final = "access_token"  # noqa: S105 - the name of a field, no token
CONF_API_URL: Final = "api_url"
AIMS: Final = ("manufacturer", "model", "hardware_version", "endpoint")
"""Patterns for assets that have no sidecar, or one that names no devices."""

DEFAULT_API_URL: Final = "https://api.github.com"
DEFAULT_ASSET_PATTERN: Final = "*.bin"
DEFAULT_PRERELEASE_CHANNEL: Final = "beta"
# Home Assistant's own `github` asks for this one; no higher one is needed.
GITHUB_LIBRARY: Final = "aiogithubapi>=26.0.0"

ASK_EVERY: Final = timedelta(hours=6)
ASK_AGAIN_AFTER: Final = timedelta(minutes=5)
"""After the first failure; three times as long after each further one."""
ASK_AT_MOST_EVERY_SECONDS: Final = 60.0
"""Ten thousand entities may be asked to update themselves."""
SPREAD: Final = 0.1
"""Part of a pause by which it is shorter or longer: not all of the world asks at once."""

NEVER: Final = float("-inf")


class LibraryMissingError(Exception):
    """The library that asks GitHub is not there, and cannot be installed; says which."""


@dataclass(kw_only=True, slots=True)
class _Asked:
    """A source that is asked again and again."""

    kind: str
    title: str
    data: Mapping[str, Any]
    source: RemoteSource | None = None
    task: asyncio.Task[None] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked_at_seconds: float = NEVER
    failure_count: int = 0
    listing: RemoteListing = field(default_factory=RemoteListing)
    problem_key: str | None = None
    """Why it could not be asked last time; the text of a problem names addresses."""


@final
class RemoteSources:
    """Asks the sources of one config entry, and gives the keeper what they have."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, shared: Shared) -> None:
        """Nothing is asked before `async_apply`."""
        self._hass = hass
        self._entry = entry
        self._shared = shared
        self._asked: dict[str, _Asked] = {}

    async def async_apply(self) -> None:
        """Go by the subentries as they are now: those that have not changed go on."""
        current = {
            subentry_id: subentry
            for subentry_id, subentry in self._entry.subentries.items()
            if subentry.subentry_type in SOURCE_KINDS
        }
        # A subentry that changes stays the same object.
        gone = [
            key
            for key, asked in self._asked.items()
            if key not in current
            or (current[key].title, current[key].data) != (asked.title, asked.data)
        ]
        for subentry_id in gone:
            await self._forget(subentry_id)
        if gone:
            await self._shared.keeper.rescan_anew()
        for subentry_id, subentry in current.items():
            if subentry_id not in self._asked:
                kind, title, data = subentry.subentry_type, subentry.title, subentry.data
                self._begin(subentry_id, _Asked(kind=kind, title=title, data=data))
        self._shared.keeper.async_add_asker(self._entry.entry_id, self.refresh)

    async def async_stop(self) -> None:
        """Ask no more, and take back what the sources had; safe to repeat."""
        self._shared.keeper.async_remove_asker(self._entry.entry_id)
        gone = tuple(self._asked)
        for subentry_id in gone:
            await self._forget(subentry_id)
        if gone and self._shared.user_count > 1 and not self._hass.is_stopping:
            # The others go on without; not awaited, because a backup may hold the reading.
            self._hass.async_create_task(  # type: ignore[unused-awaitable] # it ends by itself
                self._shared.keeper.rescan_anew(), "flownexus_ota catalogue scan"
            )

    async def refresh(self) -> None:
        """Ask every source now, unless it has just been asked."""
        await asyncio.gather(*(self._ask(each, asked) for each, asked in self._asked.items()))

    def states(self) -> list[dict[str, Any]]:
        """Return how each source does, without its name and its address."""
        now_seconds = asyncio.get_running_loop().time()
        return [
            {
                "type": asked.kind,
                "asked_seconds_ago": (
                    None
                    if asked.asked_at_seconds == NEVER
                    else round(now_seconds - asked.asked_at_seconds)
                ),
                "problem": asked.problem_key,
                "failure_count": asked.failure_count,
                "image_count": len(asked.listing.images),
                "left_out_count": len(asked.listing.problems),
            }
            for asked in self._asked.values()
        ]

    @callback
    def _begin(self, subentry_id: str, asked: _Asked) -> None:
        self._asked[subentry_id] = asked
        asked.task = self._entry.async_create_background_task(
            self._hass,
            self._keep_asking(subentry_id, asked),
            f"flownexus_ota source {asked.title}",
        )

    async def _forget(self, subentry_id: str) -> None:
        asked = self._asked.pop(subentry_id)
        if asked.task is not None:
            asked.task.cancel()
            await asyncio.wait((asked.task,))
        self._shared.keeper.async_forget(subentry_id)

    async def _keep_asking(self, subentry_id: str, asked: _Asked) -> None:
        while True:
            try:
                await self._ask(subentry_id, asked)
            except Exception:  # the outermost loop of a source: it is asked again later
                _LOGGER.exception("Asking %s failed by an error of ours", asked.title)
                asked.failure_count += 1
            await asyncio.sleep(pause_after(asked.failure_count).total_seconds())

    async def _ask(self, subentry_id: str, asked: _Asked) -> None:
        """Ask one source, and give the keeper its answer; who comes meanwhile waits for it."""
        loop = asyncio.get_running_loop()
        async with asked.lock:
            if loop.time() - asked.asked_at_seconds < ASK_AT_MOST_EVERY_SECONDS:
                return
            problem: Problem | None = None
            asked.problem_key = None
            try:
                if asked.source is None:
                    asked.source = await async_source(
                        self._hass, self._shared.tls, asked.kind, asked.title, asked.data
                    )
                asked.listing = await asked.source.list_images()
            except LibraryMissingError as err:
                asked.problem_key = RemoteProblem.LIBRARY_MISSING
                problem = _problem(asked, RemoteProblem.LIBRARY_MISSING, library=str(err))
            except FetchError as err:
                asked.problem_key = err.key
                problem = _problem(asked, RemoteProblem.NOT_FETCHED, error=str(err))
            asked.failure_count = 0 if problem is None else asked.failure_count + 1
            asked.asked_at_seconds = loop.time()
            if self._asked.get(subentry_id) is asked:
                listed = Listed(source=asked.source, listing=asked.listing, problem=problem)
                await self._shared.keeper.put(subentry_id, listed)


def pause_after(failure_count: int) -> timedelta:
    """Return how long to wait before a source is asked again."""
    pause = ASK_EVERY
    if failure_count:
        pause = min(pause, ASK_AGAIN_AFTER * 3 ** min(failure_count - 1, 8))
    return pause * random.uniform(1 - SPREAD, 1 + SPREAD)


async def async_source(
    hass: HomeAssistant, tls: ssl.SSLContext, kind: str, title: str, data: Mapping[str, Any]
) -> RemoteSource:
    """Return what a subentry describes; raise `LibraryMissingError`. `tls` says whom to trust."""
    allows_private = data[CONF_ALLOW_PRIVATE_NETWORKS]
    fetcher = GuardedFetcher(tls, allows_private=allows_private)
    if kind == SUBENTRY_INDEX:
        return IndexSource(title, data[CONF_INDEX_URL], fetcher)
    # Not with the others: it loads hundreds of modules, and not everybody has a repository.
    try:
        await async_process_requirements(hass, DOMAIN, [GITHUB_LIBRARY], is_built_in=False)
        module = await hass.async_add_import_executor_job(
            import_module, f"{__package__}.sources.github_api"
        )
    except (RequirementsNotFound, ImportError) as err:
        raise LibraryMissingError(GITHUB_LIBRARY) from err
    connection = GuardedConnection(
        tls, allows_private=allows_private, timing=FetchTiming(), resolver=None
    )
    token = data.get(CONF_ACCESS_TOKEN)
    server = module.GithubApi(connection, token=token, base_url=data[CONF_API_URL])
    return GithubSource(title, repository_of(data), server, fetcher, token=token)


def repository_of(data: Mapping[str, Any]) -> Repository:
    """Return the repository that the data of a subentry describe."""
    return Repository(
        name=data[CONF_REPOSITORY],
        asset_pattern=data[CONF_ASSET_PATTERN],
        patterns={aim: data[aim] for aim in AIMS if aim in data},
        prerelease_channel=data[CONF_PRERELEASE_CHANNEL],
    )


def _problem(asked: _Asked, key: RemoteProblem, **placeholders: str) -> Problem:
    return Problem(file_name=asked.title, key=key, placeholders=placeholders)
