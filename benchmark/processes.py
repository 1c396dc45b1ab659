"""Children of the benchmark: each measurement has a process of its own, and so has the server."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from scripts.setup.places import REPOSITORY

_WORK_LIMIT_SECONDS: Final = 1200.0
_COMMAND_LIMIT_SECONDS: Final = 300.0
_END_LIMIT_SECONDS: Final = 15.0
_LINE_LIMIT_BYTES: Final = 16 * 1024 * 1024


class ChildError(Exception):
    """A child ended without an answer."""


async def work(module: str, **arguments: Any) -> dict[str, Any]:
    """Run `work` of a module of this package in a fresh process and return what it returns."""
    async with _child("benchmark.worker", json.dumps({"module": module} | arguments)) as child:
        return await _answer(child, limit_seconds=_WORK_LIMIT_SECONDS)


class ServerProcess:
    """The simulated Leshan in a process of its own: its work is not ours."""

    def __init__(self, child: asyncio.subprocess.Process, start: dict[str, Any]) -> None:
        """Take over a server that is up; see `serve`."""
        self._child = child
        self.url: str = start["url"]
        self.pid = child.pid

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Have one command carried out."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"command": command} | arguments).encode() + b"\n")
        await self._child.stdin.drain()
        return await _answer(self._child, limit_seconds=_COMMAND_LIMIT_SECONDS)


@asynccontextmanager
async def serve(**arguments: Any) -> AsyncGenerator[ServerProcess]:
    """Run the simulated Leshan with its devices."""
    async with _child("benchmark.server", json.dumps(arguments)) as child:
        start = await _answer(child, limit_seconds=_COMMAND_LIMIT_SECONDS)
        yield ServerProcess(child, start)


@asynccontextmanager
async def broker(**arguments: Any) -> AsyncGenerator[ServerProcess]:
    """Run the MQTT broker; its `url` is a port."""
    async with _child("benchmark.broker", json.dumps(arguments)) as child:
        start = await _answer(child, limit_seconds=_COMMAND_LIMIT_SECONDS)
        yield ServerProcess(child, start)


@asynccontextmanager
async def serve_images(**arguments: Any) -> AsyncGenerator[ServerProcess]:
    """Run a server of one image; its `url` is a port."""
    async with _child("benchmark.image_server", json.dumps(arguments)) as child:
        start = await _answer(child, limit_seconds=_COMMAND_LIMIT_SECONDS)
        yield ServerProcess(child, start)


@asynccontextmanager
async def _child(*arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        limit=_LINE_LIMIT_BYTES,
    )
    try:
        yield child
    finally:
        await _end(child)


async def _answer(child: asyncio.subprocess.Process, *, limit_seconds: float) -> dict[str, Any]:
    assert child.stdout is not None
    async with asyncio.timeout(limit_seconds):
        line = await child.stdout.readline()
    if not line:
        raise ChildError(f"a child ended with {await child.wait()}; see its messages above")
    answer: dict[str, Any] = json.loads(line)
    return answer


async def _end(child: asyncio.subprocess.Process) -> None:
    """Close its input, which ends it; insist when it does not."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        async with asyncio.timeout(_END_LIMIT_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
