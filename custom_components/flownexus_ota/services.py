"""The actions: cancel updates, begin them anew, and tell what was."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util

from .actions import TRIED_AGAIN, async_cancel, async_retry
from .const import DOMAIN
from .devices import device_name, device_of
from .exceptions import history_not_readable_error, no_server_error, no_target_error
from .history_response import Answer, update_answer
from .lwm2m.events import Endpoint
from .ota.phase import Phase
from .ota.session_state import Session
from .runtime import RuntimeData
from .storage.awaiting import stored
from .storage.errors import HistoryError
from .storage.history import HistoryDb
from .storage.records import SessionEvent
from .targets import (
    ATTR_CONFIG_ENTRY_ID,
    Target,
    loaded_servers,
    named_devices,
    named_server,
)
from .update_words import reason_text

SERVICE_CANCEL_UPDATE: Final = "cancel_update"
SERVICE_RETRY_UPDATE: Final = "retry_update"
SERVICE_GET_HISTORY: Final = "get_history"

ATTR_SINCE: Final = "since"
ATTR_UNTIL: Final = "until"
ATTR_OUTCOME: Final = "outcome"
ATTR_LIMIT: Final = "limit"
ATTR_INCLUDE_EVENTS: Final = "include_events"

DEFAULT_LIMIT: Final = 100
HIGHEST_LIMIT: Final = 1000

OUTCOMES: Final[Mapping[str, frozenset[Phase]]] = {
    "active": frozenset(phase for phase in Phase if not phase.is_final),
    "succeeded": frozenset({Phase.SUCCEEDED}),
    "failed": frozenset({Phase.FAILED}),
    "cancelled": frozenset({Phase.CANCELLED}),
}

AIMED: Final[dict[Any, Any]] = {
    **cv.ENTITY_SERVICE_FIELDS,
    vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string,
}
AIMED_SCHEMA: Final = vol.Schema(AIMED)
HISTORY_SCHEMA: Final = vol.Schema(
    {
        **AIMED,
        vol.Optional(ATTR_SINCE): cv.datetime,
        vol.Optional(ATTR_UNTIL): cv.datetime,
        vol.Optional(ATTR_OUTCOME): vol.All(cv.ensure_list, [vol.In(OUTCOMES)]),
        vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(
            vol.Coerce(int), vol.Range(min=1, max=HIGHEST_LIMIT)
        ),
        vol.Optional(ATTR_INCLUDE_EVENTS, default=False): cv.boolean,
    }
)


@callback
def async_register_services(hass: HomeAssistant) -> None:
    """Register the actions, once; only administrators may use them."""

    async def cancel(call: ServiceCall) -> None:
        await _async_cancel_updates(hass, call)

    async def retry(call: ServiceCall) -> None:
        await _async_retry_updates(hass, call)

    async def get_history(call: ServiceCall) -> ServiceResponse:
        return await _async_get_history(hass, call)

    for name, action, schema, response in (
        (SERVICE_CANCEL_UPDATE, cancel, AIMED_SCHEMA, SupportsResponse.NONE),
        (SERVICE_RETRY_UPDATE, retry, AIMED_SCHEMA, SupportsResponse.NONE),
        (SERVICE_GET_HISTORY, get_history, HISTORY_SCHEMA, SupportsResponse.ONLY),
    ):
        async_register_admin_service(hass, DOMAIN, name, action, schema, response)  # type: ignore[arg-type] # at run time, voluptuous is probatio


async def _async_cancel_updates(hass: HomeAssistant, call: ServiceCall) -> None:
    """Cancel the updates of the named devices, and the active ones of a named server."""
    await _async_all(
        async_cancel(runtime, endpoint)
        for runtime, endpoint in _chosen(hass, call, OUTCOMES["active"])
    )


async def _async_retry_updates(hass: HomeAssistant, call: ServiceCall) -> None:
    """Begin the last updates of the named devices anew, or those that failed at a server."""
    await _async_all(
        async_retry(runtime, endpoint, asked_by=call.context.user_id)
        for runtime, endpoint in _chosen(hass, call, frozenset(TRIED_AGAIN))
    )


def _chosen(hass: HomeAssistant, call: ServiceCall, phases: frozenset[Phase]) -> list[Target]:
    """Return every named device, and of a named server those whose last update is in a phase."""
    devices, server = named_devices(hass, call), named_server(hass, call)
    if devices is None and server is None:
        raise no_target_error()
    chosen = {(runtime.entry.entry_id, name): (runtime, name) for runtime, name in devices or ()}
    if server is not None:
        for name in server.engine.endpoints:
            if _phase_of(server, name) in phases:
                chosen.setdefault((server.entry.entry_id, name), (server, name))
    return list(chosen.values())


def _phase_of(runtime: RuntimeData, endpoint: Endpoint) -> Phase | None:
    view = runtime.engine.view(endpoint)
    return None if view is None else view.phase


async def _async_all(tasks: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Do all, whatever becomes of the others; raise the first error."""
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryQuestion:
    """What is asked of the history."""

    scopes: tuple[tuple[str | None, Endpoint | None], ...]
    """Servers and devices; `None` is all of them."""
    since: datetime | None
    until: datetime | None
    phases: frozenset[Phase] | None
    limit: int
    with_events: bool

    def ask(self, history: HistoryDb) -> list[tuple[Session, list[SessionEvent] | None]]:
        """Return the updates, those asked for last first; blocking."""
        sessions = [
            session
            for server_id, endpoint in self.scopes
            for session in history.sessions(
                server_id=server_id,
                endpoint=endpoint,
                since=self.since,
                until=self.until,
                phases=self.phases,
                limit=self.limit,
            )
        ]
        if len(self.scopes) > 1:
            sessions.sort(key=lambda session: session.created_at, reverse=True)
        return [
            (session, history.events(session.id) if self.with_events else None)
            for session in sessions[: self.limit]
        ]


