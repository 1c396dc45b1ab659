"""docs/getting-started.md calls buttons, menus and fields what they are called on the page."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from .documents import FENCE, text_of
from .source_code import INTEGRATION, REPOSITORY

ITALICS: Final = re.compile(r"(?<![*\w])\*([^*\s](?:[^*]*[^*\s])?)\*(?![*\w])")
# Home Assistant's own names: tests/e2e/test_first_update.py clicks on them, or pictures show them.
HOME_ASSISTANTS: Final = {
    *("Settings", "Devices & services", "Add integration", "flownexus OTA", "System", "Updates"),
    *("Submit", "Next", "Close", "Name and assign", "Skip and finish", "Configure"),
    *("Restart Home Assistant", "Quick reload", "Check for updates", "Device info"),
    *("Configuration", "Update available", "Update", "Up-to-date"),
}


def test_names_on_the_page_about_first_steps_are_those_of_the_forms() -> None:
    texts = REPOSITORY / INTEGRATION / "translations/en.json"
    ours = set(leaves(json.loads(texts.read_text(encoding="utf-8"))))
    steps, _, _ = text_of("docs/getting-started.md").partition("## What every client needs")
    named = set(names_in(FENCE.sub("", steps)))
    assert {"Add firmware", "Firmware base URL", "Skip and finish"} <= named
    assert named - HOME_ASSISTANTS - ours == set()


def names_in(text: str) -> Iterator[str]:
    for in_italics in ITALICS.findall(text):
        yield from re.split(r"\s+→\s+", " ".join(in_italics.split()))


def leaves(texts: Any) -> Iterator[str]:
    if isinstance(texts, str):
        yield texts
        return
    for each in texts.values():
        yield from leaves(each)
