"""The options of scripts/demo."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DEFAULT_DEVICES: Final = 5
LESHANS: Final = ("auto", "m18", "m4", "simulator")
# `--failing K` takes the first K; the ones that take long to fail come last.
WAYS_TO_FAIL: Final = (
    "bad_checksum",
    "no_space",
    "update_fails",
    "connection_lost",
    "unsupported_type",
    "out_of_memory",
    "invalid_uri",
    "unsupported_protocol",
    "silent_revert",
    "update_fails_idle",
    "never_downloads",
    "never_comes_back",
)


@dataclass(frozen=True)
class Options:
    """What the demo was asked for."""

    is_once: bool
    devices: int
    failing: int
    sleepy: int
    leshan: str
    port: int
    keep: Path | None


def parse(arguments: Sequence[str]) -> Options:
    """Return the options; exit with usage if they are wrong."""
    parser = _parser()
    given = parser.parse_args(arguments)
    special = given.failing + given.sleepy
    devices = max(DEFAULT_DEVICES, special) if given.devices is None else given.devices
    if devices < 1 or given.failing < 0 or given.sleepy < 0:
        parser.error("numbers of devices begin at 0, and at least one device is needed")
    if given.failing > len(WAYS_TO_FAIL):
        parser.error(f"there are {len(WAYS_TO_FAIL)} ways to fail, so --failing ends there")
    if special > devices:
        parser.error(f"--devices {devices} is too few for {special} that fail or sleep")
    return Options(
        is_once=given.once,
        devices=devices,
        failing=given.failing,
        sleepy=given.sleepy,
        leshan=given.leshan,
        port=given.port,
        keep=given.keep,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="Start Leshan, simulated devices and Home Assistant with the integration, "
        "all on 127.0.0.1. Ctrl-C ends them.",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="no page to look at: update one device, print what happens, and end with status 0 "
        "if it runs the new version, else 1",
    )
    parser.add_argument(
        "--devices", type=int, metavar="N", help=f"how many (default: {DEFAULT_DEVICES})"
    )
    parser.add_argument(
        "--failing", type=int, default=0, metavar="K", help="how many fail, each in another way"
    )
    parser.add_argument(
        "--sleepy", type=int, default=0, metavar="S", help="how many sleep (queue mode)"
    )
    parser.add_argument(
        "--leshan",
        choices=LESHANS,
        default="auto",
        help="auto takes the newest real one that the package repository has, else the simulator",
    )
    parser.add_argument(
        "--port", type=int, default=0, help="of Home Assistant's page (default: a free one)"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="keep settings and logs in this folder and use them again",
    )
    return parser
