"""The certificate of a listener, from the options to the device."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.flownexus_ota.certificate_authority import async_authority
from custom_components.flownexus_ota.certificates import hosts_to_name
from custom_components.flownexus_ota.const import CONF_FIRMWARE_BASE_URL, DOMAIN
from custom_components.flownexus_ota.serving.pki import (
    certificate_pem,
    hosts_of,
    is_issued_by,
    issue,
    make_authority,
)
from harness.ports import free_tcp_port
from simulator.download import DownloadSettings
from tests.serving.pki_parts import NOW, write_identity, write_rsa_pair

from .fleet import OLD, World
from .test_downloads import is_refused, listening_on

NAME = "fw.example.org"
LOOPBACK = "127.0.0.1"
DAY = timedelta(days=1)


@pytest.fixture
def storage(world: World) -> Path:
    """Return where Home Assistant keeps what is its own."""
    # Nothing but the listener is for devices: no test asks another address of this machine.
    world.hass.config.api = None
    folder = Path(world.hass.config.path(".storage"))
    folder.mkdir(exist_ok=True)
    return folder


async def ca_pem(world: World) -> str:
    """Return the certificate that devices have to trust, as a person gets it."""
    answer: Any = await world.hass.services.async_call(
        DOMAIN, "get_ca_certificate", blocking=True, return_response=True
    )
    pem: str = answer["pem"]
    return pem


async def shown(world: World, port: int) -> x509.Certificate:
    """Return what the listener shows to a device that trusts the authority."""
    trust = ssl.create_default_context(cadata=await ca_pem(world))
    _, writer = await asyncio.open_connection(LOOPBACK, port, ssl=trust)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return x509.load_der_x509_certificate(der)


async def a_day_passes(world: World) -> None:
    """Let the certificate be looked at, and wait until another one is shown."""
    before = world.runtime.certificates.shown.certificate
    async_fire_time_changed(world.hass, datetime.now(UTC) + DAY)
    await world.until(lambda: world.runtime.certificates.shown.certificate != before)
    await world.hass.async_block_till_done()


def issues(world: World) -> dict[str, dict[str, str] | None]:
    """Return what is said of certificates: placeholders by the key of the text."""
    return {
        str(issue.translation_key): issue.translation_placeholders
        for (domain, _), issue in ir.async_get(world.hass).issues.items()
        if domain == DOMAIN and str(issue.translation_key).startswith("certificate_")
    }


def trusting(folder: Path, pem: str, port: int) -> DownloadSettings:
    file = folder / "trusted.pem"
    file.write_text(pem)
    return DownloadSettings(
        ca_file=str(file), addresses={NAME: LOOPBACK}, compiled_origin=f"https://{NAME}:{port}"
    )


async def add_profile(world: World, **data: Any) -> None:
    """Let a person add a profile for the simulated devices of one endpoint name."""
    manager = world.hass.config_entries.subentries
    assert world.entry is not None
    form = await manager.async_init((world.entry.entry_id, "profile"), context={"source": "user"})
    defaults = {"name": "https", "times": {}, "window": {}}
    await manager.async_configure(form["flow_id"], defaults | data)
    await world.hass.async_block_till_done()


async def test_a_device_that_trusts_the_authority_downloads_over_https(
    world: World, storage: Path, tmp_path: Path
) -> None:
    port = free_tcp_port()
    await world.set_up(**listening_on(port, "https"))
    trusted = trusting(tmp_path, await ca_pem(world), port)
    world.add_image()
    await world.runtime.shared.keeper.rescan()
    await world.add_device("sensor-1", downloads=trusted)

    assert world.runtime.downloads.base_urls()["https"] == f"https://{LOOPBACK}:{port}"
    await add_profile(world, endpoint="sensor-1", protocol="https")
    await world.install(await world.ready("sensor-1"))

    assert world.phase("sensor-1").state == "succeeded"


async def test_the_test_of_the_address_trusts_what_the_listener_shows(
    world: World, storage: Path
) -> None:
    port = free_tcp_port()
    entry = await world.set_up(**listening_on(port, "https"))
    await world.add_device("sensor-1")
    await world.ready("sensor-1", version=OLD)
    answer: Any = await world.hass.services.async_call(
        DOMAIN,
        "test_firmware_url",
        {"config_entry_id": entry.entry_id},
        blocking=True,
        return_response=True,
    )
    assert answer["urls"] == [
        {"url": f"https://{LOOPBACK}:{port}", "ok": True, "problem": None, "detail": None}
    ]


async def test_a_device_with_a_compiled_in_host_downloads_over_https_by_its_name(
    world: World, storage: Path, tmp_path: Path
) -> None:
    port = free_tcp_port()
    await world.set_up(**listening_on(port, "https"))
    trusted = trusting(tmp_path, await ca_pem(world), port)
    world.add_image()
    await world.runtime.shared.keeper.rescan()
    await world.add_device("sample-1", "flownexus_sample", downloads=trusted)
    before = await shown(world, port)

    # The listener serves all the while.
    await add_profile(
        world,
        endpoint="sample-1",
        protocol="https",
        uri_style="path",
        confirm="result",
        compiled_in_hosts=[NAME],
    )
    after = await shown(world, port)
    assert NAME not in hosts_of(before)
    assert {NAME, LOOPBACK} <= set(hosts_of(after))

    await world.install(await world.ready("sample-1"))

    assert world.phase("sample-1").state == "succeeded"


async def test_a_device_that_trusts_another_authority_fails_with_what_it_reports(
    world: World, storage: Path, tmp_path: Path
) -> None:
    # In debug mode, asyncio takes a handshake that a client ends for a mistake of ours.
    world.hass.loop.set_debug(False)  # the standard library's signature
    port = free_tcp_port()
    await world.set_up(**listening_on(port, "https"))
    other = make_authority("Another home", now=datetime.now(UTC)).certificate
    world.add_image()
    await world.runtime.shared.keeper.rescan()
    trusted = trusting(tmp_path, certificate_pem(other), port)
    await world.add_device("sensor-1", downloads=trusted)
    await add_profile(world, endpoint="sensor-1", protocol="https", max_attempts=1)

    with pytest.raises(HomeAssistantError) as raised:
        await world.install(await world.ready("sensor-1"))

    assert raised.value.translation_key == "update_failed_connection_lost"
    assert "trusts the certificate" in str(raised.value)
    answer: Any = await world.hass.services.async_call(
        DOMAIN, "get_history", {}, blocking=True, return_response=True
    )
    [update] = answer["updates"]
    assert (update["device_result"], update["reason"]) == (4, "device_reported")


async def test_a_certificate_is_renewed_by_itself_while_the_listener_serves(
    world: World, storage: Path
) -> None:
    port = free_tcp_port()
    entry = await world.set_up(**listening_on(port, "https"))
    authority = await async_authority(world.hass)
    # As it will be 380 days from now.
    old = issue(authority, [LOOPBACK], now=datetime.now(UTC) - 380 * DAY)
    write_identity(storage / f"flownexus_ota.server.{entry.entry_id}.pem", old)
    runtime = world.runtime

    await a_day_passes(world)

    renewed = await shown(world, port)
    left = renewed.not_valid_after_utc - datetime.now(UTC)
    assert 396 * DAY < left <= 397 * DAY
    assert renewed != old.certificate
    assert world.runtime is runtime


async def test_a_connection_stands_while_the_certificate_is_renewed(
    world: World, storage: Path
) -> None:
    port = free_tcp_port()
    await world.set_up(**listening_on(port, "https"))
    before = await shown(world, port)
    trust = ssl.create_default_context(cadata=await ca_pem(world))
    reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=trust)

    await add_profile(world, endpoint="*-9", compiled_in_hosts=[NAME])

    assert await shown(world, port) != before
    writer.write(b"GET /f/nothing/x HTTP/1.1\r\nHost: device\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 404")
    writer.transport.abort()


async def test_ones_own_certificate_is_shown_and_read_again_each_day(
    world: World, tmp_path: Path
) -> None:
    file, key = tmp_path / "own.crt", tmp_path / "own.key"
    write_rsa_pair(file, key, NAME)
    port = free_tcp_port()
    options = listening_on(port, "https") | {"advertised_host": NAME}
    await world.set_up(**options, certificate_file="own.crt", certificate_key_file=str(key))
    renewed = write_rsa_pair(file, key, NAME)
    await a_day_passes(world)

    trust = ssl.create_default_context(cadata=certificate_pem(renewed))
    _, writer = await asyncio.open_connection(LOOPBACK, port, ssl=trust, server_hostname=NAME)
    writer.transport.abort()
    assert issues(world) == {}


async def test_what_is_wrong_with_ones_own_certificate_is_a_repair_issue_until_it_is_mended(
    world: World, tmp_path: Path
) -> None:
    file, key = tmp_path / "own.crt", tmp_path / "own.key"
    port = free_tcp_port()
    entry = await world.set_up(
        **listening_on(port, "https"), certificate_file=str(file), certificate_key_file=str(key)
    )
    assert issues(world) == {
        "certificate_unreadable": {
            "server": "Leshan",
            "file": str(file),
            "error": "No such file or directory",
        }
    }
    assert not world.runtime.downloads.is_listening

    write_rsa_pair(file, key, NAME)
    await a_day_passes(world)
    await world.until(lambda: world.runtime.downloads.is_listening)
    assert issues(world) == {
        "certificate_host_not_named": {"server": "Leshan", "file": str(file), "hosts": LOOPBACK}
    }

    assert await world.hass.config_entries.async_unload(entry.entry_id)
    assert issues(world) == {}


async def test_a_look_that_is_under_way_when_the_server_is_unloaded_starts_nothing(
    world: World, tmp_path: Path
) -> None:
    port = free_tcp_port()
    file = tmp_path / "own.pem"
    entry = await world.set_up(**listening_on(port, "https"), certificate_file=str(file))
    write_identity(file, issue(make_authority("", now=datetime.now(UTC)), [LOOPBACK], now=NOW))

    async_fire_time_changed(world.hass, datetime.now(UTC) + DAY)
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    await world.hass.async_block_till_done()

    assert await is_refused(port)
    assert issues(world) == {}


def files_in(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_a_dot_at_the_end_of_a_name_is_not_in_the_certificate(hass: HomeAssistant) -> None:
    options = {CONF_FIRMWARE_BASE_URL: f"https://{NAME}.:8443"}
    entry = MockConfigEntry(domain=DOMAIN, options=options)
    assert hosts_to_name(hass, entry) == {NAME}


async def test_a_listener_without_https_needs_no_certificate(
    world: World, storage: Path, tmp_path: Path
) -> None:
    options = listening_on(free_tcp_port())
    await world.set_up(**options, certificate_file=str(tmp_path / "missing.pem"))
    assert issues(world) == {}
    assert files_in(storage) == {}


async def test_what_was_issued_goes_with_the_server_and_the_authority_stays(
    world: World, storage: Path
) -> None:
    entry = await world.set_up(**listening_on(free_tcp_port(), "https"))
    made = files_in(storage)
    authority = made["flownexus_ota.ca.pem"]
    assert set(made) == {"flownexus_ota.ca.pem", f"flownexus_ota.server.{entry.entry_id}.pem"}

    await world.hass.config_entries.async_remove(entry.entry_id)
    assert files_in(storage) == {"flownexus_ota.ca.pem": authority}

    again = free_tcp_port()
    await world.set_up(**listening_on(again, "https"))
    trusted = x509.load_pem_x509_certificate(authority.encode())
    assert is_issued_by(await shown(world, again), trusted)
