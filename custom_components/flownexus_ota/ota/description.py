"""What a sidecar and the image's own header say together: what it is, and whom it fits."""

from dataclasses import replace
from glob import escape

from .image import FirmwareImage, clean_file_name
from .image_header import ImageHeader
from .mcuboot_header import SignatureKind
from .sidecar import Sidecar, SidecarError, SidecarProblem
from .version import is_same_version


def described_image(
    sidecar: Sidecar, header: ImageHeader, *, sha256: str, size_bytes: int, file_name: str
) -> FirmwareImage:
    """Return the image that these bytes are; `file_name` is the image's own, as found.

    Raise `SidecarError` when the two contradict each other, or say too little together.
    """
    told = _completed(sidecar, header)
    if told.version is None:
        raise SidecarError(SidecarProblem.VERSION_MISSING)
    if not any((told.manufacturer, told.model, told.hardware_version, told.endpoint)):
        raise SidecarError(SidecarProblem.NO_PATTERN)
    if header.signature == SignatureKind.NONE and not told.allow_unsigned:
        raise SidecarError(SidecarProblem.UNSIGNED)
    return FirmwareImage(
        sha256=sha256,
        size_bytes=size_bytes,
        file_name=clean_file_name(file_name),
        version=told.version,
        reported_version=told.reported_version,
        title=told.title,
        manufacturer=told.manufacturer,
        model=told.model,
        hardware_version=told.hardware_version,
        endpoint=told.endpoint,
        min_installed_version=told.min_installed_version,
        max_installed_version=told.max_installed_version,
        channel=told.channel,
        release_notes=told.release_notes,
        release_url=told.release_url,
        severity=told.severity,
        kind=header.kind,
        security_counter=header.security_counter,
        signature=header.signature,
        is_padded=header.is_padded,
    )


def _completed(sidecar: Sidecar, header: ImageHeader) -> Sidecar:
    """Return the sidecar with what only the image says."""
    version, header_version = sidecar.version, header.version
    if version is None:
        sidecar = replace(sidecar, version=header_version)
    elif header_version is not None and not _is_same(version, header_version):
        raise SidecarError(
            SidecarProblem.VERSION_CONTRADICTION, version=version, header_version=header_version
        )
    name = header.project_name
    if name is None:
        return sidecar
    patterns = (sidecar.manufacturer, sidecar.model, sidecar.hardware_version, sidecar.endpoint)
    return replace(
        sidecar,
        title=name if sidecar.title is None else sidecar.title,
        model=escape(name) if not any(patterns) else sidecar.model,
    )


def _is_same(version: str, header_version: str) -> bool:
    """Tell whether two versions are the same; build number 0 is what no build number is."""
    return is_same_version(version, header_version) or is_same_version(
        version, f"{header_version}+0"
    )
