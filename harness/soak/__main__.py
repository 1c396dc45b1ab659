"""scripts/soak, once its Python is there."""

import asyncio
import sys
import tempfile
from pathlib import Path

from harness.soak.run import soak
from harness.waiting import StageError
from scripts.setup.console import SetupError, say
from scripts.soaking.options import Options, parse


def main() -> int:
    """Soak; return the exit status for the shell."""
    options = parse(sys.argv[1:])
    try:
        if options.keep is not None:
            return _soak(options, options.keep.resolve())
        with tempfile.TemporaryDirectory(
            prefix="flownexus-ota-", ignore_cleanup_errors=True
        ) as own:
            return _soak(options, Path(own))
    except (SetupError, StageError) as err:
        say(f"scripts/soak: {err}")
        return 1


def _soak(options: Options, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    verdict = asyncio.run(soak(options, folder))
    for kind in ("lost", "doubled", "false", "unfinished"):
        for what in getattr(verdict, kind):
            say(f"{kind}: {what}")
    say(str(verdict))
    return 0 if verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
