"""The list of registrations, decoded piece by piece: 10,000 devices are 16 MB of JSON."""

import codecs
import json
from collections import deque
from collections.abc import Iterator
from typing import Final

from ..lwm2m.exchange import NotThisServerError, UnreadableReplyError
from .jsontext import Json

MAX_LIST_BYTES: Final = 64 * 1024 * 1024
# A registration has some 1.5 kB; one with hundreds of objects has 50.
MAX_ELEMENT_CHARS: Final = 1024 * 1024
_BLANKS: Final = frozenset(" \t\r\n")


class ListDecoder:
    """Decodes the elements of one JSON list from the chunks it came in."""

    def __init__(self, chunks: deque[bytes]) -> None:
        """Take the whole body's chunks, which are used up on the way."""
        self._chunks = chunks
        self._to_text = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0

    def elements(self) -> Iterator[Json]:
        """Yield one element at a time.

        Raises NotThisServerError where no list begins, UnreadableReplyError where it breaks off.
        """
        if self._next_sign() != "[":
            raise NotThisServerError("the answer is no list of registrations")
        self._at += 1
        if self._next_sign() == "]":
            return
        while True:
            yield self._element()
            sign = self._next_sign()
            self._at += 1
            if sign == "]":
                return
            if sign != ",":
                raise UnreadableReplyError("the list of registrations breaks off")
            self._next_sign()

    def _next_sign(self) -> str:
        """Return the sign after blanks, or nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANKS:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._take_chunk():
                return ""

    def _element(self) -> Json:
        while True:
            try:
                element: Json
                element, self._at = self._decoder.raw_decode(self._text, self._at)
            except RecursionError as err:
                raise UnreadableReplyError("a registration is nested too deeply") from err
            except ValueError as err:  # cut by the chunk's end, or no JSON at all
                is_too_long = len(self._text) - self._at > MAX_ELEMENT_CHARS
                if is_too_long or not self._take_chunk():
                    raise UnreadableReplyError("the list of registrations breaks off") from err
            else:
                return element

    def _take_chunk(self) -> bool:
        """Put the next chunk behind what is left of the text; tell whether there was one."""
        if not self._chunks:
            return False
        text = self._to_text.decode(self._chunks.popleft(), final=not self._chunks)
        self._text = self._text[self._at :] + text
        self._at = 0
        return True
