"""How simulated devices differ from one another: a table of named behaviours, nothing but data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from simulator.states import Result, State

_MIB: Final = 1 << 20


class SecondUri(Enum):
    """What a device makes of a package URI that comes when it is not IDLE."""

    REFUSED = "refused"
    """4.00, as Anjay does."""
    IGNORED = "ignored"
    """2.04 and nothing happens, as Zephyr and nRF Connect do."""
    OBEYED = "obeyed"
    """It starts over, as the flownexus sample does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Downloading:
    """How a device fetches an image."""

    is_started: bool = True
    schemes: frozenset[str] = frozenset({"http", "https"})
    refuses_other_schemes: bool = False
    """Answer 4.00 besides setting result 9, as Anjay does; else 2.04 and the result alone."""
    understands_uris: bool = True
    uri_is_path: bool = False
    """The package URI is a path below a host that is compiled into the device; it may be empty."""
    answers_afterwards: bool = False
    """Nothing is answered before the download has ended, not even the package URI's write."""
    bytes_per_second: int | None = None
    storage_bytes: int = 64 * _MIB
    memory_bytes: int | None = None
    breaks_off_after: float | None = None
    """Share of the image after which the line is lost for good."""
    damages_image: bool = False
    knows_image_type: bool = True
    result_by_failure: Mapping[Result, Result] = field(default_factory=dict)
    """Results that this device reports in place of the right ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Installing:
    """What comes of Execute 5/0/2."""

    is_immediate: bool = False
    """Result and state are set before Execute is answered."""
    result: Result = Result.SUCCESS
    state: State = State.IDLE
    reports_before_reboot: bool = False
    reboots: bool = True
    installs: bool = True
    comes_back: bool = True
    result_after_boot: Result = Result.SUCCESS


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """One way to be a device."""

    name: str
    object_version: str = "1.1"
    """Version of object 5; 1.0 has no 5/0/10."""
    lists_protocols: bool = True
    """Whether 5/0/8 is there."""
    first_result: Result = Result.INITIAL
    """5/0/5 at the first boot, left from an earlier update."""
    loses_notifications: bool = False
    sets_result_first: bool = True
    """Anjay's order; Zephyr sets the state first."""
    report_gap_seconds: float = 0.0
    """Between state and result."""
    second_uri: SecondUri = SecondUri.REFUSED
    uri_limit_characters: int = 255
    result_when_cancelled: Result | None = None
    """What cancelling leaves in 5/0/5, where it is not what the specification says."""
    downloading: Downloading = Downloading()
    installing: Installing = Installing()


_FAILS_BEFORE_REBOOT: Final = Installing(
    reboots=False, installs=False, result=Result.UPDATE_FAILED, state=State.DOWNLOADED
)
_REPORTS_BEFORE_REBOOT: Final = Installing(reports_before_reboot=True)
# Long enough for a server to see one without the other, short enough to be read again in time.
_GAP_SECONDS: Final = 0.5

_ALL: Final = (
    Behaviour(name="happy"),
    Behaviour(name="slow", downloading=Downloading(bytes_per_second=20_000)),
    Behaviour(name="bad_checksum", downloading=Downloading(damages_image=True)),
    Behaviour(name="no_space", downloading=Downloading(storage_bytes=1024)),
    Behaviour(name="out_of_memory", downloading=Downloading(memory_bytes=1024)),
    Behaviour(name="connection_lost", downloading=Downloading(breaks_off_after=0.5)),
    Behaviour(name="unsupported_type", downloading=Downloading(knows_image_type=False)),
    Behaviour(name="invalid_uri", downloading=Downloading(understands_uris=False)),
    Behaviour(name="update_fails", installing=_FAILS_BEFORE_REBOOT),
    Behaviour(
        name="update_fails_idle",
        installing=Installing(
            reboots=False, installs=False, result=Result.UPDATE_FAILED, state=State.IDLE
        ),
    ),
    Behaviour(
        name="unsupported_protocol",
        downloading=Downloading(schemes=frozenset({"coap", "coaps"}), refuses_other_schemes=True),
    ),
    Behaviour(
        name="result_before_state",
        report_gap_seconds=_GAP_SECONDS,
        installing=_REPORTS_BEFORE_REBOOT,
    ),
    Behaviour(
        name="state_before_result",
        sets_result_first=False,
        report_gap_seconds=_GAP_SECONDS,
        installing=_REPORTS_BEFORE_REBOOT,
    ),
    Behaviour(name="never_downloads", downloading=Downloading(is_started=False)),
    Behaviour(name="never_comes_back", installing=Installing(comes_back=False)),
    Behaviour(
        name="silent_revert",
        installing=Installing(installs=False, result_after_boot=Result.INITIAL),
    ),
    Behaviour(name="stale_result", first_result=Result.SUCCESS),
    Behaviour(name="loses_notifications", loses_notifications=True),
    Behaviour(name="ignores_second_uri", second_uri=SecondUri.IGNORED),
    Behaviour(
        name="flownexus_sample",
        object_version="1.0",
        lists_protocols=False,
        sets_result_first=False,
        second_uri=SecondUri.OBEYED,
        uri_limit_characters=127,
        result_when_cancelled=Result.UPDATE_FAILED,
        downloading=Downloading(
            uri_is_path=True,
            answers_afterwards=True,
            result_by_failure={
                result: Result.UPDATE_FAILED
                for result in Result
                if result not in (Result.CONNECTION_LOST, Result.SUCCESS)
            },
        ),
        installing=Installing(is_immediate=True, reboots=False, installs=False),
    ),
)
BEHAVIOURS: Final[Mapping[str, Behaviour]] = {behaviour.name: behaviour for behaviour in _ALL}
"""Every behaviour by its name."""
