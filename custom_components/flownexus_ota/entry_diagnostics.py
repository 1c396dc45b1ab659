"""What diagnostics tell of a server's surroundings: port, certificate, images, sources, windows.

Nothing here names a host, a file, or a person: what is given are kinds, numbers and times.
"""

from typing import Any

from homeassistant.core import HomeAssistant

from .certificates import own_files
from .download_options import listener_settings
from .profiles import SUBENTRY_PROFILE
from .runtime import RuntimeData
from .storage.image_store import ImageStore, ImageStoreError
from .windows import CONF_WINDOW

type Told = dict[str, Any]


async def async_surroundings(hass: HomeAssistant, runtime: RuntimeData) -> Told:
    """Return each part by its name."""
    return {
        "listener": _listener(runtime),
        "certificate": _certificate(hass, runtime),
        "store": await hass.async_add_executor_job(_store, runtime.shared.store),
        "source_states": runtime.sources.states(),
        "windows": _windows(runtime),
    }


def _listener(runtime: RuntimeData) -> Told | None:
    """Return how the server's own port does, `None` without one; the address may be a name."""
    settings = listener_settings(runtime.entry.options)
    if settings is None:
        return None
    downloads = runtime.downloads
    return {
        "scheme": settings.scheme,
        "port": settings.port,
        "is_listening": downloads.is_listening,
        "problem": downloads.problem,
    }


def _certificate(hass: HomeAssistant, runtime: RuntimeData) -> Told | None:
    """Return what kind of certificate devices are shown, `None` if they are shown none."""
    shown = runtime.certificates.shown
    problems = [each.problem.value for each in shown.problems]
    if shown.certificate is None:
        return {"problems": problems} if problems else None
    return {
        "kind": "issued" if own_files(hass, runtime.entry.options) is None else "own",
        "valid_from": shown.certificate.not_valid_before_utc,
        "valid_until": shown.certificate.not_valid_after_utc,
        "problems": problems,
    }


def _store(store: ImageStore) -> Told:
    """Return how full the image store and its disk are; blocking."""
    quota = {"quota_bytes": store.quota_bytes}
    try:
        usage = store.usage()
    except ImageStoreError as err:
        return quota | {"problem": str(err)}
    return quota | {
        "image_count": usage.image_count,
        "held_bytes": usage.held_bytes,
        "free_bytes": usage.free_bytes,
    }


def _windows(runtime: RuntimeData) -> Told:
    """Return the maintenance window of the server, and those of profiles, which have no name."""
    entry = runtime.entry
    profiles = [
        subentry.data.get(CONF_WINDOW)
        for subentry in entry.subentries.values()
        if subentry.subentry_type == SUBENTRY_PROFILE
    ]
    return {
        "server": entry.options.get(CONF_WINDOW),
        "profiles": [window for window in profiles if window is not None],
    }
