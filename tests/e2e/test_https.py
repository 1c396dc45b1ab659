"""Updates over https: real processes, the integration's own authority, devices that check it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from custom_components.flownexus_ota.serving.pki import certificate_pem, make_authority
from harness.hass import Hass
from harness.hass_socket import CommandError
from harness.ports import HOST, free_tcp_port
from harness.stage import Stage
from simulator.download import DownloadSettings
from simulator.fleet import FleetOptions

from .complaints import complaints
from .conftest import new_site, new_stage
from .fleet import OLD, install, sensors, until_phase, until_up_to_date

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

NAME: Final = "fw.flownexus.example"


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpsStage:
    """A stage whose server has a listener that speaks https, and nothing else for devices."""

    stage: Stage
    port: int
    ca_file: Path

    def fleet(self, name_prefix: str, *behaviours: str, trusts: Path) -> FleetOptions:
        """Return devices that ask a name server about `NAME`, and trust what is in a file."""
        downloads = DownloadSettings(
            ca_file=str(trusts),
            addresses={NAME: HOST},
            compiled_origin=f"https://{NAME}:{self.port}",
        )
        return replace(sensors(name_prefix, *behaviours), downloads=downloads)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def https(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HttpsStage]:
    folder, port = tmp_path_factory.mktemp("https"), free_tcp_port()
    async with AsyncExitStack() as ends:
        stage = await new_stage(ends, folder, new_site("real"), Hass(folder))
        hass = stage.hass
        await hass.add_profile(
            "Compiled-in host",
            endpoint="compiled-*",
            uri_style="path",
            protocol="https",
            confirm="result",
            compiled_in_hosts=[NAME],
            reset="token_only",
            max_attempts=1,
        )
        await hass.add_profile("https", endpoint="https-*", protocol="https", max_attempts=1)
        await hass.set_options(
            "downloads", listener="https", listener_address=HOST, listener_port=port
        )
        answer = await hass.socket.ask("flownexus_ota.get_ca_certificate", {})
        ca_file = folder / "ca.pem"
        ca_file.write_text(answer["pem"], encoding="ascii")
        yield HttpsStage(stage=stage, port=port, ca_file=ca_file)


async def test_a_device_that_trusts_the_authority_is_updated(https: HttpsStage) -> None:
    stage = https.stage
    await stage.site.add_devices(https.fleet("https-trusting-", trusts=https.ca_file))
    await install(stage, await stage.hass.update_entity("https-trusting-1"))
    await until_up_to_date(stage, "https-trusting-1")


async def test_a_device_with_a_compiled_in_host_finds_it_by_its_name(https: HttpsStage) -> None:
    stage = https.stage
    fleet = https.fleet("compiled-", "flownexus_sample", trusts=https.ca_file)
    await stage.site.add_devices(fleet)
    await install(stage, await stage.hass.update_entity("compiled-1"))
    phase = await until_phase(stage, "compiled-1", "succeeded")
    assert phase["attributes"]["last_result"] == "success"


async def test_a_device_that_trusts_another_authority_fails_and_says_so(
    https: HttpsStage, tmp_path: Path
) -> None:
    stage = https.stage
    other = tmp_path / "other.pem"
    another = make_authority("Another home", now=datetime.now(UTC))
    other.write_text(certificate_pem(another.certificate), encoding="ascii")
    await stage.site.add_devices(https.fleet("https-doubting-", trusts=other))
    with pytest.raises(CommandError) as raised:
        await install(stage, await stage.hass.update_entity("https-doubting-1"))
    phase = await until_phase(stage, "https-doubting-1", "failed")
    assert phase["attributes"]["last_result"] == "connection_lost"
    assert "trusts the certificate" in raised.value.message
    assert stage.devices.running_version("https-doubting-1") == OLD


async def test_home_assistants_log_has_nothing_to_complain_of(https: HttpsStage) -> None:
    assert complaints(https.stage.hass.process.lines) == []
