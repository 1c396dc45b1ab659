"""Whatever a device does, and whenever: no update gets stuck, lies, or is executed on a guess.

`SESSION_EXAMPLES=20000 pytest tests/ota/test_session_properties.py` looks longer.
"""

import os
from datetime import timedelta
from typing import override

from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from custom_components.flownexus_ota.ota.command import (
    EndOffer,
    ExecuteUpdate,
    ReadDevice,
    WritePackageUri,
)
from custom_components.flownexus_ota.ota.phase import Phase, WaitingReason
from custom_components.flownexus_ota.ota.profile import Confirm, Profile
from custom_components.flownexus_ota.ota.report import (
    AllowanceSpent,
    Answer,
    BytesServed,
    CancelRequested,
    ContactLost,
    ContactRegained,
    DeadlinePassed,
    DeviceRead,
    DeviceRegistered,
    ExecuteAnswered,
    ImageUnavailable,
    OfferRefused,
    PlaceGranted,
    Report,
    ResultReported,
    Resumed,
    StateReported,
    UriAnswered,
    UriChosen,
    VersionReported,
)
from custom_components.flownexus_ota.ota.session import advance

from .model_device import DOWNLOADING, UPDATING, Habits
from .play import NEW, OLD, START, new_session
from .stage import MOST_COMMANDS, Stage, check_step

