"""scripts/demo, once its Python is there: set the stage, and keep it until Ctrl-C."""

import asyncio
import signal
import sys
import tempfile
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final, cast

from harness.choose_leshan import Wanted, choose_leshan
from harness.demo_once import update_once
from harness.device_site import DeviceSite
from harness.fleet_plan import demo_firmware, demo_fleet, device_to_update
from harness.hass import RESTART_EXIT_STATUS, Hass
from harness.stage import set_stage
from harness.waiting import StageError
from scripts.demonstration.options import Options, parse
from scripts.setup.console import SetupError, say
from scripts.setup.places import cache_lock

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Run the demo; return the exit status for the shell."""
    options = parse(sys.argv[1:])
    try:
        return asyncio.run(_until_signal(options))
    except (SetupError, StageError) as err:
        say(f"scripts/demo: {err}")
        return 1


async def _until_signal(options: Options) -> int:
    """Run the demo in a task that a signal cancels; what it started ends with it."""
    running = asyncio.create_task(_run(options))
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


async def _run(options: Options) -> int:
    async with AsyncExitStack() as ends:
        folder = _folder(options.keep, ends)
        with cache_lock():
            site, why = choose_leshan(cast("Wanted", options.leshan))
            hass = Hass(folder, port=options.port)
            hass.version.python()
        say(f"Leshan: {site.description}; why this one: {why}")
        stage = await set_stage(
            ends,
            folder=folder,
            site=site,
            hass=hass,
            fleet=demo_fleet(options),
            firmware=demo_firmware(),
            tell=say,
        )
        if options.is_once:
            return await update_once(stage, device_to_update(options))
        _print_invitation(hass, folder, options)
        await _keep_up(hass, site, ends)
    return 1


def _folder(keep: Path | None, ends: AsyncExitStack) -> Path:
    """Return the folder for everything: one that goes with us, unless it is to be kept."""
    if keep is None:
        own = tempfile.TemporaryDirectory(prefix="flownexus-ota-", ignore_cleanup_errors=True)
        return Path(ends.enter_context(own))
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise StageError(f"--keep wants a new or an empty folder; {keep} is neither")
    keep.mkdir(parents=True, exist_ok=True)
    return keep.resolve()


def _print_invitation(hass: Hass, folder: Path, options: Options) -> None:
    say("")
    say(f"  Open      {hass.base_url}")
    say(f"  user      {hass.login.username}")
    say(f"  password  {hass.login.password}")
    say("")
    say(f"Settings and logs are in {folder}{' (kept)' if options.keep else ''}.")
    say("Ctrl-C ends every part.")


async def _keep_up(hass: Hass, site: DeviceSite, ends: AsyncExitStack) -> None:
    """Watch the parts; start Home Assistant again when its page asks for that."""
    others = [asyncio.create_task(process.wait()) for process in site.processes]
    try:
        while True:
            ours = asyncio.create_task(hass.process.wait())
            await asyncio.wait((ours, *others), return_when=asyncio.FIRST_COMPLETED)
            for process in site.processes:
                if not process.is_running:
                    raise process.ended_error()
            if ours.result() != RESTART_EXIT_STATUS:
                raise hass.process.ended_error()
            say("Home Assistant wants to be started again …")
            await hass.start(ends)
            say("  up again")
    finally:
        for task in others:
            task.cancel()


if __name__ == "__main__":
    sys.exit(main())
