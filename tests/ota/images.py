"""Images and devices to try things with."""

from dataclasses import replace
from typing import Any

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.device_facts import DeviceFacts
from custom_components.flownexus_ota.ota.image import FirmwareImage

THINGY = DeviceFacts(
    endpoint=Endpoint("urn:imei:350457790000001"),
    manufacturer="Nordic",
    model="Thingy:91",
    hardware_version="1.4",
    firmware_version="1.3.0",
    update_instance_id=0,
)
IMAGE = FirmwareImage(
    sha256="a" * 64,
    size_bytes=1000,
    version="1.4.2",
    file_name="thingy-1.4.2.bin",
    model="Thingy:91",
)


def a_device(**facts: Any) -> DeviceFacts:
    """Return a Thingy that differs in some facts."""
    return replace(THINGY, **facts)


def an_image(version: str = "1.4.2", /, **members: Any) -> FirmwareImage:
    """Return an image for a Thingy that differs in some members."""
    return replace(IMAGE, version=version, **members)
