"""The self-test of one server: when it runs, and what is said of it."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .download_issues import clear_url_problems, show_url_problem
from .ota.phase import Phase
from .ota.session_state import Session
from .serving.offers import OfferBook
from .serving.self_test import probe
from .serving.self_test_rules import UrlVerdict, address_problem

_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class SelfTestPorts:
    """What a self-test asks for, each as it is now."""

    base_urls: Callable[[], Mapping[str, str]]
    """The firmware base URLs by scheme."""
    are_devices_here: Callable[[], bool]
    """Whether every device runs on this machine."""
    ssl_context: Callable[[], ssl.SSLContext | None] = lambda: None
    """What an https server has to be trusted by, if not by Home Assistant; another one after a
    change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UrlReport:
    """What the test of one URL told."""

    scheme: str
    url: str
    verdict: UrlVerdict


class SelfTest:
    """Tests a server's firmware base URLs: by itself when its first update begins, and on demand.

    It never holds an update up: devices may reach an address that Home Assistant does not.
    """

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, book: OfferBook, ports: SelfTestPorts
    ) -> None:
        """Test what `ports` name, with images offered in `book`."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._book: Final = book
        self._ports: Final = ports
        self._lock: Final = asyncio.Lock()
        self._is_wanted = False
        self._is_stopped = False
        self._tested: object = None
        self._task: asyncio.Task[None] | None = None

    @callback
    def async_session_changed(self, session: Session) -> None:
        """Test when a device is about to be given an address, for the first time since the start.

        Not earlier: by then it is known where the devices are.
        """
        is_begun = session.phase is not Phase.WAITING and not session.phase.is_final
        if is_begun and not self._is_wanted:
            self._is_wanted = True
            self.async_settings_changed()

    @callback
    def async_settings_changed(self) -> None:
        """Test again if there was a test, and anything that it depends on is different by now."""
        is_running = self._task is not None and not self._task.done()
        if self._is_wanted and not is_running and not self._is_stopped:
            self._task = self._entry.async_create_background_task(
                self._hass, self._async_keep_up(), f"flownexus_ota self-test {self._entry.title}"
            )

    @callback
    def async_stop(self) -> None:
        """Test no more, and say nothing of earlier tests; safe to repeat."""
        self._is_stopped = True
        if self._task is not None:
            self._task.cancel()
            self._task = None
        clear_url_problems(self._hass, self._entry)

    async def async_run(self) -> tuple[UrlReport, ...]:
        """Test every URL now; show what is wrong, and no more what was.

        Raise `OSError` when there is no room on the disk for a test image.
        """
        async with self._lock:
            self._is_wanted = True
            self._tested = self._subject()
            urls = self._ports.base_urls()
            reports = await asyncio.gather(*(self._async_test(*each) for each in urls.items()))
            if not self._is_stopped:
                self._async_show(reports)
            return tuple(reports)

    async def _async_keep_up(self) -> None:
        """Test until what was tested is what there is."""
        while self._subject() != self._tested:
            try:
                await self.async_run()
            except OSError as err:
                _LOGGER.debug("The firmware base URL was not tested: %s", err)

    def _subject(self) -> object:
        return tuple(self._ports.base_urls().items()), self._ports.ssl_context()

    async def _async_test(self, scheme: str, url: str) -> UrlReport:
        verdict = address_problem(url, are_devices_here=self._ports.are_devices_here())
        if verdict is None:
            verdict = await probe(
                url,
                self._book,
                async_get_clientsession(self._hass),
                ssl_context=self._ports.ssl_context(),
            )
        return UrlReport(scheme=scheme, url=url, verdict=verdict)

    @callback
    def _async_show(self, reports: list[UrlReport]) -> None:
        failed = {report.scheme: report for report in reports if report.verdict.problem}
        clear_url_problems(self._hass, self._entry, but=failed)
        for scheme, report in failed.items():
            show_url_problem(
                self._hass, self._entry, scheme=scheme, url=report.url, verdict=report.verdict
            )
