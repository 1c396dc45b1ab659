"""How the devices of one server download: its limits, and its listener if it has one."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Final, final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from .base_url import firmware_base_urls
from .download_options import ListenerSettings, download_limits, listener_settings
from .listener_issues import clear_listener_failed, listener_key, show_listener_failed
from .serving.gate import DownloadGate
from .serving.listener import FirmwareListener
from .serving.offers import OfferBook

_LOGGER: Final = logging.getLogger(__name__)

NO_CERTIFICATE: Final = "no_certificate"

type TlsSupplier = Callable[[], Awaitable[ssl.SSLContext | None]]
"""Returns what https is spoken with; `None` when it cannot be, which it has told by itself."""


async def _no_tls() -> ssl.SSLContext | None:
    return None


@final
class Downloads:
    """Goes by the options of an entry, from `async_apply` to `async_stop`."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        book: OfferBook,
        *,
        tls: TlsSupplier = _no_tls,
    ) -> None:
        """Know the limits already; nothing listens yet."""
        self.gate: Final = DownloadGate(download_limits(entry.options))
        self.problem: str | None = None
        """Why nothing listens though it should: the key of a text, or `no_certificate`."""
        self._hass: Final = hass
        self._entry: Final = entry
        self._book: Final = book
        self._tls: Final = tls
        self._lock: Final = asyncio.Lock()
        self._settings: ListenerSettings | None = None
        self._listener: FirmwareListener | None = None

    @property
    def is_listening(self) -> bool:
        """Tell whether devices are served on a port of their own."""
        return self._listener is not None

    def base_urls(self) -> dict[str, str]:
        """Return where the server's devices reach their images, by scheme, the preferred first.

        A listener that has yet to begin counts, so that offers open before it does.
        """
        return firmware_base_urls(
            self._hass, self._entry.options, has_listener=self.problem is None
        )

    async def async_apply(self) -> None:
        """Go by the options as they are now; a listener whose options are the same goes on."""
        self.gate.set_limits(download_limits(self._entry.options))
        async with self._lock:
            settings = listener_settings(self._entry.options)
            if settings == self._settings and self.problem is None:
                return
            await self._stop()
            if settings is not None:
                await self._start(settings)

    async def async_stop(self) -> None:
        """Listen no more; safe to repeat."""
        async with self._lock:
            await self._stop()

    async def _start(self, settings: ListenerSettings) -> None:
        self._settings = settings
        context = await self._tls() if settings.scheme == "https" else None
        if context is None and settings.scheme == "https":
            self.problem = NO_CERTIFICATE
            return
        listener = FirmwareListener(
            self._book, address=settings.address, port=settings.port, tls=context
        )
        try:
            await listener.start()
        except OSError as err:
            self.problem = listener_key(err)
            _LOGGER.warning("Cannot listen for devices of %s: %s", self._entry.title, err)
            show_listener_failed(self._hass, self._entry, settings, err)
            return
        self._listener = listener

    async def _stop(self) -> None:
        listener, self._listener, self._settings = self._listener, None, None
        self.problem = None
        clear_listener_failed(self._hass, self._entry)
        if listener is not None:
            await listener.stop()
