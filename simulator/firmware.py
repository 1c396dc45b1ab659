"""Object 5 as its device lives it: states, results, download, installation, over all boots."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from simulator.behaviours import Behaviour, SecondUri
from simulator.download import Downloader, DownloadError, DownloadSettings, Transfer
from simulator.image import ImageHeader
from simulator.link import Ids, Value
from simulator.record import DeviceRecord, Kind
from simulator.resources import (
    CANCEL,
    DELIVERY_METHOD,
    PACKAGE_URI,
    PACKAGE_VERSION,
    PROTOCOLS,
    UPDATE_RESULT,
    UPDATE_STATE,
)
from simulator.states import Code, Result, State

_LOGGER: Final = logging.getLogger(__name__)
_PULL: Final = 0
_HTTP: Final = 2
_HTTPS: Final = 3
_RESETS: Final = frozenset({b"", b"\0"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reboot:
    """What follows an installation that ends in a reboot."""

    comes_back: bool = True


class FirmwareUpdate:
    """The only owner of state and result; `changed` is called after each observable change."""

    def __init__(
        self,
        behaviour: Behaviour,
        record: DeviceRecord,
        *,
        install_seconds: float,
        settings: DownloadSettings,
        changed: Callable[[Ids], None],
        reboot: Callable[[Reboot], None],
    ) -> None:
        """Begin IDLE, with the result that the behaviour starts with."""
        self._behaviour = behaviour
        self._record = record
        self._install_seconds = install_seconds
        self._settings = settings
        self._changed = changed
        self._reboot = reboot
        self.state = State.IDLE
        self.result = behaviour.first_result
        self._result_after_boot = Result.INITIAL
        self._version_after_boot: str | None = None
        self._uri = ""
        self._package: ImageHeader | None = None
        self._transfer: Transfer | None = None
        self._downloader = Downloader(behaviour.downloading, settings)
        self._work: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether it downloads or installs: no time to sleep."""
        return self._work is not None and not self._work.done()

    def values(self) -> dict[Ids, Value]:
        """Return every readable resource of the instance."""
        protocols = (_HTTP, _HTTPS) if self._behaviour.lists_protocols else ()
        return {
            PACKAGE_URI: self._uri,
            UPDATE_STATE: int(self.state),
            UPDATE_RESULT: int(self.result),
            **({} if self._package is None else {PACKAGE_VERSION: self._package.version}),
            **{(*PROTOCOLS, number): protocol for number, protocol in enumerate(protocols)},
            DELIVERY_METHOD: _PULL,
        }

    def is_there(self, path: Ids) -> bool:
        """Whether this version of the object has the resource."""
        return path != CANCEL or self._behaviour.object_version != "1.0"

    async def write_uri(self, uri: str) -> Code:
        """Take a package URI; most devices answer first and download then."""
        if self._behaviour.downloading.answers_afterwards:
            return await self._obey_at_once(uri)
        if not uri:
            return await self._reset_by_write()
        if len(uri) > self._behaviour.uri_limit_characters:
            return Code.BAD_REQUEST
        if self.state is not State.IDLE:
            return (
                Code.CHANGED
                if self._behaviour.second_uri is SecondUri.IGNORED
                else Code.BAD_REQUEST
            )
        return await self._accept(uri)

    async def write_package(self, payload: bytes) -> Code:
        """Take a NUL byte as a reset; nothing can be pushed."""
        return await self._reset_by_write() if payload in _RESETS else Code.NOT_ALLOWED

    async def execute_update(self) -> Code:
        """Install what is DOWNLOADED; the work goes on after the answer."""
        if self.state is not State.DOWNLOADED:
            return Code.NOT_ALLOWED
        await self._set(State.UPDATING, Result.INITIAL)
        if self._behaviour.installing.is_immediate:
            await self._install()
        else:
            self._work = _start(self._install_later())
        return Code.CHANGED

    async def cancel(self) -> Code:
        """Leave DOWNLOADING or DOWNLOADED for IDLE with result 10."""
        if self.state not in (State.DOWNLOADING, State.DOWNLOADED):
            return Code.NOT_ALLOWED
        await self._stop_work()
        await self._set(State.IDLE, Result.CANCELLED)
        return Code.CHANGED

    async def power_off(self) -> None:
        """End all work, as the end of a boot does."""
        await self._stop_work()
        await self._downloader.close()

    def power_on(self) -> None:
        """Begin the next boot: IDLE, with the result of an installation if there was one."""
        self.state = State.IDLE
        self.result = self._result_after_boot
        self._result_after_boot = Result.INITIAL
        self._run_new_version()
        self._uri = ""
        self._package = None
        self._transfer = None
        self._downloader = Downloader(self._behaviour.downloading, self._settings)

    async def _reset_by_write(self) -> Code:
        if self.state is State.UPDATING:
            return Code.NOT_ALLOWED
        await self._stop_work()
        self._uri = ""
        self._package = None
        self._transfer = None
        cancelled = self._behaviour.result_when_cancelled
        await self._set(State.IDLE, Result.INITIAL if cancelled is None else cancelled)
        return Code.CHANGED

    async def _accept(self, uri: str) -> Code:
        downloading = self._behaviour.downloading
        if not downloading.is_started:
            return Code.CHANGED
        self._uri = uri
        scheme, has_scheme, _ = uri.partition("://")
        if (
            has_scheme
            and scheme.lower() not in downloading.schemes
            and downloading.refuses_other_schemes
        ):
            await self._set(State.IDLE, Result.UNSUPPORTED_PROTOCOL)
            return Code.BAD_REQUEST
        await self._set(State.DOWNLOADING, Result.INITIAL)
        self._work = _start(self._download(uri))
        return Code.CHANGED

    async def _obey_at_once(self, uri: str) -> Code:
        if len(uri) > self._behaviour.uri_limit_characters:
            return Code.BAD_REQUEST
        self._uri = uri
        await self._set(State.DOWNLOADING, Result.INITIAL)
        # Waits without owning: the work also ends with the boot.
        self._work = _start(self._download(uri))
        await asyncio.wait((self._work,))
        return Code.CHANGED

    async def _stop_work(self) -> None:
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait((self._work,))
            self._work = None

    async def _download(self, uri: str) -> None:
        try:
            package = await self._fetch(uri)
        except DownloadError as err:
            if err.result is not Result.CONNECTION_LOST:
                self._transfer = None
            result = self._behaviour.downloading.result_by_failure.get(err.result, err.result)
            await self._set(State.IDLE, result)
        else:
            self._transfer = None
            self._package = package
            self._record.add(Kind.DOWNLOADED, value=package.version)
            await self._set(State.DOWNLOADED, Result.INITIAL)

    async def _fetch(self, uri: str) -> ImageHeader:
        downloading = self._behaviour.downloading
        scheme, has_scheme, rest = uri.partition("://")
        if not downloading.uri_is_path:
            if not downloading.understands_uris or not has_scheme or not rest:
                raise DownloadError(Result.INVALID_URI)
            if scheme.lower() not in downloading.schemes:
                raise DownloadError(Result.UNSUPPORTED_PROTOCOL)
        if self._transfer is None or self._transfer.uri != uri:
            self._transfer = Transfer(uri=uri)
        self._record.add(Kind.DOWNLOADING, value=self._transfer.reader.received_bytes)
        return await self._downloader.fetch(self._transfer)

    async def _install_later(self) -> None:
        await asyncio.sleep(self._install_seconds)
        await self._install()

    async def _install(self) -> None:
        installing = self._behaviour.installing
        if installing.installs and self._package is not None:
            self._version_after_boot = self._package.version
        if installing.reports_before_reboot or not installing.reboots:
            await self._set(installing.state, installing.result)
        if installing.reboots:
            self._result_after_boot = installing.result_after_boot
            self._reboot(Reboot(comes_back=installing.comes_back))
        else:
            self._run_new_version()

    def _run_new_version(self) -> None:
        if self._version_after_boot is not None:
            self._record.running_version = self._version_after_boot
            self._record.add(Kind.INSTALLED, value=self._version_after_boot)
            self._version_after_boot = None

    async def _set(self, state: State, result: Result) -> None:
        """Change both, in this device's order; a change is told, a repetition is not."""
        steps = (partial(self._set_result, result), partial(self._set_state, state))
        is_leaving = state is State.IDLE and self.state is not State.IDLE
        gap_seconds = (
            self._behaviour.report_gap_seconds
            if is_leaving and result is not Result.INITIAL
            else 0.0
        )
        first, second = steps if self._behaviour.sets_result_first else reversed(steps)
        first()
        if gap_seconds:
            await asyncio.sleep(gap_seconds)
        second()

    def _set_state(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self._record.add(Kind.STATE, value=int(state))
            self._changed(UPDATE_STATE)

    def _set_result(self, result: Result) -> None:
        if result is not self.result:
            self.result = result
            self._record.add(Kind.RESULT, value=int(result))
            self._changed(UPDATE_RESULT)


def _start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.create_task(work)
    task.add_done_callback(_log_failure)
    return task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (err := task.exception()) is not None:
        _LOGGER.error("a device's work ended in a way it should not", exc_info=err)
