"""MCUboot images as MCUboot's own `imgtool` makes them, and a few as only a hand can."""

import hashlib
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from click.testing import CliRunner
from imgtool.image import Image, VerifyResult
from imgtool.keys import load
from imgtool.main import imgtool

KEY_TYPES: Final = ("ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072")
BODY: Final = bytes(range(256)) * 8
HEADER_SIZE_BYTES: Final = 0x200


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """A pair of keys, as imgtool writes them."""

    private_pem: bytes
    public_pem: bytes


def run_imgtool(*arguments: object) -> None:
    """Run imgtool's command line, and fail with what it says."""
    result = CliRunner().invoke(imgtool, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output


@cache
def signing_key(kind: str, number: int = 1) -> SigningKey:
    """Return the `number`th key of a kind, always the same one."""
    with TemporaryDirectory() as folder:
        private, public = Path(folder) / f"private{number}.pem", Path(folder) / "public.pem"
        run_imgtool("keygen", "--type", kind, "--key", private)
        run_imgtool("getpub", "--key", private, "--encoding", "pem", "--output", public)
        return SigningKey(private_pem=private.read_bytes(), public_pem=public.read_bytes())


@cache
def mcuboot_image(
    *options: str,
    key: SigningKey | None = None,
    version: str = "1.4.2+7",
    body: bytes = BODY,
) -> bytes:
    """Return what `imgtool sign` makes of a body."""
    with TemporaryDirectory() as folder:
        plain, image, pem = (Path(folder) / name for name in ("plain.bin", "image.bin", "key.pem"))
        plain.write_bytes(body)
        pem.write_bytes(b"" if key is None else key.private_pem)
        signing = () if key is None else ("--key", pem)
        sizes = ("--header-size", HEADER_SIZE_BYTES, "--pad-header", "--slot-size", 0x8000)
        run_imgtool("sign", *signing, *sizes, "--version", version, *options, plain, image)
        return image.read_bytes()


def digest_by_imgtool(content: bytes, key: SigningKey | None) -> bytes:
    """Return the hash of an image that imgtool finds in order."""
    with TemporaryDirectory() as folder:
        image, pem = Path(folder) / "image.bin", Path(folder) / "key.pem"
        image.write_bytes(content)
        pem.write_bytes(b"" if key is None else key.private_pem)
        found: tuple[Any, ...] = Image.verify(str(image), None if key is None else load(str(pem)))
    assert found[0] is VerifyResult.OK
    digest: bytes = found[2]
    return digest


def record(kind: int, value: bytes) -> bytes:
    """Return one type, length, value of layout 2."""
    return struct.pack("<HH", kind, len(value)) + value


def area(magic: int, *records: bytes) -> bytes:
    """Return an area of records."""
    content = b"".join(records)
    return struct.pack("<HH", magic, 4 + len(content)) + content


def hand_made(
    *records: bytes,
    protected: bytes = b"",
    protected_size: int | None = None,
    header_size: int = 32,
    body: bytes = b"body",
    flags: int = 0,
    hash_name: str | None = "sha256",
) -> bytes:
    """Return an image of layout 2 with any records; the hash comes first."""
    size = len(protected) if protected_size is None else protected_size
    header = struct.pack(
        "<IIHHIIBBHII", 0x96F3B83D, 0, header_size, size, len(body), flags, 1, 4, 2, 0, 0
    )
    hashed = header.ljust(header_size, b"\0") + body + protected
    numbers = {"sha256": 0x10, "sha384": 0x11, "sha512": 0x12}
    hashes = (
        ()
        if hash_name is None
        else (record(numbers[hash_name], hashlib.new(hash_name, hashed).digest()),)
    )
    return hashed + area(0x6907, *hashes, *records)


def image_of_layout_1(
    *signatures: tuple[int, bytes],
    flags: int = 0x2,
    digest: bytes | None = None,
    missing_bytes: int = 0,
) -> bytes:
    """Return an image as Mynewt's newt made them before 2017."""

    def one(kind: int, value: bytes) -> bytes:
        return struct.pack("<BxH", kind, len(value)) + value

    behind = b"".join(one(*signature) for signature in signatures)
    size = len(behind) + 36 - missing_bytes
    header = struct.pack("<IHBxHxxIIBBHI4x", 0x96F3B83C, size, 3, 32, len(BODY), flags, 0, 9, 1, 12)
    right = hashlib.sha256(header + BODY).digest()
    return header + BODY + one(1, right if digest is None else digest) + behind
