"""The integration's own certificate authority, and what it issues."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from custom_components.flownexus_ota.serving.pki import (
    Due,
    certificate_der,
    certificate_pem,
    fingerprint,
    hosts_of,
    identity_pem,
    is_issued_by,
    is_named,
    issue,
    make_authority,
    parse_identity,
    why_due,
)

from .pki_parts import DAY, NOW, an_authority

HOSTS = ("192.168.1.10", "fw.example.org", "2001:db8::1")


def test_an_authority_signs_certificates_and_no_other_authority() -> None:
    certificate = an_authority().certificate
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert (usage.critical, usage.value.key_cert_sign) == (True, True)
    assert not usage.value.digital_signature
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_an_authority_lasts_for_twenty_years() -> None:
    certificate = make_authority("Home", now=NOW).certificate
    assert certificate.not_valid_after_utc == NOW + 7300 * DAY
    assert certificate.not_valid_before_utc == NOW - DAY


def test_two_authorities_of_one_home_have_different_names() -> None:
    first, second = an_authority().certificate, an_authority().certificate
    homes = [each.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME) for each in (first,)]
    assert homes[0][0].value == "Home"
    assert first.subject != second.subject


@pytest.mark.parametrize("home", ["", "  ", "Ö" * 200])
def test_every_home_can_have_an_authority(home: str) -> None:
    certificate = make_authority(home, now=NOW).certificate
    assert is_issued_by(certificate, certificate)


def test_a_server_certificate_is_for_servers_and_names_all_its_hosts() -> None:
    authority = an_authority()
    certificate = issue(authority, HOSTS, now=NOW).certificate
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    own_id = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    issuer_id = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert sorted(hosts_of(certificate)) == sorted(HOSTS)
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == [
        "192.168.1.10",
        "2001:db8::1",
    ]
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert issuer_id.key_identifier == own_id.value.digest
    assert certificate.issuer == authority.certificate.subject
    assert is_issued_by(certificate, authority.certificate)


def test_an_address_is_named_as_text_too_for_old_mbed_tls() -> None:
    certificate = issue(an_authority(), ["192.168.1.10"], now=NOW).certificate
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["192.168.1.10"]


def test_a_server_certificate_lasts_for_397_days_and_allows_for_slow_clocks() -> None:
    certificate = issue(an_authority(), HOSTS, now=NOW).certificate
    assert certificate.not_valid_before_utc == NOW - DAY
    assert certificate.not_valid_after_utc == NOW + 397 * DAY


def test_a_server_certificate_does_not_outlive_its_authority() -> None:
    authority = an_authority(validity=100 * DAY)
    certificate = issue(authority, HOSTS, now=NOW).certificate
    assert certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_a_host_that_is_too_long_for_a_common_name_is_named_all_the_same() -> None:
    host = ".".join(["long"] * 20)
    assert hosts_of(issue(an_authority(), [host], now=NOW).certificate) == (host,)


def test_a_certificate_without_a_host_is_not_issued() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        issue(an_authority(), [], now=NOW)


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (timedelta(0), None),
        (366 * DAY, None),
        (367 * DAY, Due.EXPIRING),
        (400 * DAY, Due.EXPIRING),
    ],
)
def test_a_certificate_is_due_thirty_days_before_its_end(after: timedelta, due: Due | None) -> None:
    authority = an_authority()
    certificate = issue(authority, HOSTS, now=NOW).certificate
    assert why_due(certificate, authority.certificate, HOSTS, now=NOW + after) == due


def test_a_certificate_is_due_when_its_names_have_changed() -> None:
    authority = an_authority()
    certificate = issue(authority, HOSTS, now=NOW).certificate
    more = (*HOSTS, "new.example.org")
    assert why_due(certificate, authority.certificate, more, now=NOW) is Due.NAMES_CHANGED
    assert why_due(certificate, authority.certificate, HOSTS[1:], now=NOW) is Due.NAMES_CHANGED


def test_a_certificate_is_due_when_there_is_another_authority() -> None:
    certificate = issue(an_authority(), HOSTS, now=NOW).certificate
    other = an_authority().certificate
    assert why_due(certificate, other, HOSTS, now=NOW) is Due.AUTHORITY_CHANGED


def test_a_signature_by_a_namesake_does_not_count() -> None:
    authority = an_authority()
    impostor = replace(authority, key=ec.generate_private_key(ec.SECP256R1()))
    certificate = issue(impostor, HOSTS, now=NOW).certificate
    assert not is_issued_by(certificate, authority.certificate)


def test_a_certificate_that_ends_with_its_authority_is_not_issued_again_and_again() -> None:
    authority = an_authority(validity=20 * DAY)
    certificate = issue(authority, HOSTS, now=NOW).certificate
    assert why_due(certificate, authority.certificate, HOSTS, now=NOW + 19 * DAY) is None


def test_an_identity_is_written_and_read_again() -> None:
    identity = issue(an_authority(), HOSTS, now=NOW)
    read = parse_identity(identity_pem(identity))
    assert read.certificate == identity.certificate
    assert read.key.private_numbers() == identity.key.private_numbers()


def test_a_certificate_with_the_key_of_another_is_no_identity() -> None:
    first, second = an_authority(), an_authority()
    with pytest.raises(ValueError, match="do not belong together"):
        parse_identity(identity_pem(replace(first, key=second.key)))


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN CERTIFICATE-----\n"])
def test_nonsense_is_no_identity(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_identity(text)


def test_text_bytes_and_fingerprint_are_of_the_same_certificate() -> None:
    certificate = an_authority().certificate
    pem, der = certificate_pem(certificate), certificate_der(certificate)
    assert base64.b64decode("".join(pem.splitlines()[1:-1])) == der
    assert x509.load_der_x509_certificate(der) == certificate
    assert len(fingerprint(certificate).split(":")) == 32
    assert fingerprint(certificate) == fingerprint(certificate).upper()


@pytest.mark.parametrize(
    ("host", "named", "expected"),
    [
        ("fw.example.org", "fw.example.org", True),
        ("fw.example.org", "*.example.org", True),
        ("a.fw.example.org", "*.example.org", False),
        ("example.org", "*.example.org", False),
        ("org", "*.org", False),
        ("192.168.1.10", "*.168.1.10", False),
        ("192.168.1.10", "192.168.1.10", True),
    ],
)
def test_an_asterisk_stands_for_one_label(host: str, named: str, *, expected: bool) -> None:
    assert is_named(host, [named]) is expected


def test_a_certificate_without_the_extension_names_nobody() -> None:
    assert hosts_of(an_authority().certificate) == ()
