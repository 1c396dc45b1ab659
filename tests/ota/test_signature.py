import itertools
import struct
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given, strategies as st

from custom_components.flownexus_ota.ota.image_header import inspect_image
from custom_components.flownexus_ota.ota.signature import (
    KEYS_LENGTH_LIMIT,
    PublicKeyError,
    PublicKeyProblem,
    is_signed_by,
    parse_public_keys,
)

from .esp_images import esp_image
from .mcuboot_images import (
    KEY_TYPES,
    SigningKey,
    hand_made,
    image_of_layout_1,
    mcuboot_image,
    record,
    signing_key,
)

ECDSA, RSA_2048, ED25519 = (signing_key(kind) for kind in ("ecdsa-p256", "rsa-2048", "ed25519"))


def pem(*keys: SigningKey) -> str:
    return "".join(key.public_pem.decode() for key in keys)


def a_pem_of(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | x25519.X25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def is_signed(content: bytes, *keys: SigningKey) -> bool:
    return is_signed_by(content, inspect_image(content), parse_public_keys(pem(*keys)))


def refusal(text: str) -> tuple[PublicKeyProblem, dict[str, str]]:
    with pytest.raises(PublicKeyError) as caught:
        parse_public_keys(text)
    return caught.value.problem, dict(caught.value.placeholders)


@pytest.mark.parametrize("kind", KEY_TYPES)
def test_an_image_is_signed_by_the_key_that_imgtool_signed_it_with(kind: str) -> None:
    content = mcuboot_image("--security-counter", "9", key=signing_key(kind))
    assert is_signed(content, signing_key(kind))
    assert is_signed(content, *map(signing_key, KEY_TYPES))


@pytest.mark.parametrize("kind", KEY_TYPES)
def test_an_image_is_not_signed_by_another_key_of_the_kind(kind: str) -> None:
    content = mcuboot_image(key=signing_key(kind))
    assert not is_signed(content, signing_key(kind, 2))
    assert is_signed(content, signing_key(kind, 2), signing_key(kind))


def test_an_image_is_not_signed_by_a_key_of_another_kind() -> None:
    assert not is_signed(mcuboot_image(key=ECDSA), RSA_2048, ED25519)
    assert not is_signed(mcuboot_image(key=ECDSA))


@pytest.mark.parametrize("kind", KEY_TYPES)
def test_a_signature_with_another_byte_is_none(kind: str) -> None:
    content = bytearray(mcuboot_image(key=signing_key(kind)))
    content[-20] ^= 1
    assert not is_signed(bytes(content), signing_key(kind))


@pytest.mark.parametrize(
    ("kind", "number"), [("ecdsa-p256", 0x22), ("ed25519", 0x24), ("rsa-2048", 0x20)]
)
def test_a_signature_of_another_image_is_none(kind: str, number: int) -> None:
    signed = inspect_image(mcuboot_image(key=signing_key(kind))).mcuboot
    assert signed is not None
    grafted = hand_made(record(number, signed.signatures[0].value))

    assert inspect_image(grafted).signature == kind
    assert not is_signed(grafted, signing_key(kind))


def test_an_image_whose_signature_was_stripped_is_not_signed() -> None:
    assert not is_signed(mcuboot_image(), ECDSA, RSA_2048, ED25519)


@pytest.mark.parametrize("content", [esp_image(), b"plain"], ids=["esp", "plain"])
def test_only_mcuboot_images_are_signed(content: bytes) -> None:
    assert not is_signed(content, ECDSA)


def test_a_padded_signature_is_one() -> None:
    signed = [is_signed(padded_image(number), ECDSA) for number in range(8)]
    assert signed == [True] * 8


def padded_image(number: int) -> bytes:
    return mcuboot_image("--pad-sig", key=ECDSA, version=f"1.0.{number}")


def test_a_signature_over_the_bytes_themselves_is_one() -> None:
    content = mcuboot_image("--pure", "--security-counter", "9", key=ED25519)
    assert is_signed(content, ED25519)
    assert not is_signed(content, signing_key("ed25519", 2))


def test_a_signature_over_the_bytes_guards_an_image_without_a_hash() -> None:
    private = load_pem_private_key(ED25519.private_pem, None)
    assert isinstance(private, ed25519.Ed25519PrivateKey)
    hashed = hand_made(hash_name=None)[:-4]
    records = (record(0x25, b"\x01"), record(0x24, private.sign(hashed)))
    content = bytearray(hand_made(*records, hash_name=None))

    assert is_signed(bytes(content), ED25519)
    content[33] ^= 1
    assert not is_signed(bytes(content), ED25519)


def test_only_one_kind_of_key_signs_the_bytes_themselves() -> None:
    content = hand_made(record(0x25, b"\x01"), record(0x22, bytes(70)))
    assert not is_signed(content, ECDSA)


@pytest.fixture
def encryption_key(tmp_path: Path) -> str:
    path = tmp_path / "public.pem"
    path.write_bytes(signing_key("x25519").public_pem)
    return str(path)


@pytest.mark.parametrize("options", [(), ("--pure",)])
def test_nobody_can_tell_who_signed_an_encrypted_image(
    options: tuple[str, ...], encryption_key: str
) -> None:
    content = mcuboot_image("--encrypt", encryption_key, *options, key=ED25519)
    assert inspect_image(content).signature == "ed25519"
    assert not is_signed(content, ED25519)


def test_an_image_that_is_encrypted_on_the_device_only_is_signed(encryption_key: str) -> None:
    content = mcuboot_image("--encrypt", encryption_key, "--clear", key=ED25519)
    assert is_signed(content, ED25519)


def test_a_hash_of_another_length_may_be_signed() -> None:
    private = load_pem_private_key(ECDSA.private_pem, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    header = inspect_image(hand_made(hash_name="sha512")).mcuboot
    assert header is not None
    signature = private.sign(header.digest, ec.ECDSA(Prehashed(SHA512())))
    content = hand_made(record(0x22, signature), hash_name="sha512")

    assert is_signed(content, ECDSA)


def test_images_of_before_2017_are_signed_too() -> None:
    private = load_pem_private_key(RSA_2048.private_pem, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    header = inspect_image(image_of_layout_1((2, bytes(256)), flags=0x42)).mcuboot
    assert header is not None
    padding = PSS(mgf=MGF1(SHA256()), salt_length=32)
    signature = private.sign(header.digest, padding, Prehashed(SHA256()))

    assert is_signed(image_of_layout_1((2, signature), flags=0x42), RSA_2048)


@given(number=st.sampled_from([0x20, 0x22, 0x23, 0x24]), signature=st.binary(max_size=400))
def test_no_signature_breaks_the_check(number: int, signature: bytes) -> None:
    keys = [signing_key(kind) for kind in KEY_TYPES]
    assert not is_signed(hand_made(record(number, signature)), *keys)
    assert not is_signed(hand_made(record(number, signature), hash_name="sha384"), *keys)


def test_keys_are_read_each_once_with_their_comments() -> None:
    text = f"production\n{pem(ECDSA)}\r\n old one:\n{pem(RSA_2048, ED25519, ECDSA)}\n"
    keys = parse_public_keys(text.replace("\n", "\r\n"))
    assert [key.kind for key in keys] == ["ecdsa-p256", "rsa-2048", "ed25519"]
    assert all(len(key.fingerprint) == 64 for key in keys)


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_text_holds_no_keys(text: str) -> None:
    assert parse_public_keys(text) == ()


def test_a_key_shows_nothing_of_itself_but_its_fingerprint() -> None:
    (key,) = parse_public_keys(pem(ECDSA))
    assert repr(key) == f"PublicKey(kind={key.kind!r}, fingerprint={key.fingerprint!r})"


def unknown_kind() -> str:
    """Return a key whose algorithm has a number that nobody uses."""
    algorithm = bytes.fromhex("3006 0604 2a030405")
    content = algorithm + bytes.fromhex("0302 00 00")
    der = struct.pack("BB", 0x30, len(content)) + content
    return block("PUBLIC KEY", der)


def block(label: str, der: bytes) -> str:
    return f"-----BEGIN {label}-----\n{b64encode(der).decode()}\n-----END {label}-----\n"


@pytest.mark.parametrize(
    ("text", "problem", "placeholders"),
    [
        ("my key", PublicKeyProblem.NOT_PEM, {}),
        (pem(ECDSA)[:-5], PublicKeyProblem.NOT_PEM, {}),
        (pem(ECDSA) + pem(ECDSA)[:-5], PublicKeyProblem.NOT_PEM, {}),
        ("x" * (KEYS_LENGTH_LIMIT + 1), PublicKeyProblem.TOO_LONG, {"limit": "65536"}),
        (ECDSA.private_pem.decode(), PublicKeyProblem.PRIVATE_KEY, {}),
        (pem(ECDSA) + ED25519.private_pem.decode(), PublicKeyProblem.PRIVATE_KEY, {}),
        (block("CERTIFICATE", b"x"), PublicKeyProblem.WRONG_BLOCK, {"block": "CERTIFICATE"}),
        (block("PUBLIC KEY", b"x"), PublicKeyProblem.UNREADABLE, {}),
        (block("PUBLIC KEY", b""), PublicKeyProblem.UNREADABLE, {}),
        (unknown_kind(), PublicKeyProblem.UNSUPPORTED_KIND, {}),
        (
            a_pem_of(ec.generate_private_key(ec.SECP256K1()).public_key()),
            PublicKeyProblem.UNSUPPORTED_CURVE,
            {"curve": "secp256k1"},
        ),
        (
            a_pem_of(rsa.generate_private_key(65537, 2560).public_key()),
            PublicKeyProblem.UNSUPPORTED_SIZE,
            {"bits": "2560"},
        ),
        (
            a_pem_of(x25519.X25519PrivateKey.generate().public_key()),
            PublicKeyProblem.UNSUPPORTED_KIND,
            {},
        ),
    ],
    ids=itertools.count(),
)
def test_what_is_no_public_key_for_images_is_refused(
    text: str, problem: PublicKeyProblem, placeholders: dict[str, str]
) -> None:
    assert refusal(text) == (problem, placeholders)


@given(st.text(alphabet="-BEGINPUBLICKEYND \nA=x", max_size=200))
def test_no_text_breaks_the_reading_of_keys(text: str) -> None:
    assert outcome(text) in {(), PublicKeyProblem.NOT_PEM, PublicKeyProblem.UNREADABLE}


def outcome(text: str) -> object:
    try:
        return parse_public_keys(text)
    except PublicKeyError as err:
        return err.problem
