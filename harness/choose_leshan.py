"""Which Leshan it is to be, and why."""

from typing import Literal

from harness.device_site import DeviceSite
from harness.leshan_real import RealSite
from harness.leshan_simulated import SimulatedSite
from scripts.setup import java, leshan
from scripts.setup.console import SetupError

type Wanted = Literal["auto", "m18", "m4", "simulator"]


def choose_leshan(wanted: Wanted, *, web_port: int = 0) -> tuple[DeviceSite, str]:
    """Return the server, not started, and the reason for this one.

    Raises scripts.setup.console.SetupError when the wanted one is not to be had; `auto` takes the
    simulator then.
    """
    if wanted == "simulator":
        return SimulatedSite(web_port=web_port), "asked for"
    try:
        jar = leshan.leshan_jar(wanted)
        return RealSite(jar, java.java(), web_port=web_port), jar.why
    except SetupError as err:
        if wanted != "auto":
            raise
        return SimulatedSite(web_port=web_port), err.reason
