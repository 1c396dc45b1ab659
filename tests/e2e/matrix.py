"""The fault matrix: which device, broken how, in which phase, has to end how. Data alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """What goes wrong, once, while an update is in some phase."""

    NONE = "no fault"
    EVENTS_CUT = "event stream cut"
    NOTIFICATIONS_LOST = "notifications lost"
    LESHAN_RESTARTED = "Leshan restarted"
    HASS_KILLED = "Home Assistant killed"
    HASS_RESTARTED = "Home Assistant restarted"
    BOTH_RESTARTED = "Home Assistant killed, Leshan restarted"
    DEVICE_REBOOTED = "device rebooted"


class When(StrEnum):
    """The phase that the fault meets."""

    ANY = "any"
    WAITING = "waiting"
    OFFERED = "offered"
    TRANSFERRING = "transferring"
    STAGED = "staged"
    INSTALLING = "installing"


# Seconds, for the profile of all devices. What somebody has to wait for is brief; the deadlines
# are for machines on which all devices take long to be held, and Home Assistant to start.
TIMES: Final[Mapping[str, float]] = {
    "waiting": 240,
    "offered": 10,
    "transferring": 40,
    "staged": 40,
    "installing": 40,
    "answer": 20,
    "reread": 1,
    "silence": 2,
    "settle": 1,
    "back_off_first": 1,
    "back_off_second": 1,
    "back_off_later": 1,
}
# Of devices that keep nobody waiting but by a deadline, by patterns of their endpoints. One that
# goes while Home Assistant is down is waited for as one that is not registered.
_GONE: Final = {**TIMES, "installing": 15, "answer": 10}
BRIEF_TIMES: Final[Mapping[str, Mapping[str, float]]] = {
    "never-downloads-*": {**TIMES, "offered": 5},
    "never-comes-back-*": _GONE,
    "never-comes-back-*-staged-*": {**_GONE, "waiting": 20},
    "never-comes-back-*-installing-*": {**_GONE, "waiting": 20},
}
MAX_ATTEMPTS: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One device; `outcomes` are phase, reason and, where the device said it, its result."""

    behaviour: str
    fault: Fault
    when: When
    outcomes: frozenset[str]
    why: str = ""
    """Why there is more than one true outcome, or another than without a fault."""

    @property
    def endpoint(self) -> str:
        """A name that says which cell this is."""
        return f"{self.behaviour}-{self.fault.name}-{self.when}".lower().replace("_", "-")

    @property
    def name_prefix(self) -> str:
        """The endpoint's name without the number that a fleet puts at its end."""
        return f"{self.endpoint}-"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """How a behaviour ends by itself, and the last phase that lasts long enough to be met."""

    outcome: str
    last: When


@dataclass(frozen=True, kw_only=True, slots=True)
class _Other:
    """Outcomes of some cells besides, or in place of, the behaviour's own."""

    outcomes: frozenset[str]
    why: str


SUCCEEDED: Final = "succeeded version_proved"
_PROVED: Final = _Way(outcome=SUCCEEDED, last=When.INSTALLING)


def _told(result: int, last: When) -> _Way:
    return _Way(outcome=f"failed device_reported {result}", last=last)


WAYS: Final[Mapping[str, _Way]] = {
    "happy": _PROVED,
    "slow": _PROVED,
    "result_before_state": _PROVED,
    "state_before_result": _PROVED,
    "stale_result": _PROVED,
    "loses_notifications": _PROVED,
    "ignores_second_uri": _PROVED,
    "bad_checksum": _told(5, When.TRANSFERRING),
    "unsupported_type": _told(6, When.TRANSFERRING),
    "connection_lost": _told(4, When.TRANSFERRING),
    "no_space": _told(2, When.OFFERED),
    "out_of_memory": _told(3, When.OFFERED),
    "invalid_uri": _told(7, When.OFFERED),
    "unsupported_protocol": _told(9, When.OFFERED),
    "update_fails": _told(8, When.INSTALLING),
    "update_fails_idle": _told(8, When.INSTALLING),
    "silent_revert": _Way(outcome="failed not_installed", last=When.INSTALLING),
    "flownexus_sample": _Way(outcome="failed wrong_version", last=When.STAGED),
    "never_downloads": _Way(outcome="failed offer_ignored", last=When.OFFERED),
    "never_comes_back": _Way(outcome="failed did_not_come_back", last=When.INSTALLING),
}
_ORDER: Final = (When.WAITING, When.OFFERED, When.TRANSFERRING, When.STAGED, When.INSTALLING)

OTHERS: Final[Mapping[tuple[str, Fault, When], _Other]] = {
    ("unsupported_protocol", Fault.DEVICE_REBOOTED, When.OFFERED): _Other(
        outcomes=frozenset({"failed device_reported 9", "failed uri_refused"}),
        why="its result is lost if power fails between its refusal and our reading",
    ),
}


# What these two do to a session is a part of what a kill does; the way there is another one.
NARROW_FAULTS: Final = frozenset({Fault.HASS_RESTARTED, Fault.BOTH_RESTARTED})
NARROW_BEHAVIOURS: Final = frozenset(
    {"happy", "slow", "stale_result", "loses_notifications", "bad_checksum", "update_fails"}
)


def cells(fault: Fault) -> tuple[Cell, ...]:
    """Return the cells of one fault."""
    return tuple(
        _cell(behaviour, way, fault, when)
        for behaviour, way in WAYS.items()
        if fault not in NARROW_FAULTS or behaviour in NARROW_BEHAVIOURS
        for when in _met(fault, way)
    )


def _met(fault: Fault, way: _Way) -> Iterator[When]:
    if fault is Fault.NONE:
        yield When.ANY
        return
    phases = _ORDER[: _ORDER.index(way.last) + 1]
    # Nothing is observed before there is a session that has begun.
    yield from phases[1:] if fault is Fault.NOTIFICATIONS_LOST else phases


def _cell(behaviour: str, way: _Way, fault: Fault, when: When) -> Cell:
    other = OTHERS.get((behaviour, fault, when))
    return Cell(
        behaviour=behaviour,
        fault=fault,
        when=when,
        outcomes=frozenset({way.outcome}) if other is None else other.outcomes,
        why="" if other is None else other.why,
    )
