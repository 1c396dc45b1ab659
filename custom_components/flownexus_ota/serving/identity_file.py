"""Certificates with their keys on disk: readable by us alone, and never half written. Blocking."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from ..storage.incoming_file import IncomingFile, sync_folder
from .pki import (
    CERTIFICATE_VALIDITY,
    RENEW_BEFORE_END,
    Identity,
    identity_pem,
    issue,
    make_authority,
    parse_identity,
    why_due,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """When a certificate is issued anew, and for how long it is good then."""

    validity: timedelta = CERTIFICATE_VALIDITY
    before_end: timedelta = RENEW_BEFORE_END


DEFAULT_RENEWAL: Final = Renewal()

# Several servers share one authority, and may be the first to need it at the same moment.
_ONE_AT_A_TIME: Final = Lock()


def authority_in(file: Path, organisation: str, *, now: datetime) -> Identity:
    """Return the authority in a file, made and written there if there is no file.

    Raises `OSError`, and `ValueError` for a file that holds none: devices may trust the one that it
    held, and nobody but a person can tell whether there is a copy.
    """
    with _ONE_AT_A_TIME:
        try:
            return parse_identity(file.read_text(encoding="ascii"))
        except FileNotFoundError:
            authority = make_authority(organisation, now=now)
            write_identity(file, authority)
            return authority


def current_in(
    file: Path,
    authority: Identity,
    hosts: Collection[str],
    *,
    now: datetime,
    renewal: Renewal = DEFAULT_RENEWAL,
) -> Identity:
    """Return a server's identity that is good for `hosts`: the one in a file, or its successor.

    The successor is written there. Raises `OSError`, and `ValueError` without a host.
    """
    try:
        identity = parse_identity(file.read_text(encoding="ascii"))
        due = why_due(
            identity.certificate,
            authority.certificate,
            hosts,
            now=now,
            renew_before_end=renewal.before_end,
        )
        if due is None:
            return identity
    except FileNotFoundError, ValueError:
        pass  # one that is lost or damaged is as good as one that is due
    identity = issue(authority, hosts, now=now, validity=renewal.validity)
    write_identity(file, identity)
    return identity


def write_identity(file: Path, identity: Identity) -> None:
    """Write certificate and key, or leave what was there; raise `OSError`."""
    incoming = IncomingFile(file.with_name(f"{file.name}.part"), is_private=True)
    try:
        incoming.write(identity_pem(identity).encode("ascii"))
        incoming.finish()
        incoming.path.replace(file)
    finally:
        incoming.close()
    sync_folder(file.parent)
