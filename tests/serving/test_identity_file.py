"""The authority and what it issues, on disk."""

import stat
from pathlib import Path

import pytest

from custom_components.flownexus_ota.serving.identity_file import (
    Renewal,
    authority_in,
    current_in,
    write_identity,
)
from custom_components.flownexus_ota.serving.pki import (
    Identity,
    certificate_pem,
    hosts_of,
    is_issued_by,
)

from .pki_parts import (
    CURVE,
    DAY,
    NOW,
    UNKNOWN_CURVE,
    UNKNOWN_VERSION,
    VERSION,
    an_authority,
    tampered,
    write_key,
)

HOSTS = ("fw.example.org",)


@pytest.fixture
def authority() -> Identity:
    return an_authority()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "identity.pem"


def test_an_authority_is_made_once(file: Path) -> None:
    made = authority_in(file, "Home", now=NOW)
    again = authority_in(file, "Home", now=NOW + 100 * DAY)
    assert again.certificate == made.certificate


def test_nobody_else_can_read_a_key(file: Path) -> None:
    authority_in(file, "Home", now=NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_an_authority_that_is_damaged_is_never_made_anew(file: Path) -> None:
    authority_in(file, "Home", now=NOW)
    text = file.read_text()
    file.write_text(text[:-100])
    with pytest.raises(ValueError, match=r".+"):
        authority_in(file, "Home", now=NOW)
    assert file.read_text() == text[:-100]


@pytest.mark.parametrize(
    ("old", "new"), [(CURVE, UNKNOWN_CURVE), (VERSION, UNKNOWN_VERSION)], ids=["curve", "version"]
)
def test_an_authority_of_a_kind_that_nobody_knows_is_damaged(
    file: Path, old: bytes, new: bytes
) -> None:
    authority_in(file, "Home", now=NOW)
    text = tampered(file.read_text(), old, new)
    file.write_text(text)
    with pytest.raises(ValueError, match=r".+"):
        authority_in(file, "Home", now=NOW)
    assert file.read_text() == text


def test_an_authority_whose_key_was_given_a_password_is_not_made_anew(file: Path) -> None:
    authority = authority_in(file, "Home", now=NOW)
    write_key(file, authority.key, password="secret")
    text = certificate_pem(authority.certificate) + file.read_text()
    file.write_text(text)
    with pytest.raises(ValueError, match=r"[Pp]assword"):
        authority_in(file, "Home", now=NOW)
    assert file.read_text() == text


def test_a_certificate_is_issued_once_and_stays(file: Path, authority: Identity) -> None:
    issued = current_in(file, authority, HOSTS, now=NOW)
    again = current_in(file, authority, HOSTS, now=NOW + 300 * DAY)
    assert hosts_of(issued.certificate) == HOSTS
    assert again.certificate == issued.certificate


def test_a_certificate_that_is_due_is_renewed(file: Path, authority: Identity) -> None:
    renewal = Renewal(validity=10 * DAY, before_end=3 * DAY)
    first = current_in(file, authority, HOSTS, now=NOW, renewal=renewal)
    kept = current_in(file, authority, HOSTS, now=NOW + 6 * DAY, renewal=renewal)
    second = current_in(file, authority, HOSTS, now=NOW + 7 * DAY, renewal=renewal)
    assert kept.certificate == first.certificate
    assert second.certificate.not_valid_after_utc == NOW + 17 * DAY
    assert second.certificate.public_key() != first.certificate.public_key()


def test_another_authority_makes_another_certificate(file: Path, authority: Identity) -> None:
    current_in(file, authority, HOSTS, now=NOW)
    other = an_authority()
    issued = current_in(file, other, HOSTS, now=NOW)
    assert is_issued_by(issued.certificate, other.certificate)


@pytest.mark.parametrize("old", [CURVE, VERSION], ids=["curve", "version"])
def test_a_certificate_of_a_kind_that_nobody_knows_is_replaced(
    file: Path, authority: Identity, old: bytes
) -> None:
    current_in(file, authority, HOSTS, now=NOW)
    file.write_text(tampered(file.read_text(), old, old[:-1] + b"\x21"))
    issued = current_in(file, authority, HOSTS, now=NOW)
    assert is_issued_by(issued.certificate, authority.certificate)


def test_a_damaged_certificate_is_replaced(file: Path, authority: Identity) -> None:
    file.write_bytes(b"\xff")
    issued = current_in(file, authority, HOSTS, now=NOW)
    assert current_in(file, authority, HOSTS, now=NOW).certificate == issued.certificate


def test_a_certificate_without_a_host_is_not_written(file: Path, authority: Identity) -> None:
    with pytest.raises(ValueError, match="needs a name"):
        current_in(file, authority, (), now=NOW)
    assert not file.exists()


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path, authority: Identity) -> None:
    (tmp_path / "identity.pem.part").mkdir()
    file = tmp_path / "identity.pem"
    file.write_text("as it was")
    with pytest.raises(OSError, match=r"directory|permitted"):
        write_identity(file, authority)
    assert file.read_text() == "as it was"
