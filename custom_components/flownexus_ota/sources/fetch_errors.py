"""How a download can fail; each error carries what a text for people needs, never a whole URL."""

from collections.abc import Mapping
from typing import ClassVar, Final


class FetchError(Exception):
    """A download failed. `key` is a translation key; `details` are its placeholders."""

    key: ClassVar[str]
    text: ClassVar[str]
    """The same in English, for logs and the history."""

    def __init__(self, **details: str) -> None:
        """Keep what a text about it has to name."""
        super().__init__(self.text.format(**details))
        self.details: Final[Mapping[str, str]] = details


class AddressUnusableError(FetchError):
    """The address is no URL with a host, or has a user name or a password in it."""

    key = "fetch_address_unusable"
    text = "the address is no complete https address, or has a login in it"


class NotHttpsError(FetchError):
    """The address, or one that it redirects to, is not https. Detail: host."""

    key = "fetch_not_https"
    text = "the address at {host} does not begin with https"


class AddressForbiddenError(FetchError):
    """The host is in a network that downloads may not go to. Details: host, address."""

    key = "fetch_address_forbidden"
    text = "{host} is at {address}, which is no public address"


class TooManyRedirectsError(FetchError):
    """The server redirects more often than is followed. Details: host, limit."""

    key = "fetch_too_many_redirects"
    text = "{host} redirects more than {limit} times"


class UnreachableError(FetchError):
    """No name, no route, no connection, or it broke. Details: host, error."""

    key = "fetch_unreachable"
    text = "{host} cannot be reached ({error})"


class CertificateError(FetchError):
    """The server's certificate is not trusted, or TLS failed. Details: host, error."""

    key = "fetch_certificate"
    text = "the certificate of {host} is not trusted ({error})"


class TooSlowError(FetchError):
    """Nothing came for too long, or all of it takes too long. Details: host, limit_seconds."""

    key = "fetch_too_slow"
    text = "{host} took longer than {limit_seconds} s"


class BadStatusError(FetchError):
    """The server answers with something else than the document. Details: host, status."""

    key = "fetch_bad_status"
    text = "{host} answered with status {status}"


class CompressedError(FetchError):
    """The server compresses, though it was asked not to. Details: host, encoding."""

    key = "fetch_compressed"
    text = "{host} compresses the file ({encoding})"


class TooLargeError(FetchError):
    """The answer is larger than it may be. Details: host, limit_bytes."""

    key = "fetch_too_large"
    text = "{host} sends more than {limit_bytes} bytes"


class WrongSizeError(FetchError):
    """The answer has another size than was said. Details: host, expected, actual."""

    key = "fetch_wrong_size"
    text = "the file of {host} has {actual} bytes instead of {expected}"


class WrongDigestError(FetchError):
    """The answer has another SHA-256 than was said. Details: host, expected, actual."""

    key = "fetch_wrong_digest"
    text = "the file of {host} has the SHA-256 {actual} instead of {expected}"


class DiskFailedError(FetchError):
    """What came could not be written. Detail: error."""

    key = "fetch_disk_failed"
    text = "the file could not be written ({error})"


class UnsuitableError(FetchError):
    """What came is no image, or not the one that its source describes. Details: host, error."""

    key = "fetch_unsuitable"
    text = "the file of {host} is not what its source says ({error})"


class RateLimitedError(FetchError):
    """The server was asked too often. Details: host, until."""

    key = "fetch_rate_limited"
    text = "{host} answers no more questions until {until}"


class TokenRefusedError(FetchError):
    """The server does not accept the token, or it is not allowed to read this. Detail: host."""

    key = "fetch_token_refused"
    text = "{host} refuses the access token"


class NotThereError(FetchError):
    """There is no such repository, or it may not be seen without a token. Details: host, what."""

    key = "fetch_not_there"
    text = "{host} knows no {what}"


class UnreadableError(FetchError):
    """The answer makes no sense. Details: host, error."""

    key = "fetch_unreadable"
    text = "{host} gives an answer that makes no sense ({error})"
