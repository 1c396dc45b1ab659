"""Authorities, certificates and files of them, as the tests of https need them."""

from base64 import b64decode, encodebytes
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from custom_components.flownexus_ota.serving.pki import Identity, identity_pem, make_authority

NOW: Final = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)


# In DER: P-256's object identifier, and version 3 (RFC 5280 §4.1), each with its tag and length.
CURVE: Final = bytes.fromhex("06082a8648ce3d030107")
UNKNOWN_CURVE: Final = bytes.fromhex("06082a8648ce3d030177")
VERSION: Final = bytes.fromhex("a003020102")
UNKNOWN_VERSION: Final = bytes.fromhex("a003020121")


def an_authority(*, now: datetime = NOW, validity: timedelta = 7300 * DAY) -> Identity:
    return make_authority("Home", now=now, validity=validity)


def tampered(pem: str, old: bytes, new: bytes) -> str:
    """Return PEM text whose first certificate has other bytes in it."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    before, _, rest = pem.partition(begin)
    body, _, after = rest.partition(end)
    der = b64decode(body)
    assert old in der
    changed = encodebytes(der.replace(old, new, 1)).decode("ascii")
    return f"{before}{begin}\n{changed}{end}{after}"


def write_identity(file: Path, identity: Identity) -> Path:
    file.write_text(identity_pem(identity), encoding="ascii")
    return file


def write_key(
    file: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, *, password: str = ""
) -> Path:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    return file


def write_rsa_pair(
    certificate: Path, key: Path, host: str, *, bits: int = 2048
) -> x509.Certificate:
    """Write a self-signed certificate that is good for 90 days, and its key."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 90 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    write_key(key, private)
    return made
