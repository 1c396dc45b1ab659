"""`scripts/benchmark`, once there is a Python to run it."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from benchmark import (
    history,
    memory,
    notification,
    overhead,
    restart,
    serving,
    sessions,
    setup,
)
from benchmark.figures import Result
from benchmark.machine import describe_machine
from benchmark.sizes import FULL, QUICK, Sizes
from benchmark.table import document, terminal_table
from scripts.setup.places import REPOSITORY

BENCHMARKS: Final[dict[str, Callable[[Sizes], Awaitable[Result]]]] = {
    "notification": notification.measure,
    "setup": setup.measure,
    "restart": restart.measure,
    "sessions": sessions.measure,
    "history": history.measure,
    "overhead": overhead.measure,
    "memory": memory.measure,
    "serving": serving.measure,
}
_DOCUMENT: Final = REPOSITORY / "docs" / "performance.md"


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for; the exit status does not depend on what is found."""
    given = _parse(arguments)
    machine = describe_machine()
    sizes = QUICK if given.quick else FULL
    if given.devices is not None:
        sizes = replace(sizes, devices=given.devices)
    results = asyncio.run(_measure(given.only or list(BENCHMARKS), sizes))
    if given.json is not None:
        content = {"machine": machine, "results": [each.as_json() for each in results]}
        given.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    if given.write_docs:
        before = _DOCUMENT.read_text(encoding="utf-8") if _DOCUMENT.exists() else ""
        _DOCUMENT.write_text(document(results, machine, before=before), encoding="utf-8")
    return 0


async def _measure(names: Sequence[str], sizes: Sizes) -> list[Result]:
    results: list[Result] = []
    for name in names:
        begun_s = time.monotonic()
        result = await BENCHMARKS[name](sizes)
        result = replace(result, seconds=time.monotonic() - begun_s)
        print(terminal_table(result), flush=True)
        results.append(result)
    return results


def _parse(arguments: Sequence[str]) -> Any:
    parser = argparse.ArgumentParser(
        prog="scripts/benchmark",
        description="Measure the integration against the numbers that its design has to hold.",
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(BENCHMARKS), metavar="NAME", help=", ".join(BENCHMARKS)
    )
    parser.add_argument(
        "--quick", action="store_true", help="tiny sizes: shows that it works, measures nothing"
    )
    parser.add_argument("--devices", type=int, metavar="N", help=f"default: {FULL.devices}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there")
    parser.add_argument(
        "--write-docs", action="store_true", help="write what was measured into docs/performance.md"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
