"""What the client sends, and within which limits."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web

from custom_components.flownexus_ota.leshan.client import LeshanClient, ServerAddress, Timing
from custom_components.flownexus_ota.leshan.pacing import MAX_REQUESTS_PER_SERVER
from custom_components.flownexus_ota.leshan.wire import Generation
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.lwm2m.exchange import (
    Delivery,
    DeviceRefusedError,
    EndpointUnaddressableError,
    ServerUnreachableError,
    UnreadableReplyError,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath

from .scripted_server import ScriptedServer, plain

SENSOR = Endpoint("sensor 7")
STATE = ResourcePath(5, 0, 3)
PACKAGE = ResourcePath(5, 0, 0)
PACKAGE_URI = ResourcePath(5, 0, 1)
DONE = plain('{"status":"CHANGED(204)","success":true}')
NO_TEXT = plain('{"status":"UNSUPPORTED_CONTENT_FORMAT(415)","success":false}')


async def test_a_read_passes_its_time_limit_on(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_answer(DONE)
    await client.read(SENSOR, STATE, timeout_seconds=7)
    (seen,) = server.seen
    assert (seen.method, seen.raw_path) == ("GET", "/api/clients/sensor%207/5/0/3?timeout=7")


async def test_a_write_is_a_string_node_in_text(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_answer(DONE)
    assert await client.write(SENSOR, PACKAGE_URI, "http://h/ü", timeout_seconds=9) is Delivery.DONE
    (seen,) = server.seen
    assert (seen.method, seen.raw_path) == (
        "PUT",
        "/api/clients/sensor%207/5/0/1?format=TEXT&timeout=9",
    )
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.body.isascii()
    assert json.loads(seen.body) == {
        "id": 1,
        "kind": "singleResource",
        "type": "STRING",
        "value": "http://h/ü",
    }


async def test_a_device_that_takes_no_text_gets_tlv(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_answer(NO_TEXT, DONE)
    assert await client.write(SENSOR, PACKAGE_URI, "") is Delivery.DONE
    assert [seen.raw_path for seen in server.seen] == [
        "/api/clients/sensor%207/5/0/1?format=TEXT&timeout=30",
        "/api/clients/sensor%207/5/0/1?format=TLV&timeout=30",
    ]


async def test_a_device_that_takes_neither_has_refused(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_answer(NO_TEXT, NO_TEXT)
    with pytest.raises(DeviceRefusedError, match=r"4\.15"):
        await client.write(SENSOR, PACKAGE_URI, "")


async def test_bytes_are_an_opaque_node_in_hex(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_answer(DONE)
    assert await client.write_opaque(SENSOR, PACKAGE, b"\x00", timeout_seconds=9) is Delivery.DONE
    (seen,) = server.seen
    assert (seen.method, seen.raw_path) == (
        "PUT",
        "/api/clients/sensor%207/5/0/0?format=OPAQUE&timeout=9",
    )
    assert json.loads(seen.body) == {
        "id": 0,
        "kind": "singleResource",
        "type": "OPAQUE",
        "value": "00",
    }


async def test_a_device_that_takes_no_plain_bytes_gets_tlv(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_answer(NO_TEXT, DONE)
    assert await client.write_opaque(SENSOR, PACKAGE, b"\x00") is Delivery.DONE
    assert [seen.raw_path for seen in server.seen] == [
        "/api/clients/sensor%207/5/0/0?format=OPAQUE&timeout=30",
        "/api/clients/sensor%207/5/0/0?format=TLV&timeout=30",
    ]


async def test_an_execution_has_no_body(server: ScriptedServer, client: LeshanClient) -> None:
    server.will_answer(DONE)
    await client.execute(SENSOR, ResourcePath(5, 0, 2))
    (seen,) = server.seen
    assert (seen.method, seen.raw_path, seen.body) == (
        "POST",
        "/api/clients/sensor%207/5/0/2?timeout=30",
        "",
    )
    assert seen.headers["Content-Length"] == "0"


async def test_observing_and_its_end(server: ScriptedServer, client: LeshanClient) -> None:
    value = '{"success":true,"content":{"id":3,"value":1}}'
    server.will_answer(plain(value), plain(""))
    assert await client.observe(SENSOR, STATE) == {STATE: 1}
    await client.cancel_observation(SENSOR, STATE)
    assert [(seen.method, seen.raw_path) for seen in server.seen] == [
        ("POST", "/api/clients/sensor%207/5/0/3/observe?timeout=30"),
        ("DELETE", "/api/clients/sensor%207/5/0/3/observe"),
    ]


async def test_an_endpoint_that_has_no_url_is_never_asked(
    server: ScriptedServer, client: LeshanClient
) -> None:
    with pytest.raises(EndpointUnaddressableError):
        await client.read(Endpoint("a/b"), STATE)
    assert server.seen == []


async def test_every_request_logs_in_and_keeps_the_prefix(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    address = ServerAddress(base_url=f"{server.url}/one", username="user", password="pass")
    client = LeshanClient(session, address)
    server.will_answer(plain("[]"), DONE)
    assert await client.check() == 0
    await client.read(SENSOR, STATE)
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Basic dXNlcjpwYXNz"] * 2
    assert [seen.raw_path for seen in server.seen] == [
        "/one/api/clients",
        "/one/api/clients/sensor%207/5/0/3?timeout=30",
    ]


async def test_a_server_that_never_answers_is_unreachable(
    server: ScriptedServer, session: aiohttp.ClientSession
) -> None:
    never = asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    server.will_always_call(wait)
    timing = Timing(grace_seconds=0.01, list_seconds=0.01)
    client = LeshanClient(session, ServerAddress(base_url=server.url), timing=timing)
    with pytest.raises(ServerUnreachableError):
        await client.read(SENSOR, STATE, timeout_seconds=0)
    with pytest.raises(ServerUnreachableError):
        await client.check()


async def test_an_answer_without_end_is_cut_off(
    server: ScriptedServer, client: LeshanClient
) -> None:
    server.will_answer(plain(b"x" * (1024 * 1024 + 1)))
    with pytest.raises(UnreadableReplyError):
        await client.read(SENSOR, STATE)


async def test_a_kept_request_speaks_for_m18(server: ScriptedServer, client: LeshanClient) -> None:
    server.will_answer(plain('{"ep":"e","requestId":"u","delayed":true}'))
    assert client.generation is None
    assert await client.execute(SENSOR, STATE) is Delivery.QUEUED
    assert client.generation is Generation.M18


class Gate:
    """Holds requests until a test lets them go; counts how many are inside."""

    def __init__(self) -> None:
        self.inside = 0
        self.most_inside = 0
        self.arrived: list[str] = []
        self._open = asyncio.Semaphore(0)
        self._changed = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.Response:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.arrived.append(request.raw_path.split("/")[3])
        async with self._changed:
            self._changed.notify_all()
        await self._open.acquire()
        self.inside -= 1
        return web.Response(body=DONE.body, content_type="application/json")

    def let_go(self, number: int) -> None:
        for _ in range(number):
            self._open.release()

    async def until_arrived(self, number: int) -> None:
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: len(self.arrived) >= number)


async def test_no_more_than_32_requests_are_under_way(
    server: ScriptedServer, client: LeshanClient
) -> None:
    gate = Gate()
    server.will_always_call(gate.handle)
    names = [f"e{number}" for number in range(100)]
    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(client.read(Endpoint(name), STATE))
        await gate.until_arrived(MAX_REQUESTS_PER_SERVER)
        gate.let_go(100)
    assert gate.most_inside == MAX_REQUESTS_PER_SERVER
    assert sorted(gate.arrived) == sorted(names)
    # First come, first served: only those that came at once may overtake each other.
    assert set(gate.arrived[:MAX_REQUESTS_PER_SERVER]) == set(names[:MAX_REQUESTS_PER_SERVER])


async def test_a_device_gets_one_request_at_a_time_in_order(
    server: ScriptedServer, client: LeshanClient
) -> None:
    gate = Gate()
    server.will_always_call(gate.handle)
    finished: list[int] = []

    async def ask(number: int) -> None:
        await client.read(SENSOR, ResourcePath(5, 0, number))
        finished.append(number)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(ask(number))
        await gate.until_arrived(1)
        gate.let_go(5)
    assert gate.most_inside == 1
    assert finished == [0, 1, 2, 3, 4]


async def test_a_request_that_is_given_up_makes_room(
    server: ScriptedServer, client: LeshanClient
) -> None:
    gate = Gate()
    server.will_always_call(gate.handle)
    given_up = asyncio.create_task(client.read(SENSOR, STATE))
    await gate.until_arrived(1)
    given_up.cancel()
    after = asyncio.create_task(client.read(SENSOR, STATE))
    await gate.until_arrived(2)
    gate.let_go(2)
    async with asyncio.timeout(60):
        assert await after == {}
