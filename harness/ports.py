"""Free ports on the loopback."""

import secrets
import socket
from typing import Final

from harness.waiting import StageError

HOST: Final = "127.0.0.1"
# Below those that systems give to outgoing connections (Linux: from 32768 on): what is found free
# here is not taken by some client before a program listens on it.
_FIRST_PORT: Final = 20_000
_PORT_COUNT: Final = 12_000
_TRIES: Final = 100


def free_tcp_port() -> int:
    """Return a TCP port that nobody listens on right now."""
    return _free_port(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """Return a UDP port that nobody has bound right now."""
    return _free_port(socket.SOCK_DGRAM)


def is_free_tcp_port(port: int) -> bool:
    """Tell whether somebody could listen there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port(kind: socket.SocketKind) -> int:
    # By chance, not in order: others may look for one at the same time.
    for _ in range(_TRIES):
        port = _FIRST_PORT + secrets.randbelow(_PORT_COUNT)
        if _is_free(port, kind):
            return port
    raise StageError(f"no free port from {_FIRST_PORT} to {_FIRST_PORT + _PORT_COUNT - 1}")


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
