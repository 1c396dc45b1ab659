import hashlib
import itertools

import pytest

from custom_components.flownexus_ota.ota.image_header import (
    ImageHeaderError,
    ImageKind,
    ImageProblem,
    inspect_image,
)
from custom_components.flownexus_ota.ota.mcuboot_header import (
    Dependency,
    HashKind,
    McubootFlag,
    McubootHeader,
    SignatureKind,
)

from .mcuboot_images import (
    BODY,
    HEADER_SIZE_BYTES,
    KEY_TYPES,
    area,
    digest_by_imgtool,
    hand_made,
    image_of_layout_1,
    mcuboot_image,
    record,
    signing_key,
)

SECURITY_COUNTER = record(0x50, b"\x09\0\0\0")
HASHES = {"ecdsa-p384": HashKind.SHA384}


def header_of(content: bytes) -> McubootHeader:
    header = inspect_image(content).mcuboot
    assert header is not None
    return header


def refusal(content: bytes) -> tuple[ImageProblem, dict[str, str]]:
    with pytest.raises(ImageHeaderError) as caught:
        inspect_image(content)
    return caught.value.problem, dict(caught.value.placeholders)


@pytest.mark.parametrize("kind", KEY_TYPES)
def test_an_image_is_read_as_imgtool_signed_it(kind: str) -> None:
    key = signing_key(kind)
    content = mcuboot_image("--security-counter", "9", key=key)

    header = inspect_image(content)
    details = header_of(content)

    assert header.kind is ImageKind.MCUBOOT
    assert header.version == details.version == "1.4.2+7"
    assert header.signature == details.signature == kind
    assert header.security_counter == 9
    assert not header.is_padded
    assert details.layout == 2
    assert details.hash_kind is HASHES.get(kind, HashKind.SHA256)
    assert details.is_hash_verified
    assert details.digest == digest_by_imgtool(content, key)
    assert details.hashed_size_bytes == HEADER_SIZE_BYTES + len(BODY) + 4 + 8
    assert len(details.key_hashes) == len(details.signatures) == 1


def test_an_image_without_a_signature_says_so() -> None:
    content = mcuboot_image(version="2.0.1")

    header = inspect_image(content)

    assert header.version == "2.0.1"
    assert header.signature == "none"
    assert header.security_counter is None
    assert header_of(content).digest == digest_by_imgtool(content, None)


def test_the_first_bytes_are_those_that_are_documented() -> None:
    content = mcuboot_image("--security-counter", "9", body=bytes(20_000))
    documented = "3db8f396000000000002 0c00 204e0000 00000000 01 04 0200 07000000 00000000"

    assert content[:32] == bytes.fromhex(documented)
    assert inspect_image(content).version == "1.4.2+7"


def test_the_highest_numbers_of_a_version_are_read() -> None:
    content = mcuboot_image(version="255.255.65535+4294967295")
    assert inspect_image(content).version == "255.255.65535+4294967295"


def test_what_an_image_depends_on_is_read() -> None:
    content = mcuboot_image("--dependencies", "(1, 1.2.3+4), (2, 0.9.0)")
    assert header_of(content).dependencies == (
        Dependency(image_id=1, version="1.2.3+4"),
        Dependency(image_id=2, version="0.9.0"),
    )


@pytest.mark.parametrize(
    "options", [("--pad",), ("--pad", "--confirm"), ("--pad", "--max-align=16")]
)
def test_an_image_that_fills_its_slot_is_known_by_its_trailer(options: tuple[str, ...]) -> None:
    assert inspect_image(mcuboot_image(*options)).is_padded


def test_other_bytes_behind_an_image_are_no_trailer() -> None:
    assert not inspect_image(mcuboot_image() + bytes(64)).is_padded


def test_flags_are_read() -> None:
    content = mcuboot_image("--non-bootable", "--rom-fixed", "0x1000")
    assert header_of(content).flags == McubootFlag.NON_BOOTABLE | McubootFlag.ROM_FIXED


def test_a_signature_over_the_bytes_themselves_is_known() -> None:
    header = header_of(mcuboot_image("--pure", key=signing_key("ed25519")))
    assert header.is_signature_pure
    assert header.hash_kind is HashKind.SHA512


def test_an_image_signed_over_its_bytes_needs_no_hash() -> None:
    header = header_of(hand_made(record(0x25, b"\x01"), record(0x24, bytes(64)), hash_name=None))
    assert header.hash_kind is None
    assert header.digest == b""
    assert not header.is_hash_verified
    assert header.signature is SignatureKind.ED25519


