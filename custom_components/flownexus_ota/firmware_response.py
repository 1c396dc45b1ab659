"""What the actions answer about firmware, as data for scripts and people."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util.json import JsonObjectType, JsonValueType

from .devices import device_of
from .firmware import async_fitting, refusal_for, unoffered_for
from .firmware_words import async_problem_words
from .ota.image import FirmwareImage
from .shared import Shared
from .targets import Target
from .texts import async_texts

_ASIDE: Final = ("file_name", "origin")
"""The file's name in the folder stands in its place; where else bytes can be had is no answer."""


def image_answer(file_name: str, image: FirmwareImage) -> JsonObjectType:
    """Return an image as the actions answer it: what is known of it, by the sidecar's names."""
    known = {each.name: getattr(image, each.name) for each in fields(image)}
    told = {name: value for name, value in known.items() if name not in _ASIDE}
    return {"file_name": file_name, **told}


async def async_listing(
    hass: HomeAssistant, shared: Shared, devices: Sequence[Target] | None
) -> JsonObjectType:
    """Return the images that are used, with how each stands to the devices, and the other files.

    Without devices, all that there are are counted.
    """
    catalogue = shared.keeper.catalogue
    names = {sha256: name for name, sha256 in shared.keeper.scan.digests.items()}
    words = await async_texts(hass, "selector", "misfit.options")
    images: list[JsonValueType] = []
    for image in () if catalogue is None else catalogue.images:
        answer = image_answer(names.get(image.sha256, image.file_name), image)
        # One of an index or a repository has no file that could be removed.
        answer["is_in_folder"] = image.sha256 in names
        if devices is None:
            fitting = await async_fitting(hass, image)
            answer["fits_count"] = len(fitting.names)
            answer["device_count"] = fitting.device_count
        else:
            answer["devices"] = [_standing(hass, image, each, words) for each in devices]
        images.append(answer)
    unused: list[JsonValueType] = [
        {
            "file_name": problem.file_name,
            "problem": problem.key,
            "message": await async_problem_words(hass, problem),
        }
        for problem in shared.keeper.problems
    ]
    return {"images": images, "unused": unused}


def _standing(
    hass: HomeAssistant, image: FirmwareImage, target: Target, words: Mapping[str, str]
) -> JsonObjectType:
    """Return whether an image fits a device, and why it is not offered to it if it is not."""
    runtime, endpoint = target
    device = device_of(hass, runtime.entry, endpoint)
    misfit = refusal_for(runtime, image, endpoint)
    reason: str | None = misfit or unoffered_for(runtime, image, endpoint)
    return {
        "device_id": None if device is None else device.id,
        "endpoint": endpoint,
        "fits": misfit is None,
        "is_offered": reason is None,
        "reason": reason,
        "message": None if reason is None else words[reason],
    }
