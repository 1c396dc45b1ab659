"""URLs that are no Leshan server, or a broken one: what the user is told."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from custom_components.flownexus_ota.leshan.client import LeshanClient, ServerAddress
from custom_components.flownexus_ota.leshan.wire import Generation
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.exchange import (
    Lwm2mError,
    NotAuthorisedError,
    NotThisServerError,
    ServerUnreachableError,
    TlsFailedError,
    UnreadableReplyError,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath

from .scripted_server import Handler, ScriptedServer, answering, plain, raw, streaming

STATE = ResourcePath(5, 0, 3)
HTML = plain("<!doctype html><title>Router</title>", content_type="text/html")
HALF_A_LIST = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{"endpoint"'


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (answering(HTML), NotThisServerError),
        (answering(plain('{"version": "1.0"}')), NotThisServerError),
        (answering(plain('[{"id": 1, "name": "lamp"}]')), NotThisServerError),
        (answering(plain("[1, 2, null]")), NotThisServerError),
        (answering(plain("", content_type="text/plain")), NotThisServerError),
        (answering(plain("<html>not found", status=404)), NotThisServerError),
        (answering(plain("gone", status=410)), NotThisServerError),
        (answering(plain("<html>", status=500)), UnreadableReplyError),
        (answering(plain("", status=502)), ServerUnreachableError),
        (answering(plain("", status=503)), ServerUnreachableError),
        (answering(plain("", status=401)), NotAuthorisedError),
        (answering(plain("", status=403)), NotAuthorisedError),
        (answering(plain(b"x" * (1024 * 1024 + 1), status=500)), UnreadableReplyError),
        (answering(plain('[{"endpoint": "e"')), UnreadableReplyError),
        (answering(plain("[" * 100_000)), UnreadableReplyError),
        (raw(b"HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\n"), NotAuthorisedError),
        (raw(b""), ServerUnreachableError),
        (raw(b"\x00\x01\x02 this is no HTTP\r\n\r\n"), UnreadableReplyError),
        (raw(HALF_A_LIST), UnreadableReplyError),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), UnreadableReplyError),
    ],
    ids=[
        "a page",
        "an object",
        "a list of something else",
        "a list of nothing we know",
        "nothing in the body",
        "404",
        "410",
        "500",
        "502",
        "503",
        "401",
        "403",
        "a long error",
        "half a list",
        "a deep list",
        "401 that breaks off",
        "hangs up",
        "no HTTP",
        "breaks off",
        "bad chunks",
    ],
)
async def test_a_bad_server_is_named(
    handler: Handler, expected: type[Lwm2mError], server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_call(handler)
    server.will_always_call(handler)  # aiohttp may try once more where a connection was cut
    with pytest.raises(expected) as failure:
        await client.check()
    assert type(failure.value) is expected


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (answering(HTML), NotThisServerError),
        (answering(plain("<html>", status=500)), UnreadableReplyError),
        (answering(plain("", status=503)), ServerUnreachableError),
        (answering(plain("", status=401)), NotAuthorisedError),
    ],
)
async def test_a_server_that_does_not_let_itself_be_followed_is_not_reached(
    handler: Handler, expected: type[Lwm2mError], server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_always_call(handler)
    with pytest.raises(expected) as failure:
        await client.reach()
    assert type(failure.value) is expected


async def test_a_server_is_reached_without_a_list_of_its_devices(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_call(streaming(b""))
    await client.reach()
    assert [seen.raw_path for seen in server.seen] == ["/api/event"]


async def test_an_answer_that_cannot_be_unpacked_is_no_list(
    server: ScriptedServer, client: LeshanClient
) -> None:
    garbage = raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]")
    server.will_call(garbage)
    # Home Assistant's faster zlib finds nothing in it; the standard one says that it is damaged.
    with pytest.raises((NotThisServerError, UnreadableReplyError)):
        await client.check()


async def test_a_redirect_is_not_followed_but_named(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_call(raw(b"HTTP/1.1 302 Found\r\nLocation: https://sso.example/login\r\n\r\n"))
    with pytest.raises(NotThisServerError, match=r"https://sso\.example/login"):
        await client.check()
    assert len(server.seen) == 1


async def test_nobody_listens(session: aiohttp.ClientSession) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(ServerUnreachableError):
            await LeshanClient(session, ServerAddress(base_url=url)).check()


async def test_one_strange_registration_does_not_hide_the_others(
    server: ScriptedServer, client: LeshanClient
) -> None:
    good = '{"endpoint":"good","registrationId":"r","availableInstances":{"5":[0]}}'
    long_name = '{"endpoint":"' + "x" * 2000 + '","registrationId":"r"}'
    server.will_answer(plain(f'[null, {long_name}, {good}, {{"a":1}}]'))
    assert [each.endpoint for each in [_ async for _ in client.registrations()]] == ["good"]
    assert client.generation is Generation.M15


async def test_ten_thousand_registrations_leave_room_for_others(
    server: ScriptedServer, client: LeshanClient
) -> None:
    links = ",".join(f'{{"url":"/{number}/0","attributes":{{}}}}' for number in range(20))
    rest = f'"registrationId":"r","objectLinks":[{links}]}}'
    devices = (f'{{"endpoint":"e{number}",{rest}' for number in range(10_000))
    server.will_answer(plain(f"[{','.join(devices)}]"))
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.timeout(60):
        other = asyncio.create_task(take_turns())
        registrations = client.registrations()
        await anext(registrations)  # all of it has arrived
        turns_before = turns
        assert len([_ async for _ in registrations]) == 9_999
        other.cancel()
    assert turns > turns_before


async def test_a_list_without_end_is_cut_off(server: ScriptedServer, client: LeshanClient) -> None:
    mebibyte = b" " * 1024 * 1024
    server.will_call(streaming(b"[", *[mebibyte] * 64, content_type="application/json"))
    with pytest.raises(UnreadableReplyError, match="more than 67108864 bytes"):
        await client.check()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate that nobody trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    today = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
async def tls_server(certificate: tuple[Path, Path]) -> AsyncIterator[ScriptedServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    async with ScriptedServer(tls=context) as running:
        running.will_always_call(answering(plain("[]")))
        yield running


async def test_a_certificate_that_nobody_signed_is_refused(
    tls_server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(TlsFailedError):
        await LeshanClient(session, ServerAddress(base_url=tls_server.url)).check()
    assert tls_server.seen == []


async def test_a_certificate_is_not_looked_at_when_the_user_says_so(
    tls_server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    address = ServerAddress(base_url=tls_server.url, verify_ssl=False)
    assert await LeshanClient(session, address).check() == 0


async def test_https_to_a_port_that_speaks_http_is_a_tls_failure(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    address = ServerAddress(base_url=server.url.replace("http:", "https:"))
    with pytest.raises(TlsFailedError):
        await LeshanClient(session, address).check()


async def test_http_to_a_port_that_speaks_tls_is_no_answer(
    tls_server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    address = ServerAddress(base_url=tls_server.url.replace("https:", "http:"))
    with pytest.raises((ServerUnreachableError, UnreadableReplyError)):
        await LeshanClient(session, address).read(Endpoint("e"), STATE)
