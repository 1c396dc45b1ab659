"""The devices' HTTPS client: whom it trusts, and under which name it finds a server."""

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.pki import (
    Identity,
    certificate_pem,
    identity_pem,
    issue,
    make_authority,
)
from simulator.behaviours import Downloading
from simulator.download import Downloader, DownloadError, DownloadSettings, Transfer
from simulator.name_server import NameServer
from simulator.states import Result

from .device_parts import QUICK_DOWNLOADS, image_server

NAME = "fw.example.org"
BY_PATH = Downloading(uri_is_path=True)
BY_ADDRESS = Downloading()


class Server:
    """A server's certificate, and what a device trusts."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "ca.pem"
        self.authority = new_authority()
        self.trust(self.authority)
        self._file = folder / "server.pem"

    def trust(self, authority: Identity) -> None:
        """Let devices trust an authority."""
        self.ca_file.write_text(certificate_pem(authority.certificate))

    def tls(self, *hosts: str, validity: timedelta = timedelta(days=1)) -> ssl.SSLContext:
        """Return a server that shows a certificate for these hosts."""
        identity = issue(self.authority, hosts, now=datetime.now(UTC), validity=validity)
        self._file.write_text(identity_pem(identity))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._file)
        return context

    @property
    def settings(self) -> DownloadSettings:
        addresses = {NAME: "127.0.0.1"}
        return replace(QUICK_DOWNLOADS, ca_file=str(self.ca_file), addresses=addresses)


def new_authority() -> Identity:
    return make_authority("Home", now=datetime.now(UTC))


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


async def fetch(downloading: Downloading, settings: DownloadSettings, uri: str) -> str:
    """Return the version of what was fetched."""
    device = Downloader(downloading, settings)
    try:
        return (await device.fetch(Transfer(uri=uri))).version
    finally:
        await device.close()


async def test_a_device_that_trusts_the_authority_downloads(server: Server) -> None:
    async with image_server(tls=server.tls("127.0.0.1")) as images:
        assert await fetch(BY_ADDRESS, server.settings, images.uri()) == "1.1.0"


async def test_a_compiled_in_host_is_asked_by_its_name(server: Server) -> None:
    async with image_server(tls=server.tls(NAME)) as images:
        origin = images.origin.replace("127.0.0.1", NAME.upper())
        settings = replace(server.settings, compiled_origin=origin)
        assert await fetch(BY_PATH, settings, "/media/firmware/token/image.bin") == "1.1.0"
    assert images.requests[0]["Host"].lower().startswith(NAME)


async def test_an_authority_that_is_not_trusted_is_a_lost_connection(server: Server) -> None:
    server.trust(new_authority())
    async with image_server(tls=server.tls("127.0.0.1")) as images:
        with pytest.raises(DownloadError) as caught:
            await fetch(BY_ADDRESS, server.settings, images.uri())
    assert caught.value.result is Result.CONNECTION_LOST
    assert images.requests == []


async def test_the_system_trusts_no_authority_of_a_home(server: Server) -> None:
    async with image_server(tls=server.tls("127.0.0.1")) as images:
        with pytest.raises(DownloadError) as caught:
            await fetch(BY_ADDRESS, QUICK_DOWNLOADS, images.uri())
    assert caught.value.result is Result.CONNECTION_LOST


async def test_a_certificate_for_another_name_is_a_lost_connection(server: Server) -> None:
    async with image_server(tls=server.tls(NAME)) as images:
        with pytest.raises(DownloadError) as caught:
            await fetch(BY_ADDRESS, server.settings, images.uri())
    assert caught.value.result is Result.CONNECTION_LOST


async def test_an_expired_certificate_is_a_lost_connection(server: Server) -> None:
    tls = server.tls("127.0.0.1", validity=-timedelta(seconds=1))
    async with image_server(tls=tls) as images:
        with pytest.raises(DownloadError) as caught:
            await fetch(BY_ADDRESS, server.settings, images.uri())
    assert caught.value.result is Result.CONNECTION_LOST


async def test_what_the_name_server_does_not_know_the_system_is_asked() -> None:
    names = NameServer({NAME: "::1"})
    known, local = await names.resolve(NAME, 443), await names.resolve("localhost", 443)
    await names.close()
    assert [(each["host"], each["port"], each["family"]) for each in known] == [
        ("::1", 443, socket.AF_INET6)
    ]
    assert [each["host"] for each in local] == ["127.0.0.1"]
