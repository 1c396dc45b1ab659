"""What the bytes of an image tell about it, whichever bootloader it is for."""

from collections.abc import Buffer
from dataclasses import dataclass

from .esp_image import parse_esp
from .foreign_format import foreign_format
from .image_content import ImageContent
from .image_problem import ImageHeaderError, ImageKind, ImageProblem
from .mcuboot import McubootHeader, parse_mcuboot

__all__ = ["ImageHeader", "ImageHeaderError", "ImageKind", "ImageProblem", "inspect_image"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageHeader:
    """What an image says about itself; `None` is "not said"."""

    kind: ImageKind
    version: str | None = None
    """MCUboot: `x.y.z` or `x.y.z+build`; ESP: any text."""
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


def inspect_image(content: Buffer) -> ImageHeader:
    """Return what the bytes tell; raise `ImageHeaderError`, and nothing else, for no image.

    Content is read in place and hashed without a copy: it may be a memory map. It is free to be
    closed afterwards.
    """
    with memoryview(content) as raw, raw.cast("B") as view:
        return _inspected(ImageContent(view))


def _inspected(content: ImageContent) -> ImageHeader:
    if content.size_bytes == 0:
        raise ImageHeaderError(ImageProblem.EMPTY)
    if (mcuboot := parse_mcuboot(content)) is not None:
        return ImageHeader(
            kind=ImageKind.MCUBOOT,
            version=mcuboot.version,
            security_counter=mcuboot.security_counter,
            signature=mcuboot.signature,
            is_padded=mcuboot.is_padded,
            mcuboot=mcuboot,
        )
    if (esp := parse_esp(content)) is not None:
        return ImageHeader(
            kind=ImageKind.ESP,
            version=esp.version,
            project_name=esp.project_name,
            security_counter=esp.security_counter,
        )
    if (problem := foreign_format(content)) is not None:
        raise ImageHeaderError(problem)
    return ImageHeader(kind=ImageKind.PLAIN)
