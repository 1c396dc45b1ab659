"""What the bytes of an image tell about it, whichever bootloader it is for."""

from collections.abc import Buffer
from dataclasses import dataclass
from typing import Final, assert_never

from .esp_image import EspHeader, is_esp, parse_esp
from .foreign_format import foreign_format
from .image_content import ImageContent
from .image_problem import ImageHeaderError, ImageKind, ImageProblem
from .mcuboot import is_mcuboot, parse_mcuboot
from .mcuboot_header import McubootHeader

__all__ = [
    "ImageHeader",
    "ImageHeaderError",
    "ImageKind",
    "ImageProblem",
    "inspect_image",
    "kind_of",
]

# Zephyr signs with this one unless it is told another (`CONFIG_MCUBOOT_IMGTOOL_SIGN_VERSION`).
_UNSET_VERSION: Final = "0.0.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageHeader:
    """What an image says about itself; `None` is "not said"."""

    kind: ImageKind
    version: str | None = None
    """MCUboot: `x.y.z` or `x.y.z+build`, but not 0.0.0, which nobody chose; ESP: any text."""
    project_name: str | None = None
    """ESP alone."""
    security_counter: int | None = None
    """A bootloader that minds it refuses images with a lower one than it has seen."""
    signature: str | None = None
    """MCUboot alone: a `SignatureKind`, `none` when it is not signed."""
    is_padded: bool = False
    """Whether it fills the slot with a trailer (`imgtool sign --pad`), as no update should."""
    mcuboot: McubootHeader | None = None
    """All the rest that MCUboot's header tells."""


def kind_of(beginning: Buffer) -> ImageKind:
    """Return what an image with this first KiB is; raise `ImageHeaderError` for no image."""
    with memoryview(beginning) as raw, raw.cast("B") as view:
        return _kind_of(ImageContent(view))


def inspect_image(content: Buffer) -> ImageHeader:
    """Return what the bytes tell; raise `ImageHeaderError`, and nothing else, for no image.

    Content is read in place and hashed without a copy: it may be a memory map. It is free to be
    closed afterwards.
    """
    with memoryview(content) as raw, raw.cast("B") as view:
        return _inspected(ImageContent(view))


def _kind_of(content: ImageContent) -> ImageKind:
    if content.size_bytes == 0:
        raise ImageHeaderError(ImageProblem.EMPTY)
    if is_mcuboot(content):
        return ImageKind.MCUBOOT
    if is_esp(content):
        return ImageKind.ESP
    if (problem := foreign_format(content)) is not None:
        raise ImageHeaderError(problem)
    return ImageKind.PLAIN


def _inspected(content: ImageContent) -> ImageHeader:
    match _kind_of(content):
        case ImageKind.MCUBOOT:
            return _of_mcuboot(parse_mcuboot(content))
        case ImageKind.ESP:
            return _of_esp(parse_esp(content))
        case ImageKind.PLAIN as kind:
            return ImageHeader(kind=kind)
        case kind:
            assert_never(kind)


def _of_mcuboot(header: McubootHeader) -> ImageHeader:
    return ImageHeader(
        kind=ImageKind.MCUBOOT,
        version=None if header.version == _UNSET_VERSION else header.version,
        security_counter=header.security_counter,
        signature=header.signature,
        is_padded=header.is_padded,
        mcuboot=header,
    )


def _of_esp(header: EspHeader) -> ImageHeader:
    return ImageHeader(
        kind=ImageKind.ESP,
        version=header.version,
        project_name=header.project_name,
        security_counter=header.security_counter,
    )
