"""The one way in which offering an image fails."""


class ImageUnavailableError(Exception):
    """The image of a session cannot be served; the text says why."""
