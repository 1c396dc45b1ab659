"""The action that asks for an update at a time, or in the next maintenance window."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_admin_service
from homeassistant.util import dt as dt_util

from .actions import async_begin
from .const import DOMAIN
from .devices import device_name
from .engine.view import DeviceView
from .exceptions import (
    no_image_error,
    no_target_error,
    no_window_error,
    not_supported_error,
    time_missing_error,
    time_not_ahead_error,
)
from .ota.image import FirmwareImage
from .runtime import RuntimeData
from .targets import Target, named_devices

SERVICE_SCHEDULE_UPDATE: Final = "schedule_update"

ATTR_AT: Final = "at"
ATTR_IN_WINDOW: Final = "in_window"
ATTR_VERSION: Final = "version"

FURTHEST_AHEAD: Final = timedelta(days=365)

FIELDS: Final[dict[Any, Any]] = {
    **cv.ENTITY_SERVICE_FIELDS,
    vol.Optional(ATTR_AT): cv.datetime,
    vol.Optional(ATTR_IN_WINDOW, default=False): cv.boolean,
    vol.Optional(ATTR_VERSION): cv.string,
}
SCHEDULE_SCHEMA: Final = vol.Schema(FIELDS)


@callback
def async_register_schedule_services(hass: HomeAssistant) -> None:
    """Register the action, once; only administrators may use it."""

    async def schedule(call: ServiceCall) -> None:
        await _async_schedule(hass, call)

    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_SCHEDULE_UPDATE,
        schedule,
        SCHEDULE_SCHEMA,  # type: ignore[arg-type] # at run time, voluptuous is probatio
        SupportsResponse.NONE,
    )


async def _async_schedule(hass: HomeAssistant, call: ServiceCall) -> None:
    """Store an update for each named device; all are tried, the first error is told."""
    devices = named_devices(hass, call)
    if devices is None:
        raise no_target_error()
    at = _time_ahead(call)
    # All are looked at before the first is stored: a mistake in the call changes nothing.
    planned = [_plan(target, at, call.data.get(ATTR_VERSION)) for target in devices]
    asked_by = call.context.user_id
    outcomes = await asyncio.gather(
        *(
            async_begin(
                runtime,
                endpoint,
                image,
                asked_by=asked_by,
                may_downgrade=is_named,
                not_before=not_before,
            )
            for (runtime, endpoint), (image, not_before, is_named) in zip(
                devices, planned, strict=True
            )
        ),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


def _time_ahead(call: ServiceCall) -> datetime | None:
    """Return the time that a call names, in UTC; `None` for the next window."""
    named: datetime | None = call.data.get(ATTR_AT)
    is_in_window: bool = call.data[ATTR_IN_WINDOW]
    if is_in_window is (named is not None):
        raise time_missing_error()
    if named is None:
        return None
    at = dt_util.as_utc(named)
    now = dt_util.utcnow()
    if not now < at <= now + FURTHEST_AHEAD:
        raise time_not_ahead_error(named.isoformat(sep=" "), FURTHEST_AHEAD.days)
    return at


def _plan(
    target: Target, at: datetime | None, version: str | None
) -> tuple[FirmwareImage, datetime, bool]:
    """Return what a device is to get, when, and whether somebody named or pinned that version."""
    runtime, endpoint = target
    view = runtime.engine.view(endpoint)
    name = device_name(runtime.hass, runtime.entry, endpoint)
    if view is None:
        raise not_supported_error(name)
    image = runtime.image_for(view) if version is None else runtime.image_named(view, version)
    if image is None:
        raise no_image_error(name, version)
    is_named = version is not None or view.wishes.pinned_version is not None
    return image, at or _next_window(runtime, view, name), is_named


def _next_window(runtime: RuntimeData, view: DeviceView, name: str) -> datetime:
    window = runtime.profile_of(view).window
    if window is None:
        raise no_window_error(name)
    return max(window.next_opening(dt_util.utcnow()), dt_util.utcnow())
