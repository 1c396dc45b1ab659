"""`docs/reliability.md`, from a run of the fault matrix."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from .matrix import Fault
from .matrix_wave import Ended

_HEAD = """\
# Reliability

What the fault matrix found in its last run; this page is written by
`FLOWNEXUS_OTA_RELIABILITY=1 scripts/test tests/e2e/test_fault_matrix.py`.

Each cell is one simulated device with one behaviour that meets one fault in one phase of its
update: real HTTP, a real event stream, and a real Home Assistant process that really is killed
with `kill -9`. A cell passes if the history ends the update with the outcome that
`tests/e2e/matrix.py` names. The time is from asking to the end, with the short deadlines of the
matrix's profile; it includes the fault and, where Home Assistant was killed, its start.
"""


def report(ended: Iterable[Ended]) -> str:
    """Return the page."""
    return "\n".join([_HEAD, f"Run on {datetime.now(UTC):%Y-%m-%d}.", "", *_table([*ended])]) + "\n"


def _table(ended: list[Ended]) -> Iterator[str]:
    yield "| fault | cells | passed | worst time | in |"
    yield "|---|---:|---:|---:|---|"
    for fault in Fault:
        chosen = [each for each in ended if each.cell.fault is fault]
        if chosen:
            worst = max(chosen, key=lambda each: each.took_s)
            yield (
                f"| {fault} | {len(chosen)} | {sum(each.is_as_expected for each in chosen)} "
                f"| {worst.took_s:.1f} s | `{worst.cell.behaviour}`, {worst.cell.when} |"
            )
    passed = sum(each.is_as_expected for each in ended)
    worst_s = max(each.took_s for each in ended)
    yield f"| all | {len(ended)} | {passed} | {worst_s:.1f} s | |"
