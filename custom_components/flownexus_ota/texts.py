"""Our own texts where Home Assistant does not look them up itself: inside of other texts."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN


async def async_texts(hass: HomeAssistant, category: str, prefix: str) -> Mapping[str, str]:
    """Return the texts below `category.prefix`, in the language of Home Assistant, by key."""
    texts = await async_get_translations(hass, hass.config.language, category, {DOMAIN})
    start = f"component.{DOMAIN}.{category}.{prefix}."
    return {
        path.removeprefix(start): text for path, text in texts.items() if path.startswith(start)
    }


def literal(text: str) -> str:
    """Return a stranger's text as it can stand in Markdown, in one line, without any effect."""
    line = " ".join(text.split())
    return "".join(f"\\{each}" if each in "\\`*_{}[]()<>#+-.!|~&" else each for each in line)
