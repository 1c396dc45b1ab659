"""Text of devices within texts that Home Assistant renders as Markdown, as it does in repairs."""

from typing import Final

MAX_CHARS: Final = 255

# Not escaped: the same placeholder stands in titles, which are rendered as they are.
_SUBSTITUTES: Final = str.maketrans(
    {
        "[": "(",
        "]": ")",
        "<": "(",
        ">": ")",
        "`": "'",
        "*": "·",
        "|": "/",
        "~": "-",
        "\\": "/",
    }
)


def plain(text: str) -> str:
    """Return `text` so that it makes no link, picture, HTML or line of its own, and is short."""
    printable = "".join(each if each.isprintable() else " " for each in text[:MAX_CHARS])
    return printable.translate(_SUBSTITUTES).replace("://", ": //")[:MAX_CHARS]
