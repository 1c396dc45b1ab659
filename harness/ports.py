"""Free ports on the loopback."""

import socket
from typing import Final

HOST: Final = "127.0.0.1"


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
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
