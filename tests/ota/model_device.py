"""A device as the specification has it, with the habits of real ones; and the line to it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from custom_components.flownexus_ota.ota.command import (
    Command,
    ExecuteUpdate,
    ReadDevice,
    ResetDevice,
    WritePackageUri,
)
from custom_components.flownexus_ota.ota.report import (
    Answer,
    DeviceRead,
    ExecuteAnswered,
    Report,
    ResultReported,
    StateReported,
    UriAnswered,
    VersionReported,
)

IDLE, DOWNLOADING, DOWNLOADED, UPDATING = range(4)


@dataclass(frozen=True, kw_only=True)
class Habits:
    """What clients do differently."""

    old_version: str | None = "1.4.1"
    new_version: str | None = "1.4.2"
    old_result: int = 0
    clears_result: bool = True
    """Whether a write sets the last update's result back."""
    tells_state: bool = True
    refuses_writes: bool = False
    refuses_executes: bool = False
    installs_by_itself: bool = False
    keeps_image_over_reboot: bool = False
    resets: bool = True
    """Whether an empty URI drops the image."""
    tells_result_first: bool = False


class ModelDevice:
    """The device's own truth: what it runs, and what it was made to do."""

    def __init__(self, habits: Habits, tell: Callable[[Report], None]) -> None:
        self.habits = habits
        self._tell = tell
        self.state, self.result = IDLE, habits.old_result
        self.runs_new = False
        self.has_run_new = False
        self.claims = 0
        """How often it has told result 1 anew."""

    @property
    def version(self) -> str | None:
        return self.habits.new_version if self.runs_new else self.habits.old_version

    def reading(self, number: int) -> DeviceRead:
        state = self.state if self.habits.tells_state else None
        return DeviceRead(state=state, result=self.result, version=self.version, number=number)

    def write(self) -> bool:
        if self.habits.refuses_writes:
            return False
        if self.state == IDLE:  # elsewhere it says 2.04 and does nothing
            self._turn(DOWNLOADING, 0 if self.habits.clears_result else self.result)
        return True

    def reset(self) -> None:
        if self.habits.resets and self.state in (DOWNLOADING, DOWNLOADED):
            self._turn(IDLE, 0)

    def execute(self) -> bool:
        if self.habits.refuses_executes or self.state != DOWNLOADED:
            return False
        self._turn(UPDATING, 0 if self.habits.clears_result else self.result)
        return True

    def end_download(self, result: int) -> None:
        if self.state == DOWNLOADING:
            self._turn(IDLE if result else DOWNLOADED, result or self.result)
            if self.habits.installs_by_itself and self.state == DOWNLOADED:
                self._turn(UPDATING, self.result)

    def defer(self) -> None:
        if self.state == DOWNLOADED:
            self._turn(DOWNLOADED, 11)

    def end_install(self, result: int, *, claims_only: bool, falls_to: int) -> None:
        if self.state == UPDATING:
            if result == 1 and not claims_only:
                self.runs_new = self.has_run_new = True
            self._turn(IDLE if result in (0, 1) else falls_to, result)

    def revert(self) -> None:
        self.runs_new = False

    def reboot(self) -> None:
        if self.state != UPDATING:
            is_kept = self.habits.keeps_image_over_reboot and self.state == DOWNLOADED
            self.state, self.result = (DOWNLOADED if is_kept else IDLE), self.result

    def repeat(self) -> None:
        """Tell everything once more, as after a new subscription."""
        self._tell(StateReported(state=self.state))
        self._tell(ResultReported(result=self.result))
        if self.version is not None:
            self._tell(VersionReported(version=self.version))

    def _turn(self, state: int, result: int) -> None:
        changes: list[Report] = []
        if state != self.state:
            changes.append(StateReported(state=state))
        if result != self.result:
            self.claims += result == 1
            changes.append(ResultReported(result=result))
        self.state, self.result = state, result
        if self.habits.tells_result_first:
            changes.reverse()
        for change in changes:
            self._tell(change)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to a request, and how many Executes had been sent when it was made."""

    report: Report
    executes_before: int


class Line:
    """Carries commands to the device, one at a time, and answers and notifications back."""

    def __init__(self, habits: Habits) -> None:
        self.notifications: deque[Report] = deque()
        self.commands: deque[Command] = deque()
        self.delayed: deque[ReadDevice] = deque()
        self.reply: Reply | None = None
        self.executes_sent = 0
        self.device = ModelDevice(habits, self.notifications.append)

    def send(self, command: Command) -> None:
        is_later = isinstance(command, ReadDevice) and command.delay_seconds > 0
        if isinstance(command, ReadDevice) and is_later:
            self.delayed.append(command)
        else:
            self.commands.append(command)

    def carry(self, *, is_lost: bool, is_answer_lost: bool) -> None:
        """Bring the next command to the device, unless a request is under way."""
        if self.reply is None and self.commands:
            report = self._ask(
                self.commands.popleft(), is_lost=is_lost, is_answer_lost=is_answer_lost
            )
            if report is not None:
                self.reply = Reply(report=report, executes_before=self.executes_sent)

    def cut(self) -> None:
        """Lose all that is under way, as when we are restarted."""
        self.notifications.clear()
        self.commands.clear()
        self.delayed.clear()
        self.reply = None

    def break_off(self) -> None:
        """End the request that is under way without its answer, as a new registration does."""
        match self.reply:
            case Reply(report=UriAnswered()):
                report: Report = UriAnswered(answer=Answer.UNKNOWN)
            case Reply(report=ExecuteAnswered()):
                report = ExecuteAnswered(answer=Answer.UNKNOWN)
            case _:
                self.reply = None
                return
        self.reply = Reply(report=report, executes_before=self.executes_sent)

    def _ask(self, command: Command, *, is_lost: bool, is_answer_lost: bool) -> Report | None:
        is_unknown = is_lost or is_answer_lost
        match command:
            case ReadDevice(number=number):
                return None if is_unknown else self.device.reading(number)
            case WritePackageUri():
                is_done = not is_lost and self.device.write()
                return UriAnswered(answer=_answer(is_done=is_done, is_unknown=is_unknown), code=400)
            case ExecuteUpdate():
                self.executes_sent += 1
                is_done = not is_lost and self.device.execute()
                return ExecuteAnswered(
                    answer=_answer(is_done=is_done, is_unknown=is_unknown), code=405
                )
            case ResetDevice():
                if not is_lost:
                    self.device.reset()
                return None
            case _:
                return None


def _answer(*, is_done: bool, is_unknown: bool) -> Answer:
    if is_unknown:
        return Answer.UNKNOWN
    return Answer.DONE if is_done else Answer.REFUSED
