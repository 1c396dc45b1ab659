"""One image per version and aim, whatever it comes from."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ..ota.image import STABLE_CHANNEL, FirmwareImage
from ..ota.version import normal_version
from .problem import FolderProblem, Problem, shown_name


def unambiguous(
    images: Mapping[str, FirmwareImage], problems: list[Problem]
) -> Iterator[FirmwareImage]:
    """Yield one image per version and aim; note where files contradict each other."""
    rivals: defaultdict[tuple[str | None, ...], list[str]] = defaultdict(list)
    for name, image in images.items():
        rivals[aim_of(image)].append(name)
    for names in rivals.values():
        first = images[names[0]]
        others = [name for name in names if images[name].sha256 != first.sha256]
        if not others:
            yield first
            continue
        for name in names:
            other = names[0] if name in others else others[0]
            placeholders = {"version": images[name].version, "other": shown_name(other)}
            key = FolderProblem.DUPLICATE_VERSION
            problems.append(Problem(file_name=shown_name(name), key=key, placeholders=placeholders))


def aim_of(image: FirmwareImage) -> tuple[str | None, ...]:
    """Return the version, and all that decides which devices get it."""
    patterns = (image.manufacturer, image.model, image.hardware_version, image.endpoint)
    return (
        normal_version(image.version),
        *(pattern and pattern.lower() for pattern in patterns),
        image.min_installed_version,
        image.max_installed_version,
        (image.channel or STABLE_CHANNEL).lower(),
    )
