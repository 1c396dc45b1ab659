"""Simulated devices from the command line: `python -m simulator --server HOST:PORT --count 5`."""

import argparse
import asyncio
import signal
import sys
import time

from simulator.behaviours import BEHAVIOURS
from simulator.download import DownloadSettings
from simulator.fleet import Fleet, FleetOptions
from simulator.settings import QueueMode, Timing, Waking


def parse_options(arguments: list[str]) -> tuple[FleetOptions, bool]:
    """Return what is asked for, and whether lines shall be JSON; exit with usage if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="Start simulated LwM2M devices."
    )
    add = parser.add_argument
    add(
        "--server",
        default="127.0.0.1:5683",
        metavar="HOST:PORT",
        help="LwM2M server (default: %(default)s)",
    )
    add("--count", type=int, default=5, help="how many devices (default: %(default)s)")
    add(
        "--behaviour",
        action="append",
        default=[],
        choices=sorted(BEHAVIOURS),
        metavar="NAME",
        help="of the first device, again for the second, and so on; the others are happy. "
        f"One of: {', '.join(BEHAVIOURS)}",
    )
    add("--sleepy", type=int, default=0, metavar="N", help="the last N devices are in queue mode")
    add(
        "--names",
        default="sensor-",
        metavar="PREFIX",
        help="endpoint names without their number (default: %(default)s)",
    )
    add("--version", default="1.0.0", help="firmware version at the start (default: %(default)s)")
    add("--manufacturer", default="Flownexus", help="resource 3/0/0 (default: %(default)s)")
    add("--model", default="Simulated sensor", help="resource 3/0/1 (default: %(default)s)")
    add("--hardware-version", default="1.0", help="resource 3/0/18 (default: %(default)s)")
    add(
        "--lifetime",
        type=int,
        default=300,
        metavar="SECONDS",
        help="of a registration (default: %(default)s)",
    )
    add(
        "--install",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="an installation takes (default: %(default)s)",
    )
    add(
        "--reboot",
        type=float,
        default=1.5,
        metavar="SECONDS",
        help="a reboot takes (default: %(default)s)",
    )
    add(
        "--awake",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="until a sleepy device sleeps (default: %(default)s)",
    )
    add(
        "--asleep",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="until it wakes (default: %(default)s)",
    )
    add(
        "--wakes-by",
        choices=[waking.value for waking in Waking],
        default="update",
        help="(default: %(default)s)",
    )
    add(
        "--rate",
        type=int,
        metavar="BYTES",
        help="per second, of every download (default: the behaviour's)",
    )
    add(
        "--origin",
        default="http://127.0.0.1:8000",
        metavar="URL",
        help="host that a flownexus_sample downloads from",
    )
    add("--seed", type=int, default=0, help="of everything random (default: %(default)s)")
    add("--json", action="store_true", help="print lines of JSON")
    given = parser.parse_args(arguments)
    options = FleetOptions(
        server=given.server,
        count=given.count,
        behaviours=given.behaviour,
        sleepy_count=given.sleepy,
        name_prefix=given.names,
        version=given.version,
        manufacturer=given.manufacturer,
        model=given.model,
        hardware_version=given.hardware_version,
        timing=Timing(
            lifetime_seconds=given.lifetime,
            install_seconds=given.install,
            reboot_seconds=given.reboot,
        ),
        queue_mode=QueueMode(
            awake_seconds=given.awake, sleep_seconds=given.asleep, waking=Waking(given.wakes_by)
        ),
        downloads=DownloadSettings(compiled_origin=given.origin),
        bytes_per_second=given.rate,
        seed=given.seed,
    )
    return options, given.json


async def run(options: FleetOptions, *, as_json: bool) -> None:
    """Run a fleet until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    fleet = Fleet(options)

    def write(line: str) -> None:
        try:
            print(line if as_json else f"{time.strftime('%H:%M:%S')} {line}", flush=True)
        except BrokenPipeError:
            # Whoever started this is gone.
            stopping.set()

    fleet.print_changes(write, as_json=as_json)
    starting = asyncio.create_task(fleet.start())
    await stopping.wait()
    starting.cancel()
    await asyncio.wait((starting,))
    await fleet.stop()


def main() -> None:
    """Run from the command line."""
    options, as_json = parse_options(sys.argv[1:])
    asyncio.run(run(options, as_json=as_json))


if __name__ == "__main__":
    main()
