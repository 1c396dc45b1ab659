"""What a listener shows to devices: a person's certificate, or one that we issue and renew."""

import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, final

from cryptography import x509

from .certificate_file import (
    CertificateFileError,
    CertificateFiles,
    CertificateProblem,
    dated_error,
    read_certificate,
    shortcomings,
)
from .identity_file import DEFAULT_RENEWAL, Renewal, authority_in, current_in
from .pki import Identity
from .tls import ListenerTls

WARN_BEFORE_END_OF_AUTHORITY: Final = timedelta(days=2 * 365)
"""Every device has to be given the next one while it still trusts this one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityFiles:
    """Where our own authority is, which all servers share, and what it issued for one of them."""

    authority: Path
    server: Path
    organisation: str
    """Whose authority it is, if it has to be made."""

    def read_authority(self, *, now: datetime) -> Identity:
        """Return the authority, made if there is none; blocking. Raise `CertificateFileError`."""
        return _telling(
            CertificateProblem.AUTHORITY_UNREADABLE,
            self.authority,
            lambda: authority_in(self.authority, self.organisation, now=now),
        )


@final
class ListenerCertificate:
    """Supplies `tls` with a certificate, now and whenever it is asked to look again."""

    def __init__(self, files: IdentityFiles, *, renewal: Renewal = DEFAULT_RENEWAL) -> None:
        """Supply nothing yet."""
        self.tls: Final = ListenerTls()
        self.certificate: x509.Certificate | None = None
        """What new connections are shown."""
        self.anchor: x509.Certificate | None = None
        """What a client trusts that accepts it: our authority, or a person's very certificate."""
        self.problems: tuple[CertificateFileError, ...] = ()
        """What was wrong at the last look, the worst alone if it was fatal."""
        self._files: Final = files
        self._renewal: Final = renewal

    def refresh(
        self, own: CertificateFiles | None, hosts: Collection[str], *, now: datetime
    ) -> None:
        """Look whether there is a new certificate, or there has to be one; blocking.

        `own` are a person's files, `hosts` what devices look for. A problem that is fatal leaves
        what new connections are shown as it was.
        """
        try:
            if own is None:
                self.problems = self._issued(hosts, now)
            else:
                self.problems = self._kept_by_a_person(own, hosts, now)
        except CertificateFileError as err:
            self.problems = (err,)

    def _issued(self, hosts: Collection[str], now: datetime) -> tuple[CertificateFileError, ...]:
        authority = self._files.read_authority(now=now)
        server = self._files.server
        identity = _telling(
            CertificateProblem.NOT_ISSUED,
            server,
            lambda: current_in(server, authority, hosts, now=now, renewal=self._renewal),
        )
        self._show(identity.certificate, server, server)
        self.anchor = authority.certificate
        end = authority.certificate.not_valid_after_utc
        if now < end - WARN_BEFORE_END_OF_AUTHORITY:
            return ()
        problem = CertificateProblem.AUTHORITY_EXPIRES_SOON
        return (dated_error(problem, self._files.authority, end),)

    def _kept_by_a_person(
        self, own: CertificateFiles, hosts: Collection[str], now: datetime
    ) -> tuple[CertificateFileError, ...]:
        certificate = read_certificate(own)
        self._show(certificate, own.certificate, own.key)
        self.anchor = certificate
        return tuple(shortcomings(certificate, own.certificate, hosts, now=now))

    def _show(self, certificate: x509.Certificate, file: Path, key_file: Path) -> None:
        """Load the files, also those that are loaded: an issuer's certificate may be a new one."""
        try:
            self.tls.load(file, key_file)
        except OSError as err:
            raise CertificateFileError(
                CertificateProblem.UNUSABLE, file=str(file), error=_text_of(err)
            ) from err
        self.certificate = certificate


def _telling[T](problem: CertificateProblem, file: Path, act: Callable[[], T]) -> T:
    """Return what `act` returns; what it raises is `problem` with `file`."""
    try:
        return act()
    except (OSError, ValueError) as err:
        raise CertificateFileError(problem, file=str(file), error=_text_of(err)) from err


def _text_of(err: OSError | ValueError) -> str:
    if isinstance(err, ssl.SSLError):
        return err.reason or str(err)
    return getattr(err, "strerror", None) or str(err)
