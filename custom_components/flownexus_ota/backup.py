"""Home Assistant's backups: the history is whole in each of them (`design.md` D14)."""

import asyncio
import logging
from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .shared import hold_history, release_history
from .storage.errors import HistoryError

_LOGGER: Final = logging.getLogger(__name__)

# Far longer than a configuration directory is copied for; updates pause meanwhile.
HOLD_LIMIT_SECONDS: Final = 30 * 60
# A disk that hangs must not keep the backup from being made.
CHECKPOINT_LIMIT_SECONDS: Final = 60

_LIMIT: HassKey[CALLBACK_TYPE] = HassKey(f"{DOMAIN}_backup_limit")


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Merge the journal into the database and write nothing more until the backup is made.

    Never raises: a failure would end the backup of everything else too.
    """
    _start_limit(hass)
    try:
        async with asyncio.timeout(CHECKPOINT_LIMIT_SECONDS):
            await hold_history(hass)
    except (HistoryError, TimeoutError) as err:
        # Nothing is written, so the file and its journal are whole together.
        _LOGGER.warning("The history goes into the backup with its journal: %r", err)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Write again; what was to be remembered meanwhile is stored now, and updates go on."""
    _stop_limit(hass)
    await release_history(hass)


def _start_limit(hass: HomeAssistant) -> None:
    _stop_limit(hass)

    async def end(_: datetime) -> None:
        hass.data.pop(_LIMIT, None)
        _LOGGER.warning(
            "The backup has not ended within %d minutes, updates go on; its copy of the history may"
            " not be whole",
            HOLD_LIMIT_SECONDS // 60,
        )
        await release_history(hass)

    hass.data[_LIMIT] = async_call_later(
        hass, HOLD_LIMIT_SECONDS, HassJob(end, "flownexus_ota backup", cancel_on_shutdown=True)
    )


@callback
def _stop_limit(hass: HomeAssistant) -> None:
    if (cancel := hass.data.pop(_LIMIT, None)) is not None:
        cancel()
