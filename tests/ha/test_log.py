"""What a person finds in the log when nothing is asked of it."""

import asyncio
import logging

import pytest

from .fleet import World

ABOUT_THE_SERVER = "custom_components.flownexus_ota.engine.router"


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said about the connection, the first word of each."""
    return [
        record.getMessage().split()[0]
        for record in caplog.records
        if record.name == ABOUT_THE_SERVER and record.levelno == logging.INFO
    ]


async def test_a_server_that_goes_and_comes_is_told_once_each_time(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.add_device("sensor-1")
    await world.set_up()
    await world.until(lambda: world.hub_state("connected", "binary_sensor") == "on")
    caplog.clear()
    await world.leshan.refuse_connections()
    attempts: list[asyncio.StreamWriter] = []

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attempts.append(writer)
        writer.close()

    port = int(world.leshan.base_url.rpartition(":")[2])
    async with await asyncio.start_server(hang_up, "127.0.0.1", port):
        # That it fails again is not worth another word.
        await world.until(lambda: len(attempts) > 1)
    assert world.hub_state("connected", "binary_sensor") == "off"
    assert told(caplog) == ["Disconnected"]
    await world.leshan.accept_connections()
    await world.until(lambda: world.hub_state("connected", "binary_sensor") == "on")
    assert told(caplog) == ["Disconnected", "Connected"]
