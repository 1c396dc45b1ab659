"""Nobody adds it by hand, but Home Assistant looks for a flow before it sets an entry up."""

from homeassistant.config_entries import ConfigFlow

from . import DOMAIN


class BareFlow(ConfigFlow, domain=DOMAIN):
    """Offers nothing."""

    VERSION = 1
