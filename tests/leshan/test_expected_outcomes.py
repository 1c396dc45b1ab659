"""What each kind of answer means, written down by hand, for each generation of server."""

from datetime import UTC, datetime

import pytest

from custom_components.flownexus_ota.leshan.client import LeshanClient
from custom_components.flownexus_ota.lwm2m.exchange import (
    Delivery,
    DeviceAsleepError,
    DeviceRefusedError,
    DeviceTimeoutError,
    EndpointUnaddressableError,
    EndpointUnknownError,
    NotThisServerError,
    RequestCancelledError,
    UnreadableReplyError,
)
from custom_components.flownexus_ota.lwm2m.path import ResourcePath as Path

from .recordings import ask, exchanges
from .scripted_server import ScriptedServer

M4 = "leshan-2.0.0-M4"
M15 = "leshan-2.0.0-M15"
M18 = "leshan-2.0.0-M18"
M18_UPDATE = "leshan-2.0.0-M18-queue-update"
M18_REGISTER = "leshan-2.0.0-M18-queue-register"

PROTOCOLS = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5}
IDLE = {
    Path(5, 0, 1): "",
    Path(5, 0, 3): 0,
    Path(5, 0, 5): 0,
    Path(5, 0, 8): PROTOCOLS,
    Path(5, 0, 9): 2,
}
STAGED = IDLE | {
    Path(5, 0, 1): "http://127.0.0.1:8190/fw/fail.bin",
    Path(5, 0, 3): 2,
    Path(5, 0, 6): "Cute Firmware",
    Path(5, 0, 7): "1.0",
}
DEVICE = {
    Path(3, 0, 0): "0023C7",
    Path(3, 0, 1): "demo-client",
    Path(3, 0, 2): "000001",
    Path(3, 0, 3): "3.14.0",
    Path(3, 0, 6): {0: 0},
    Path(3, 0, 9): 0,
    Path(3, 0, 10): 0,
    Path(3, 0, 11): {0: 0},
    Path(3, 0, 14): "+01:00",
    Path(3, 0, 15): "Europe/Warsaw",
    Path(3, 0, 16): "UQ",
    Path(3, 0, 17): "",
    Path(3, 0, 18): "",
    Path(3, 0, 19): "",
    Path(3, 0, 20): 0,
    Path(3, 0, 21): 0,
    Path(3, 0, 22): {0: "33606:0"},
}


