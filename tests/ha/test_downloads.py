"""A server's own port for downloads, from the options to the device."""

import asyncio
import errno
import socket
import ssl
from pathlib import Path

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.download_options import (
    ListenerSettings,
    download_limits,
    listener_settings,
)
from custom_components.flownexus_ota.downloads import Downloads
from custom_components.flownexus_ota.listener_issues import show_listener_failed
from custom_components.flownexus_ota.serving.gate import DownloadLimits
from custom_components.flownexus_ota.serving.offers import OfferBook
from harness.ports import free_tcp_port
from tests.serving.certificates import self_signed_certificate
from tests.serving.image_server import LOOPBACK, RawClient, request_text

from .fleet import World
from .forms import known_entry


def listening_on(port: int, mode: str = "http") -> dict[str, object]:
    return {
        "firmware_base_url": None,
        "listener": mode,
        "listener_address": LOOPBACK,
        "listener_port": port,
    }


def shown(hass: HomeAssistant) -> dict[str, dict[str, str] | None]:
    """Return the placeholders of each repair issue about a listener, by its text."""
    return {
        str(issue.translation_key): issue.translation_placeholders
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and str(issue.translation_key).startswith("listener_")
    }


async def is_refused(port: int) -> bool:
    """Tell whether nobody listens."""
    client = RawClient(port)
    with pytest.raises(ConnectionRefusedError):
        await client.__aenter__()
    client.hang_up()
    return True


async def status_of(port: int, path: str = "/") -> int:
    async with RawClient(port) as client:
        await client.send(request_text("Connection: close", path=path))
        return (await client.answer()).status


async def test_a_device_downloads_from_the_servers_own_port(world: World) -> None:
    world.hass.config.api = None  # nobody else could be meant
    port = free_tcp_port()
    await world.add_device("sensor-1")
    world.add_image()
    entry = await world.set_up(**listening_on(port))

    assert world.runtime.downloads.base_urls() == {"http": f"http://{LOOPBACK}:{port}"}
    await world.install(await world.ready("sensor-1"))

    assert world.phase("sensor-1").state == "succeeded"
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    assert await is_refused(port)


async def test_the_listener_begins_moves_and_ends_with_the_options_alone(world: World) -> None:
    first, second = free_tcp_port(), free_tcp_port()
    entry = await world.set_up()
    runtime = world.runtime
    assert not runtime.downloads.is_listening

    async def apply(options: dict[str, object]) -> None:
        world.hass.config_entries.async_update_entry(entry, options={**entry.options, **options})
        await world.hass.async_block_till_done()

    await apply(listening_on(first))
    async with RawClient(first) as kept:
        await kept.send(request_text(path="/"))
        assert (await kept.answer()).status == 404
        await apply({"max_parallel_downloads": 7, "history_days": 3})
        await kept.send(request_text(path="/"))
        assert (await kept.answer()).status == 404  # on the same connection
        await apply(listening_on(second))
        assert await kept.read_to_end() == b""
    assert await is_refused(first)
    assert await status_of(second) == 404
    await apply({"listener": "off"})
    assert await is_refused(second)
    assert world.runtime is runtime
    assert shown(world.hass) == {}


async def test_a_port_that_is_taken_is_a_repair_issue_and_the_server_works_on(
    world: World,
) -> None:
    await world.add_device("sensor-1")
    world.add_image()
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        options = {**listening_on(port), "firmware_base_url": world.firmware_url}
        entry = await world.set_up(**options)
        assert shown(world.hass) == {
            "listener_port_in_use": {
                "server": "Leshan",
                "address": LOOPBACK,
                "port": str(port),
                "error": "Address already in use",
            }
        }
        assert f":{port}" not in str(world.runtime.downloads.base_urls())
        await world.install(await world.ready("sensor-1"))
        assert world.phase("sensor-1").state == "succeeded"

    # Stored again once the port is free, it listens.
    changed = {**entry.options, "history_days": 1}
    world.hass.config_entries.async_update_entry(entry, options=changed)
    await world.hass.async_block_till_done()
    assert shown(world.hass) == {}
    assert await status_of(port) == 404


async def test_an_address_that_this_machine_has_not_is_a_repair_issue(world: World) -> None:
    options = {**listening_on(free_tcp_port()), "listener_address": "192.0.2.1"}
    entry = await world.set_up(**options)
    assert list(shown(world.hass)) == ["listener_address_unknown"]
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    assert shown(world.hass) == {}


@pytest.mark.parametrize(
    ("number", "key", "error"),
    [
        (errno.EACCES, "listener_port_not_allowed", "Permission denied"),
        (errno.EADDRNOTAVAIL, "listener_address_unknown", "Cannot assign requested address"),
        (errno.EMFILE, "listener_failed", "Too many open files"),
    ],
)
async def test_each_way_to_fail_has_its_text(
    hass: HomeAssistant, number: int, key: str, error: str
) -> None:
    entry = known_entry(hass, "http://127.0.0.1:2")
    settings = ListenerSettings(scheme="http", address=LOOPBACK, port=443)
    show_listener_failed(hass, entry, settings, OSError(number, "asyncio's own words"))
    [(found, words)] = shown(hass).items()
    assert (found, words and words["error"]) == (key, error)


async def test_https_is_spoken_with_what_is_supplied(hass: HomeAssistant, tmp_path: Path) -> None:
    context = await asyncio.to_thread(self_signed_certificate, tmp_path)
    port = free_tcp_port()
    entry = known_entry(hass, "http://127.0.0.1:2")
    hass.config_entries.async_update_entry(entry, options=listening_on(port, "https"))

    async def tls() -> ssl.SSLContext | None:
        return context

    downloads = Downloads(hass, entry, OfferBook(), tls=tls)
    await downloads.async_apply()
    trust = ssl.create_default_context(cafile=tmp_path / "server.pem")
    reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=trust)
    writer.write(request_text(path="/").encode())
    assert (await reader.readline()).split()[1] == b"404"
    writer.close()
    await writer.wait_closed()
    assert downloads.base_urls()["https"] == f"https://{LOOPBACK}:{port}"
    await downloads.async_stop()


async def test_without_a_certificate_nothing_is_promised_by_https(hass: HomeAssistant) -> None:
    port = free_tcp_port()
    entry = known_entry(hass, "http://127.0.0.1:2")
    hass.config_entries.async_update_entry(entry, options=listening_on(port, "https"))
    downloads = Downloads(hass, entry, OfferBook())
    await downloads.async_apply()
    assert not downloads.is_listening
    assert "https" not in downloads.base_urls()
    assert await is_refused(port)
    await downloads.async_stop()


def test_nothing_listens_and_nobody_is_slowed_down_by_default() -> None:
    assert listener_settings({}) is None
    assert download_limits({}) == DownloadLimits(
        max_parallel=32, device_bytes_per_second=0, total_bytes_per_second=0
    )


def test_the_options_are_kilobytes_and_the_limits_bytes() -> None:
    options = {
        "max_parallel_downloads": 5,
        "max_device_kilobytes_per_second": 20,
        "max_total_kilobytes_per_second": 100,
    }
    assert download_limits(options) == DownloadLimits(
        max_parallel=5, device_bytes_per_second=20_000, total_bytes_per_second=100_000
    )
