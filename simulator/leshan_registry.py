"""Registrations of a simulated Leshan: until when, awake or asleep, observed or not."""

import asyncio
import secrets
import string
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from simulator.leshan_generation import Generation, LeshanSettings
from simulator.leshan_links import LinkParseError, RegisteredLinks, check_versions, parse_links
from simulator.leshan_models import Models, models_for
from simulator.leshan_shapes import Json
from simulator.link import Ids, RegisterParameters, Request, Response

ALPHANUMERIC: Final = string.ascii_letters + string.digits
REGISTRATION_ID_LENGTH: Final = 10
SUPPORTED_LWM2M_VERSIONS: Final = ("1.0", "1.1")


class RegistrationRefusedError(ConnectionError):
    """The server answers a registration with an error."""


class RequestEndedError(Exception):
    """A request to a device ends without the device's answer."""


class RequestTimeoutError(RequestEndedError):
    """No answer in time."""


class RequestCancelledError(RequestEndedError):
    """The registration it was for is gone."""


class ServerGoneError(RequestEndedError):
    """The server goes down before the answer."""


class Line(Protocol):
    """The way from the server to a registered device."""

    @property
    def address(self) -> str:
        """Host and port of the device."""

    def deliver(self, request: Request, answer: asyncio.Future[Response]) -> None:
        """Hand a request over; a silent device never resolves `answer`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DelayedRequest:
    """A request that waits for its device to wake."""

    request_id: str
    path: Ids | None
    perform: Callable[[], Awaitable[Json]]


@dataclass(kw_only=True, slots=True, eq=False)
class Registration:
    """One registration of one endpoint, until a new one or none takes its place."""

    id: str
    parameters: RegisterParameters
    links: RegisteredLinks
    models: Models
    line: Line
    registered_at: float
    updated_at: float
    """Epoch seconds."""
    expires_at: float
    awake_until: float
    """Loop time."""
    is_asleep: bool = False
    observations: set[Ids] = field(default_factory=set)
    composite_observations: set[tuple[Ids, ...]] = field(default_factory=set)
    waiting: set[asyncio.Future[Response]] = field(default_factory=set)
    delayed: DelayedRequest | None = None
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    json_text: str | None = None
    """Cache of what the server tells about it; forgotten whenever something changes."""

    @property
    def endpoint(self) -> str:
        """The device's name."""
        return self.parameters.endpoint


class Listener(Protocol):
    """Who is told what happens to registrations."""

    def registered(self, registration: Registration) -> None:
        """A device registered."""

    def updated(self, registration: Registration) -> None:
        """A device renewed its registration."""

    def deregistered(self, registration: Registration) -> None:
        """A registration ended: asked for, expired or replaced."""

    def awoke(self, registration: Registration) -> None:
        """A device in queue mode can be reached again."""

    def fell_asleep(self, registration: Registration) -> None:
        """A device in queue mode can no longer be reached."""


