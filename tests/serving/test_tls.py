"""The listener's TLS, met by real clients over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from custom_components.flownexus_ota.serving.pki import (
    Identity,
    certificate_pem,
    issue,
    make_authority,
)
from custom_components.flownexus_ota.serving.tls import ListenerTls

from .image_server import LOOPBACK, ImageServer, request_text
from .pki_parts import write_identity, write_rsa_pair

NAME = "fw.example.org"


@pytest.fixture
def authority() -> Identity:
    return make_authority("Home", now=datetime.now(UTC))


@pytest.fixture
def tls() -> ListenerTls:
    return ListenerTls()


@pytest.fixture
async def server(tls: ListenerTls, image_path: Path) -> AsyncIterator[ImageServer]:
    async with ImageServer(certificate=tls.context) as server:
        server.offer(image_path)
        yield server


def load_new(
    tls: ListenerTls, folder: Path, authority: Identity, *, validity: timedelta = timedelta(days=1)
) -> Identity:
    identity = issue(authority, [LOOPBACK, NAME], now=datetime.now(UTC), validity=validity)
    tls.load(write_identity(folder / "server.pem", identity))
    return identity


def trusting(
    certificate: x509.Certificate, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=certificate_pem(certificate))
    context.minimum_version = context.maximum_version = version
    return context


class Client:
    """One connection over TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @property
    def certificate(self) -> x509.Certificate:
        """Return what the server showed."""
        tls: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)

    @property
    def cipher(self) -> str:
        return str(self._writer.get_extra_info("cipher")[0])

    @property
    def session(self) -> ssl.SSLSession | None:
        tls: ssl.SSLObject = self._writer.get_extra_info("ssl_object")
        return tls.session

    async def get(self) -> bytes:
        """Fetch the image, and keep the connection."""
        self._writer.write(request_text().encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].split()[0])
        return await self._reader.readexactly(length)


@asynccontextmanager
async def client(
    server: ImageServer, trust: ssl.SSLContext, *, name: str | None = LOOPBACK
) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(
        LOOPBACK, server.port, ssl=trust, server_hostname=name
    )
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("name", [LOOPBACK, NAME])
async def test_a_device_that_trusts_the_authority_gets_the_image(
    server: ImageServer,
    tls: ListenerTls,
    tmp_path: Path,
    authority: Identity,
    image: bytes,
    version: ssl.TLSVersion,
    name: str,
) -> None:
    load_new(tls, tmp_path, authority)
    async with client(server, trusting(authority.certificate, version), name=name) as device:
        assert await device.get() == image


async def test_a_device_that_does_not_trust_the_authority_ends_the_handshake(
    server: ImageServer, tls: ListenerTls, tmp_path: Path, authority: Identity
) -> None:
    load_new(tls, tmp_path, authority)
    other = make_authority("Home", now=datetime.now(UTC))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self-signed|issuer"):
        async with client(server, trusting(other.certificate)):
            pass
    assert server.transports == []


async def test_a_device_that_looks_for_another_name_ends_the_handshake(
    server: ImageServer, tls: ListenerTls, tmp_path: Path, authority: Identity
) -> None:
    load_new(tls, tmp_path, authority)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        async with client(server, trusting(authority.certificate), name="other.example.org"):
            pass


async def test_an_expired_certificate_is_renewed_while_the_listener_serves(
    server: ImageServer, tls: ListenerTls, tmp_path: Path, authority: Identity, image: bytes
) -> None:
    trust = trusting(authority.certificate)
    load_new(tls, tmp_path, authority, validity=-timedelta(seconds=1))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        async with client(server, trust):
            pass
    renewed = load_new(tls, tmp_path, authority)
    async with client(server, trust) as device:
        assert device.certificate == renewed.certificate
        assert await device.get() == image


async def test_a_connection_goes_on_while_the_next_one_gets_the_renewed_certificate(
    server: ImageServer, tls: ListenerTls, tmp_path: Path, authority: Identity, image: bytes
) -> None:
    first = load_new(tls, tmp_path, authority)
    trust = trusting(authority.certificate)
    async with client(server, trust) as old:
        assert await old.get() == image
        second = load_new(tls, tmp_path, authority)
        async with client(server, trust) as new:
            assert new.certificate == second.certificate
            assert await new.get() == image
        assert old.certificate == first.certificate
        assert await old.get() == image


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_certificate_of_another_kind_takes_the_whole_place_of_the_one_before(
    server: ImageServer,
    tls: ListenerTls,
    tmp_path: Path,
    authority: Identity,
    version: ssl.TLSVersion,
) -> None:
    load_new(tls, tmp_path, authority)
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    own = write_rsa_pair(certificate, key, NAME)
    tls.load(certificate, key)
    async with client(server, trusting(own, version), name=NAME) as device:
        assert device.certificate == own


async def test_a_file_that_cannot_be_used_leaves_the_certificate_as_it_was(
    server: ImageServer, tls: ListenerTls, tmp_path: Path, authority: Identity
) -> None:
    good = load_new(tls, tmp_path, authority)
    bad = tmp_path / "bad.pem"
    bad.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(ssl.SSLError):
        tls.load(bad)
    with pytest.raises(FileNotFoundError):
        tls.load(tmp_path / "missing.pem")
    async with client(server, trusting(authority.certificate)) as device:
        assert device.certificate == good.certificate


async def test_before_there_is_a_certificate_no_handshake_succeeds(
    server: ImageServer, tls: ListenerTls, authority: Identity
) -> None:
    assert not tls.is_loaded
    # asyncio drops the connection without the alert that OpenSSL has for it.
    with pytest.raises(ConnectionResetError):
        async with client(server, trusting(authority.certificate)):
            pass


async def test_a_client_without_a_name_gets_the_certificate_too(
    server: ImageServer, tls: ListenerTls, tmp_path: Path, authority: Identity
) -> None:
    identity = load_new(tls, tmp_path, authority)
    trust = trusting(authority.certificate)
    trust.check_hostname = False
    async with client(server, trust, name="") as device:
        assert device.certificate == identity.certificate


async def test_tls_before_1_2_is_refused(
    server: ImageServer, tls: ListenerTls, tmp_path: Path, authority: Identity
) -> None:
    load_new(tls, tmp_path, authority)
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(cadata=certificate_pem(authority.certificate))
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match=r"TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ConnectionResetError):
        async with client(server, old):
            pass


@pytest.mark.parametrize(
    "cipher",
    [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-CCM",
        "ECDHE-ECDSA-AES128-SHA256",
    ],
)
async def test_a_modem_that_knows_one_cipher_gets_it(
    server: ImageServer,
    tls: ListenerTls,
    tmp_path: Path,
    authority: Identity,
    image: bytes,
    cipher: str,
) -> None:
    load_new(tls, tmp_path, authority)
    trust = trusting(authority.certificate, ssl.TLSVersion.TLSv1_2)
    trust.set_ciphers(cipher)
    async with client(server, trust) as device:
        assert device.cipher == cipher
        assert await device.get() == image


async def test_tickets_are_a_part_of_the_handshake_or_not_sent_at_all(
    server: ImageServer, tls: ListenerTls, tmp_path: Path, authority: Identity, image: bytes
) -> None:
    load_new(tls, tmp_path, authority)
    async with client(server, trusting(authority.certificate)) as device:
        assert await device.get() == image
        assert device.session is None or not device.session.has_ticket
    modem = trusting(authority.certificate, ssl.TLSVersion.TLSv1_2)
    async with client(server, modem) as device:
        assert device.session is not None
        assert device.session.has_ticket
