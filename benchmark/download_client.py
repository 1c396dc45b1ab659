"""A hundred devices that cost next to nothing: they count what comes, and throw it away."""

import selectors
import socket
from dataclasses import dataclass, field
from typing import Final

HOST: Final = "127.0.0.1"
_LIMIT_SECONDS: Final = 60.0
_TAKEN_AT_ONCE_BYTES: Final = 1024 * 1024
_LONGEST_HEAD_BYTES: Final = 4096


class DownloadFailedError(Exception):
    """A server did not answer as it should."""


def token_of(number: int) -> str:
    """Return the token of one download."""
    return f"{number:022}"


def path_of(token: str) -> str:
    """Return the path of an image."""
    return f"/f/{token}/image.bin"


@dataclass(slots=True)
class _Download:
    """One connection, which asks for one image after the other."""

    connection: socket.socket
    numbers: list[int]
    left_bytes: int = 0
    head: bytes = field(default=b"")

    def ask(self) -> bool:
        """Ask for the next image; tell whether there was one to ask for."""
        if not self.numbers:
            return False
        path = path_of(token_of(self.numbers.pop()))
        self.connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        self.head = b""
        return True

    def take(self) -> bool:
        """Take what has come; tell whether the image is complete."""
        if self.left_bytes:
            # Linux throws away what is received with this flag, without copying it.
            count = self.connection.recv_into(_SINK, min(self.left_bytes, len(_SINK)), _DISCARD)
            if not count:
                raise DownloadFailedError("the connection ended early")
            self.left_bytes -= count
            return not self.left_bytes
        self.head += self.connection.recv(_LONGEST_HEAD_BYTES)
        head, end, body = self.head.partition(b"\r\n\r\n")
        if not end:
            return False
        lines = head.decode().lower().split("\r\n")
        if " 200 " not in lines[0]:
            raise DownloadFailedError(lines[0])
        length = next(line for line in lines if line.startswith("content-length:"))
        self.left_bytes = int(length.partition(":")[2]) - len(body)
        return False


_SINK: Final = bytearray(_TAKEN_AT_ONCE_BYTES)
_DISCARD: Final = socket.MSG_TRUNC


def download(port: int, *, connections: int, repeats: int) -> None:
    """Fetch an image `repeats` times over each connection, all of them at once; blocking.

    Raise DownloadFailedError, or `OSError`.
    """
    with selectors.DefaultSelector() as selector:
        for number in range(connections):
            connection = socket.create_connection((HOST, port), timeout=_LIMIT_SECONDS)
            numbers = [number * repeats + repeat for repeat in range(repeats)]
            selector.register(connection, selectors.EVENT_READ, _Download(connection, numbers))
        for key in tuple(selector.get_map().values()):
            key.data.ask()
        while selector.get_map():
            ready = selector.select(_LIMIT_SECONDS)
            if not ready:
                raise DownloadFailedError("nothing came for a minute")
            for key, _ in ready:
                if key.data.take() and not key.data.ask():
                    selector.unregister(key.fileobj)
                    key.data.connection.close()