class Registry:
    """All registrations, with one timer each for expiry and one more for queue mode."""

    def __init__(self, settings: LeshanSettings, listener: Listener) -> None:
        self._settings = settings
        self._listener = listener
        self._by_endpoint: dict[str, Registration] = {}

    def __len__(self) -> int:
        """How many devices are registered."""
        return len(self._by_endpoint)

    def all(self) -> Iterable[Registration]:
        """Every registration."""
        return self._by_endpoint.values()

    def find(self, endpoint: str) -> Registration | None:
        """The registration of an endpoint."""
        return self._by_endpoint.get(endpoint)

    def knows(self, registration: Registration) -> bool:
        """Whether it is still the endpoint's registration."""
        return self._by_endpoint.get(registration.endpoint) is registration

    def register(self, parameters: RegisterParameters, line: Line) -> Registration:
        """Register, in place of the endpoint's former one; raise RegistrationRefusedError."""
        registration = self._new_registration(parameters, line)
        former = self.find(parameters.endpoint)
        if former is not None:
            self.remove(former)
        self._by_endpoint[registration.endpoint] = registration
        self._watch_lifetime(registration)
        if parameters.is_queue_mode:
            self._watch_sleep(registration)
            self._listener.awoke(registration)
        self._listener.registered(registration)
        return registration

    def update(self, registration: Registration) -> None:
        """Renew a registration; in queue mode the device wakes before it is told."""
        registration.updated_at = time.time()
        registration.expires_at = _now() + registration.parameters.lifetime_seconds
        registration.json_text = None
        self.heard(registration)
        if registration.is_asleep:
            registration.is_asleep = False
            self._watch_sleep(registration)
            self._listener.awoke(registration)
        self._listener.updated(registration)

    def remove(self, registration: Registration) -> None:
        """End a registration: observations and delayed request are lost, requests cancelled."""
        del self._by_endpoint[registration.endpoint]
        self._end(registration, RequestCancelledError())
        self._listener.deregistered(registration)

    def forget_all(self) -> None:
        """Lose everything without a word, as a restart does."""
        forgotten = list(self._by_endpoint.values())
        self._by_endpoint.clear()
        for registration in forgotten:
            self._end(registration, ServerGoneError())

    def heard(self, registration: Registration) -> None:
        """A device answered: in queue mode it stays awake for another while."""
        registration.awake_until = _now() + self._settings.awake_seconds

    def put_to_sleep(self, registration: Registration) -> None:
        """Take a device in queue mode for asleep."""
        if registration.is_asleep or not registration.parameters.is_queue_mode:
            return
        registration.is_asleep = True
        registration.json_text = None
        self._stop_timer(registration, "sleep")
        self._listener.fell_asleep(registration)

    def _new_registration(self, parameters: RegisterParameters, line: Line) -> Registration:
        generation = self._settings.generation
        if parameters.lwm2m_version not in SUPPORTED_LWM2M_VERSIONS:
            raise RegistrationRefusedError(
                f"4.12 unsupported lwm2m version {parameters.lwm2m_version}"
            )
        try:
            links = parse_links(parameters.links)
            if generation is not Generation.M4:
                check_versions(links)
        except LinkParseError as error:
            raise RegistrationRefusedError(f"4.00 {error}") from error
        now = _now()
        epoch_now = time.time()
        return Registration(
            id="".join(secrets.choice(ALPHANUMERIC) for _ in range(REGISTRATION_ID_LENGTH)),
            parameters=parameters,
            links=links,
            models=models_for(links.object_versions, parameters.lwm2m_version, generation),
            line=line,
            registered_at=epoch_now,
            updated_at=epoch_now,
            expires_at=now + parameters.lifetime_seconds,
            awake_until=now + self._settings.awake_seconds,
        )

    def _watch_lifetime(self, registration: Registration) -> None:
        # The timer looks again when it was renewed meanwhile, so that an Update needs no timer.
        if registration.expires_at > _now():
            self._start_timer(
                registration, "lifetime", registration.expires_at, self._watch_lifetime
            )
            return
        self.remove(registration)

    def _watch_sleep(self, registration: Registration) -> None:
        if registration.awake_until > _now():
            self._start_timer(registration, "sleep", registration.awake_until, self._watch_sleep)
            return
        self.put_to_sleep(registration)

    def _end(self, registration: Registration, error: RequestEndedError) -> None:
        for timer in registration.timers.values():
            timer.cancel()
        registration.timers.clear()
        # Presence is given up before the end is told: the last word of a device is that it sleeps.
        registration.is_asleep = registration.parameters.is_queue_mode
        registration.json_text = None
        registration.observations.clear()
        registration.composite_observations.clear()
        registration.delayed = None
        for answer in registration.waiting:
            if not answer.done():
                answer.set_exception(error)

    @staticmethod
    def _start_timer(
        registration: Registration, name: str, when: float, callback: Callable[[Registration], None]
    ) -> None:
        registration.timers[name] = asyncio.get_running_loop().call_at(when, callback, registration)

    @staticmethod
    def _stop_timer(registration: Registration, name: str) -> None:
        timer = registration.timers.pop(name, None)
        if timer is not None:
            timer.cancel()


def _now() -> float:
    return asyncio.get_running_loop().time()
