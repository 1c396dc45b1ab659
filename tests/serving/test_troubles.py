"""Images that cannot be read, and clients that go away at the worst time."""

import errno
import os
from contextlib import suppress
from pathlib import Path

import pytest

from .image_server import SESSION, ImageServer, RawClient, request_text, until

BOTH_KINDS_OF_SERVER = pytest.mark.parametrize("handler_cancellation", [True, False])


async def test_a_client_of_a_silent_file_system_is_served_all_the_same(
    server: ImageServer, image: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "sendfile", refuse)
    async with RawClient(server.port) as client:
        answer = await client.get("Range: bytes=10-")
    await server.idle()
    assert answer.body == image[10:]
    assert server.covered_bytes == len(image) - 10


async def test_a_disk_that_fails_midway_is_logged_and_ends_the_connection(
    server: ImageServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "sendfile", fail)
    async with RawClient(server.port) as client:
        await client.send(request_text())
        await client.head()
        assert await client.read_to_end() == b""
    await server.idle()
    assert "An image's transfer broke off: Input/output error" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("is_native", [True, False])
async def test_an_image_that_becomes_shorter_midway_ends_the_connection(
    big_server: ImageServer,
    big_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_native: bool,
) -> None:
    def end_of_file(*_args: object) -> bytes:
        return b""

    def refuse(*_args: object) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    sendfile = [refuse, lambda *_args: 0][is_native]
    monkeypatch.setattr(os, "sendfile", sendfile)
    monkeypatch.setattr(os, "pread", end_of_file)
    async with RawClient(big_server.port) as client:
        await client.send(request_text())
        await client.head()
        assert await client.read_to_end() == b""
    await big_server.idle()
    assert "the image has become shorter" in caplog.text


class SlowImage:
    """An image of no bytes that is a pipe: opening it takes until `release` opens the other end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = -1
        os.mkfifo(path)

    async def release(self) -> None:
        await until(self._is_opened)

    async def closed(self) -> None:
        await until(self._is_closed)
        os.close(self._writer)

    def _is_opened(self) -> bool:
        with suppress(OSError):
            self._writer = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        return self._writer >= 0

    def _is_closed(self) -> bool:
        try:
            os.write(self._writer, b"x")
        except BrokenPipeError:
            return True
        return False


@pytest.fixture
def slow_image(tmp_path: Path) -> SlowImage:
    return SlowImage(tmp_path / "pipe")


async def test_a_token_that_is_revoked_while_the_image_is_opened_gets_a_404(
    slow_image: SlowImage,
) -> None:
    async with ImageServer() as server, RawClient(server.port) as client:
        server.offer(slow_image.path, size_bytes=0)
        await client.send(request_text())
        await until(lambda: server.running == 1)
        server.book.revoke(SESSION)
        await slow_image.release()
        answer = await client.answer()
        assert answer.status == 404
        await slow_image.closed()


async def test_a_server_that_stops_while_the_image_is_opened_closes_it(
    slow_image: SlowImage,
) -> None:
    async with ImageServer() as server, RawClient(server.port) as client:
        server.offer(slow_image.path, size_bytes=0)
        await client.send(request_text())
        await until(lambda: server.running == 1)
        await server.stop()
        assert server.running == 0
        await slow_image.release()
        await slow_image.closed()


@BOTH_KINDS_OF_SERVER
async def test_a_client_that_is_gone_before_the_image_is_open_leaves_no_trace(
    slow_image: SlowImage, caplog: pytest.LogCaptureFixture, *, handler_cancellation: bool
) -> None:
    async with ImageServer(handler_cancellation=handler_cancellation) as server:
        server.offer(slow_image.path, size_bytes=0)
        async with RawClient(server.port) as client:
            await client.send(request_text())
            await until(lambda: server.running == 1)
            server.transports[-1].abort()
        await slow_image.release()
        await slow_image.closed()
        await server.idle()
    assert "Traceback" not in caplog.text


async def test_a_client_that_is_gone_before_it_is_answered_leaves_no_trace(
    big_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with ImageServer(handler_cancellation=False) as server:
        server.offer(big_path)
        server.gate.clear()
        async with RawClient(server.port) as client:
            await client.send(request_text())
            await until(lambda: server.running == 1)
        await until(server.transports[-1].is_closing)
        server.gate.set()
        await server.idle()
        assert server.told == []
    assert "Traceback" not in caplog.text


async def test_a_missing_image_and_a_missing_client_together_leave_no_trace(
    slow_image: SlowImage, caplog: pytest.LogCaptureFixture
) -> None:
    async with ImageServer() as server:
        server.offer(slow_image.path, size_bytes=1)
        async with RawClient(server.port) as client:
            await client.send(request_text())
            await until(lambda: server.running == 1)
            server.transports[-1].abort()
        await server.idle()
        await slow_image.release()
        await slow_image.closed()
    assert "Traceback" not in caplog.text
