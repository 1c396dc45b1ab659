"""The devices and the firmware of the demo."""

from typing import Final

from harness.catalogue import Firmware
from scripts.demonstration.options import WAYS_TO_FAIL, Options
from simulator.fleet import FleetOptions
from simulator.settings import QueueMode, Timing

MANUFACTURER: Final = "Flownexus"
MODEL: Final = "Thingy"
NAME_PREFIX: Final = "thingy-"
OLD_VERSION: Final = "1.1.0"
NEW_VERSION: Final = "1.2.0"
# Together some eight seconds of download: long enough to be seen.
IMAGE_SIZE_BYTES: Final = 1_500_000
RATE_BYTES_PER_SECOND: Final = 200_000
# As long as Leshan takes a device in queue mode for awake (MAX_TRANSMIT_WAIT, RFC 7252).
AWAKE_SECONDS: Final = 93.0

_NOTES: Final = """\
### What is new
* The battery lasts about a week longer: the radio sleeps between measurements.
* Temperature readings are steady from the first minute on.

### Good to know
The device restarts once and is back after a few seconds. Settings are kept.
"""
_OLDER_NOTES: Final = "* The first release that downloads its updates by itself.\n"


def demo_fleet(options: Options) -> FleetOptions:
    """Return the devices that were asked for: those that fail first, those that sleep last."""
    return FleetOptions(
        server="",
        count=options.devices,
        behaviours=WAYS_TO_FAIL[: options.failing],
        sleepy_count=options.sleepy,
        name_prefix=NAME_PREFIX,
        version=OLD_VERSION,
        manufacturer=MANUFACTURER,
        model=MODEL,
        hardware_version="1.3",
        timing=Timing(install_seconds=3.0, reboot_seconds=3.0),
        queue_mode=QueueMode(awake_seconds=AWAKE_SECONDS, sleep_seconds=60.0),
        bytes_per_second=RATE_BYTES_PER_SECOND,
        seed=2026,
    )


def demo_firmware() -> tuple[Firmware, ...]:
    """Return what the catalogue folder gets."""
    return tuple(
        Firmware(
            version=version,
            manufacturer=MANUFACTURER,
            model=MODEL,
            size_bytes=IMAGE_SIZE_BYTES,
            title=f"{MODEL} firmware",
            release_notes=notes,
        )
        for version, notes in ((OLD_VERSION, _OLDER_NOTES), (NEW_VERSION, _NOTES))
    )


def device_to_update(options: Options) -> str:
    """Return the device that `--once` updates: a healthy one that is awake, if there is one."""
    number = min(options.failing + 1, options.devices)
    return f"{NAME_PREFIX}{number}"
