"""Many devices, from Python and from the command line."""

import asyncio
import json
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from simulator.behaviours import BEHAVIOURS
from simulator.command_line import parse
from simulator.download import DownloadSettings
from simulator.fleet import Fleet, FleetOptions, describe, device_settings
from simulator.leshan_generation import Generation
from simulator.record import Entry, Kind
from simulator.settings import QueueMode, Waking
from simulator.states import Result, State

from .coap_server import coap_server

LIMIT_SECONDS = 120.0
EVERYTHING = """
    --server 127.0.0.1:7 --count 3 --behaviour slow --behaviour no_space --sleepy 1
    --names dev- --version 2.0 --manufacturer Acme --model T1 --hardware-version B
    --lifetime 60 --install 2 --reboot 3 --awake 4 --asleep 5 --wakes-by register
    --rate 1000 --origin http://127.0.0.1:9 --seed 8 --json --leshan m4 --leshan-port 9
    --ca ca.pem --resolve fw.example=127.0.0.1
"""


def test_devices_differ_as_the_options_say() -> None:
    options = FleetOptions(count=4, behaviours=["bad_checksum", "slow"], sleepy_count=1, seed=3)
    devices = device_settings(options)
    assert [device.identity.endpoint for device in devices] == [
        "sensor-1",
        "sensor-2",
        "sensor-3",
        "sensor-4",
    ]
    assert [device.behaviour.name for device in devices] == [
        "bad_checksum",
        "slow",
        "happy",
        "happy",
    ]
    assert [device.queue_mode for device in devices] == [None, None, None, QueueMode()]
    assert len({device.identity.serial_number for device in devices}) == 4


def test_a_pace_holds_for_every_device() -> None:
    devices = device_settings(FleetOptions(behaviours=["slow"], count=2, bytes_per_second=7))
    assert [device.behaviour.downloading.bytes_per_second for device in devices] == [7, 7]


def test_the_command_line_says_all_that_the_options_can() -> None:
    asked = parse(shlex.split(EVERYTHING))
    assert asked.fleet.behaviours == ["slow", "no_space"]
    assert asked.fleet.queue_mode == QueueMode(
        awake_seconds=4, sleep_seconds=5, waking=Waking.REGISTER
    )
    assert asked.fleet.timing.lifetime_seconds == 60
    assert asked.fleet.downloads == DownloadSettings(
        compiled_origin="http://127.0.0.1:9",
        ca_file="ca.pem",
        addresses={"fw.example": "127.0.0.1"},
    )
    assert (asked.leshan, asked.leshan_port, asked.prints_json) == (Generation.M4, 9, True)


def test_an_unknown_behaviour_is_refused_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--behaviour", "perfect"])
    said = capsys.readouterr().err
    assert "perfect" in said
    assert "happy" in said


def test_a_name_without_an_address_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--resolve", "fw.example"])
    assert "--resolve" in capsys.readouterr().err


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_behaviour_can_be_asked_for(name: str) -> None:
    assert parse(["--behaviour", name]).fleet.behaviours == [name]


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        (Kind.STATE, State.DOWNLOADED, "sensor-1: state DOWNLOADED"),
        (Kind.RESULT, Result.NO_SPACE, "sensor-1: result NO_SPACE"),
        (Kind.INSTALLED, "1.1.0", "sensor-1: installed version 1.1.0"),
        (Kind.DOWNLOADING, 4096, "sensor-1: downloads from byte 4096"),
        (Kind.FELL_ASLEEP, None, "sensor-1: fell asleep"),
    ],
)
def test_a_change_is_told_in_words(kind: Kind, value: str | int | None, line: str) -> None:
    assert describe("sensor-1", Entry(number=0, at=0.0, kind=kind, value=value)) == line


async def test_a_fleet_registers_tells_and_says_goodbye() -> None:
    lines: list[str] = []
    async with coap_server() as server:
        fleet = Fleet(FleetOptions(server=server.address, count=3))
        fleet.print_changes(lines.append)
        await fleet.start()
        await fleet.wait_registered()
        await fleet.stop()
    assert len({heard.query[0] for heard in server.heard if heard.query}) == 3
    assert lines.count("sensor-2: registered") == 1
    assert lines.count("sensor-3: deregistered") == 1


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", *arguments, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        raise
    finally:
        await asyncio.wait_for(process.wait(), LIMIT_SECONDS)


async def lines_until(process: Process, kind: str, times: int) -> list[dict[str, object]]:
    """Read lines of JSON until one kind has come so often."""
    assert process.stdout is not None
    lines: list[dict[str, object]] = []
    async with asyncio.timeout(LIMIT_SECONDS):
        while [line["kind"] for line in lines].count(kind) < times:
            lines.append(json.loads(await process.stdout.readline()))
    return lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_command_cleanly(number: signal.Signals) -> None:
    async with (
        coap_server() as server,
        started("--server", server.address, "--count", "2", "--json") as process,
    ):
        await lines_until(process, "registered", 2)
        process.send_signal(number)
        output, errors = await asyncio.wait_for(process.communicate(), LIMIT_SECONDS)
    assert (process.returncode, errors) == (0, b"")
    assert output.count(b'"deregistered"') == 2


async def test_the_command_runs_a_simulated_server_too() -> None:
    async with started("--leshan", "m18", "--count", "2", "--json") as process:
        lines = await lines_until(process, "registered", 2)
        process.terminate()
        _, errors = await asyncio.wait_for(process.communicate(), LIMIT_SECONDS)
    assert str(lines[0]["value"]).startswith("http://127.0.0.1:")
    assert (process.returncode, errors) == (0, b"")
