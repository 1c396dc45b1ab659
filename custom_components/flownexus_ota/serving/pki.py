"""The certificate authority that devices are made to trust, and what it issues for a listener.

Pure: nothing is read or written, and the time is an argument, in UTC.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .host_name import address_of

AUTHORITY_VALIDITY: Final = timedelta(days=20 * 365)
"""Longer than most devices live: nobody can be made to trust another one afterwards."""
CERTIFICATE_VALIDITY: Final = timedelta(days=397)
RENEW_BEFORE_END: Final = timedelta(days=30)
BACKDATED_BY: Final = timedelta(days=1)
"""How far the clock of a device may be behind ours."""
# RFC 5280, appendix A.1: ub-common-name and ub-organization-name.
MAX_NAME_LENGTH: Final = 64
_FINGERPRINT_CHARACTERS: Final = 8
_NO_USAGE: Final = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


class Due(StrEnum):
    """Why a certificate has to be issued anew."""

    EXPIRING = "expiring"
    NAMES_CHANGED = "names_changed"
    AUTHORITY_CHANGED = "authority_changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """A certificate with the private key that belongs to it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_authority(
    organisation: str, *, now: datetime, validity: timedelta = AUTHORITY_VALIDITY
) -> Identity:
    """Return a new authority, for server certificates alone, named after `organisation`.

    Its common name ends in the beginning of its key's fingerprint: two are never called the same.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    mark = key_id.digest.hex()[:_FINGERPRINT_CHARACTERS]
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, f"flownexus OTA CA {mark}")]
    if organisation := organisation.strip()[:MAX_NAME_LENGTH]:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    name = x509.Name(attributes)
    usage = x509.KeyUsage(**_NO_USAGE | {"key_cert_sign": True})
    certificate = (
        _builder(key, subject=name, issuer=name, begin=now - BACKDATED_BY, end=now + validity)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(key_id, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Identity(certificate=certificate, key=key)


def issue(
    authority: Identity,
    hosts: Iterable[str],
    *,
    now: datetime,
    validity: timedelta = CERTIFICATE_VALIDITY,
) -> Identity:
    """Return a certificate, with a key of its own, for a server that is known by `hosts`.

    Raises `ValueError` without a host. It does not outlive its authority.
    """
    names = sorted(set(hosts))
    if not names:
        raise ValueError("a server certificate needs a name")
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate
    certificate = (
        _builder(
            key,
            subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _common_name(names))]),
            issuer=issuer.subject,
            begin=now - BACKDATED_BY,
            end=min(now + validity, issuer.not_valid_after_utc),
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**_NO_USAGE | {"digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_general_names(names)), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key_id(issuer), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Identity(certificate=certificate, key=key)


def why_due(
    certificate: x509.Certificate,
    authority: x509.Certificate,
    hosts: Iterable[str],
    *,
    now: datetime,
    renew_before_end: timedelta = RENEW_BEFORE_END,
) -> Due | None:
    """Return why a certificate that an authority issued needs a successor, or `None`.

    One that ends with its authority is as long as any successor would be.
    """
    if not is_issued_by(certificate, authority):
        return Due.AUTHORITY_CHANGED
    if set(_names_of(certificate, x509.DNSName)) != set(hosts):
        return Due.NAMES_CHANGED
    end = certificate.not_valid_after_utc
    if now >= end - renew_before_end and end < authority.not_valid_after_utc:
        return Due.EXPIRING
    return None


def is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Tell whether the authority's key has signed the certificate."""
    try:
        certificate.verify_directly_issued_by(authority)
    except ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm:
        return False
    return True


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that a certificate is for, in order, each once.

    Raises `ValueError` when the extension with the names cannot be read.
    """
    found = _names_of(certificate, x509.DNSName) + _names_of(certificate, x509.IPAddress)
    return tuple(dict.fromkeys(found))


def is_named(host: str, certificate_hosts: Iterable[str]) -> bool:
    """Tell whether a certificate with these names is good for `host` (RFC 6125 §6.4).

    An asterisk stands for the whole first label of a name, and for nothing else.
    """
    allowed = set(certificate_hosts)
    if host in allowed:
        return True
    _, dot, parent = host.partition(".")
    return bool(dot) and address_of(host) is None and f"*.{parent}" in allowed


def certificate_pem(certificate: x509.Certificate) -> str:
    """Return a certificate as text."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def certificate_der(certificate: x509.Certificate) -> bytes:
    """Return a certificate as the bytes that are signed and hashed."""
    return certificate.public_bytes(Encoding.DER)


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate as people compare it: `AB:CD:…`."""
    return hashlib.sha256(certificate_der(certificate)).digest().hex(":").upper()


def identity_pem(identity: Identity) -> str:
    """Return certificate and private key in one text, so that they are never apart. A secret."""
    key = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate_pem(identity.certificate) + key.decode("ascii")


def parse_identity(text: str) -> Identity:
    """Return what `identity_pem` wrote; raise `ValueError` for anything else."""
    content = text.encode()
    try:
        certificate = x509.load_pem_x509_certificate(content)
        key = load_pem_private_key(content, None)
    except (TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as err:
        raise ValueError(str(err)) from err
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not is_key_of(key, certificate):
        raise ValueError("certificate and private key do not belong together")
    return Identity(certificate=certificate, key=key)


def is_key_of(key: PrivateKeyTypes, certificate: x509.Certificate) -> bool:
    """Tell whether a private key belongs to a certificate, whose own may be anything."""
    try:
        return key.public_key() == certificate.public_key()
    except ValueError, UnsupportedAlgorithm:
        return False


def _builder(
    key: ec.EllipticCurvePrivateKey,
    *,
    subject: x509.Name,
    issuer: x509.Name,
    begin: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _names_of(
    certificate: x509.Certificate, kind: type[x509.DNSName | x509.IPAddress]
) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as err:
        raise ValueError(str(err)) from err
    return tuple(str(each).lower() for each in names.get_values_for_type(kind))


def _common_name(hosts: Iterable[str]) -> str:
    """Return what people know the certificate by: a name rather than an address."""
    fitting = [host for host in hosts if len(host) <= MAX_NAME_LENGTH]
    return min(fitting, key=lambda host: address_of(host) is not None, default="flownexus OTA")


def _general_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    """Return names for the extension; an address is there as text too.

    Mbed TLS up to 3.4 compares host names alone, also with a URL's address (its issue 5082).
    """
    names: list[x509.GeneralName] = []
    for host in hosts:
        names.append(x509.DNSName(host))
        if (address := address_of(host)) is not None:
            names.append(x509.IPAddress(address))
    return names


def _authority_key_id(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    key_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)
