"""Component tests run our integration, not only Home Assistant's own."""

import pytest


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant's loader find the integration."""
