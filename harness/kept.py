"""The folder of a demo that is kept: begun anew, or gone on with at the same addresses."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from harness.ports import free_tcp_port, is_free_tcp_port
from harness.waiting import StageError

_FILE: Final = "ports.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """Where the pages listen; Home Assistant remembers Leshan's, so that it has to stay."""

    hass: int
    leshan: int


def claim_ports(folder: Path, wanted_hass_port: int = 0) -> Ports:
    """Return the ports of an earlier run in `folder`, else free ones, and remember them there.

    Raises StageError: a port is taken, or the folder holds something that is not ours.
    """
    known = _read(folder)
    ports = Ports(
        hass=wanted_hass_port or (known.hass if known else free_tcp_port()),
        leshan=known.leshan if known else free_tcp_port(),
    )
    for port in (ports.hass, ports.leshan):
        if not is_free_tcp_port(port):
            raise StageError(f"port {port} of this machine is taken, or not ours to listen on")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _FILE).write_text(json.dumps(asdict(ports)), encoding="utf-8")
    return ports


def _read(folder: Path) -> Ports | None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    try:
        return Ports(**json.loads((folder / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as err:
        raise StageError(
            f"{folder} is neither new nor empty nor of an earlier demo; name another folder"
        ) from err
