"""What happens to updates, as sentences in Home Assistant's logbook."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN, EVENT_UPDATE
from .ota.happening import Happening
from .update_words import reason_text

NOT_WAITING: Final = {"waiting_reason": None}
"""What events that an older version has fired do not say."""

type Describer = Callable[[Event[dict[str, Any]]], dict[str, Any]]

# Home Assistant's logbook knows no translations for these.
SENTENCES: Final[Mapping[str, str]] = {
    Happening.QUEUED: "has an update {of_versions} waiting{what_for}",
    Happening.STARTED: "is being updated {of_versions}",
    Happening.DOWNLOADED: "has downloaded version {target}",
    Happening.INSTALLING: "installs version {target}",
    Happening.SUCCEEDED: "was updated {of_versions}{duration}",
    Happening.FAILED: "was not updated {of_versions}: {why}",
    Happening.CANCELLED: "is no longer being updated {of_versions}: {why}",
    Happening.ARRIVED_LATE: "runs version {target} after all, after its update had failed",
}


@callback
def async_describe_events(
    hass: HomeAssistant, async_describe_event: Callable[[str, str, Describer], None]
) -> None:
    """Say how our events read."""

    @callback
    def describe(event: Event[dict[str, Any]]) -> dict[str, Any]:
        data = event.data
        device = dr.async_get(hass).async_get(data.get(ATTR_DEVICE_ID) or "")
        name = None if device is None else device.name_by_user or device.name
        return {
            LOGBOOK_ENTRY_NAME: name or data["endpoint"],
            LOGBOOK_ENTRY_MESSAGE: sentence(data, reason_text(hass, NOT_WAITING | data)),
            LOGBOOK_ENTRY_ENTITY_ID: data.get(ATTR_ENTITY_ID),
        }

    async_describe_event(DOMAIN, EVENT_UPDATE, describe)


def sentence(data: Mapping[str, Any], why: str = "") -> str:
    """Return what an event says of its device, without the device's name before it.

    `why` are the words for why it ended, or for what it waits; without them, the key has to do.
    """
    target, before = data["target_version"], data["from_version"]
    seconds = data["duration_seconds"]
    # Of what the device reported itself, the result says more than that it did.
    key = data["result"] if data["reason"] == "device_reported" else data["reason"]
    words = why or str(key).replace("_", " ")
    return SENTENCES[data["type"]].format(
        target=target,
        of_versions=f"to {target}" if before is None else f"from {before} to {target}",
        duration="" if seconds is None else f" in {in_words(seconds)}",
        why=words[:1].lower() + words[1:],
        what_for=f" for {why[:1].lower()}{why[1:]}" if why else "",
    )


def in_words(seconds: int) -> str:
    """Return a duration as its two largest units, e.g. `2 min 10 s`; `0 s` for less than one."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    first = next((place for place, (number, _) in enumerate(parts) if number), len(parts) - 1)
    words = [f"{number} {unit}" for number, unit in parts[first : first + 2] if number]
    return " ".join(words) or "0 s"
