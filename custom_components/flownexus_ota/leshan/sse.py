"""The event stream format, from bytes to events (WHATWG HTML, "Server-sent events")."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# The longest registration seen is some 3 kB; what exceeds this is no Leshan's, or an attack.
MAX_EVENT_BYTES: Final = 1024 * 1024

_LINE_END: Final = re.compile(rb"\r\n|\n|\r")


class StreamLimitError(Exception):
    """A line or an event is longer than `MAX_EVENT_BYTES`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSentEvent:
    """One event of the stream; `name` is "message" where the server gave none."""

    name: str
    data: str


class SseDecoder:
    """Turns the chunks of one connection into events, wherever the chunks were cut.

    Event ids and retry times are read over: Leshan sends neither and cannot replay.
    """

    def __init__(self) -> None:
        """Begin before the first byte of a stream."""
        self._is_first_line = True
        self._follows_carriage_return = False
        self._unfinished_line = bytearray()
        self._name = ""
        self._data: list[str] = []
        self._event_bytes = 0

    def feed(self, chunk: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that `chunk` completes; StreamLimitError ends the decoder's use."""
        if not chunk:
            return
        if self._follows_carriage_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._follows_carriage_return = chunk.endswith(b"\r")
        *lines, rest = _LINE_END.split(chunk)
        for line in lines:
            event = self._take_line(self._complete(line))
            if event is not None:
                yield event
        self._unfinished_line += rest
        self._check(len(self._unfinished_line))

    def _complete(self, end: bytes) -> bytes:
        """Return the line that ends with `end`, without a byte order mark at the stream's begin."""
        line = end
        if self._unfinished_line:
            line = bytes(self._unfinished_line) + end
            self._unfinished_line.clear()
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(codecs.BOM_UTF8)
        return line

    def _take_line(self, line: bytes) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        self._event_bytes += len(line)
        self._check(self._event_bytes)
        field, _, value = line.partition(b":")
        text = value.removeprefix(b" ").decode("utf-8", errors="replace")
        if field == b"data":
            self._data.append(text)
        elif field == b"event":
            self._name = text
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        name, data = self._name or "message", self._data
        self._name, self._data, self._event_bytes = "", [], 0
        return ServerSentEvent(name=name, data="\n".join(data)) if data else None

    def _check(self, size_bytes: int) -> None:
        if size_bytes > MAX_EVENT_BYTES:
            raise StreamLimitError(f"more than {MAX_EVENT_BYTES} bytes without an end")
