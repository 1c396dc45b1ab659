"""What a benchmark says: figures, the limits that the design sets, and whether they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any


class Bound(Enum):
    """On which side of its limit a figure has to be."""

    AT_MOST = "≤"
    AT_LEAST = "≥"
    EXACTLY = "="


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One number, and what it has to be if the design says so."""

    what: str
    value: float | None
    """`None` where it could not be measured; `note` says why."""
    unit: str
    limit: float | None = None
    bound: Bound = Bound.AT_MOST
    note: str = ""

    @property
    def verdict(self) -> str:
        """Return "met", "missed", "not measured", or nothing where no limit is set."""
        if self.value is None:
            return "not measured"
        if self.limit is None:
            return ""
        holds = {
            Bound.AT_MOST: self.value <= self.limit,
            Bound.AT_LEAST: self.value >= self.limit,
            Bound.EXACTLY: self.value == self.limit,
        }[self.bound]
        return "met" if holds else "missed"

    @property
    def target(self) -> str:
        """Return the limit as text, or nothing."""
        return "" if self.limit is None else f"{self.bound.value} {number(self.limit)} {self.unit}"

    @property
    def measured(self) -> str:
        """Return the value as text."""
        return "–" if self.value is None else f"{number(self.value)} {self.unit}".strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """All that one benchmark found, with every number that it rests on."""

    name: str
    figures: Sequence[Figure]
    raw: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON knows it, the verdicts included."""
        figures = [
            asdict(each) | {"bound": each.bound.value, "verdict": each.verdict}
            for each in self.figures
        ]
        return {
            "name": self.name,
            "seconds": round(self.seconds, 1),
            "figures": figures,
            "raw": dict(self.raw),
        }


def number(value: float) -> str:
    """Return a number with three significant digits, whole ones with thousands set apart."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"
