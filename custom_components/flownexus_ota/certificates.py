"""The https side of one server: which certificate its listener shows, looked after every day."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, final
from urllib.parse import urlsplit

from cryptography import x509
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.ssl import create_client_context

from .base_url import firmware_base_urls, listener_base_url
from .certificate_authority import identity_files
from .certificate_issues import clear_certificate_problems, show_certificate_problems
from .const import CONF_CERTIFICATE_FILE, CONF_CERTIFICATE_KEY_FILE
from .download_options import ListenerMode, listener_settings
from .profiles import rules_of
from .serving.certificate_file import CertificateFiles
from .serving.listener_certificate import ListenerCertificate
from .serving.pki import certificate_pem

CHECK_INTERVAL: Final = timedelta(days=1)


def own_files(hass: HomeAssistant, options: Mapping[str, Any]) -> CertificateFiles | None:
    """Return the files that a person named; `None` means that we issue the certificate."""
    certificate = options.get(CONF_CERTIFICATE_FILE)
    if certificate is None:
        return None
    key = options.get(CONF_CERTIFICATE_KEY_FILE) or certificate
    return CertificateFiles(
        certificate=Path(hass.config.path(certificate)), key=Path(hass.config.path(key))
    )


def hosts_of_listener(hass: HomeAssistant, entry: ConfigEntry) -> frozenset[str]:
    """Return the names and addresses under which devices look for the listener."""
    url = listener_base_url(hass, entry.options)
    compiled_in = {host for rule in rules_of(entry) for host in rule.profile.compiled_in_hosts}
    return frozenset(compiled_in | _hosts_of_urls(url))


def hosts_to_name(hass: HomeAssistant, entry: ConfigEntry) -> frozenset[str]:
    """Return what a certificate that we issue names: all by which devices may know this server."""
    urls = firmware_base_urls(hass, entry.options).values()
    return hosts_of_listener(hass, entry) | _hosts_of_urls(*urls)


@final
class Certificates:
    """Goes by the options of an entry; looks again each day, and when it is told to."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        """Show nothing yet."""
        self.shown: Final = ListenerCertificate(identity_files(hass, entry.entry_id))
        self._hass: Final = hass
        self._entry: Final = entry
        self._lock: Final = asyncio.Lock()
        self._trust: ssl.SSLContext | None = None
        self._check: asyncio.Task[None] | None = None

    async def async_context(self) -> ssl.SSLContext | None:
        """Return what https is spoken with; `None`, and a repair issue, if there is nothing."""
        await self.async_refresh()
        return self.shown.tls.context if self.shown.tls.is_loaded else None

    def trust(self) -> ssl.SSLContext | None:
        """Return what a client of ours trusts that asks the listener; `None` for all others."""
        return self._trust

    async def async_refresh(self) -> None:
        """Look for a new certificate, or issue it, if a listener needs one; say what is wrong."""
        settings = listener_settings(self._entry.options)
        if settings is None or settings.scheme != ListenerMode.HTTPS:
            clear_certificate_problems(self._hass, self._entry)
            return
        own = own_files(self._hass, self._entry.options)
        name = hosts_to_name if own is None else hosts_of_listener
        hosts = name(self._hass, self._entry)
        now = dt_util.utcnow()

        def look() -> None:
            before = self.shown.anchor
            self.shown.refresh(own, hosts, now=now)
            if self.shown.anchor != before:
                self._trust = _trusting(self.shown.anchor)

        async with self._lock:
            await self._hass.async_add_executor_job(look)
        show_certificate_problems(self._hass, self._entry, self.shown.problems)

    @callback
    def async_start(self, then: Callable[[], Awaitable[None]]) -> None:
        """Look every day until the entry is unloaded; `then` may use what was not there before."""

        async def look_again() -> None:
            await self.async_refresh()
            await then()

        @callback
        def begin(_: datetime) -> None:
            self._check = self._entry.async_create_background_task(
                self._hass, look_again(), f"flownexus_ota certificate {self._entry.title}"
            )

        self._entry.async_on_unload(
            async_track_time_interval(self._hass, begin, CHECK_INTERVAL, cancel_on_shutdown=True)
        )

    @callback
    def async_stop(self) -> None:
        """Look no more, and say nothing; safe to repeat."""
        if self._check is not None:
            self._check.cancel()
            self._check = None
        clear_certificate_problems(self._hass, self._entry)


async def async_remove_certificate(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget what was issued for a server that is removed; the authority stays."""
    clear_certificate_problems(hass, entry)
    file = identity_files(hass, entry.entry_id).server
    await hass.async_add_executor_job(lambda: file.unlink(missing_ok=True))


def _trusting(anchor: x509.Certificate | None) -> ssl.SSLContext | None:
    """Return a client that trusts a certificate besides what Home Assistant does; blocking."""
    if anchor is None:
        return None
    context = create_client_context()
    # A certificate that is no authority's may be the one that is trusted.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificate_pem(anchor))
    return context


def _hosts_of_urls(*urls: str | None) -> frozenset[str]:
    hosts = (urlsplit(url).hostname for url in urls if url is not None)
    # Clients look for a name without the dot that says that it is whole.
    return frozenset(host.removesuffix(".") for host in hosts if host is not None)
