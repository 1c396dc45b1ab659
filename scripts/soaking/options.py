"""The options of scripts/soak."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What the soak was asked for."""

    minutes: float
    devices: int
    seed: int
    keep: Path | None


def parse(arguments: Sequence[str]) -> Options:
    """Return the options; exit with usage if they are wrong."""
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description="Update simulated devices over and over while everything breaks at random, "
        "Home Assistant's process killed too; then compare what is stored with what the devices "
        "lived through. Ends with status 1 if an update is lost, doubled, false or unfinished.",
    )
    parser.add_argument("--minutes", type=float, required=True, metavar="M", help="how long")
    parser.add_argument("--devices", type=int, default=200, metavar="N", help="default: 200")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="default: 1")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep settings, logs and history in a new folder"
    )
    given = parser.parse_args(arguments)
    if given.minutes <= 0 or given.devices < 1:
        parser.error("it takes some time, and at least one device")
    return Options(minutes=given.minutes, devices=given.devices, seed=given.seed, keep=given.keep)
