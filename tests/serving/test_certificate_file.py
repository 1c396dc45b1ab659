"""What is said of a certificate and a key that a person keeps in files."""

import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from custom_components.flownexus_ota.serving.certificate_file import (
    SIZE_LIMIT_BYTES,
    CertificateFileError,
    CertificateFiles,
    CertificateProblem,
    read_certificate,
    shortcomings,
)
from custom_components.flownexus_ota.serving.pki import Identity, certificate_pem, issue

from .pki_parts import (
    CURVE,
    DAY,
    NOW,
    UNKNOWN_CURVE,
    UNKNOWN_VERSION,
    VERSION,
    an_authority,
    tampered,
    write_identity,
    write_key,
    write_rsa_pair,
)

HOST = "fw.example.org"


@pytest.fixture
def identity() -> Identity:
    return issue(an_authority(), [HOST], now=NOW)


@pytest.fixture
def files(tmp_path: Path, identity: Identity) -> CertificateFiles:
    (tmp_path / "fullchain.pem").write_text(certificate_pem(identity.certificate))
    key = write_key(tmp_path / "privkey.pem", identity.key)
    return CertificateFiles(certificate=tmp_path / "fullchain.pem", key=key)


def refused(files: CertificateFiles) -> CertificateFileError:
    with pytest.raises(CertificateFileError) as raised:
        read_certificate(files)
    return raised.value


def told(
    certificate: x509.Certificate, *hosts: str, days: float = 0
) -> dict[CertificateProblem, dict[str, str]]:
    found = shortcomings(certificate, Path("f.pem"), hosts, now=NOW + days * DAY)
    return {each.problem: dict(each.placeholders) for each in found}


def test_two_good_files_are_taken(files: CertificateFiles, identity: Identity) -> None:
    assert read_certificate(files) == identity.certificate


def test_one_file_may_hold_both(tmp_path: Path, identity: Identity) -> None:
    file = write_identity(tmp_path / "both.pem", identity)
    assert read_certificate(CertificateFiles(certificate=file, key=file)) == identity.certificate


def test_of_a_chain_the_first_is_the_servers(files: CertificateFiles, identity: Identity) -> None:
    with files.certificate.open("a") as file:
        file.write(certificate_pem(an_authority().certificate))
    assert read_certificate(files) == identity.certificate


def test_an_rsa_key_is_as_good(tmp_path: Path) -> None:
    files = CertificateFiles(certificate=tmp_path / "c.pem", key=tmp_path / "k.pem")
    made = write_rsa_pair(files.certificate, files.key, HOST)
    assert read_certificate(files) == made


def test_a_missing_file_is_named(files: CertificateFiles) -> None:
    files.key.unlink()
    err = refused(files)
    assert err.problem is CertificateProblem.UNREADABLE
    assert err.placeholders == {"file": str(files.key), "error": "No such file or directory"}


def test_a_folder_is_no_certificate(files: CertificateFiles) -> None:
    files.certificate.unlink()
    files.certificate.mkdir()
    assert refused(files).placeholders["error"] == "it is no file"


def test_a_pipe_is_not_waited_for(files: CertificateFiles) -> None:
    files.certificate.unlink()
    os.mkfifo(files.certificate)
    assert refused(files).placeholders["error"] == "it is no file"


def test_a_huge_file_is_not_read_to_its_end(files: CertificateFiles) -> None:
    os.truncate(files.certificate, SIZE_LIMIT_BYTES + 1)
    err = refused(files)
    assert err.problem is CertificateProblem.UNREADABLE
    assert err.placeholders["error"] == "more than 1048576 bytes"


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_certificate_is_refused(files: CertificateFiles, content: bytes) -> None:
    files.certificate.write_bytes(content)
    err = refused(files)
    assert err.problem is CertificateProblem.NO_CERTIFICATE
    assert err.placeholders == {"file": str(files.certificate)}


@pytest.mark.parametrize("names", [b"\x30\x82", b"\x30\x02\xa3\x00"], ids=["cut off", "X.400"])
def test_a_certificate_whose_names_cannot_be_read_is_refused(
    files: CertificateFiles, identity: Identity, names: bytes
) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    broken = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(identity.key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .add_extension(broken, critical=False)
        .sign(identity.key, hashes.SHA256())
    )
    files.certificate.write_bytes(certificate.public_bytes(Encoding.PEM))
    assert refused(files).problem is CertificateProblem.NO_CERTIFICATE


def test_what_is_no_key_is_refused(files: CertificateFiles) -> None:
    files.key.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    err = refused(files)
    assert (err.problem, err.placeholders["file"]) == (CertificateProblem.NO_KEY, str(files.key))


def test_a_key_with_a_password_is_refused(files: CertificateFiles, identity: Identity) -> None:
    write_key(files.key, identity.key, password="secret")
    err = refused(files)
    assert err.problem is CertificateProblem.KEY_ENCRYPTED
    assert "secret" not in str(err)


def test_a_key_of_another_certificate_is_refused(files: CertificateFiles) -> None:
    write_key(files.key, ec.generate_private_key(ec.SECP256R1()))
    err = refused(files)
    assert err.problem is CertificateProblem.KEY_MISMATCH
    assert err.placeholders == {"file": str(files.certificate), "key_file": str(files.key)}


def test_a_certificate_of_a_kind_that_nobody_knows_has_another_key(files: CertificateFiles) -> None:
    files.certificate.write_text(tampered(files.certificate.read_text(), CURVE, UNKNOWN_CURVE))
    assert refused(files).problem is CertificateProblem.KEY_MISMATCH


@pytest.mark.parametrize(
    ("old", "new"),
    [(VERSION, UNKNOWN_VERSION), (b"\x0c\x0efw.", b"\x0c\x0e\xff\xff.")],
    ids=["version", "subject"],
)
def test_a_certificate_with_a_part_that_makes_no_sense_is_refused(
    files: CertificateFiles, old: bytes, new: bytes
) -> None:
    files.certificate.write_text(tampered(files.certificate.read_text(), old, new))
    assert refused(files).problem is CertificateProblem.NO_CERTIFICATE


def test_a_good_certificate_has_no_shortcomings(identity: Identity) -> None:
    assert told(identity.certificate, HOST) == {}


@pytest.mark.parametrize(
    ("days", "problem", "date"),
    [
        (-2, CertificateProblem.NOT_YET_VALID, "2026-11-25"),
        (384, CertificateProblem.EXPIRES_SOON, "2027-12-28"),
        (398, CertificateProblem.EXPIRED, "2027-12-28"),
    ],
)
def test_a_certificate_outside_of_its_time_is_told_with_the_date(
    identity: Identity, days: int, problem: CertificateProblem, date: str
) -> None:
    found = told(identity.certificate, HOST, days=days)
    assert found == {problem: {"file": "f.pem", "date": date}}


def test_hosts_that_are_not_named_are_told(identity: Identity) -> None:
    found = told(identity.certificate, "192.168.1.10", HOST, "other.example")
    assert found == {
        CertificateProblem.HOST_NOT_NAMED: {
            "file": "f.pem",
            "hosts": "192.168.1.10, other.example",
        }
    }
