"""Events and generations: what one decoded message of the server means."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from ..lwm2m.events import (
    Awake,
    Deregistered,
    Origin,
    Registered,
    RegistrationUpdated,
    ResourcesReported,
    ServerEvent,
    Sleeping,
    UnrecognisedEvent,
)
from ..lwm2m.path import ResourcePath
from .jsontext import Json, decode_json, member
from .nodes import values_of
from .registration import endpoint_of, registration_id_of, registration_of
from .sse import ServerSentEvent
from .text import shown, shown_without_addresses


class Generation(Enum):
    """The kinds of Leshan demo server that we tell apart; later ones speak like the last."""

    M4 = "2.0.0-M4"
    M15 = "2.0.0-M15"
    M18 = "2.0.0-M18"


_JETTY_OF_M18: Final = 12


class GenerationGuess:
    """What the shapes that arrived so far tell about the server: it never says itself."""

    def __init__(self) -> None:
        """Begin without an idea."""
        self.generation: Generation | None = None

    def saw_server(self, header: str | None) -> None:
        """Take the answer's `Server` header: Jetty 12 came with M18."""
        version = re.match(r"Jetty\((\d{1,3})", header or "")
        if version is not None and int(version[1]) >= _JETTY_OF_M18:
            self.generation = Generation.M18

    def saw_registration(self, data: Json) -> None:
        """Take a registration's JSON object: `availableInstances` came with M6."""
        if member(data, "availableInstances") is None:
            self.generation = Generation.M4
        elif self.generation is not Generation.M18:
            self.generation = Generation.M15

    def saw_delayed(self) -> None:
        """Take note of a request kept for a sleeping device, which began with M17."""
        self.generation = Generation.M18


def parse_event(event: ServerSentEvent, guess: GenerationGuess) -> ServerEvent:
    """Return what an event of the stream says; never raises."""
    parse = _PARSERS.get(event.name)
    if parse is None:
        return _unrecognised(event)
    try:
        data = decode_json(event.data)
        if not isinstance(data, dict):
            return _unrecognised(event)
        return parse(data, guess) or _unrecognised(event)
    except ValueError:  # no JSON, no endpoint, no path: not what this name announces
        return _unrecognised(event)


def _unrecognised(event: ServerSentEvent) -> UnrecognisedEvent:
    return UnrecognisedEvent(name=shown(event.name), detail=shown_without_addresses(event.data))


def _registered(data: dict[str, Json], guess: GenerationGuess) -> ServerEvent:
    registration = registration_of(data)
    guess.saw_registration(data)
    return Registered(registration=registration)


def _updated(data: dict[str, Json], _guess: GenerationGuess) -> ServerEvent:
    return RegistrationUpdated(registration=registration_of(data.get("registration")))


def _deregistered(data: dict[str, Json], _guess: GenerationGuess) -> ServerEvent:
    return Deregistered(
        registration_id=registration_id_of(data), endpoint=endpoint_of(data.get("endpoint"))
    )


def _awake(data: dict[str, Json], _guess: GenerationGuess) -> ServerEvent:
    return Awake(endpoint=endpoint_of(data.get("ep")))


def _sleeping(data: dict[str, Json], _guess: GenerationGuess) -> ServerEvent:
    return Sleeping(endpoint=endpoint_of(data.get("ep")))


def _notified(data: dict[str, Json], _guess: GenerationGuess) -> ServerEvent | None:
    return _reported(data, data.get("res"), data.get("val"), Origin.NOTIFICATION)


def _sent(data: dict[str, Json], _guess: GenerationGuess) -> ServerEvent | None:
    return _reported(data, None, data.get("val"), Origin.SEND)


def _responded(data: dict[str, Json], guess: GenerationGuess) -> ServerEvent | None:
    guess.saw_delayed()
    content = member(data.get("response"), "content")
    return _reported(data, data.get("path"), content, Origin.DELAYED_RESPONSE)


def _reported(
    data: dict[str, Json], path: Json, content: Json, origin: Origin
) -> ServerEvent | None:
    """Return the values told, or None without any, e.g. the `null` of an error notification."""
    at = ResourcePath.parse(path) if isinstance(path, str) else None
    values = values_of(at, content)
    if not values:
        return None
    return ResourcesReported(endpoint=endpoint_of(data.get("ep")), values=values, origin=origin)


_PARSERS: Final[Mapping[str, Callable[[dict[str, Json], GenerationGuess], ServerEvent | None]]] = {
    "REGISTRATION": _registered,
    "UPDATED": _updated,
    "DEREGISTRATION": _deregistered,
    "AWAKE": _awake,
    "SLEEPING": _sleeping,
    "NOTIFICATION": _notified,
    "SEND": _sent,
    "REQUEST_RESPONSE": _responded,
}
