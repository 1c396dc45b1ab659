"""What every test has: our package before the harness's own, and loopback sockets."""

import pytest

import custom_components.flownexus_ota as integration

# The harness brings a `custom_components` package of its own, which would hide ours.
assert integration.__name__ == "custom_components.flownexus_ota"


@pytest.fixture(autouse=True)
def loopback_sockets(socket_enabled: None) -> None:
    """Let tests talk to real servers; the harness still refuses every host but 127.0.0.1."""
