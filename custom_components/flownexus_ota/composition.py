"""How the parts of one server are made and joined; nothing runs before `__init__.py` starts it."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .certificates import Certificates
from .connection import leshan_client
from .const import CONF_URL, DOMAIN
from .coordinator import ServerCoordinator
from .downloads import Downloads
from .engine.chronicle import Chronicle
from .engine.engine import Engine
from .engine.surroundings import EngineListener
from .engine.view import ServerView
from .issues import clear_history_not_writable, show_history_not_writable
from .lwm2m.exchange import NotAuthorisedError
from .ota.profile_match import profile_for
from .runtime import FlownexusConfigEntry, RuntimeData
from .self_test import SelfTest, SelfTestPorts
from .serving.image_offering import StoredImageOffering
from .serving.self_test_rules import is_loopback_url
from .shared import Shared
from .update_options import max_parallel_updates, min_battery_percent


def build_runtime(hass: HomeAssistant, entry: FlownexusConfigEntry, shared: Shared) -> RuntimeData:
    """Make the parts of one server and join them."""
    client = leshan_client(hass, entry.data)
    certificates = Certificates(hass, entry)
    downloads = Downloads(hass, entry, shared.book, tls=certificates.async_context)
    runtime = RuntimeData(
        hass=hass,
        entry=entry,
        client=client,
        shared=shared,
        hub_device_id=_hub_device_id(hass, entry),
        server=ServerCoordinator(hass, entry, _unknown_server()),
        downloads=downloads,
        certificates=certificates,
    )
    offering = StoredImageOffering(
        shared.store,
        shared.book,
        shared.mint,
        base_urls=downloads.base_urls,
        gate=downloads.gate,
        provide=shared.supply.provide,
        distrust=runtime.server_catalogue.distrust,
    )
    runtime.self_test = _new_self_test(runtime)

    def on_writable(is_writable: bool) -> None:  # noqa: FBT001 # the chronicle calls it by position
        if is_writable:
            clear_history_not_writable(hass)
        else:
            show_history_not_writable(hass, hass.config.path(DOMAIN))
        runtime.async_server_changed()

    def on_server() -> None:
        if isinstance(client.stream_problem, NotAuthorisedError):
            entry.async_start_reauth(hass)
        runtime.async_server_changed()

    runtime.engine = Engine(
        entry.entry_id,
        client,
        Chronicle(shared.writer, token_sha256=offering.token_sha256, on_writable=on_writable),
        offering,
        profile_for=lambda facts: profile_for(runtime.profile_rules, facts),
        max_parallel=max_parallel_updates(entry.options),
        listener=EngineListener(
            on_device=runtime.async_device_changed,
            on_server=on_server,
            on_not_authorised=lambda: entry.async_start_reauth(hass),
            on_session=runtime.async_session_changed,
            on_arrived_late=runtime.announcer.async_arrived_late,
        ),
    )
    runtime.engine.set_min_battery(min_battery_percent(entry.options))
    return runtime


def _hub_device_id(hass: HomeAssistant, entry: FlownexusConfigEntry) -> str:
    """Enter the server in the device registry; return its id there."""
    hub = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, entry.entry_id)},
        name=entry.title,
        manufacturer="Eclipse",
        model="Leshan",
        entry_type=dr.DeviceEntryType.SERVICE,
        configuration_url=entry.data[CONF_URL],
    )
    return hub.id


def _new_self_test(runtime: RuntimeData) -> SelfTest:
    hass, entry = runtime.hass, runtime.entry
    is_server_here = is_loopback_url(entry.data[CONF_URL])
    return SelfTest(
        hass,
        entry,
        runtime.shared.book,
        SelfTestPorts(
            base_urls=runtime.downloads.base_urls,
            ssl_context=runtime.certificates.trust,
            are_devices_here=lambda: is_server_here and runtime.engine.are_devices_local,
        ),
    )


def _unknown_server() -> ServerView:
    return ServerView(
        is_connected=False,
        registered_count=0,
        running_count=0,
        waiting_count=0,
        is_history_writable=True,
    )
