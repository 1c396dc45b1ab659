"""nginx beside ours, where it is installed: with a configuration of its own, as one process."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from benchmark.download_client import HOST, path_of

LINE_TO_TYPE: Final = "apt-get install nginx-light"
# Debian has it where only root has it on the path.
_PLACES: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
_CONFIGURATION: Final = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/octet-stream;
    server {{
        listen {host}:{port};
        location ~ ^{prefix} {{ alias {image}; }}
    }}
}}
"""
_START_LIMIT_SECONDS: Final = 20.0


def nginx_program() -> str | None:
    """Return nginx, if it is installed."""
    return shutil.which("nginx", path=_PLACES)


@asynccontextmanager
async def nginx(program: str, image: Path) -> AsyncGenerator[tuple[int, int]]:
    """Serve an image under every token; yield the port and the process's id."""
    folder, port = image.parent, _free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            folder=folder,
            image=image,
            host=HOST,
            port=port,
            prefix=path_of("x").partition("x")[0],
            user="user root;" if os.geteuid() == 0 else "",
        )
    )
    process = await asyncio.create_subprocess_exec(program, "-p", folder, "-c", configuration)
    try:
        async with asyncio.timeout(_START_LIMIT_SECONDS):
            while not _answers(port):  # noqa: ASYNC110 # another process: no event says so
                await asyncio.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
