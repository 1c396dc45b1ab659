"""The listener's side of TLS: what it speaks, and a certificate that changes while it serves."""

import ssl
from pathlib import Path
from typing import Final, final

# Elliptic curves only, so that a recorded download stays secret; AES-GCM first. The last three are
# for modems that know no GCM: the nRF9160's socket interface lists them, and the changelogs of its
# modem firmware say which release has which.
_CIPHERS: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-CCM",
    "ECDHE-ECDSA-AES128-SHA256",
    "ECDHE-ECDSA-AES256-SHA384",
    "ECDHE-RSA-AES128-SHA256",
)
"""Of TLS 1.2; those of TLS 1.3 are all fit, and stay as OpenSSL has them."""


@final
class ListenerTls:
    """One context for the whole life of a listener; `load` changes what new connections get."""

    def __init__(self) -> None:
        """Have no certificate yet: every handshake fails until the first `load`."""
        self.context: Final = _server_context()
        # Not `load_cert_chain` again: the context would keep an RSA chain beside a new ECDSA one,
        # and a file that turns out bad would leave it with half a chain.
        self.context.sni_callback = self._choose
        self._current: ssl.SSLContext | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether there is a certificate."""
        return self._current is not None

    def load(self, certificate_file: Path, key_file: Path | None = None) -> None:
        """Use a certificate, with those of its issuers below it in the file; blocking.

        The key is in a file of its own or in the same one. Connections that stand go on with what
        they have. Raises `OSError` (`ssl.SSLError` is one), and then everything stays as it was.
        """
        fresh = _server_context()
        # A password is asked for on the terminal unless there is one: this one opens nothing.
        fresh.load_cert_chain(certificate_file, key_file, password="")
        self._current = fresh

    def _choose(
        self, connection: ssl.SSLObject, _server_name: str | None, _context: ssl.SSLContext
    ) -> None:
        """Give a handshake the current certificate, whichever name it asks for, if any."""
        if self._current is not None:
            connection.context = self._current


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Modems speak 1.2 (the nRF91's library lists no other); what comes before is broken.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(_CIPHERS))
    # A ticket after the handshake ends the connection of many an Mbed TLS 3.6.0 client, to which
    # the error code for it is new (its issue 9134). In TLS 1.2 tickets are part of the handshake
    # and of those clients alone that ask for one: they stay, and save a modem a certificate.
    context.num_tickets = 0
    return context
