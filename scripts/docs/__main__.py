"""Write the pages that are made from the code: docs/session.md and docs/modules.md."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from . import modules, session

PAGES: Final[dict[Path, Callable[[], str]]] = {
    modules.PAGE: modules.page,
    session.PAGE: session.page,
}


def main() -> int:
    """Write each page; return the exit status for the shell."""
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")
        print(f"docs/{path.name} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
