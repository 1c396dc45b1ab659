"""What `python -m simulator` can be told."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from simulator.behaviours import BEHAVIOURS
from simulator.download import DownloadSettings
from simulator.fleet import FleetOptions
from simulator.leshan_generation import Generation
from simulator.settings import QueueMode, Timing, Waking


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandLine:
    """What was asked for."""

    fleet: FleetOptions
    leshan: Generation | None
    """The simulated server to run beside the devices; `None` where there is a real one."""
    leshan_port: int
    prints_json: bool


def parse(arguments: Sequence[str]) -> CommandLine:
    """Return what `arguments` ask for; exit with the usage when they are wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Start simulated LwM2M devices, and a simulated Leshan if wanted.",
    )
    _add_server(parser)
    _add_devices(parser)
    _add_downloads(parser)
    _add_times(parser)
    given = parser.parse_args(arguments)
    fleet = FleetOptions(
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
            awake_seconds=given.awake,
            sleep_seconds=given.asleep,
            waking=Waking(given.wakes_by),
        ),
        downloads=DownloadSettings(
            compiled_origin=given.origin, ca_file=given.ca, addresses=dict(given.resolve)
        ),
        bytes_per_second=given.rate,
        seed=given.seed,
    )
    return CommandLine(
        fleet=fleet,
        leshan=None if given.leshan is None else Generation(given.leshan),
        leshan_port=given.leshan_port,
        prints_json=given.json,
    )


def _add_server(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("server").add_argument
    add(
        "--server",
        default="127.0.0.1:5683",
        metavar="HOST:PORT",
        help="LwM2M server, over CoAP (default: %(default)s)",
    )
    add(
        "--leshan",
        choices=[generation.value for generation in Generation],
        help="simulate the server too, in this generation's shapes, and use no CoAP",
    )
    add(
        "--leshan-port",
        type=int,
        default=0,
        metavar="PORT",
        help="HTTP port of the simulated server on 127.0.0.1 (default: a free one)",
    )
    add("--json", action="store_true", help="print lines of JSON")


def _add_devices(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("devices").add_argument
    add("--count", type=int, default=5, metavar="N", help="how many (default: %(default)s)")
    add(
        "--behaviour",
        action="append",
        default=[],
        choices=tuple(BEHAVIOURS),
        metavar="NAME",
        help="of the first device, again for the second, and so on; the others are happy. "
        f"One of: {', '.join(BEHAVIOURS)}",
    )
    add("--sleepy", type=int, default=0, metavar="N", help="the last N are in queue mode")
    add("--names", default="sensor-", metavar="PREFIX", help="before the number of each")
    add("--version", default="1.0.0", help="resource 3/0/3 (default: %(default)s)")
    add("--manufacturer", default="Flownexus", help="resource 3/0/0 (default: %(default)s)")
    add("--model", default="Simulated sensor", help="resource 3/0/1 (default: %(default)s)")
    add("--hardware-version", default="1.0", help="resource 3/0/18 (default: %(default)s)")
    add("--seed", type=int, default=0, help="of all that is random (default: %(default)s)")


def _add_downloads(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("downloads").add_argument
    add("--rate", type=int, metavar="BYTES", help="per second, of every download")
    add(
        "--origin",
        default="http://127.0.0.1:8000",
        metavar="URL",
        help="where a flownexus_sample downloads, http or https (default: %(default)s)",
    )
    add(
        "--ca",
        metavar="FILE",
        help="certificates to trust for https, in PEM format (default: those of the system)",
    )
    add(
        "--resolve",
        action="append",
        default=[],
        type=_address,
        metavar="NAME=ADDRESS",
        help="what the name server of the devices says, again for another name",
    )


def _address(text: str) -> tuple[str, str]:
    """Return name and address; raise ValueError, which argparse tells with the usage."""
    name, _, address = text.partition("=")
    return name, str(ip_address(address))


def _add_times(parser: argparse.ArgumentParser) -> None:
    times = parser.add_argument_group("times, in seconds")

    def add(name: str, default: float, text: str) -> None:
        kind = type(default)
        text = f"{text} (default: {default})"
        times.add_argument(name, type=kind, default=default, metavar="SECONDS", help=text)

    add("--lifetime", 300, "of a registration")
    add("--install", 1.0, "that an installation takes")
    add("--reboot", 1.5, "that a reboot takes")
    add("--awake", 10.0, "of silence until a sleepy device sleeps")
    add("--asleep", 30.0, "until it wakes")
    times.add_argument(
        "--wakes-by",
        choices=[waking.value for waking in Waking],
        default=Waking.UPDATE.value,
        help="what it says then (default: %(default)s)",
    )
