"""What speaks against an update: when it is asked for, and again when its turn comes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.flownexus_ota.engine.refusal import PreflightError
from custom_components.flownexus_ota.lwm2m.events import Origin, ResourcesReported
from custom_components.flownexus_ota.ota.offerable import Offerable
from custom_components.flownexus_ota.ota.phase import Phase, Reason
from custom_components.flownexus_ota.ota.preflight import Refusal, RefusalKey
from custom_components.flownexus_ota.ota.profile import Profile, ResetWay
from tests.fakes import BATTERY, FakeDevice

from .stage import IMAGE, QUICK, Stage

URI_WRITE = "write /5/0/1 http://127.0.0.1/f/token/a.bin"


async def tell_battery(stage: Stage, device: FakeDevice, percent: int) -> None:
    """Let a device tell its battery level, and whenever it is read."""
    device.battery_percent = percent
    stage.gateway.tell(
        ResourcesReported(
            endpoint=device.endpoint, values={BATTERY: percent}, origin=Origin.NOTIFICATION
        )
    )
    await stage.until(lambda: stage.view(device).facts.battery_percent == percent)


async def test_a_refused_update_leaves_nothing_behind(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.offering.refusal = Refusal(key=RefusalKey.IMAGE_MISSING)
    with pytest.raises(PreflightError) as caught:
        await stage.update(device)
    assert caught.value.refusal.key is RefusalKey.IMAGE_MISSING
    assert stage.view(device).session is None
    assert await stage.chronicle.ask(lambda history: history.active_sessions("server")) == []
    assert device.asked == ["read /5/0", "read /3/0"]
    stage.offering.refusal = None
    await stage.update(device)
    await stage.until(lambda: URI_WRITE in device.asked)


async def test_an_older_version_is_only_for_who_names_it(stage: Stage) -> None:
    device = stage.gateway.add("a", version="2.0.0")
    await stage.connected()
    with pytest.raises(
        PreflightError, match=r"downgrade version=1\.1\.0 installed_version=2\.0\.0"
    ):
        await stage.update(device)
    runner = await stage.engine.request_update(
        device.endpoint, IMAGE, asked_by=None, may_downgrade=True
    )
    await stage.until(lambda: URI_WRITE in device.asked)
    assert runner.session.may_downgrade


async def test_a_battery_below_the_option_is_refused_until_the_option_allows_it(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    await tell_battery(stage, device, 29)
    stage.engine.set_min_battery(30)
    with pytest.raises(PreflightError, match="battery_low battery=29 minimum=30"):
        await stage.update(device)
    stage.engine.set_min_battery(29)
    await stage.update(device)
    await stage.until(lambda: URI_WRITE in device.asked)


async def test_an_update_that_no_longer_makes_sense_when_its_turn_comes_fails_unsent(
    stage: Stage,
) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.engine.set_max_parallel(0)
    runner = await stage.update(device)
    stage.engine.set_min_battery(30)
    await tell_battery(stage, device, 29)
    stage.engine.set_max_parallel(1)
    session = await runner.finished
    assert (session.phase, session.reason) == (Phase.FAILED, Reason.PREFLIGHT_REFUSED)
    assert session.evidence == "battery_low battery=29 minimum=30"
    assert URI_WRITE not in device.asked


async def test_a_new_profile_counts_from_the_next_step_on(stage: Stage) -> None:
    device = stage.gateway.add("a", object_version="1.1")
    await stage.connected()
    await stage.update(device)
    await stage.until(lambda: URI_WRITE in device.asked)
    stage.gateway.notify(device, state=1)
    await stage.in_phase(device, Phase.TRANSFERRING)
    stage.profile = replace(QUICK, reset=ResetWay.NUL_PACKAGE)
    stage.engine.profiles_changed()

    device.state = 0  # it obeys whatever it is sent
    await stage.engine.cancel(device.endpoint)
    assert "write /5/0/0 00" in device.asked
    assert "execute /5/0/10" not in device.asked


async def test_views_go_by_a_new_profile_at_once(stage: Stage) -> None:
    device = stage.gateway.add("a")
    await stage.connected()
    stage.changed.clear()
    stage.profile = Profile()
    stage.engine.profiles_changed()
    assert stage.changed == [device.endpoint]


async def test_a_device_that_does_not_fetch_by_one_scheme_is_offered_the_other(
    stage: Stage,
) -> None:
    stage.profile = replace(QUICK, max_attempts=2, back_off=(timedelta(milliseconds=5),))
    stage.offering.what = Offerable(uri_lengths={"https": 61, "http": 60})
    device = stage.gateway.add("a")
    await stage.connected()
    await stage.update(device)
    await stage.until(lambda: "write /5/0/1 https://127.0.0.1/f/token/a.bin" in device.asked)
    stage.gateway.notify(device, result=9)
    await stage.until(lambda: URI_WRITE in device.asked)
    session = stage.view(device).session
    assert session is not None
    assert (session.attempt, session.refused_schemes) == (2, ("https",))