async def _async_get_history(hass: HomeAssistant, call: ServiceCall) -> ServiceResponse:
    """Return updates of the named devices, of the named server, or all."""
    question = _question(hass, call)
    servers = loaded_servers(hass)
    if not servers:
        raise no_server_error()
    try:
        found = await stored(servers[0].shared.writer.query(question.ask))
    except HistoryError as err:
        raise history_not_readable_error(str(err)) from err
    return {"updates": [_answer(hass, session, events) for session, events in found]}


def _question(hass: HomeAssistant, call: ServiceCall) -> HistoryQuestion:
    devices, server = named_devices(hass, call), named_server(hass, call)
    scopes: list[tuple[str | None, Endpoint | None]] = [
        (runtime.entry.entry_id, endpoint) for runtime, endpoint in devices or ()
    ]
    if server is not None:
        # Its devices need not be asked for one by one besides.
        scopes = [scope for scope in scopes if scope[0] != server.entry.entry_id]
        scopes.append((server.entry.entry_id, None))
    if devices is None and server is None:
        scopes = [(None, None)]
    outcomes = call.data.get(ATTR_OUTCOME)
    return HistoryQuestion(
        scopes=tuple(scopes),
        since=_as_utc(call.data.get(ATTR_SINCE)),
        until=_as_utc(call.data.get(ATTR_UNTIL)),
        phases=None if outcomes is None else frozenset().union(*(OUTCOMES[o] for o in outcomes)),
        limit=call.data[ATTR_LIMIT],
        with_events=call.data[ATTR_INCLUDE_EVENTS],
    )


def _as_utc(at: datetime | None) -> datetime | None:
    """Return a time in UTC; one without a zone is Home Assistant's local time."""
    return None if at is None else dt_util.as_utc(at)


def _answer(hass: HomeAssistant, session: Session, events: list[SessionEvent] | None) -> Answer:
    """Return an update as it is answered, with its device's name and its reason in words."""
    entry = hass.config_entries.async_get_entry(session.server_id)
    device = None if entry is None else device_of(hass, entry, session.endpoint)
    device_id = None if device is None else device.id
    answer = update_answer(session, device_id=device_id, events=events)
    return answer | {
        "device_name": device_name(hass, entry, session.endpoint) if entry else session.endpoint,
        "reason_text": reason_text(hass, answer),
    }