@pytest.mark.parametrize("key_type", ["ecdsa-p256", "x25519", "rsa-2048"])
def test_an_encrypted_image_has_a_hash_that_only_the_device_can_check(
    key_type: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    public = tmp_path_factory.mktemp("key") / "public.pem"
    public.write_bytes(signing_key(key_type).public_pem)
    content = mcuboot_image("--encrypt", str(public), key=signing_key("ed25519"))

    header = header_of(content)

    assert header.is_encrypted
    assert not header.is_hash_verified


def test_the_flag_alone_makes_no_encrypted_image() -> None:
    content = bytearray(mcuboot_image(key=signing_key("ecdsa-p256")))
    content[16] |= McubootFlag.ENCRYPTED_AES128
    assert refusal(bytes(content)) == (ImageProblem.DAMAGED, {"hash": "sha256"})


def test_a_signature_of_an_old_curve_is_known() -> None:
    content = hand_made(record(0x21, bytes(56)))
    assert inspect_image(content).signature == "ecdsa-p224"


def test_of_several_signatures_the_first_is_shown() -> None:
    header = header_of(hand_made(record(0x22, bytes(70)), record(0x24, bytes(64))))
    assert header.signature is SignatureKind.ECDSA_P256
    assert len(header.signatures) == 2


def test_unknown_records_are_passed_over() -> None:
    content = hand_made(record(0xA0, b"vendor"), protected=area(0x6908, record(0x74, bytes(16))))
    assert header_of(content).version == "1.4.2"


def test_a_counter_that_is_not_protected_does_not_count() -> None:
    assert inspect_image(hand_made(SECURITY_COUNTER)).security_counter is None
    protected = area(0x6908, SECURITY_COUNTER)
    assert inspect_image(hand_made(protected=protected)).security_counter == 9


def test_an_image_of_before_2017_is_read() -> None:
    content = image_of_layout_1((4, b"signature"), flags=0x22)

    header = header_of(content)

    assert header.layout == 1
    assert header.version == "0.9.1+12"
    assert header.signature is SignatureKind.ECDSA_P256
    assert header.is_hash_verified
    assert header.hashed_size_bytes == 32 + len(BODY)
    assert header.digest == hashlib.sha256(content[: 32 + len(BODY)]).digest()


@pytest.mark.parametrize(
    ("number", "flags", "kind"),
    [
        (2, 0x42, SignatureKind.RSA_2048),
        (2, 0x06, SignatureKind.RSA_2048_PKCS1),
        (3, 0x0A, SignatureKind.ECDSA_P224),
        (77, 0x02, SignatureKind.NONE),
    ],
)
def test_the_signatures_of_before_2017_are_told_apart(
    number: int, flags: int, kind: SignatureKind
) -> None:
    assert header_of(image_of_layout_1((number, b"s"), flags=flags)).signature is kind


def test_an_old_image_with_other_bytes_is_damaged() -> None:
    content = image_of_layout_1(digest=bytes(32))
    assert refusal(content) == (ImageProblem.DAMAGED, {"hash": "sha256"})


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_an_image_with_one_other_byte_is_damaged(name: str) -> None:
    content = bytearray(hand_made(hash_name=name))
    content[33] ^= 1
    assert refusal(bytes(content)) == (ImageProblem.DAMAGED, {"hash": name})


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (hand_made(header_size=31), "header size"),
        (hand_made(protected=area(0x6908), protected_size=5), "protected TLV area"),
        (hand_made(protected=area(0x6907), protected_size=4), "TLV area"),
        (hand_made()[:-40] + b"\x07\x69\x03\x00" + bytes(36), "TLV area"),
        (hand_made()[:-40] + bytes(40), "TLV area"),
        (hand_made()[:-40] + area(0x6907, b"\x10\x00"), "TLV"),
        (hand_made()[:-40] + area(0x6907, b"\x10\x00\x20\x00"), "TLV"),
        (hand_made(record(0x10, bytes(32))), "hash"),
        (hand_made(record(0x10, bytes(31)), hash_name=None), "hash"),
        (hand_made(protected=area(0x6908, record(0x50, b"\x09"))), "security counter"),
        (hand_made(protected=area(0x6908, record(0x40, b"\x09"))), "dependency"),
        (image_of_layout_1(digest=bytes(31), missing_bytes=1), "hash"),
        (image_of_layout_1(missing_bytes=1), "TLV"),
        (image_of_layout_1((1, bytes(32))), "hash"),
    ],
    ids=itertools.count(),
)
def test_what_contradicts_itself_is_refused_with_its_place(content: bytes, part: str) -> None:
    assert refusal(content) == (ImageProblem.MALFORMED, {"part": part})


@pytest.mark.parametrize(
    "content",
    [hand_made(hash_name=None), image_of_layout_1()[:4] + b"\0\0" + image_of_layout_1()[6:]],
    ids=["layout 2", "layout 1"],
)
def test_an_image_that_nobody_can_check_is_refused(content: bytes) -> None:
    assert refusal(content) == (ImageProblem.NO_HASH, {})


@pytest.mark.parametrize(
    "content", [mcuboot_image(), image_of_layout_1()], ids=["layout 2", "layout 1"]
)
@pytest.mark.parametrize("kept_bytes", [4, 31, 32, 1000])
def test_a_part_of_an_image_says_how_much_is_missing(content: bytes, kept_bytes: int) -> None:
    problem, placeholders = refusal(content[:kept_bytes])
    assert problem is ImageProblem.TRUNCATED
    assert placeholders["size_bytes"] == str(kept_bytes)
    assert int(placeholders["needed_bytes"]) > kept_bytes
