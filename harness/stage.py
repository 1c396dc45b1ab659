"""The whole stage: a Leshan server, its devices, firmware, and Home Assistant in front of it."""

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.catalogue import Firmware, add_firmware
from harness.device_log import DeviceLog
from harness.device_site import DeviceSite
from harness.hass import Hass
from harness.hass_folder import firmware_folder
from simulator.fleet import FleetOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """All parts, under way."""

    site: DeviceSite
    hass: Hass

    @property
    def devices(self) -> DeviceLog:
        """What the devices themselves say."""
        return self.site.log


# Seconds before another attempt, which are minutes by default.
BRIEF_BACK_OFFS: Final = {"back_off_first": 10, "back_off_second": 10, "back_off_later": 10}


async def set_stage(
    ends: AsyncExitStack,
    *,
    folder: Path,
    site: DeviceSite,
    hass: Hass,
    fleet: FleetOptions,
    firmware: Sequence[Firmware],
    max_attempts: int = 1,
    tell: Callable[[str], None] = lambda _: None,
) -> Stage:
    """Start everything, the devices of `fleet` before Home Assistant; `ends` gets what ends it.

    Raises harness.waiting.StageError, and scripts.setup.console.SetupError.
    """
    begun_s = time.monotonic()
    await site.start(ends, folder)
    tell(f"  listens on {site.base_url}")
    tell(f"Devices: {fleet.count} simulated ones, {fleet.name_prefix}1 … {fleet.count}")
    await site.add_devices(fleet)
    for each in firmware:
        add_firmware(firmware_folder(hass.folder), each)
    tell(f"Firmware: versions {', '.join(each.version for each in firmware)} in the catalogue")
    tell(f"Home Assistant {hass.version.number}: starting it on {hass.base_url}")
    await hass.start(ends)
    await hass.onboard()
    if await hass.add_server(site.base_url):
        # As wide a pattern as can be: a test's own profile is the more specific one.
        await hass.add_profile(
            "Simulated devices",
            manufacturer=f"{fleet.manufacturer[:1]}*",
            max_attempts=max_attempts,
            times=BRIEF_BACK_OFFS,
        )
    tell(f"  up, with the integration set up; all of it took {time.monotonic() - begun_s:.0f} s")
    return Stage(site=site, hass=hass)
