"""Patterns that people write for makers, models and names: `fnmatch`, whatever the case."""

import re
from fnmatch import translate
from functools import lru_cache

type PatternSpecificity = tuple[int, int]
"""How narrow a pattern is: a text before a pattern before anything, then literal characters."""


def fits(pattern: str | None, reported: str | None) -> bool:
    """Tell whether what a device reported fits a pattern; no pattern fits anything."""
    if pattern is None or fits_everything(pattern):
        return True
    return reported is not None and _compiled(pattern).match(reported) is not None


def fits_everything(pattern: str | None) -> bool:
    """Tell whether a pattern names nothing: absent, or wildcards alone."""
    return pattern is None or not pattern.strip("*?")


def specificity_of(pattern: str | None) -> PatternSpecificity:
    """Return how narrow a pattern is; of two, the greater is the more specific."""
    if pattern is None or fits_everything(pattern):
        return (0, 0)
    literal = re.sub(r"\[[^]]*\]|[*?]", "", pattern)
    return (2 if literal == pattern else 1, len(literal))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.IGNORECASE)
