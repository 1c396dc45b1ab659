"""The figures as tables: for a terminal, and for the documentation."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from benchmark.figures import Figure, Result

_HOW: Final = (
    "Written by `scripts/benchmark --write-docs`. What is compared was measured in the same "
    "run, each measurement in a process of its own with the simulated server in another one; "
    "CPU is the process's own, so that other work on the machine does not count."
)
_SIZE: Final = (
    "Home Assistant takes no more than 10,000 enabled entities per config entry "
    "(`MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY`, 2026.10 and 2026.11): some 9,990 devices per server "
    "with their update entity alone, some 1,660 with all six. Each row says how many it measured."
)
_HEADS: Final = ("what", "measured", "target", "verdict", "how")


def terminal_table(result: Result) -> str:
    """Return one benchmark's figures as lines."""
    lines = [f"{result.name} ({result.seconds:.0f} s)"]
    for figure in result.figures:
        verdict = figure.verdict.upper() if figure.verdict == "missed" else figure.verdict
        target = f"   target {figure.target}" if figure.target else ""
        lines.append(f"  {figure.what}: {figure.measured}{target}   {verdict}".rstrip())
        if figure.note:
            lines.append(f"      {figure.note}")
    return "\n".join(lines)


def document(results: Sequence[Result], machine: Mapping[str, Any], *, before: str = "") -> str:
    """Return docs/performance.md; what was not measured this time stays as it was `before`."""
    described = ", ".join(f"{name} {value}" for name, value in machine.items())
    measured = f"Measured on {datetime.now(UTC):%Y-%m-%d}: {described}."
    _, *known = before.split("\n## ")
    sections = {name: rest.strip() for name, _, rest in (each.partition("\n") for each in known)}
    sections |= {each.name: f"{measured}\n\n{_markdown(each.figures)}" for each in results}
    parts = ["# Performance", _HOW, _SIZE]
    parts += [f"## {name}\n\n{content}" for name, content in sections.items()]
    return "\n\n".join(parts) + "\n"


def _markdown(figures: Iterable[Figure]) -> str:
    rows = [_HEADS, tuple("---" for _ in _HEADS)]
    rows += [
        (each.what, each.measured, each.target, _emphasised(each.verdict), each.note)
        for each in figures
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _emphasised(verdict: str) -> str:
    return f"**{verdict}**" if verdict == "missed" else verdict
