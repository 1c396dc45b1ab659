"""The certificate authority of this Home Assistant, which devices are made to trust (ADR 0016)."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .serving.listener_certificate import IdentityFiles
from .serving.pki import Identity


async def async_authority(hass: HomeAssistant) -> Identity:
    """Return the authority of this Home Assistant, made if there is none.

    Raise `CertificateFileError`. It belongs to no server, and outlives them all.
    """
    files = identity_files(hass, "")
    now = dt_util.utcnow()
    return await hass.async_add_executor_job(lambda: files.read_authority(now=now))


def identity_files(hass: HomeAssistant, entry_id: str) -> IdentityFiles:
    """Return where the authority is, and what it issued for a server."""
    folder = Path(hass.config.path(STORAGE_DIR))
    return IdentityFiles(
        authority=folder / f"{DOMAIN}.ca.pem",
        server=folder / f"{DOMAIN}.server.{entry_id}.pem",
        organisation=hass.config.location_name,
    )
