"""The project's Markdown files, in the parts that tests look at."""

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from .source_code import REPOSITORY

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)|\bsrc=\"([^\"]+)\"")
PICTURE = re.compile(r"<img ([^>]+)>")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")


def documents() -> list[Path]:
    """Return every Markdown file that people are led to; recordings are as they were taken."""
    return sorted((*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")))


def text_of(name: str) -> str:
    """Return a document of the repository."""
    return (REPOSITORY / name).read_text(encoding="utf-8")


def blocks(document: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return [text for found, text in FENCE.findall(document) if found == language]


def links(document: str) -> Iterator[str]:
    """Yield what links and images point to, outside of code."""
    for in_brackets, source in LINK.findall(FENCE.sub("", document)):
        yield in_brackets or source


def pictures(document: str) -> list[dict[str, str]]:
    """Return the attributes of each picture."""
    return [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in PICTURE.findall(document)]


def anchors(document: str) -> set[str]:
    """Return the fragments by which GitHub knows the headings."""
    titles = HEADING.findall(FENCE.sub("", document))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def tables(document: str) -> dict[str, list[list[str]]]:
    """Return the rows of each table by its head, as `first column | second column | …`."""
    found: dict[str, list[list[str]]] = {}
    lines = iter(FENCE.sub("", document).splitlines())
    for line in lines:
        if line.startswith("|"):
            _rule, *rows = takewhile(lambda each: each.startswith("|"), lines)
            found.setdefault(" | ".join(cells(line)), []).extend(map(cells, rows))
    return found


def cells(line: str) -> list[str]:
    """Return the cells of a table's line; an escaped bar is part of its cell."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


def code_in(text: str) -> list[str]:
    """Return what is set as code."""
    return CODE.findall(FENCE.sub("", text))


def first_codes(rows: list[list[str]], column: int = 0) -> list[str]:
    """Return the first code of each row's cell."""
    return [code_in(row[column])[0] for row in rows]
