"""A certificate and key that a person keeps in files: whether a listener can use them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .pki import hosts_of, is_key_of, is_named

SIZE_LIMIT_BYTES: Final = 1024 * 1024
WARN_BEFORE_END: Final = timedelta(days=14)
"""Those who have theirs renewed by a program have it renewed earlier: 30 days is usual."""


class CertificateProblem(StrEnum):
    """What is wrong with a listener's certificate; each is a translation key."""

    UNREADABLE = "unreadable"
    """A file is missing, a folder, too large or not ours to read. Placeholders: file, error."""
    NO_CERTIFICATE = "no_certificate"
    """There is no certificate in PEM format in it. Placeholder: file."""
    NO_KEY = "no_key"
    """There is no private key in PEM format in it. Placeholder: file."""
    KEY_ENCRYPTED = "key_encrypted"
    """Nobody is there to type its password. Placeholder: file."""
    KEY_MISMATCH = "key_mismatch"
    """It is another certificate's. Placeholders: file, key_file."""
    UNUSABLE = "unusable"
    """TLS refuses it, as it does short keys. Placeholders: file, error."""
    EXPIRED = "expired"
    """Placeholders: file, date."""
    EXPIRES_SOON = "expires_soon"
    """Placeholders: file, date."""
    NOT_YET_VALID = "not_yet_valid"
    """Placeholders: file, date."""
    HOST_NOT_NAMED = "host_not_named"
    """Devices look for the server under a name that is not in it. Placeholders: file, hosts."""
    AUTHORITY_UNREADABLE = "authority_unreadable"
    """Our own authority is damaged or not ours to read. Placeholders: file, error."""
    AUTHORITY_EXPIRES_SOON = "authority_expires_soon"
    """Devices have to be given another one. Placeholders: file, date."""
    NOT_ISSUED = "not_issued"
    """We cannot issue one, or not write it. Placeholders: file, error."""

    @property
    def is_fatal(self) -> bool:
        """Whether there is no certificate to serve with, instead of a questionable one."""
        return self in _FATAL


_FATAL: Final = frozenset(
    {
        CertificateProblem.UNREADABLE,
        CertificateProblem.NO_CERTIFICATE,
        CertificateProblem.NO_KEY,
        CertificateProblem.KEY_ENCRYPTED,
        CertificateProblem.KEY_MISMATCH,
        CertificateProblem.UNUSABLE,
        CertificateProblem.AUTHORITY_UNREADABLE,
        CertificateProblem.NOT_ISSUED,
    }
)


class CertificateFileError(Exception):
    """Something is wrong with a listener's certificate."""

    def __init__(self, problem: CertificateProblem, **placeholders: str) -> None:
        """Keep which problem it is, and what a text about it has to name."""
        super().__init__(problem.value, placeholders)
        self.problem: Final = problem
        self.placeholders: Final[Mapping[str, str]] = placeholders


@dataclass(frozen=True, kw_only=True, slots=True)
class CertificateFiles:
    """Where a person keeps them; both may be in one file."""

    certificate: Path
    """The server's certificate, and below it those of its issuers, without the root."""
    key: Path


def read_certificate(files: CertificateFiles) -> x509.Certificate:
    """Return the server's certificate; blocking. Raise `CertificateFileError`."""
    certificate = _certificate(files.certificate)
    key = _key(files.key)
    if not is_key_of(key, certificate):
        raise CertificateFileError(
            CertificateProblem.KEY_MISMATCH, file=str(files.certificate), key_file=str(files.key)
        )
    return certificate


def shortcomings(
    certificate: x509.Certificate, file: Path, hosts: Collection[str], *, now: datetime
) -> Iterator[CertificateFileError]:
    """Yield what is wrong with a certificate that can be used, for devices that look closely."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < begin:
        yield dated_error(CertificateProblem.NOT_YET_VALID, file, begin)
    elif now > end:
        yield dated_error(CertificateProblem.EXPIRED, file, end)
    elif now > end - WARN_BEFORE_END:
        yield dated_error(CertificateProblem.EXPIRES_SOON, file, end)
    named = hosts_of(certificate)
    if missing := sorted(host for host in hosts if not is_named(host, named)):
        yield CertificateFileError(
            CertificateProblem.HOST_NOT_NAMED, file=str(file), hosts=", ".join(missing)
        )


def dated_error(problem: CertificateProblem, file: Path, at: datetime) -> CertificateFileError:
    """Return the error that names the day on which something ends or begins."""
    return CertificateFileError(problem, file=str(file), date=f"{at:%Y-%m-%d}")


def _certificate(file: Path) -> x509.Certificate:
    content = _content(file)
    try:
        certificate = x509.load_pem_x509_certificates(content)[0]
        # Both are read when they are asked for, and raise then if they cannot be.
        hosts_of(certificate)
        certificate.subject.rfc4514_string()
    except (ValueError, x509.InvalidVersion) as err:
        raise CertificateFileError(CertificateProblem.NO_CERTIFICATE, file=str(file)) from err
    return certificate


def _key(file: Path) -> PrivateKeyTypes:
    content = _content(file)
    try:
        return load_pem_private_key(content, None)
    except TypeError as err:
        raise CertificateFileError(CertificateProblem.KEY_ENCRYPTED, file=str(file)) from err
    except (ValueError, UnsupportedAlgorithm) as err:
        raise CertificateFileError(CertificateProblem.NO_KEY, file=str(file)) from err


def _content(file: Path) -> bytes:
    """Return what is in a file; a pipe, which would be waited for, is refused."""
    try:
        if file.exists() and not file.is_file():
            raise unreadable_error(file, "it is no file")
        with file.open("rb") as opened:
            content = opened.read(SIZE_LIMIT_BYTES + 1)
    except OSError as err:
        raise unreadable_error(file, err.strerror or str(err)) from err
    if len(content) > SIZE_LIMIT_BYTES:
        raise unreadable_error(file, f"more than {SIZE_LIMIT_BYTES} bytes")
    return content


def unreadable_error(file: Path, error: str) -> CertificateFileError:
    """Return the error that says why a file of a person's cannot be read."""
    return CertificateFileError(CertificateProblem.UNREADABLE, file=str(file), error=error)
