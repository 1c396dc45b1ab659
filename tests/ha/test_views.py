"""Images under Home Assistant's own HTTP server."""

import hashlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flownexus_ota.serving.offers import Offer, OfferBook
from custom_components.flownexus_ota.views import async_register_views
from tests.serving.image_server import TOKEN, RawClient, request_text, until

IMAGE = bytes(range(256)) * 16
PATHS = [
    f"/f/{TOKEN}/thingy.bin",
    f"/media/firmware/{TOKEN}/thingy.bin",
    f"//f/{TOKEN}/thingy.bin",
    f"//media/firmware/{TOKEN}/thingy.bin",
]


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[OfferBook]:
    path = tmp_path / "image"
    path.write_bytes(IMAGE)
    book = OfferBook()
    book.add(
        TOKEN,
        Offer(
            session_id="session",
            sha256=hashlib.sha256(IMAGE).hexdigest(),
            size_bytes=len(IMAGE),
            file_name="thingy.bin",
            path=path,
        ),
    )
    yield book
    book.close()


type PortOf = Callable[[], Awaitable[int]]


@pytest.fixture
def start(hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator) -> PortOf:
    """Return what starts Home Assistant's HTTP server and tells its port."""

    async def started() -> int:
        client = await hass_client_no_auth()
        return int(client.port)

    return started


@pytest.fixture
async def port(hass: HomeAssistant, book: OfferBook, start: PortOf) -> int:
    # Home Assistant's own /media/… routes must not be in the way.
    assert await async_setup_component(hass, "media_source", {})
    async_register_views(hass, book)
    return await start()


@pytest.mark.parametrize("path", PATHS)
async def test_a_device_gets_its_image_without_logging_in(
    port: int, book: OfferBook, path: str
) -> None:
    async with RawClient(port) as client:
        await client.send(request_text(path=path))
        answer = await client.answer()
    assert (answer.status, answer.body) == (200, IMAGE)
    assert "set-cookie" not in answer.headers
    await until(lambda: book.percent("session") == 100)


@pytest.mark.parametrize("path", PATHS)
async def test_a_device_that_asks_for_the_length_gets_it(port: int, path: str) -> None:
    async with RawClient(port) as client:
        await client.send(request_text("Connection: close", method="HEAD", path=path))
        head = await client.head()
        rest = await client.read_to_end()
    assert (head.status, head.length, rest) == (200, len(IMAGE), b"")


@pytest.mark.parametrize("path", PATHS)
async def test_a_range_is_served_beside_home_assistants_own_middleware(
    port: int, path: str
) -> None:
    async with RawClient(port) as client:
        await client.send(request_text("Range: bytes=100-199", path=path))
        answer = await client.answer()
    assert (answer.status, answer.body) == (206, IMAGE[100:200])
    assert answer.headers["content-encoding"] == "identity"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(port: int, path: str, method: str) -> None:
    async with RawClient(port) as client:
        await client.send(request_text(method=method, path=path))
        answer = await client.answer()
    assert (answer.status, IMAGE in answer.body) == (405, False)


async def test_a_wrong_token_gets_a_short_404_and_no_ban(port: int) -> None:
    async with RawClient(port) as client:
        answers = [await client.get(token="B" * 22) for _ in range(20)]
        right = await client.get()
    assert {(answer.status, answer.body) for answer in answers} == {(404, b"Not found\n")}
    assert right.status == 200


async def test_the_token_of_another_device_serves_that_devices_image_and_counts_for_it_alone(
    port: int, book: OfferBook, tmp_path: Path
) -> None:
    path = tmp_path / "other"
    path.write_bytes(b"another image")
    sha256 = hashlib.sha256(b"another image").hexdigest()
    offer = Offer(session_id="other", sha256=sha256, size_bytes=13, file_name="x", path=path)
    book.add("C" * 22, offer)
    async with RawClient(port) as client:
        answer = await client.get(token="C" * 22)
    assert answer.body == b"another image"
    await until(lambda: book.percent("other") == 100)
    assert book.percent("session") == 0


async def test_a_view_that_is_registered_again_serves_from_the_new_book(
    hass: HomeAssistant, port: int, book: OfferBook
) -> None:
    routes = len(hass.http.app.router.routes())
    async_register_views(hass, OfferBook())
    assert len(hass.http.app.router.routes()) == routes
    async with RawClient(port) as client:
        assert (await client.get()).status == 404
        async_register_views(hass, book)
        assert (await client.get()).status == 200


async def test_nothing_is_served_while_home_assistant_stops(hass: HomeAssistant, port: int) -> None:
    hass.set_state(CoreState.stopping)
    async with RawClient(port) as client:
        answer = await client.get()
    hass.set_state(CoreState.running)
    assert (answer.status, answer.body) == (503, b"")


async def test_an_unknown_token_is_asked_to_come_again_while_home_assistant_starts(
    hass: HomeAssistant, port: int, book: OfferBook
) -> None:
    book.revoke("session")
    hass.set_state(CoreState.not_running)
    async with RawClient(port) as client:
        early = await client.get()
    hass.set_state(CoreState.running)
    async with RawClient(port) as client:
        late = await client.get()
    assert (early.status, late.status) == (503, 404)


async def test_no_log_line_holds_the_token(
    port: int, book: OfferBook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # The test's own server logs every request; Home Assistant's does not.
    caplog.set_level(logging.WARNING, "aiohttp.access")
    async with RawClient(port) as client:
        await client.get("Range: bytes=9999-")
        await client.get()
        book.revoke("session")
        await client.get()
    async with RawClient(port) as client:
        await client.send(request_text())
    assert TOKEN not in caplog.text
