"""Tokens: the secret part of the URLs under which devices fetch their images (`design.md` D16)."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from typing import Final, final

TOKEN_LENGTH: Final = 22
_TOKEN_BYTES: Final = 16
_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")


@final
class TokenMint:
    """Makes the tokens of one installation; the same ones again after a restart."""

    def __init__(self, secret: bytes) -> None:
        """Use `secret`, at least 16 random bytes that never leave `.storage`.

        Raise `ValueError` for a shorter one: whoever guesses it has every token.
        """
        if len(secret) < _TOKEN_BYTES:
            msg = f"a secret of {len(secret)} bytes"
            raise ValueError(msg)
        self._secret: Final = secret

    def token(self, session_id: str, offer_number: int) -> str:
        """Return the token of one offer of a session: 22 characters, base64url, 128 bits."""
        # The number comes last and has no NUL, so no two pairs have the same text.
        text = f"{session_id}\0{offer_number}".encode()
        digest = hmac.digest(self._secret, text, hashlib.sha256)
        return urlsafe_b64encode(digest[:_TOKEN_BYTES]).rstrip(b"=").decode("ascii")


def is_token(text: str) -> bool:
    """Tell whether `text`, which may come from anybody, has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


def token_sha256(token: str) -> str:
    """Return the fingerprint by which a token is remembered: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()
