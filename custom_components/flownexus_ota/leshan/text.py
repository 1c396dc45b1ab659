"""Text that comes from devices and servers, made fit to be shown and stored."""

import re
import unicodedata
from typing import Final

from .jsontext import Json

_ADDRESS: Final = re.compile(r"https?://[^\s\"'<>\\]*", re.IGNORECASE)

# OMA registry: the strings of objects 3 and 5 that have a range end at 255.
MAX_SHOWN_CHARS: Final = 255


def shown(text: str) -> str:
    """Return `text` without control, format and surrogate characters, at most 255 characters."""
    # The cut comes first too, so that a megabyte costs nothing.
    text = text[: 4 * MAX_SHOWN_CHARS]
    if not text.isprintable():
        text = "".join(each for each in text if _is_shown(each))
    return text[:MAX_SHOWN_CHARS]


def _is_shown(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def shown_raw(value: Json) -> str:
    """Return a JSON value nobody has a type for as a text to be shown."""
    if isinstance(value, str):
        return shown(value)
    try:
        return shown(repr(value))
    except RecursionError:
        return "nested too deeply"


def shown_without_addresses(text: str) -> str:
    """Return a server's text to be shown or logged: a package URI in it would tell its token."""
    return shown(_ADDRESS.sub("<address>", text[: 8 * MAX_SHOWN_CHARS]))