EXAMPLES = int(os.environ.get("SESSION_EXAMPLES", "120"))
LOOK = settings(
    max_examples=EXAMPLES,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

PROFILES = st.builds(
    Profile,
    confirm=st.sampled_from(Confirm),
    max_offers=st.integers(1, 3),
    max_executes=st.integers(1, 3),
    max_attempts=st.integers(1, 3),
)
HABITS = st.builds(
    Habits,
    old_version=st.sampled_from([OLD, OLD, NEW, None]),
    new_version=st.sampled_from([NEW, NEW, "9.9.9", None]),
    old_result=st.sampled_from([0, 1, 4, 8]),
    **{
        name: st.booleans()
        for name in (
            "clears_result",
            "installs_by_itself",
            "keeps_image_over_reboot",
            "resets",
            "tells_result_first",
        )
    },
    tells_state=st.sampled_from([True, True, True, False]),
    refuses_writes=st.sampled_from([False, False, False, True]),
    refuses_executes=st.sampled_from([False, False, False, True]),
)
LOST = st.sampled_from([WaitingReason.ASLEEP, WaitingReason.SERVER_DOWN])


class Sessions(RuleBasedStateMachine):
    """Everything that can happen, in any order."""

    stage: Stage

    @initialize(habits=HABITS, profile=PROFILES, way=st.integers(0, 4))
    def begin(self, habits: Habits, profile: Profile, way: int) -> None:
        self.stage = stage = Stage(habits, profile)
        stage.tell(PlaceGranted())
        # Most of what can go wrong goes wrong further on.
        steps = (stage.serve, stage.hear, lambda: stage.line.device.end_download(0), stage.hear)
        for step in steps[:way]:
            step()

    @precondition(lambda self: self.stage.session.phase is Phase.WAITING)
    @rule()
    def a_place_is_free(self) -> None:
        if self.stage.is_back_off:
            self.stage.to_deadline()
        self.stage.tell(PlaceGranted())

    @rule(fate=st.sampled_from(["heard", "heard", "heard", "heard", "lost", "answer lost"]))
    def a_command_is_carried(self, fate: str) -> None:
        self.stage.line.carry(is_lost=fate == "lost", is_answer_lost=fate == "answer lost")

    @rule()
    def an_answer_comes(self) -> None:
        self.stage.reply()

    @rule()
    def a_command_is_answered_at_once(self) -> None:
        self.stage.line.carry(is_lost=False, is_answer_lost=False)
        self.stage.reply()

    @rule()
    def a_delayed_reading_is_due(self) -> None:
        line = self.stage.line
        if line.delayed:
            self.stage.pass_time(timedelta(seconds=line.delayed[0].delay_seconds))
        if line.delayed:
            line.commands.append(line.delayed.popleft())

    @rule(is_lost=st.sampled_from([False, False, False, True]))
    def a_notification_comes(self, *, is_lost: bool) -> None:
        if self.stage.line.notifications:
            report = self.stage.line.notifications.popleft()
            if not is_lost:
                self.stage.tell(report)

    @rule()
    def the_silent_device_is_read(self) -> None:
        if not self.stage.line.commands and self.stage.line.reply is None:
            self.stage.line.send(ReadDevice(number=self.stage.session.reading_number))

    @rule(seconds=st.sampled_from([1, 10, 50, 100, 400, 2_000, 100_000]))
    def time_passes(self, seconds: int) -> None:
        self.stage.pass_time(timedelta(seconds=seconds))

    @precondition(lambda self: self.stage.line.device.state == DOWNLOADING)
    @rule()
    def bytes_leave(self) -> None:
        self.stage.tell(BytesServed())

    @precondition(lambda self: self.stage.line.device.state == DOWNLOADING)
    @rule(result=st.sampled_from([0, 0, 0, 0, 2, 4, 5, 7, 10, 42]))
    def the_download_ends(self, result: int) -> None:
        self.stage.line.device.end_download(result)

    @precondition(lambda self: self.stage.line.device.state == UPDATING)
    @rule(
        result=st.sampled_from([0, 1, 1, 1, 5, 8]),
        claims_only=st.sampled_from([False, False, False, True]),
        falls_to=st.sampled_from([0, 2]),
        registers=st.booleans(),
    )
    def the_installation_ends(
        self, result: int, falls_to: int, *, claims_only: bool, registers: bool
    ) -> None:
        self.stage.line.device.end_install(result, claims_only=claims_only, falls_to=falls_to)
        if registers:
            self.it_registers_anew()

    @rule(what=st.sampled_from(["defers", "reverts", "repeats itself"]))
    def the_device_has_its_ways(self, what: str) -> None:
        device = self.stage.line.device
        {"defers": device.defer, "reverts": device.revert, "repeats itself": device.repeat}[what]()

    @rule()
    def it_reboots(self) -> None:
        self.stage.line.device.reboot()
        self.it_registers_anew()

    @rule()
    def it_registers_anew(self) -> None:
        self.stage.line.break_off()
        self.stage.tell(DeviceRegistered())

    @rule(reason=LOST)
    def it_is_out_of_reach(self, reason: WaitingReason) -> None:
        self.stage.tell(ContactLost(reason=reason))

    @rule()
    def it_is_in_reach_again(self) -> None:
        self.stage.tell(ContactRegained())

    @rule(downtime=st.sampled_from([0, 100, 100_000]))
    def we_are_restarted(self, downtime: int) -> None:
        self.stage.line.cut()
        # Nobody watches the deadline meanwhile; it is judged after the device was asked.
        self.stage.now += timedelta(seconds=downtime)
        deadline_at = self.stage.session.deadline_at
        step = advance(
            self.stage.session, Resumed(), now=self.stage.now, profile=self.stage.profile
        )
        self.stage.session = step.session
        for command in step.commands:
            self.stage.line.send(command)
        if deadline_at is not None and step.session.phase is not Phase.WAITING:
            assert step.session.deadline_at is not None
            assert step.session.deadline_at > self.stage.now
        self.stage.pass_time(timedelta(0))

    @rule(dice=st.integers(0, 3))
    def a_person_cancels(self, dice: int) -> None:
        if dice == 0:
            self.stage.tell(CancelRequested())

    @invariant()
    def nothing_is_begun_after_the_end(self) -> None:
        if self.stage.session.phase.is_final:
            self.stage.line.commands = type(self.stage.line.commands)(
                each
                for each in self.stage.line.commands
                if not isinstance(each, WritePackageUri | ExecuteUpdate)
            )

    @override
    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        for ending in (self._silence, self._stuck, self._naps, self._short_naps):
            stage = self.stage
            copied = (stage.session, stage.now)
            ending()
            assert stage.session.phase.is_final, ending.__name__
            stage.session, stage.now = copied

    def _silence(self) -> None:
        self.stage.line.cut()
        for _ in range(8):
            self.stage.to_deadline()

    def _stuck(self) -> None:
        """Answer every question, and never get any further."""
        stage = self.stage
        stage.line.cut()
        stage.tell(Resumed())
        for _ in range(100):
            if stage.session.phase is Phase.WAITING and not stage.is_back_off:
                stage.tell(PlaceGranted())
            stage.serve()
            stage.to_deadline()

    def _naps(self) -> None:
        """Wake for a minute each hour, answer, and never get any further."""
        stage = self.stage
        stage.line.cut()
        for _ in range(200):
            stage.tell(ContactRegained())
            if stage.session.phase is Phase.WAITING and not stage.is_back_off:
                stage.tell(PlaceGranted())
            stage.serve()
            stage.pass_time(timedelta(seconds=50))
            stage.serve()
            stage.tell(ContactLost(reason=WaitingReason.ASLEEP))
            stage.pass_time(timedelta(hours=1))

    def _short_naps(self) -> None:
        """Wake twice a day for less time than an answer may take, and never answer."""
        stage = self.stage
        for _ in range(300):
            stage.tell(ContactRegained())
            if stage.session.phase is Phase.WAITING and not stage.is_back_off:
                stage.tell(PlaceGranted())
            stage.pass_time(timedelta(seconds=20))
            stage.line.cut()
            stage.tell(ContactLost(reason=WaitingReason.ASLEEP))
            stage.pass_time(timedelta(hours=12))


def test_no_order_of_events_gets_a_session_stuck_or_makes_it_lie() -> None:
    run_state_machine_as_test(Sessions, settings=LOOK)


NUMBERS = st.sampled_from([None, 0, 1, 2, 3, 7, 8, 10, 11, 42, -1])
SURE_NUMBERS = NUMBERS.filter(lambda number: number is not None)
VERSIONS = st.sampled_from([None, OLD, NEW, "", " v1.4.2 "])
REPORTS: st.SearchStrategy[Report] = st.one_of(
    st.just(PlaceGranted()),
    st.just(Resumed()),
    st.builds(StateReported, state=SURE_NUMBERS),
    st.builds(ResultReported, result=SURE_NUMBERS),
    st.builds(VersionReported, version=VERSIONS.filter(lambda version: version is not None)),
    st.builds(
        DeviceRead,
        state=NUMBERS,
        result=NUMBERS,
        version=VERSIONS,
        number=st.sampled_from([None, None, 0, 3]),
    ),
    st.just(DeviceRegistered()),
    st.builds(ContactLost, reason=LOST),
    st.just(ContactRegained()),
    st.just(CancelRequested()),
    st.builds(
        UriChosen,
        scheme=st.sampled_from(["http", "https"]),
        other_schemes=st.sampled_from([(), ("https",)]),
    ),
    st.builds(UriAnswered, answer=st.sampled_from(Answer), code=st.sampled_from([None, 400])),
    st.just(ImageUnavailable(detail="gone")),
    st.just(OfferRefused(detail="no battery")),
    st.builds(ExecuteAnswered, answer=st.sampled_from(Answer), code=st.sampled_from([None, 405])),
    st.just(BytesServed()),
    st.just(AllowanceSpent()),
    st.just(DeadlinePassed()),
)


@settings(LOOK, max_examples=5 * EXAMPLES)
@given(profile=PROFILES, reports=st.lists(st.tuples(st.integers(0, 2_000), REPORTS), max_size=60))
def test_no_nonsense_that_is_reported_raises_or_breaks_a_bound(
    profile: Profile, reports: list[tuple[int, Report]]
) -> None:
    session, now = new_session(), START
    for seconds, report in reports:
        now = min(now + timedelta(seconds=seconds), (session.deadline_at or now) - timedelta(0, 1))
        step = advance(session, report, now=now, profile=profile)
        check_step(session, step.session, now, profile)
        assert len(step.commands) <= MOST_COMMANDS
        is_ended = step.session.phase.is_final and not session.phase.is_final
        assert not is_ended or isinstance(step.commands[0], EndOffer)
        session = step.session
