"""Simulated devices from the command line: `python -m simulator --server HOST:PORT --count 5`."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulator.command_line import CommandLine, parse
from simulator.device import LinkFactory
from simulator.fleet import Fleet, Print
from simulator.leshan import SimulatedLeshan
from simulator.leshan_generation import Generation, LeshanSettings
from simulator.link import ServerLink


async def run(asked: CommandLine) -> None:
    """Run what was asked for until SIGTERM or SIGINT, or until nobody reads the lines any more."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)

    def write(line: str) -> None:
        try:
            print(line if asked.prints_json else f"{time.strftime('%T')} {line}", flush=True)
        except BrokenPipeError:
            stopping.set()

    async with _server_lines(asked, write) as connect:
        fleet = Fleet(asked.fleet, connect)
        fleet.print_changes(write, as_json=asked.prints_json)
        starting = asyncio.create_task(fleet.start())
        await stopping.wait()
        starting.cancel()
        await asyncio.wait((starting,))
        await fleet.stop()


@asynccontextmanager
async def _server_lines(asked: CommandLine, write: Print) -> AsyncIterator[LinkFactory | None]:
    """Run the simulated server, if there shall be one, and make lines to it."""
    if asked.leshan is None:
        yield None
        return
    server = _leshan(asked.leshan, asked.fleet.queue_mode.awake_seconds)
    base_url = await server.start(port=asked.leshan_port)
    told = {"endpoint": None, "kind": "leshan", "value": base_url}
    write(json.dumps(told) if asked.prints_json else f"simulated Leshan: {base_url}")

    async def connect() -> ServerLink:
        return server.link()

    try:
        yield connect
    finally:
        await server.stop()


def _leshan(generation: Generation, awake_seconds: float) -> SimulatedLeshan:
    return SimulatedLeshan(LeshanSettings(generation=generation, awake_seconds=awake_seconds))


def main() -> None:
    """Run from the command line."""
    asyncio.run(run(parse(sys.argv[1:])))


if __name__ == "__main__":
    main()
