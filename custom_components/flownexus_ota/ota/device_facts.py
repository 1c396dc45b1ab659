"""What a device last told about itself."""

from dataclasses import dataclass

from ..lwm2m.events import Endpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceFacts:
    """Objects 3 and 5 of one endpoint, as last read; `None` where the device said nothing."""

    endpoint: Endpoint
    manufacturer: str | None = None
    model: str | None = None
    serial_number: str | None = None
    hardware_version: str | None = None
    firmware_version: str | None = None
    """3/0/3"""
    package_version: str | None = None
    """5/x/7"""
    update_instance_id: int | None = None
    """The instance of object 5 to talk to; `None` when the device has no object 5."""
    update_object_version: str | None = None
    """The version of object 5 that the device registered, e.g. `1.1`; absent means 1.0."""
    update_state: int | None = None
    update_result: int | None = None
    protocols: tuple[int, ...] | None = None
    """5/x/8; `None` when absent."""
    delivery_method: int | None = None
    battery_percent: int | None = None
    security_counter: int | None = None
    """The highest of all images that were installed here; the bootloader may take no lower one."""
    defer_seconds: int | None = None
    """5/x/13: for how long somebody at the device may put an installation off."""
