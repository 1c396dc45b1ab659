"""Write docs/modules.md: every module of the integration, with the first line of its docstring."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[2]
PAGE: Final = REPOSITORY / "docs" / "modules.md"
PACKAGE: Final = REPOSITORY / "custom_components" / "flownexus_ota"

HEAD: Final = """\
<!-- Written by scripts/make_docs from the first line of each module. -->

# Every module, in a line

[How it is built](architecture.md) has the order behind it. At the package's top, names that end
alike are alike: `_flow` and `_steps` are forms, `_services` are actions, `_issues` are repair
issues, `_response` is what actions answer.
"""


def page() -> str:
    """Return the page: the package's top first, then folder by folder."""
    folders = sorted(each for each in PACKAGE.iterdir() if (each / "__init__.py").exists())
    return "\n".join(
        (HEAD, *_section(PACKAGE), *(line for each in folders for line in _section(each)))
    )


def _section(folder: Path) -> Iterator[str]:
    is_top = folder == PACKAGE
    yield "## The top: Home Assistant" if is_top else f"## `{folder.name}`"
    yield ""
    if not is_top:
        yield _first_line(folder / "__init__.py")
        yield ""
    yield "| module | what it is for |"
    yield "| --- | --- |"
    for module in sorted(folder.glob("*.py")):
        if is_top or module.name != "__init__.py":
            yield f"| `{module.relative_to(PACKAGE)}` | {_first_line(module)} |"
    yield ""


def _first_line(module: Path) -> str:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    if docstring is None:
        raise ValueError(f"{module.relative_to(PACKAGE)} does not say what it is for")
    return docstring.partition("\n")[0].replace("|", "\\|")
