"""Firmware updates of LwM2M devices, by an Eclipse Leshan server."""

import logging
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .auto_update import AutoUpdater
from .catalogue_keeper import async_keep_reading
from .certificate_services import async_register_certificate_services
from .certificates import async_remove_certificate
from .composition import build_runtime
from .const import (
    DOMAIN,
)
from .devices import endpoints_of
from .entity_choice import (
    EntitiesPerDevice,
    async_remove_further_entities,
    entities_per_device,
)
from .exceptions import as_history_setup_error, as_setup_error
from .firmware_services import async_register_firmware_services
from .issues import (
    clear_history_damaged,
    clear_updates_of_server,
)
from .lwm2m.exchange import Lwm2mError
from .profiles import rules_of
from .pruning import async_keep_pruned
from .quota import apply_store_quota
from .runtime import FlownexusConfigEntry, RuntimeData
from .schedule_services import async_register_schedule_services
from .self_test_services import async_register_self_test
from .services import async_register_services
from .shared import Shared, acquire_shared, prepare_shared, release_shared
from .stale_devices import async_forget_watched_days
from .stale_issues import clear_stale_devices
from .storage.awaiting import stored
from .storage.errors import HistoryError
from .storage.image_store import ImageStoreError
from .update_options import history_days, max_parallel_updates, min_battery_percent

_LOGGER: Final = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
)


async def async_setup(hass: HomeAssistant, _: ConfigType) -> bool:
    """Register what can be registered only once."""
    prepare_shared(hass)
    async_register_services(hass)
    async_register_schedule_services(hass)
    async_register_firmware_services(hass)
    async_register_self_test(hass)
    async_register_certificate_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: FlownexusConfigEntry) -> bool:
    """Set up one Leshan server: known devices first, without waiting for it."""
    try:
        shared = await acquire_shared(hass)
    except HistoryError as err:
        raise as_history_setup_error(err) from err
    try:
        await _async_set_up(hass, entry, shared)
    except BaseException:
        await release_shared(hass)
        raise
    return True


async def async_unload_entry(hass: HomeAssistant, entry: FlownexusConfigEntry) -> bool:
    """Stop the engine and take the entities away; sessions stay stored and go on later."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await entry.runtime_data.async_stop()
    await release_shared(hass)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: FlownexusConfigEntry) -> None:
    """Forget the server's devices and their history."""
    clear_updates_of_server(hass, entry)
    clear_stale_devices(hass, entry)
    await async_forget_watched_days(hass, entry.entry_id)
    await async_remove_certificate(hass, entry)
    try:
        shared = await acquire_shared(hass)
        try:
            forgotten = shared.writer.submit(lambda history: history.remove_server(entry.entry_id))
            await stored(forgotten)
            if not hass.config_entries.async_entries(DOMAIN):
                clear_history_damaged(hass)
                # The folder is the user's; the store is only ours, and nobody is left to use it.
                await hass.async_add_executor_job(shared.store.clear)
        finally:
            await release_shared(hass)
    except HistoryError as err:
        _LOGGER.warning("The history of %s stays stored: %s", entry.title, err)
    except ImageStoreError as err:
        _LOGGER.warning("Images stay in the image store: %s", err)


async def async_remove_config_entry_device(
    _: HomeAssistant, entry: FlownexusConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let a person delete a device that is not registered and has no active update."""
    endpoints = endpoints_of(entry, device)
    return bool(endpoints) and all(
        entry.runtime_data.async_forget(endpoint) for endpoint in endpoints
    )


async def _async_set_up(hass: HomeAssistant, entry: FlownexusConfigEntry, shared: Shared) -> None:
    runtime = build_runtime(hass, entry, shared)
    entry.runtime_data = runtime
    try:
        await _async_begin(hass, entry, runtime)
    except BaseException:
        await runtime.async_stop()
        raise


async def _async_begin(
    hass: HomeAssistant, entry: FlownexusConfigEntry, runtime: RuntimeData
) -> None:
    shared = runtime.shared
    apply_store_quota(hass, shared.store)
    # First: an image that a restored backup lacks may be in the folder, and be offered already.
    await shared.keeper.rescan()
    await runtime.server_catalogue.refresh()
    await runtime.engine.load()
    # After the offers are open again: a device that hears 404 gives its URL up for good.
    await runtime.downloads.async_apply()
    await runtime.async_show_known()
    if not runtime.devices:
        await _async_check(runtime)
    entry.async_on_unload(shared.keeper.async_listen(runtime.async_catalogue_changed))
    entry.async_on_unload(shared.book.add_listener(runtime.engine.bytes_served))
    entry.async_on_unload(shared.book.add_allowance_listener(runtime.engine.allowance_spent))
    entry.async_on_unload(entry.add_update_listener(_async_entry_changed))
    runtime.certificates.async_start(then=runtime.downloads.async_apply)

    async def stop(_: Event) -> None:
        await runtime.async_stop()

    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, stop))
    if runtime.entities_per_device is EntitiesPerDevice.MINIMAL:
        await async_remove_further_entities(hass, entry.entry_id, runtime.hub_device_id)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    runtime.async_start()
    await runtime.sources.async_apply()
    # Cancelled when the entry is unloaded.
    entry.async_create_background_task(  # type: ignore[unused-awaitable] # it has no end of its own
        hass,
        async_keep_pruned(shared.writer, entry.entry_id, lambda: history_days(entry.options)),
        "flownexus_ota pruning",
    )
    entry.async_create_background_task(  # type: ignore[unused-awaitable] # it has no end of its own
        hass, AutoUpdater(runtime).run(), "flownexus_ota auto-update"
    )
    entry.async_create_background_task(  # type: ignore[unused-awaitable] # it has no end of its own
        hass, runtime.stale_devices.run(), "flownexus_ota stale devices"
    )
    entry.async_create_background_task(  # type: ignore[unused-awaitable] # it has no end of its own
        hass, async_keep_reading(shared.keeper), "flownexus_ota folder"
    )


async def _async_check(runtime: RuntimeData) -> None:
    """Ask a server that has never given us a device whether it is there."""
    try:
        await runtime.client.check()
    except Lwm2mError as err:
        raise as_setup_error(err) from err


async def _async_entry_changed(hass: HomeAssistant, entry: FlownexusConfigEntry) -> None:
    """Apply new options and profiles at once; a reload only for a new client or other entities."""
    runtime = entry.runtime_data
    is_other_entities = entities_per_device(entry.options) is not runtime.entities_per_device
    if runtime.client_data != entry.data or is_other_entities:
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    apply_store_quota(hass, runtime.shared.store)
    if runtime.server_catalogue.take_options(entry.options):
        runtime.async_catalogue_changed()
    runtime.engine.set_min_battery(min_battery_percent(entry.options))
    runtime.engine.set_max_parallel(max_parallel_updates(entry.options))
    await runtime.certificates.async_refresh()
    await runtime.downloads.async_apply()
    runtime.self_test.async_settings_changed()
    runtime.stale_devices.async_settings_changed()
    await runtime.sources.async_apply()
    if (rules := rules_of(entry)) != runtime.profile_rules:
        runtime.profile_rules = rules
        runtime.engine.profiles_changed()
