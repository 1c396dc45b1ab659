"""What the pages about firmware tell, as Markdown to be put into their texts."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant

from .firmware import Fitting, async_fitting
from .issues import CATALOGUE_ISSUE_PREFIX
from .ota.image import FirmwareImage
from .ota.image_problem import ImageKind
from .ota.mcuboot_header import SignatureKind
from .shared import Shared
from .sources.problem import Problem
from .texts import async_texts, literal

NAMES_SHOWN: Final = 10
NOTHING: Final = "–"


async def async_fitting_words(
    hass: HomeAssistant, image: FirmwareImage, fitting: Fitting
) -> dict[str, str]:
    """Return how many devices an image fits, the first of them, and why it fits no others."""
    reasons = await async_texts(hass, "selector", "misfit.options")
    misfits = [f"* {count} × {reasons[key]}" for key, count in fitting.misfits.items()]
    texts = await async_texts(hass, "selector", "firmware_list.options")
    told = "\n\n".join((texts["misfits"], "\n".join(misfits)))
    more = ["…"] if len(fitting.names) > NAMES_SHOWN else []
    names = [*map(literal, fitting.names[:NAMES_SHOWN]), *more]
    return {
        "version": literal(image.version),
        "size": size_in_words(image.size_bytes),
        "header": await _async_header_words(hass, image),
        "sha256": image.sha256,
        "count": str(len(fitting.names)),
        "total": str(fitting.device_count),
        "names": ", ".join(names) or NOTHING,
        "misfits": told if misfits else texts["all_fit" if fitting.names else "no_devices"],
    }


async def async_listing_words(hass: HomeAssistant, shared: Shared) -> dict[str, str]:
    """Return a table's rows of the images that are used, and what there is to say of the others."""
    catalogue = shared.keeper.catalogue
    names = shared.keeper.names()
    kinds = await async_texts(hass, "selector", "image_kind.options")
    words = await async_texts(hass, "selector", "image_header.options")
    rows = [
        _row(
            names.get(image.sha256, image.file_name),
            image,
            ", ".join(_told_by_itself(image, kinds, words)),
            await async_fitting(hass, image),
        )
        for image in (() if catalogue is None else catalogue.images)
    ]
    problems = [
        f"* **{literal(problem.file_name)}**: {await async_problem_words(hass, problem)}"
        for problem in shared.keeper.problems
    ]
    texts = await async_texts(hass, "selector", "firmware_list.options")
    empty = "|".join([f" {NOTHING} "] * 5)
    unused = "\n\n".join((texts["unused"], "\n".join(problems), texts["unused_advice"]))
    return {
        "images": "\n".join(rows) or f"|{empty}|",
        "problems": unused if problems else texts["all_used" if rows else "none"],
    }


async def async_problem_words(hass: HomeAssistant, problem: Problem) -> str:
    """Return why a file of the folder is not used, as its repair issue says it."""
    texts = await async_texts(hass, "issues", f"{CATALOGUE_ISSUE_PREFIX}{problem.key}")
    told = texts["fix_flow.step.confirm.description"]
    return told.format(**problem.placeholders, file=problem.file_name)


def size_in_words(size_bytes: int) -> str:
    """Return a size as people read it: 245 kB, 1.2 MB."""
    if size_bytes < 1_000_000:
        return f"{max(1, round(size_bytes / 1000))} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


async def _async_header_words(hass: HomeAssistant, image: FirmwareImage) -> str:
    """Return paragraphs of what an image tells of itself, and what to mind of it; blank for none.

    They begin with the blank line that parts them from what is before.
    """
    if image.kind is ImageKind.PLAIN:
        return ""
    kinds = await async_texts(hass, "selector", "image_kind.options")
    words = await async_texts(hass, "selector", "image_header.options")
    told = ", ".join(_told_by_itself(image, kinds, words))
    return f"\n\n{told}" + (f"\n\n{words['padded_advice']}" if image.is_padded else "")


def _told_by_itself(
    image: FirmwareImage, kinds: Mapping[str, str], words: Mapping[str, str]
) -> list[str]:
    """Return what an image's header tells besides the version."""
    told = [kinds[image.kind]]
    if image.signature is not None:
        is_signed = image.signature != SignatureKind.NONE
        told.append(image.signature if is_signed else words["unsigned"])
    if image.security_counter is not None:
        told.append(words["security_counter"].format(counter=image.security_counter))
    if image.is_padded:
        told.append(words["padded"])
    return told


def _row(name: str, image: FirmwareImage, kind: str, fitting: Fitting) -> str:
    cells = (
        literal(name),
        literal(image.version),
        kind,
        size_in_words(image.size_bytes),
        f"{len(fitting.names)} / {fitting.device_count}",
    )
    return f"| {' | '.join(cells)} |"
