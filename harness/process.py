"""A program in a process group of its own: its output kept, its end certain."""

import asyncio
import ctypes
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from harness.waiting import Changes, StageError

_LIBC: Final = ctypes.CDLL(None)
_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_KEPT_LINES: Final = 5_000
_TAIL_LINES: Final = 30
_READ_BYTES: Final = 1 << 16
_END_LIMIT_SECONDS: Final = 30.0
_KILL_LIMIT_SECONDS: Final = 30.0

type LineListener = Callable[[str], None]


class ManagedProcess:
    """One program under way; `log_file` holds all it printed, `lines` the last of it."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log_file: Path) -> None:
        """Take over a process that has just been started; see `start`."""
        self.name = name
        self.log_file = log_file
        self.lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self.changes = Changes()
        self._process = process
        self._listeners: list[LineListener] = []
        self._ended: asyncio.Task[int] = asyncio.create_task(self._run(), name=f"process {name}")

    @classmethod
    async def start(
        cls,
        name: str,
        arguments: Sequence[str | Path],
        *,
        folder: Path,
        log_file: Path,
        env: Mapping[str, str] | None = None,
    ) -> ManagedProcess:
        """Start a program in `folder`, with `env` added to our environment."""
        own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        process = await asyncio.create_subprocess_exec(
            *map(str, arguments),
            cwd=folder,
            env={**own, "PYTHONUNBUFFERED": "1", **(env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # A group of its own: Ctrl-C is for us, who end the parts one after the other.
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
        return cls(name, process, log_file)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._ended.done()

    @property
    def pid(self) -> int:
        """The process id, which is its group's too."""
        return self._process.pid

    @property
    def tail(self) -> str:
        """The last lines it printed."""
        return "\n".join(list(self.lines)[-_TAIL_LINES:])

    def listen(self, listener: LineListener) -> None:
        """Call `listener` with every line from now on."""
        self._listeners.append(listener)

    async def wait(self) -> int:
        """Return the exit status, once it has ended by itself."""
        return await asyncio.shield(self._ended)

    async def until(
        self, condition: Callable[[], bool], what: str, *, limit_seconds: float
    ) -> None:
        """Return once `condition` holds, looked at after each line; raise StageError.

        That the program ends meanwhile is an error too.
        """
        with self.tail_on_error():
            await self.changes.until(
                lambda: condition() or not self.is_running, what, limit_seconds=limit_seconds
            )
            if not condition():
                raise self.ended_error()

    @contextmanager
    def tail_on_error(self) -> Iterator[None]:
        """Add our last lines to a StageError: most likely they say why."""
        try:
            yield
        except StageError as err:
            raise StageError(f"{err}; last lines of {self.name}:\n{self.tail}") from err

    def ended_error(self) -> StageError:
        """Return what to raise when it ended and should not have."""
        return StageError(f"{self.name} ended with {self._process.returncode}")

    async def stop(self) -> None:
        """End the whole group: ask, wait, then insist."""
        for number, limit_seconds in (
            (signal.SIGTERM, _END_LIMIT_SECONDS),
            (signal.SIGKILL, _KILL_LIMIT_SECONDS),
        ):
            if not self.is_running:
                return
            self._signal_group(number)
            await asyncio.wait((self._ended,), timeout=limit_seconds)

    async def kill(self) -> None:
        """End the whole group without a word, as kill -9 does; raise StageError."""
        self._signal_group(signal.SIGKILL)
        await asyncio.wait((self._ended,), timeout=_KILL_LIMIT_SECONDS)
        if self.is_running:
            raise StageError(f"{self.name} survives being killed")

    async def _run(self) -> int:
        """Keep what is printed until the program ends."""
        with self.log_file.open("ab") as log:
            await self._read(log)
        status = await self._process.wait()
        # Others of its group may be left. Only now: later the number may be somebody else's.
        self._signal_group(signal.SIGKILL)
        asyncio.get_running_loop().call_soon(self.changes.tell)
        return status

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def _read(self, log: BinaryIO) -> None:
        assert self._process.stdout is not None  # noqa: S101  it was opened as a pipe
        rest = b""
        while data := await self._process.stdout.read(_READ_BYTES):
            log.write(data)
            log.flush()
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._note(line.decode(errors="replace").rstrip("\r"))
        if rest:
            self._note(rest.decode(errors="replace"))

    def _note(self, line: str) -> None:
        self.lines.append(line)
        for listener in self._listeners:
            listener(line)
        self.changes.tell()


def _end_with_parent() -> None:
    """Have the kernel end us when whoever started us dies without a word."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
