"""A clock that stands until it is moved."""


class Clock:
    """Tells seconds."""

    def __init__(self) -> None:
        """Begin at nought."""
        self.now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now
