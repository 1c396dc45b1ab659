"""What every test has: our package before the harness's own, and loopback sockets."""

import logging
import os

import pytest
from hypothesis import HealthCheck, settings

import custom_components.flownexus_ota as integration

# The harness brings a `custom_components` package of its own, which would hide ours.
assert integration.__name__ == "custom_components.flownexus_ota"

# No test may fail because the machine is busy, and none by chance: the examples are the same each
# time, unless EXPLORE asks for others.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize="EXPLORE" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")
# The harness lets asyncio warn of every step that takes longer than 0.1 s.
logging.getLogger("asyncio").addFilter(lambda record: not str(record.msg).startswith("Executing "))


@pytest.fixture(autouse=True)
def loopback_sockets(socket_enabled: None) -> None:
    """Let tests talk to real servers; the harness still refuses every host but 127.0.0.1."""
