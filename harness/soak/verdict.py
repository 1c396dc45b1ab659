"""Devices' lives held against the stored updates, row by row; rules alone, no input or output."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, override

from harness.history_file import StoredUpdate
from harness.soak.life import Life

# Clocks are one and the same; what is written down a moment later than it happened is not.
_SLACK_S: Final = 1.0
# A device writes a request down when it has answered it: some answer after the download alone.
_ANSWER_LIMIT_S: Final = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """An update that Home Assistant said it has taken; times are seconds since 1970."""

    endpoint: str
    version: str
    asked_s: float
    answered_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is wrong, in words; all empty is what has to be."""

    updates: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    false: tuple[str, ...]
    unfinished: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.false or self.unfinished)

    @override
    def __str__(self) -> str:
        """Return the last line of the soak."""
        return (
            f"updates={self.updates} lost={len(self.lost)} doubled={len(self.doubled)} "
            f"false={len(self.false)} unfinished={len(self.unfinished)}"
        )


@dataclass(kw_only=True, slots=True)
class _Device:
    """One device's rows, in the order of their beginning."""

    life: Life
    end_s: float
    updates: list[StoredUpdate] = field(default_factory=list)

    def covers(self, at_s: float, slack_s: float) -> bool:
        """Tell whether any update was under way at a time."""
        return any(
            update.created_s - _SLACK_S <= at_s <= (update.finished_s or self.end_s) + slack_s
            for update in self.updates
        )

    def within(self, times_s: Iterable[float], update: StoredUpdate) -> int:
        """Count what happened to the device while an update was under way."""
        until_s = update.finished_s or self.end_s
        return sum(update.created_s <= at_s <= until_s + _SLACK_S for at_s in times_s)


def judge(
    *,
    asks: Sequence[Ask],
    lives: Mapping[str, Life],
    updates: Sequence[StoredUpdate],
    end_s: float,
) -> Verdict:
    """Compare what was asked, what happened, and what is stored."""
    devices = {endpoint: _Device(life=life, end_s=end_s) for endpoint, life in lives.items()}
    for update in updates:
        devices[update.endpoint].updates.append(update)
    return Verdict(
        updates=len(updates),
        lost=(*_lost_asks(asks, devices), *_lost_work(devices.values())),
        doubled=tuple(_doubled(devices.values())),
        false=tuple(_false(devices.values())),
        unfinished=tuple(_told(update) for update in updates if update.is_active),
    )


def _told(update: StoredUpdate) -> str:
    return (
        f"{update.endpoint} to {update.target_version}, attempt {update.attempt}: {update.phase} "
        f"({update.reason}), created {update.created_s:.3f}, finished {update.finished_s}"
    )


def _lost_asks(asks: Sequence[Ask], devices: Mapping[str, _Device]) -> Iterator[str]:
    for ask in asks:
        if not any(
            update.target_version == ask.version
            and ask.asked_s - _SLACK_S <= update.created_s <= ask.answered_s + _SLACK_S
            for update in devices[ask.endpoint].updates
        ):
            yield f"{ask.endpoint} was asked for {ask.version} at {ask.asked_s:.3f}, and no row"


def _lost_work(devices: Iterable[_Device]) -> Iterator[str]:
    for device in devices:
        life = device.life
        for what, times_s in (("an image", life.offered_s), ("Execute", life.executed_s)):
            for at_s in times_s:
                if not device.covers(at_s, _ANSWER_LIMIT_S):
                    yield f"{life.endpoint} got {what} at {at_s:.3f}, and no row was active"


def _doubled(devices: Iterable[_Device]) -> Iterator[str]:
    for device in devices:
        for earlier, later in pairwise(device.updates):
            if earlier.finished_s is None or later.created_s < earlier.finished_s:
                yield f"two were active at once: {_told(earlier)}; {_told(later)}"
        for update in device.updates:
            executes = device.within(device.life.executed_s, update)
            installs = device.within(device.life.installed_s, update)
            if executes > update.attempt or installs > 1:
                yield f"obeyed {executes} Executes and installed {installs} times: {_told(update)}"


def _false(devices: Iterable[_Device]) -> Iterator[str]:
    for device in devices:
        nexts = (*(update.created_s for update in device.updates[1:]), device.end_s)
        for update, next_s in zip(device.updates, nexts, strict=False):
            if update.finished_s is None:
                continue
            runs_it = device.life.version_at(update.finished_s) == update.expected_version
            if update.phase == "succeeded" and not runs_it:
                yield f"says that it succeeded, but did not run it: {_told(update)}"
            # While Home Assistant was told nothing yet it may be silent; hence the slack.
            until_s = max(update.finished_s, next_s - _ANSWER_LIMIT_S)
            arrived = device.life.ran_between(
                update.expected_version, update.finished_s, until_s
            ) and not device.life.ran_between(
                update.expected_version, update.created_s, update.created_s
            )
            if update.phase == "failed" and arrived and not update.has_arrived_late:
                yield f"says that it failed, but runs it: {_told(update)}"
