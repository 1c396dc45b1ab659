"""A session on stage: reports go in, phase and commands come out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from custom_components.flownexus_ota.lwm2m.events import Endpoint
from custom_components.flownexus_ota.ota.command import Command
from custom_components.flownexus_ota.ota.phase import Phase
from custom_components.flownexus_ota.ota.profile import Profile
from custom_components.flownexus_ota.ota.report import (
    Answer,
    DeviceRead,
    ExecuteAnswered,
    PlaceGranted,
    Report,
    StateReported,
    UriAnswered,
)
from custom_components.flownexus_ota.ota.session import advance
from custom_components.flownexus_ota.ota.session_state import Session, Target

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OLD, NEW = "1.4.1", "1.4.2"
TARGET = Target(
    sha256="a" * 64, size_bytes=100_000, version=NEW, expected_version=NEW, file_name="a.bin"
)


# Most stories are about one attempt.
ONCE = Profile(max_attempts=1)


def new_session(**changes: object) -> Session:
    """Return a session as it is stored first."""
    session = Session(
        id="session",
        server_id="server",
        endpoint=Endpoint("sensor-7"),
        target=TARGET,
        created_at=START,
        deadline_at=START + timedelta(days=30),
        from_version=OLD,
        reported_version=OLD,
    )
    return replace(session, **changes)  # type: ignore[arg-type] # fields of Session


class Play:
    """Advances one session; time moves only when told."""

    def __init__(self, session: Session | None = None, profile: Profile = ONCE) -> None:
        self.session = session or new_session()
        self.profile = profile
        self.now = START
        self.commands: tuple[Command, ...] = ()

    def tell(self, *reports: Report) -> Play:
        """Report one after the other; `commands` are those of the last."""
        for report in reports:
            step = advance(self.session, report, now=self.now, profile=self.profile)
            self.session, self.commands = step.session, step.commands
        return self

    def later(self, **delta: float) -> Play:
        """Let time pass."""
        self.now += timedelta(**delta)
        return self

    @property
    def asked(self) -> list[str]:
        """Return the names of the last commands."""
        return [type(command).__name__ for command in self.commands]

    @property
    def phase(self) -> Phase:
        """Return where the session stands."""
        return self.session.phase

    @property
    def outcome(self) -> tuple[str, int, str | None]:
        """Return phase, result and reason."""
        return self.session.phase, self.session.result, self.session.reason


IDLE = DeviceRead(state=0, result=0, version=OLD)


def offered(session: Session | None = None, profile: Profile = ONCE) -> Play:
    """Return a session whose URI write was just sent."""
    return Play(session, profile).tell(PlaceGranted(), IDLE)


def transferring(session: Session | None = None, profile: Profile = ONCE) -> Play:
    """Return a session whose device downloads."""
    return offered(session, profile).tell(UriAnswered(answer=Answer.DONE), StateReported(state=1))


def staged(session: Session | None = None, profile: Profile = ONCE) -> Play:
    """Return a session whose Execute was just sent."""
    return transferring(session, profile).tell(StateReported(state=2))


def installing(session: Session | None = None, profile: Profile = ONCE) -> Play:
    """Return a session whose device installs."""
    return staged(session, profile).tell(ExecuteAnswered(answer=Answer.DONE))
