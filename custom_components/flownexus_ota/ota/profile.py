"""How a kind of device wants to be treated: styles, proofs and deadlines (`design.md` §6)."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from .phase import Phase


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
    confirm: Confirm = Confirm.VERSION
    version_resource: VersionResource = VersionResource.FIRMWARE_VERSION
    deadlines: Deadlines = field(default_factory=Deadlines)
    max_offers: int = 3
    """URI writes of one attempt."""
    max_executes: int = 3
    """Executes of one attempt."""
    max_attempts: int = 1
    back_off: tuple[timedelta, ...] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
    )
    """Before the second attempt, the third, and every later one."""


DEFAULT_PROFILE = Profile()
