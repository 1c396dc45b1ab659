"""Which certificate devices are shown, and what is said of it."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.certificate_file import (
    CertificateFiles,
    CertificateProblem,
)
from custom_components.flownexus_ota.serving.identity_file import Renewal
from custom_components.flownexus_ota.serving.listener_certificate import (
    IdentityFiles,
    ListenerCertificate,
)
from custom_components.flownexus_ota.serving.pki import certificate_pem, hosts_of, is_issued_by

from .pki_parts import DAY, NOW, an_authority, write_identity, write_rsa_pair

HOSTS = ("fw.example.org",)
MONTH = Renewal(validity=30 * DAY, before_end=10 * DAY)


@pytest.fixture
def files(tmp_path: Path) -> IdentityFiles:
    return IdentityFiles(
        authority=tmp_path / "ca.pem", server=tmp_path / "server.pem", organisation="Home"
    )


@pytest.fixture
def own(tmp_path: Path) -> CertificateFiles:
    files = CertificateFiles(certificate=tmp_path / "own.crt", key=tmp_path / "own.key")
    write_rsa_pair(files.certificate, files.key, HOSTS[0])
    return files


@pytest.fixture
def shown(files: IdentityFiles) -> ListenerCertificate:
    return ListenerCertificate(files, renewal=MONTH)


def kinds(shown: ListenerCertificate) -> list[CertificateProblem]:
    return [each.problem for each in shown.problems]


def test_without_files_of_ones_own_a_certificate_is_issued(
    shown: ListenerCertificate, files: IdentityFiles
) -> None:
    shown.refresh(None, HOSTS, now=NOW)
    authority = files.read_authority(now=NOW)
    assert shown.certificate is not None
    assert is_issued_by(shown.certificate, authority.certificate)
    assert hosts_of(shown.certificate) == HOSTS
    assert shown.tls.is_loaded
    assert kinds(shown) == []


def test_it_is_renewed_in_time_and_for_new_hosts(shown: ListenerCertificate) -> None:
    shown.refresh(None, HOSTS, now=NOW)
    first = shown.certificate
    shown.refresh(None, HOSTS, now=NOW + 19 * DAY)
    assert shown.certificate == first
    shown.refresh(None, HOSTS, now=NOW + 20 * DAY)
    second = shown.certificate
    assert second is not None
    assert second.not_valid_after_utc == NOW + 50 * DAY
    shown.refresh(None, (*HOSTS, "192.168.1.10"), now=NOW + 20 * DAY)
    assert shown.certificate is not None
    assert sorted(hosts_of(shown.certificate)) == ["192.168.1.10", "fw.example.org"]


def test_another_start_shows_the_same_certificate(files: IdentityFiles) -> None:
    before, after = ListenerCertificate(files), ListenerCertificate(files)
    before.refresh(None, HOSTS, now=NOW)
    after.refresh(None, HOSTS, now=NOW + DAY)
    assert after.certificate == before.certificate


def test_a_damaged_authority_is_told_and_left_alone(
    shown: ListenerCertificate, files: IdentityFiles
) -> None:
    files.authority.write_text("damaged")
    shown.refresh(None, HOSTS, now=NOW)
    assert kinds(shown) == [CertificateProblem.AUTHORITY_UNREADABLE]
    assert shown.problems[0].placeholders["file"] == str(files.authority)
    assert not shown.tls.is_loaded
    assert files.authority.read_text() == "damaged"


def test_a_certificate_that_cannot_be_written_leaves_the_one_before(
    shown: ListenerCertificate, files: IdentityFiles
) -> None:
    shown.refresh(None, HOSTS, now=NOW)
    first = shown.certificate
    files.server.with_name("server.pem.part").mkdir()
    shown.refresh(None, HOSTS, now=NOW + 20 * DAY)
    assert kinds(shown) == [CertificateProblem.NOT_ISSUED]
    assert shown.problems[0].placeholders["file"] == str(files.server)
    assert shown.certificate == first
    assert shown.tls.is_loaded


def test_an_authority_that_ends_is_told_two_years_before(
    shown: ListenerCertificate, files: IdentityFiles
) -> None:
    write_identity(files.authority, an_authority(validity=1000 * DAY))
    shown.refresh(None, HOSTS, now=NOW + 269 * DAY)
    assert kinds(shown) == []
    shown.refresh(None, HOSTS, now=NOW + 271 * DAY)
    assert kinds(shown) == [CertificateProblem.AUTHORITY_EXPIRES_SOON]
    assert shown.problems[0].placeholders["date"] == "2029-08-22"
    assert not shown.problems[0].problem.is_fatal


def test_files_of_ones_own_are_shown_instead(
    shown: ListenerCertificate, own: CertificateFiles, files: IdentityFiles
) -> None:
    shown.refresh(own, HOSTS, now=datetime.now().astimezone())
    assert shown.certificate is not None
    assert certificate_pem(shown.certificate) == own.certificate.read_text()
    assert kinds(shown) == []
    assert not files.authority.exists()


def test_files_that_a_program_renews_are_taken_up(
    shown: ListenerCertificate, own: CertificateFiles
) -> None:
    now = datetime.now().astimezone()
    shown.refresh(own, HOSTS, now=now)
    renewed = write_rsa_pair(own.certificate, own.key, HOSTS[0])
    shown.refresh(own, HOSTS, now=now)
    assert shown.certificate == renewed


def test_files_that_are_half_written_leave_the_certificate_before(
    shown: ListenerCertificate, own: CertificateFiles
) -> None:
    now = datetime.now().astimezone()
    shown.refresh(own, HOSTS, now=now)
    first = shown.certificate
    own.key.write_text("")
    shown.refresh(own, HOSTS, now=now)
    assert kinds(shown) == [CertificateProblem.NO_KEY]
    assert shown.problems[0].problem.is_fatal
    assert shown.certificate == first
    assert shown.tls.is_loaded


def test_a_key_that_tls_refuses_is_told_with_its_reason(
    shown: ListenerCertificate, own: CertificateFiles
) -> None:
    write_rsa_pair(own.certificate, own.key, HOSTS[0], bits=1024)
    shown.refresh(own, HOSTS, now=datetime.now().astimezone())
    assert kinds(shown) == [CertificateProblem.UNUSABLE]
    assert shown.problems[0].placeholders == {
        "file": str(own.certificate),
        "error": "EE_KEY_TOO_SMALL",
    }
    assert not shown.tls.is_loaded


def test_a_certificate_that_is_questionable_is_shown_all_the_same(
    shown: ListenerCertificate, own: CertificateFiles
) -> None:
    shown.refresh(own, ["other.example.org"], now=datetime.now().astimezone() + timedelta(days=91))
    assert kinds(shown) == [CertificateProblem.EXPIRED, CertificateProblem.HOST_NOT_NAMED]
    assert shown.tls.is_loaded
