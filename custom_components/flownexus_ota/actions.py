"""What people can ask of updates, by a button, an update card or an action: errors are texts."""

from datetime import datetime

from .devices import device_name
from .engine.refusal import (
    CancelTooLateError,
    DeviceUnknownError,
    EngineStoppedError,
    NothingToCancelError,
    PreflightError,
    UpdateActiveError,
)
from .engine.session_runner import SessionRunner
from .exceptions import (
    cancel_too_late_error,
    choice_not_stored_error,
    goes_on_after_restart_error,
    history_not_readable_error,
    history_not_writable_error,
    image_gone_error,
    not_supported_error,
    nothing_to_cancel_error,
    nothing_to_retry_error,
    preflight_error,
    server_not_loaded_error,
    update_in_progress_error,
)
from .lwm2m.events import Endpoint
from .ota.image import FirmwareImage
from .ota.phase import Phase
from .ota.session_state import Session, Target
from .ota.wishes import Wishes
from .runtime import RuntimeData
from .storage.awaiting import stored
from .storage.errors import HistoryError
from .storage.image_store import StoredImage

TRIED_AGAIN = (Phase.FAILED, Phase.CANCELLED)


async def async_begin(
    runtime: RuntimeData,
    endpoint: Endpoint,
    image: FirmwareImage,
    *,
    asked_by: str | None,
    may_downgrade: bool,
    not_before: datetime | None = None,
) -> SessionRunner:
    """Store an update and start it if it can start, and its time has come."""
    name = device_name(runtime.hass, runtime.entry, endpoint)
    image = await _async_fetched(runtime, image, name)
    try:
        return await runtime.engine.request_update(
            endpoint,
            image,
            asked_by=asked_by,
            may_downgrade=may_downgrade,
            not_before=not_before,
        )
    except UpdateActiveError as err:
        raise update_in_progress_error(name) from err
    except PreflightError as err:
        raise preflight_error(err.refusal, name) from err
    except DeviceUnknownError as err:
        raise not_supported_error(name) from err
    except HistoryError as err:
        raise history_not_writable_error(name, str(err)) from err
    except EngineStoppedError as err:
        raise server_not_loaded_error(runtime.entry.title) from err


async def _async_fetched(runtime: RuntimeData, image: FirmwareImage, name: str) -> FirmwareImage:
    """Fetch an image that lies elsewhere, and return it with all that it tells of itself.

    What it tells is looked at before the update begins, and its source does not know it all.
    """
    shared = runtime.shared
    stored_image = StoredImage(sha256=image.sha256, size_bytes=image.size_bytes)
    if image.origin is None:
        return image
    is_here = await runtime.hass.async_add_executor_job(shared.store.has, image.sha256)
    if not is_here and (refusal := await shared.supply.provide(stored_image)):
        raise preflight_error(refusal, name)
    # Somebody else may have had it fetched a moment ago.
    if not shared.keeper.has_looked_into(image.sha256):
        await shared.keeper.rescan_anew()
    catalogue = shared.keeper.catalogue
    fetched = () if catalogue is None else catalogue.images
    alike = (each for each in fetched if (each.sha256, each.origin) == (image.sha256, image.origin))
    return next(alike, image)


async def async_set_wishes(runtime: RuntimeData, endpoint: Endpoint, wishes: Wishes) -> None:
    """Remember what a person chose for a device."""
    name = device_name(runtime.hass, runtime.entry, endpoint)
    try:
        await runtime.engine.set_wishes(endpoint, wishes)
    except DeviceUnknownError as err:
        raise not_supported_error(name) from err
    except HistoryError as err:
        raise choice_not_stored_error(name, str(err)) from err


async def async_cancel(runtime: RuntimeData, endpoint: Endpoint) -> Session:
    """End the update of a device; return how it ended."""
    name = device_name(runtime.hass, runtime.entry, endpoint)
    try:
        return await runtime.engine.cancel(endpoint)
    except CancelTooLateError as err:
        raise cancel_too_late_error(name) from err
    except (DeviceUnknownError, NothingToCancelError) as err:
        raise nothing_to_cancel_error(name) from err
    except EngineStoppedError as err:
        view = runtime.engine.view(endpoint)
        session = None if view is None else view.session
        version = "" if session is None else session.target.version
        raise goes_on_after_restart_error(name, version) from err


async def async_retry(
    runtime: RuntimeData, endpoint: Endpoint, *, asked_by: str | None
) -> SessionRunner:
    """Begin the last update of a device anew, with the same image; do not wait for its outcome."""
    name = device_name(runtime.hass, runtime.entry, endpoint)
    view = runtime.engine.view(endpoint)
    last = None if view is None else view.session
    if last is not None and not last.phase.is_final:
        raise update_in_progress_error(name)
    if last is None or last.phase not in TRIED_AGAIN:
        raise nothing_to_retry_error(name)
    image = await _async_image(runtime, last.target)
    if image is None:
        raise image_gone_error(name, last.target.version)
    return await async_begin(
        runtime, endpoint, image, asked_by=asked_by, may_downgrade=last.may_downgrade
    )


async def _async_image(runtime: RuntimeData, target: Target) -> FirmwareImage | None:
    """Return the image of an earlier update, as the catalogue or else the history knows it.

    Its bytes may be in the store still, although its file has left the firmware folder.
    """
    shared = runtime.shared
    catalogue = runtime.catalogue
    image = None if catalogue is None else catalogue.by_sha256(target.sha256)
    if image is not None:
        return image
    if not await runtime.hass.async_add_executor_job(shared.store.has, target.sha256):
        return None
    try:
        images = await stored(shared.writer.query(lambda history: history.images()))
    except HistoryError as err:
        raise history_not_readable_error(str(err)) from err
    return next((each for each in images if each.sha256 == target.sha256), None)
