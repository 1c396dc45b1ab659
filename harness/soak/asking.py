"""Somebody who never stops asking for updates, and remembers what was promised."""

import asyncio
import random
import time
from contextlib import suppress
from typing import Final

from harness.hass_socket import CommandError
from harness.soak.verdict import Ask
from harness.stage import Stage
from harness.waiting import StageError

# Longer than any update takes: the call waits for the end of one that starts at once.
_INSTALL_LIMIT_SECONDS: Final = 600.0
_PAUSE_SECONDS: Final = (0.2, 5.0)


class Asking:
    """One task per device, until `stopped` is set; `up` is set while Home Assistant is there."""

    def __init__(self, stage: Stage, versions: tuple[str, str], seed: int) -> None:
        """Ask nothing yet."""
        self.asks: list[Ask] = []
        self.refusals: list[str] = []
        self.up = asyncio.Event()
        self.stopped = asyncio.Event()
        self._stage = stage
        self._versions = versions
        self._seed = seed

    async def keep_asking(self, endpoint: str) -> None:
        """Ask for the version that the device does not run, again and again."""
        chance = random.Random(f"{self._seed} asks {endpoint}")
        entity_id = await self._stage.hass.entity_id("update", endpoint, "firmware")
        while not self.stopped.is_set():
            await self._pause(chance.uniform(*_PAUSE_SECONDS))
            await self.up.wait()
            state = self._stage.hass.states.get(entity_id)
            if self.stopped.is_set() or state is None or state["attributes"].get("in_progress"):
                continue
            installed = state["attributes"].get("installed_version")
            await self._ask(endpoint, entity_id, self._other_than(installed))

    async def _ask(self, endpoint: str, entity_id: str, version: str) -> None:
        asked_s = time.time()
        try:
            await self._stage.hass.socket.call(
                "update.install",
                {"entity_id": entity_id, "version": version},
                limit_seconds=_INSTALL_LIMIT_SECONDS,
            )
        except CommandError as err:
            key = err.translation_key or ""
            if not key.startswith("update_failed"):
                # A refusal: that there is none of ours now, and none was begun.
                self.refusals.append(f"{endpoint}: {key}: {err.message}")
                return
        except StageError, ConnectionError:
            return  # it was killed meanwhile: nothing was promised
        self.asks.append(
            Ask(endpoint=endpoint, version=version, asked_s=asked_s, answered_s=time.time())
        )

    def _other_than(self, installed: str | None) -> str:
        one, other = self._versions
        return other if installed == one else one

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopped.wait()
