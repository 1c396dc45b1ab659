"""scripts/demo, once its Python is there: set the stage, and keep it until Ctrl-C."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from harness.choose_leshan import Wanted, choose_leshan
from harness.demo_once import update_once
from harness.device_site import DeviceSite
from harness.fleet_plan import demo_firmware, demo_fleet, device_to_update
from harness.hass import RESTART_EXIT_STATUS, Hass
from harness.kept import claim_ports
from harness.process import ManagedProcess
from harness.stage import Stage, set_stage
from harness.waiting import StageError
from scripts.demonstration.options import Options, parse
from scripts.setup.console import SetupError, say
from scripts.setup.places import cache_lock

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parts:
    """What is ready to be started."""

    folder: Path
    site: DeviceSite
    why: str
    hass: Hass


def main() -> int:
    """Run the demo; return the exit status for the shell."""
    options = parse(sys.argv[1:])
    try:
        with _folder(options) as folder:
            return asyncio.run(_until_signal(options, _prepare(options, folder)))
    except (SetupError, StageError) as err:
        say(f"scripts/demo: {err}")
    except KeyboardInterrupt:
        say("scripts/demo: interrupted while it was set up; what is there is used the next time")
    return 1


@contextmanager
def _folder(options: Options) -> Iterator[Path]:
    """Give the folder for everything: one that goes with us, unless it is to be kept."""
    if options.keep is not None:
        yield options.keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="flownexus-ota-", ignore_cleanup_errors=True) as own:
        yield Path(own)


def _prepare(options: Options, folder: Path) -> _Parts:
    """Have every part on this machine; raise SetupError or StageError."""
    ports = claim_ports(folder, options.port)
    with cache_lock():
        site, why = choose_leshan(cast("Wanted", options.leshan), web_port=ports.leshan)
        hass = Hass(folder, port=ports.hass)
        hass.version.python()
    return _Parts(folder=folder, site=site, why=why, hass=hass)


async def _until_signal(options: Options, parts: _Parts) -> int:
    """Run the demo in a task that a signal cancels; what it started ends with it."""
    running = asyncio.create_task(_run(options, parts))
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, _interrupt, running)
    with suppress(asyncio.CancelledError):
        return await running
    return 130 if options.is_once else 0


def _interrupt(running: asyncio.Task[int]) -> None:
    """Cancel once: a second Ctrl-C must not keep the parts from being ended."""
    if not running.cancelling():
        say("\nEnding every part …")
        running.cancel()


async def _run(options: Options, parts: _Parts) -> int:
    async with AsyncExitStack() as ends:
        say(f"Leshan: {parts.site.description}; why this one: {parts.why}")
        stage = await set_stage(
            ends,
            folder=parts.folder,
            site=parts.site,
            hass=parts.hass,
            fleet=demo_fleet(options),
            firmware=demo_firmware(),
            max_attempts=2,
            tell=say,
        )
        if options.is_once:
            return await update_once(stage, device_to_update(options))
        _print_invitation(parts, is_kept=options.keep is not None)
        await _keep_up(stage, ends)
    return 1


def _print_invitation(parts: _Parts, *, is_kept: bool) -> None:
    hass = parts.hass
    say("")
    say(f"  Open      {hass.base_url}/config/updates")
    say(f"  user      {hass.login.username}")
    say(f"  password  {hass.login.password}")
    say("")
    say(f"Settings and logs: {parts.folder}{' (kept)' if is_kept else ''}")
    say("Ctrl-C ends every part.")


async def _keep_up(stage: Stage, ends: AsyncExitStack) -> None:
    """Watch the parts; start Home Assistant again when its page asks for that."""
    hass, site = stage.hass, stage.site
    others = [asyncio.create_task(process.wait()) for process in site.processes]
    try:
        while True:
            ours = asyncio.create_task(hass.process.wait())
            await asyncio.wait((ours, *others), return_when=asyncio.FIRST_COMPLETED)
            for process in site.processes:
                _require_running(process)
            if ours.result() != RESTART_EXIT_STATUS:
                _require_running(hass.process)
            say("Home Assistant wants to be started again …")
            await hass.start(ends)
            say("  up again")
    finally:
        for task in others:
            task.cancel()


def _require_running(process: ManagedProcess) -> None:
    with process.tail_on_error():
        if not process.is_running:
            raise process.ended_error()


if __name__ == "__main__":
    sys.exit(main())
