"""How a download can fail; each error carries what a text for people needs, never a whole URL."""

from collections.abc import Mapping
from typing import ClassVar, Final


class FetchError(Exception):
    """A download failed. `key` is a translation key; `details` are its placeholders."""

    key: ClassVar[str]

    def __init__(self, **details: str) -> None:
        """Keep what a text about it has to name."""
        super().__init__(" ".join((self.key, *details.values())))
        self.details: Final[Mapping[str, str]] = details


class AddressUnusableError(FetchError):
    """The address is no URL with a host, or has a user name or a password in it."""

    key = "fetch_address_unusable"


class NotHttpsError(FetchError):
    """The address, or one that it redirects to, is not https. Detail: host."""

    key = "fetch_not_https"


class AddressForbiddenError(FetchError):
    """The host is in a network that downloads may not go to. Details: host, address."""

    key = "fetch_address_forbidden"


class TooManyRedirectsError(FetchError):
    """The server redirects more often than is followed. Details: host, limit."""

    key = "fetch_too_many_redirects"


class UnreachableError(FetchError):
    """No name, no route, no connection, or it broke. Details: host, error."""

    key = "fetch_unreachable"


class CertificateError(FetchError):
    """The server's certificate is not trusted, or TLS failed. Details: host, error."""

    key = "fetch_certificate"


class TooSlowError(FetchError):
    """Nothing came for too long, or all of it takes too long. Details: host, limit_seconds."""

    key = "fetch_too_slow"


class BadStatusError(FetchError):
    """The server answers with something else than the document. Details: host, status."""

    key = "fetch_bad_status"


class CompressedError(FetchError):
    """The server compresses, though it was asked not to. Details: host, encoding."""

    key = "fetch_compressed"


class TooLargeError(FetchError):
    """The answer is larger than it may be. Details: host, limit_bytes."""

    key = "fetch_too_large"


class WrongSizeError(FetchError):
    """The answer has another size than was said. Details: host, expected, actual."""

    key = "fetch_wrong_size"


class WrongDigestError(FetchError):
    """The answer has another SHA-256 than was said. Details: host, expected, actual."""

    key = "fetch_wrong_digest"


class DiskFailedError(FetchError):
    """What came could not be written. Detail: error."""

    key = "fetch_disk_failed"
