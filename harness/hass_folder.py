"""Home Assistant's configuration folder, written before its first start."""

import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from harness.hass_version import HassVersion
from harness.ports import HOST
from scripts.setup.certificates import SYSTEM_BUNDLE
from scripts.setup.places import REPOSITORY

DOMAIN: Final = "flownexus_ota"
_CONFIGURATION: Final = """\
frontend:
config:
diagnostics:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.flownexus_ota: debug
"""
_ALSO_DEBUGGED: Final = "    {name}: debug\n"
# All but `user`: their API would set up a weather forecast and a radio, which need the internet.
_ONBOARDING_DONE: Final = ("core_config", "analytics", "integration")


def write_hass_folder(
    folder: Path,
    version: HassVersion,
    port: int,
    also_debugged: Sequence[str] = (),
    archive: Path | None = None,
) -> None:
    """Write what Home Assistant needs to find at its first start, the integration included.

    Of the loggers in `also_debugged` it is to write everything, as of the integration's. The
    integration is unpacked from `archive`, the zip file of a release; without one, it is copied.
    """
    storage = folder / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.yaml").write_text(
        _CONFIGURATION + "".join(_ALSO_DEBUGGED.format(name=name) for name in also_debugged),
        encoding="utf-8",
    )
    _install(folder / "custom_components" / DOMAIN, archive)
    _write_stored(storage, "http", _http(version, port))
    if not (storage / "onboarding").exists():
        onboarding = {"version": 4, "minor_version": 1, "data": {"done": list(_ONBOARDING_DONE)}}
        _write_stored(storage, "onboarding", onboarding)


def has_user(folder: Path) -> bool:
    """Tell whether Home Assistant ran in this folder before, and somebody can log in."""
    return (folder / ".storage/auth").exists()


def firmware_folder(folder: Path) -> Path:
    """Return the integration's catalogue folder."""
    return folder / DOMAIN / "firmware"


def trusting_environ(folder: Path, also_trusted_pem: str) -> dict[str, str]:
    """Write whom Home Assistant is to trust, and return the variable that names the file to it.

    It is Home Assistant's own way of trusting a company's authority: without the variable, it
    trusts those that come with it.
    """
    known = SYSTEM_BUNDLE.read_text("utf-8") if SYSTEM_BUNDLE.is_file() else ""
    file = folder / "authorities.pem"
    file.write_text(f"{known}\n{also_trusted_pem}", encoding="utf-8")
    return {"REQUESTS_CA_BUNDLE": str(file)}


def _install(target: Path, archive: Path | None) -> None:
    """Put the integration in: who edits it meanwhile gets the new one by a restart, not before."""
    shutil.rmtree(target, ignore_errors=True)
    if archive is not None:
        shutil.unpack_archive(archive, target)
        return
    source = REPOSITORY / "custom_components" / DOMAIN
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))


def _http(version: HassVersion, port: int) -> dict[str, Any]:
    """Return the stored settings of the HTTP server, as confirmed ones.

    `http:` in YAML would be taken for a trial and reverted after five minutes.
    """
    stable = {
        "server_host": [HOST],
        "server_port": port,
        "cors_allowed_origins": ["https://cast.home-assistant.io"],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": version.ssl_profile,
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    return {
        "version": version.http_storage_version,
        "minor_version": version.http_storage_minor_version,
        "data": {"stable": stable, "pending": None, "yaml_migration_done": True},
    }


def _write_stored(storage: Path, key: str, content: dict[str, Any]) -> None:
    text = json.dumps(content | {"key": key}, indent=2)
    (storage / key).write_text(text, encoding="utf-8")
