"""Object 3, Device: the resources that tell who a device is and what it runs."""

from typing import Final

from .path import ResourcePath

OBJECT_ID: Final = 3

MANUFACTURER: Final = ResourcePath(3, 0, 0)
MODEL: Final = ResourcePath(3, 0, 1)
SERIAL_NUMBER: Final = ResourcePath(3, 0, 2)
FIRMWARE_VERSION: Final = ResourcePath(3, 0, 3)
BATTERY_LEVEL: Final = ResourcePath(3, 0, 9)
HARDWARE_VERSION: Final = ResourcePath(3, 0, 18)

INSTANCE: Final = ResourcePath(3, 0)
