"""Just enough of an MQTT 5 broker to feed Home Assistant: `python -m benchmark.broker '{…}'`.

One client; everything is sent with quality 0. Takes commands as `benchmark.server` does.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from harness.ports import HOST

_CONNECT, _PUBLISH, _SUBSCRIBE, _PING = 1, 3, 8, 12
_STEP: Final = 100


class Broker:
    """One connection, the retained configurations of its devices, and their messages."""

    def __init__(self, devices: int) -> None:
        """Retain a configuration for every device."""
        self._devices = devices
        self._writer: asyncio.StreamWriter | None = None
        self._number = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it goes."""
        self._writer = writer
        try:
            while True:
                kind, body = await _packet(reader)
                if kind == _CONNECT:
                    writer.write(b"\x20\x03\x00\x00\x00")
                elif kind == _PING:
                    writer.write(b"\xd0\x00")
                elif kind == _SUBSCRIBE:
                    topics = list(_topics(body))
                    writer.write(bytes((0x90, 3 + len(topics))) + body[:2] + bytes(1 + len(topics)))
                    if "homeassistant/update/+/config" in topics:
                        self._send_configurations()
                        self._send_states()
                    elif any(topic.startswith("fleet/") for topic in topics):
                        for topic in topics:
                            self._publish(topic, _state("1.0.0"))
                await writer.drain()
        except asyncio.IncompleteReadError, ConnectionError:
            writer.close()

    async def notify(self, count: int, pace: float) -> None:
        """Let devices in turn tell a new version, then one its last."""
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        for number in range(count):
            self._number += 1
            topic = f"fleet/{number % (self._devices - 1):05}"
            self._publish(topic, _state(f"2.0.{self._number}"))
            if pace:
                await asyncio.sleep(max(0.0, begun_s + number / pace - loop.time()))
            elif number % _STEP == 0:
                await asyncio.sleep(0)
        self._number += 1
        self._publish(f"fleet/{self._devices - 1:05}", _state(f"9.0.{self._number}"))

    def _send_configurations(self) -> None:
        for number in range(self._devices):
            name = f"idle-{number:05}"
            configuration = {
                "unique_id": name,
                "name": "Firmware",
                "device_class": "firmware",
                "state_topic": f"fleet/{number:05}",
                "command_topic": f"fleet/{number:05}/install",
                "payload_install": "install",
                "device": {
                    "identifiers": [name],
                    "name": name,
                    "manufacturer": "Flownexus",
                    "model": "Simulated sensor",
                    "sw_version": "1.0.0",
                },
            }
            topic = f"homeassistant/update/{name}/config"
            self._publish(topic, json.dumps(configuration), is_retained=True)

    def _send_states(self) -> None:
        for number in range(self._devices):
            self._publish(f"fleet/{number:05}", _state("1.0.0"))

    def _publish(self, topic: str, payload: str, *, is_retained: bool = False) -> None:
        assert self._writer is not None
        encoded = topic.encode()
        body = len(encoded).to_bytes(2) + encoded + b"\x00" + payload.encode()
        self._writer.write(bytes((0x30 | is_retained,)) + _length(len(body)) + body)


def _state(version: str) -> str:
    return json.dumps({"installed_version": version, "latest_version": "99.0.0"})


def _length(count: int) -> bytes:
    encoded = bytearray()
    while True:
        count, digit = divmod(count, 128)
        encoded.append(digit | (0x80 if count else 0))
        if not count:
            return bytes(encoded)


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readexactly(1))[0]
    count = shift = 0
    while True:
        digit = (await reader.readexactly(1))[0]
        count |= (digit & 0x7F) << shift
        shift += 7
        if not digit & 0x80:
            return head >> 4, await reader.readexactly(count)


def _topics(body: bytes) -> Iterator[str]:
    at = 3 + body[2]  # behind the packet's number and its properties, fewer than 128 bytes
    while at < len(body):
        count = int.from_bytes(body[at : at + 2])
        yield body[at + 2 : at + 2 + count].decode()
        at += 2 + count + 1


async def _run(options: dict[str, Any]) -> None:
    broker = Broker(options["devices"])
    server = await asyncio.start_server(broker.serve, HOST, 0)
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    print(json.dumps({"url": str(server.sockets[0].getsockname()[1])}), flush=True)
    while line := await commands.readline():
        command = json.loads(line)
        await broker.notify(command["count"], command["pace"])
        print("{}", flush=True)


def main() -> None:
    """Serve until the input ends."""
    asyncio.run(_run(json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
