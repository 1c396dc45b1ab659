"""A device over real UDP on loopback, against a small real CoAP server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiocoap.numbers.codes import Code

from simulator.behaviours import BEHAVIOURS
from simulator.coap_link import CoapLink
from simulator.device import Device
from simulator.link import Operation, RegisterParameters, Request, Response, ServerLink
from simulator.objects import DeviceIdentity
from simulator.record import Kind
from simulator.settings import DeviceSettings, QueueMode
from simulator.states import State

from .coap_server import CoapServer, Heard, coap_server
from .device_parts import QUICK, QUICK_DOWNLOADS, image_server

LIMIT_SECONDS = 60.0
TEXT, LINKS, TLV = 0, 40, 11542


@pytest.fixture
async def server() -> AsyncIterator[CoapServer]:
    async with coap_server() as opened:
        yield opened


@asynccontextmanager
async def registered_device(
    server: CoapServer, queue_mode: QueueMode | None = None
) -> AsyncIterator[Device]:
    async def connect() -> ServerLink:
        return await CoapLink.connect(server.address)

    settings = DeviceSettings(
        identity=DeviceIdentity(endpoint="urn:dev:os:ä-1"),
        behaviour=BEHAVIOURS["happy"],
        timing=QUICK,
        downloads=QUICK_DOWNLOADS,
        queue_mode=queue_mode,
    )
    device = Device(settings, connect)
    device.start()
    try:
        await device.record.wait_for(Kind.REGISTERED)
        yield device
    finally:
        await device.stop(deregisters=False)


async def within[T](awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(LIMIT_SECONDS):
        return await awaitable


async def test_a_registration_has_the_form_that_servers_expect(server: CoapServer) -> None:
    async with registered_device(server):
        pass
    links = b'</>;ct="0 110 11542";rt="oma.lwm2m",</1/0>,</3/0>,</5>;ver=1.1,</5/0>'
    assert server.heard == [
        Heard(
            code=Code.POST,
            path=("rd",),
            query=("ep=urn:dev:os:ä-1", "lt=300", "lwm2m=1.1", "b=U"),
            payload=links,
            content_format=LINKS,
        )
    ]


async def test_queue_mode_is_a_query_of_its_own(server: CoapServer) -> None:
    async with registered_device(server, QueueMode()):
        pass
    assert server.heard[0].query[-2:] == ("b=U", "Q")


async def test_update_and_deregister_go_to_the_location_that_was_given(server: CoapServer) -> None:
    async with registered_device(server) as device:
        assert (await server.ask(Code.POST, "1/0/8")).code is Code.CHANGED
        await device.record.wait_for(Kind.RENEWED)
        await device.stop()
    assert [(heard.code, heard.path) for heard in server.heard[1:]] == [
        (Code.POST, ("rd", "abc")),
        (Code.DELETE, ("rd", "abc")),
    ]


async def test_an_unknown_registration_is_made_anew(server: CoapServer) -> None:
    server.answers["POST rd/abc"] = Code.NOT_FOUND
    async with registered_device(server) as device:
        await server.ask(Code.POST, "1/0/8")
        await device.record.wait_for(Kind.REGISTERED, times=2)
    assert [heard.path for heard in server.heard] == [("rd",), ("rd", "abc"), ("rd",)]


async def test_a_refused_registration_is_a_connection_error(server: CoapServer) -> None:
    server.answers["POST rd"] = Code.FORBIDDEN
    link = await CoapLink.connect(server.address)
    with pytest.raises(ConnectionError, match="refused"):
        await link.register(RegisterParameters(endpoint="x", lifetime_seconds=1), Reader())
    await link.close()


async def test_nobody_listening_is_a_connection_error() -> None:
    link = await CoapLink.connect("127.0.0.1:1")
    with pytest.raises(ConnectionError):
        await link.register(RegisterParameters(endpoint="x", lifetime_seconds=1), Reader())
    await link.close()


@pytest.mark.parametrize(
    ("path", "accept", "content_format", "payload"),
    [
        ("3/0/3", None, TEXT, b"1.0.0"),
        ("5/0/3", TEXT, TEXT, b"0"),
        ("5/0/3", TLV, TLV, bytes.fromhex("C10300")),
        ("5/0/8", None, TLV, bytes.fromhex("8608410002410103")),
        ("5/0/3", LINKS, LINKS, b"</5/0/3>"),
        ("5/0/1", None, TEXT, b""),
    ],
)
async def test_what_is_read_comes_in_the_format_asked_for(
    server: CoapServer, path: str, accept: int | None, content_format: int, payload: bytes
) -> None:
    async with registered_device(server):
        answer = await server.ask(Code.GET, path, accept=accept)
    assert answer.code is Code.CONTENT
    assert (answer.opt.content_format, answer.payload) == (content_format, payload)


@pytest.mark.parametrize(
    ("code", "path", "options", "answer"),
    [
        (Code.GET, "9", {}, Code.NOT_FOUND),
        (Code.GET, "here", {}, Code.NOT_FOUND),
        (Code.GET, "5/0/3/0/0", {}, Code.NOT_FOUND),
        (Code.GET, "5/0/2", {}, Code.METHOD_NOT_ALLOWED),
        (Code.GET, "5/0/3", {"accept": 60}, Code.NOT_ACCEPTABLE),
        (Code.FETCH, "5", {}, Code.METHOD_NOT_ALLOWED),
        (Code.DELETE, "5/0", {}, Code.METHOD_NOT_ALLOWED),
        (Code.PUT, "5/0", {"payload": b"x"}, Code.METHOD_NOT_ALLOWED),
        (Code.PUT, "5/0/3", {"payload": b"1"}, Code.METHOD_NOT_ALLOWED),
        (
            Code.PUT,
            "5/0/1",
            {"payload": b"x", "content_format": 60},
            Code.UNSUPPORTED_CONTENT_FORMAT,
        ),
        (Code.PUT, "5/0/1", {"payload": b"\xff", "content_format": TEXT}, Code.BAD_REQUEST),
        (Code.PUT, "5/0/3", {"uri_query": ("pmin=1",)}, Code.CHANGED),
        (Code.POST, "5/0/1", {"content_format": TEXT}, Code.CHANGED),
        (Code.POST, "5/0/2", {}, Code.METHOD_NOT_ALLOWED),
    ],
)
async def test_what_cannot_be_done_has_its_code(
    server: CoapServer, code: Code, path: str, options: dict[str, Any], answer: Code
) -> None:
    async with registered_device(server):
        got = await server.ask(code, path, **options)
    assert got.code is answer


async def test_a_whole_update_with_a_reboot_over_udp(server: CoapServer) -> None:
    async with image_server() as images, registered_device(server) as device:
        answer = await server.ask(Code.PUT, "5/0/1", images.uri().encode(), content_format=TEXT)
        assert answer.code is Code.CHANGED
        await device.record.wait_for(Kind.STATE, State.DOWNLOADED)
        first_remote = server.remote
        assert (await server.ask(Code.POST, "5/0/2")).code is Code.CHANGED
        await device.record.wait_for(Kind.REGISTERED, times=2)
        assert server.remote != first_remote
        assert (await server.ask(Code.GET, "3/0/3")).payload == b"1.1.0"
        assert (await server.ask(Code.GET, "5/0/5")).payload == b"1"


async def test_a_uri_longer_than_a_block_arrives_whole(server: CoapServer) -> None:
    async with registered_device(server):
        uri = b"http://127.0.0.1:1/" + b"x" * 100
        first = await server.ask(
            Code.PUT, "5/0/1", uri[:64], content_format=TEXT, block1=(0, True, 2)
        )
        second = await server.ask(
            Code.PUT, "5/0/1", uri[64:], content_format=TEXT, block1=(1, False, 2)
        )
        answer = await server.ask(Code.GET, "5/0/1")
    assert (first.code, second.code, answer.payload) == (Code.CONTINUE, Code.CHANGED, uri)


async def test_an_observed_resource_is_told_with_growing_numbers(server: CoapServer) -> None:
    async with image_server() as images, registered_device(server) as device:
        request = server.start_asking(Code.GET, "5/0/3", observe=0)
        first = await within(request.response)
        told = aiter(request.observation)
        await server.ask(Code.PUT, "5/0/1", images.uri().encode(), content_format=TEXT)
        messages = [await within(anext(told)), await within(anext(told))]
        assert [first.payload, *[message.payload for message in messages]] == [b"0", b"1", b"2"]
        numbers = [first.opt.observe, *[message.opt.observe for message in messages]]
        assert numbers == sorted(set(numbers))
        await device.record.wait_for(Kind.STATE, State.DOWNLOADED)
        request.observation.cancel()


async def test_an_observed_instance_is_told_whole(server: CoapServer) -> None:
    async with registered_device(server):
        request = server.start_asking(Code.GET, "5/0", observe=0)
        first = await within(request.response)
        told = aiter(request.observation)
        await server.ask(Code.PUT, "5/0/1", b"nonsense", content_format=TEXT)
        message = await within(anext(told))
        request.observation.cancel()
    assert message.opt.content_format == first.opt.content_format == TLV
    assert b"nonsense" in message.payload


async def test_what_cannot_be_read_is_not_observed(server: CoapServer) -> None:
    async with registered_device(server):
        answer = await server.ask(Code.GET, "5/0/2", observe=0)
    assert answer.code is Code.METHOD_NOT_ALLOWED
    assert answer.opt.observe is None


async def test_send_goes_to_dp_as_senml(server: CoapServer) -> None:
    async with registered_device(server) as device:
        await device.send((5, 0, 3))
        server.answers["POST dp"] = Code.METHOD_NOT_ALLOWED
        with pytest.raises(ConnectionError, match="refused"):
            await device.send((5, 0, 3))
    assert server.heard[1].payload == b'[{"n": "/5/0/3", "v": 0}]'


@dataclass(kw_only=True, slots=True)
class Reader:
    """Answers every read by a text, or stays silent."""

    is_silent: bool = False
    asked: list[Request] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: Request) -> Response | None:
        self.asked.append(request)
        self.was_asked.set()
        content = {request.path: "hello"}
        return None if self.is_silent else Response(code=205, content=content)


@asynccontextmanager
async def line_to(server: CoapServer, reader: Reader) -> AsyncIterator[CoapLink]:
    link = await CoapLink.connect(server.address)
    await link.register(RegisterParameters(endpoint="reader", lifetime_seconds=60), reader)
    try:
        yield link
    finally:
        await link.close()


@pytest.mark.parametrize("options", [{}, {"observe": 0}])
async def test_silence_is_not_even_an_acknowledgement(
    server: CoapServer, options: dict[str, Any]
) -> None:
    reader = Reader(is_silent=True)
    async with line_to(server, reader):
        request = server.start_asking(Code.GET, "3/0/3", **options)
        await within(reader.was_asked.wait())
        reader.is_silent = False
        # The server repeats an unacknowledged request after 2 to 3 s (RFC 7252, 4.8).
        answer = await within(request.response)
        assert answer.payload == b"hello"
        assert len(reader.asked) == 2
        reader.asked.clear()


async def test_only_what_is_observed_is_told(server: CoapServer) -> None:
    reader = Reader()
    async with line_to(server, reader) as link:
        request = server.start_asking(Code.GET, "3/0/3", observe=0)
        await within(request.response)
        told = aiter(request.observation)
        await link.notify((3, 0, 2), {(3, 0, 2): "not observed"})
        await link.notify((3, 0, 3), {(3, 0, 3): "observed"})
        assert (await within(anext(told))).payload == b"observed"
        request.observation.cancel()


async def test_a_cancelled_observation_is_told_nothing_more(server: CoapServer) -> None:
    reader = Reader()
    async with line_to(server, reader) as link:
        request = server.start_asking(Code.GET, "3/0/3", observe=0)
        await within(request.response)
        request.observation.cancel()
        await server.ask(Code.GET, "3/0/3", observe=1)
        await link.notify((3, 0, 3), {(3, 0, 3): "late"})
    assert [request.operation for request in reader.asked] == [
        Operation.OBSERVE,
        Operation.CANCEL_OBSERVATION,
    ]


async def test_a_new_registration_ends_observations(server: CoapServer) -> None:
    reader = Reader()
    async with line_to(server, reader) as link:
        old = server.start_asking(Code.GET, "3/0/3", observe=0)
        await within(old.response)
        await link.register(RegisterParameters(endpoint="reader", lifetime_seconds=60), reader)
        await link.notify((3, 0, 3), {(3, 0, 3): "to nobody"})
        new = server.start_asking(Code.GET, "3/0/3", observe=0)
        await within(new.response)
        told = aiter(new.observation)
        await link.notify((3, 0, 3), {(3, 0, 3): "to the new one"})
        assert (await within(anext(told))).payload == b"to the new one"
        new.observation.cancel()
        old.observation.cancel()


async def test_a_server_that_takes_no_notification_loses_all_but_the_last_64(
    server: CoapServer,
) -> None:
    reader = Reader()
    async with line_to(server, reader) as link:
        request = server.start_asking(Code.GET, "3/0/3", observe=0)
        await within(request.response)
        told = aiter(request.observation)
        for number in range(100):
            await link.notify((3, 0, 3), {(3, 0, 3): f"{number}"})
        oldest = await within(anext(told))
        request.observation.cancel()
    assert oldest.payload == b"36"