def device(voltage: int, current: int, *moment: int) -> dict[Path, object]:
    """Return what object 3 read at that moment."""
    measured = {Path(3, 0, 7): {0: voltage}, Path(3, 0, 8): {0: current}}
    return DEVICE | measured | {Path(3, 0, 13): datetime(2026, 11, 23, *moment, tzinfo=UTC)}  # type: ignore[misc,arg-type]  # hours, minutes, seconds


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        # an empty list of registrations
        (M4, 2, []),
        (M15, 2, []),
        (M18, 2, []),
        # reads: an instance with every type, a resource, an object, an instance, a multiple one
        (M4, 19, device(32241, 11, 18, 17, 39)),
        (M15, 19, device(31613, 10, 18, 10, 9)),
        (M18, 19, device(32184, 9, 18, 4, 8)),
        (M4, 20, {Path(3, 0, 3): "3.14.0"}),
        (M15, 20, {Path(3, 0, 3): "3.14.0"}),
        (M18, 20, {Path(3, 0, 3): "3.14.0"}),
        (M4, 22, IDLE),
        (M15, 22, IDLE),
        (M18, 22, IDLE),
        (M4, 21, IDLE),
        (M15, 21, IDLE),
        (M18, 21, IDLE),
        (M4, 119, STAGED | {Path(5, 0, 1): "http://127.0.0.1:8290/fw/fail.bin"}),
        (M15, 119, STAGED),
        (M18, 120, STAGED),
        (M4, 25, {Path(5, 0, 8): PROTOCOLS}),
        (M15, 25, {Path(5, 0, 8): PROTOCOLS}),
        (M18, 25, {Path(5, 0, 8): PROTOCOLS}),
        # composite reads, which M4 does not know
        (M18, 36, {Path(3, 0, 3): "3.14.0", Path(5, 0, 3): 0, Path(5, 0, 5): 0}),
        # observations begin with the value now
        (M4, 162, {Path(5, 0, 5): 1}),
        (M15, 165, {Path(5, 0, 5): 1}),
        (M18, 165, {Path(5, 0, 5): 1}),
        # writes and executions that the device accepts
        (M4, 62, Delivery.DONE),
        (M15, 60, Delivery.DONE),
        (M18, 60, Delivery.DONE),
        (M18_UPDATE, 42, Delivery.DONE),
        (M4, 120, Delivery.DONE),
        (M15, 121, Delivery.DONE),
        (M18, 122, Delivery.DONE),
        # a cancelled observation is answered with nothing that matters
        (M15, 41, None),
        (M18, 41, None),
        # writes that the server keeps for a sleeping device
        (M18, 219, Delivery.QUEUED),
        (M18_UPDATE, 35, Delivery.QUEUED),
        (M18_REGISTER, 34, Delivery.QUEUED),
    ],
)
async def test_an_answer_gives_its_values(
    name: str, line: int, expected: object, server: ScriptedServer, client: LeshanClient
) -> None:
    exchange = {each.line: each for each in exchanges(name)}[line]
    server.will_answer(exchange.answer)
    assert await ask(client, exchange) == expected


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        # unknown endpoints; M4 and M15 name this one in ISO-8859-1
        (M4, 4, EndpointUnknownError),
        (M15, 4, EndpointUnknownError),
        (M18, 4, EndpointUnknownError),
        (M4, 6, EndpointUnknownError),
        (M15, 6, EndpointUnknownError),
        (M18, 6, EndpointUnknownError),
        (M4, 233, EndpointUnknownError),
        (M15, 240, EndpointUnknownError),
        (M18, 236, EndpointUnaddressableError),
        # the device does not answer in time
        (M4, 170, DeviceTimeoutError),
        (M4, 171, DeviceTimeoutError),
        (M15, 174, DeviceTimeoutError),
        (M15, 175, DeviceTimeoutError),
        (M18, 173, DeviceTimeoutError),
        (M18, 174, DeviceTimeoutError),
        # the device registers anew meanwhile
        (M4, 178, RequestCancelledError),
        (M15, 183, RequestCancelledError),
        (M18, 181, RequestCancelledError),
        # the device sleeps
        (M4, 216, DeviceAsleepError),
        (M15, 222, DeviceAsleepError),
        (M18_UPDATE, 36, DeviceAsleepError),
        (M18_REGISTER, 55, DeviceAsleepError),
        # the server's own errors
        (M4, 33, UnreadableReplyError),
        (M15, 33, UnreadableReplyError),
        (M18, 33, UnreadableReplyError),
        (M4, 47, UnreadableReplyError),
        (M15, 45, UnreadableReplyError),
        (M18, 45, UnreadableReplyError),
        (M4, 49, UnreadableReplyError),
        # an answer that breaks off, and one that is a page
        (M4, 10, UnreadableReplyError),
        (M15, 10, UnreadableReplyError),
        (M18, 10, UnreadableReplyError),
        # where no list of registrations is
        (M4, 3, NotThisServerError),
        (M15, 3, NotThisServerError),
        (M18, 3, NotThisServerError),
        (M4, 7, NotThisServerError),
        (M18, 7, NotThisServerError),
        (M18, 8, NotThisServerError),
        (M4, 11, NotThisServerError),
        (M15, 11, NotThisServerError),
        (M18, 11, NotThisServerError),
    ],
)
async def test_an_answer_is_an_error_by_name(
    name: str, line: int, expected: type[Exception], server: ScriptedServer, client: LeshanClient
) -> None:
    exchange = {each.line: each for each in exchanges(name)}[line]
    server.will_answer(exchange.answer)
    with pytest.raises(expected):
        await ask(client, exchange)


@pytest.mark.parametrize(
    ("name", "line", "code"),
    [
        (M4, 27, 404),  # read
        (M15, 27, 404),
        (M18, 27, 404),
        (M18_UPDATE, 19, 404),
        (M4, 39, 404),  # observe
        (M15, 39, 404),
        (M18, 39, 404),
        (M4, 30, 405),  # read of what is write-only
        (M15, 30, 405),
        (M18, 30, 405),
        (M4, 43, 405),  # execute while idle
        (M15, 43, 405),
        (M18, 43, 405),
        (M4, 54, 400),  # write of a URI that the device will not use
        (M15, 51, 400),
        (M18, 51, 400),
    ],
)
async def test_a_device_refuses_by_a_code(
    name: str, line: int, code: int, server: ScriptedServer, client: LeshanClient
) -> None:
    exchange = {each.line: each for each in exchanges(name)}[line]
    server.will_answer(exchange.answer)
    with pytest.raises(DeviceRefusedError) as refusal:
        await ask(client, exchange)
    assert refusal.value.code == code
