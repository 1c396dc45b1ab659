"""What the desk of one server works with, and whom it tells."""

from collections.abc import Callable
from dataclasses import dataclass

from ..ota.device_facts import DeviceFacts
from ..ota.profile import Profile
from ..ota.session_state import Session
from .chronicle import Chronicle
from .device_book import DeviceRecord
from .gateway import DeviceGateway
from .offering import ImageOffering


@dataclass(frozen=True, kw_only=True, slots=True)
class DeskPorts:
    """What the desk works with, and whom it tells."""

    server_id: str
    gateway: DeviceGateway
    chronicle: Chronicle
    offering: ImageOffering
    profile_for: Callable[[DeviceFacts], Profile]
    is_connected: Callable[[], bool]
    on_device: Callable[[DeviceRecord], None]
    on_facts: Callable[[DeviceRecord, DeviceFacts], None]
    on_server: Callable[[], None]
    on_session: Callable[[Session | None, Session], None]
