"""How a kind of device wants to be treated: styles, proofs and deadlines (`design.md` §6)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from .phase import Phase
from .window import MaintenanceWindow, WindowGate


class UriStyle(StrEnum):
    """What is written to 5/x/1."""

    ABSOLUTE = "absolute"
    """A whole URL."""
    PATH = "path"
    """The path alone: host and port are compiled into the device."""


class Confirm(StrEnum):
    """What proves that an update succeeded."""

    VERSION = "version"
    RESULT = "result"


class VersionResource(StrEnum):
    """Where a device tells what it runs."""

    FIRMWARE_VERSION = "3/0/3"
    PACKAGE_VERSION = "5/0/7"


class ProtocolChoice(StrEnum):
    """By what a device fetches its image."""

    AUTO = "auto"
    """By what 5/x/8 lists."""
    HTTP = "http"
    HTTPS = "https"


class ResetWay(StrEnum):
    """How a device is made to drop an image (`reference/ota-and-lwm2m.md` §1.5)."""

    AUTO = "auto"
    """Cancel where the object has it, then the others until the device does not refuse."""
    CANCEL = "cancel"
    """Execute 5/x/10."""
    EMPTY_URI = "empty_uri"
    """Write an empty string to 5/x/1."""
    NUL_PACKAGE = "nul_package"
    """Write one NUL byte to 5/x/0."""
    TOKEN_ONLY = "token_only"  # noqa: S105 - a way to reset a device, no secret
    """Send nothing: the download breaks off when its URL closes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """How long a phase may go without progress."""

    waiting: timedelta = timedelta(days=30)
    offered: timedelta = timedelta(seconds=60)
    transferring: timedelta = timedelta(minutes=5)
    staged: timedelta = timedelta(seconds=60)
    installing: timedelta = timedelta(minutes=15)
    answer: timedelta = timedelta(seconds=45)
    """For the reading that follows a deadline."""
    reread: timedelta = timedelta(seconds=30)
    """Between coming back on the wrong version and the last look."""
    silence: timedelta = timedelta(seconds=30)
    """Without a word from the device, until it is read again (D4)."""
    settle: timedelta = timedelta(seconds=2)
    """For a result that follows its state (clients differ in the order)."""

    def of(self, phase: Phase) -> timedelta:
        """Return the limit of a phase that is not final."""
        return {
            Phase.WAITING: self.waiting,
            Phase.OFFERED: self.offered,
            Phase.TRANSFERRING: self.transferring,
            Phase.STAGED: self.staged,
            Phase.INSTALLING: self.installing,
        }[phase]


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """The treatment of one kind of device."""

    uri_style: UriStyle = UriStyle.ABSOLUTE
    compiled_in_hosts: tuple[str, ...] = ()
    """Names and addresses that devices which take a path have compiled in: a server certificate
    has to name them."""
    protocol: ProtocolChoice = ProtocolChoice.AUTO
    assume_http: bool = True
    """Take a device without 5/x/8 for one that fetches by HTTP: Zephyr's object 5 never lists its
    protocols, although the specification says that nothing listed means CoAP."""
    confirm: Confirm = Confirm.VERSION
    version_resource: VersionResource = VersionResource.FIRMWARE_VERSION
    reset: ResetWay = ResetWay.AUTO
    channel: str | None = None
    """Images of this channel are for the device too, beside the stable ones."""
    deadlines: Deadlines = field(default_factory=Deadlines)
    max_offers: int = 3
    """URI writes of one attempt."""
    max_executes: int = 3
    """Executes of one attempt."""
    max_attempts: int = 3
    back_off: tuple[timedelta, ...] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
    )
    """Before the second attempt, the third, and every later one."""
    window: MaintenanceWindow | None = None
    """`None`: at any time."""
    window_gate: WindowGate = WindowGate.UPDATE

    def may_begin(self, now: datetime) -> bool:
        """Tell whether an update may begin now, as far as the window is concerned."""
        return self.window_gate is WindowGate.INSTALL or self.may_install(now)

    def may_install(self, now: datetime) -> bool:
        """Tell whether a device may be told to install now."""
        return self.window is None or self.window.is_open(now)


DEFAULT_PROFILE = Profile()
