"""How much of the disk the image store may take: it is one, and each server has an option."""

from typing import Final

from homeassistant.core import HomeAssistant, callback

from .const import CONF_STORE_QUOTA_MIB, DEFAULT_STORE_QUOTA_MIB, DOMAIN
from .storage.image_store import ImageStore

_MIB: Final = 1024 * 1024


@callback
def apply_store_quota(hass: HomeAssistant, store: ImageStore) -> None:
    """Let the largest of the servers' quotas hold: what one of them allows, is there for all."""
    entries = hass.config_entries.async_entries(DOMAIN, include_disabled=False)
    quotas = (each.options.get(CONF_STORE_QUOTA_MIB, DEFAULT_STORE_QUOTA_MIB) for each in entries)
    store.quota_bytes = int(max(quotas)) * _MIB
