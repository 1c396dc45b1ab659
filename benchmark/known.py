"""What the integration has in its database once it has seen the idle devices."""

from pathlib import Path

import aiohttp

from benchmark.fleet import MANUFACTURER, MODEL, PREFIX
from benchmark.home import ENTRY_ID, NOWHERE
from custom_components.flownexus_ota.const import DOMAIN
from custom_components.flownexus_ota.leshan.client import LeshanClient, ServerAddress
from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.storage.history import HistoryDb
from custom_components.flownexus_ota.storage.records import KnownDevice


async def registration_ids(url: str) -> dict[str, str]:
    """Return the registrations of a server, none of one that is nowhere."""
    if url == NOWHERE:
        return {}
    async with aiohttp.ClientSession() as session:
        client = LeshanClient(session, ServerAddress(base_url=url))
        return {each.endpoint: each.id async for each in client.registrations()}


def remember_devices(folder: Path, count: int, registrations: dict[str, str]) -> None:
    """Store so many devices as read in an earlier life; blocking."""
    database = folder / DOMAIN / f"{DOMAIN}.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    history = HistoryDb.open(database)
    with history.atomic():
        for number in range(count):
            endpoint = Endpoint(f"{PREFIX}{number:05}")
            facts = DeviceFacts(
                endpoint=endpoint,
                manufacturer=MANUFACTURER,
                model=MODEL,
                serial_number=f"{number:08}",
                hardware_version="1.0",
                firmware_version="1.0.0",
                update_instance_id=0,
                update_state=0,
                update_result=0,
                protocols=(0, 1),
                delivery_method=0,
            )
            registration_id = registrations.get(endpoint, "gone")
            history.remember_device(
                ENTRY_ID,
                KnownDevice(facts=facts, registration_id=registration_id, is_registered=True),
            )
    history.close()
