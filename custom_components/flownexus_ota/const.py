"""Names that Home Assistant's side of the integration shares."""

from typing import Final

DOMAIN: Final = "flownexus_ota"

# Data of a config entry: how to reach the Leshan server.
CONF_URL: Final = "url"
CONF_USERNAME: Final = "username"
CONF_PASSWORD: Final = "password"  # noqa: S105 - the name of a field, no password
CONF_TOKEN: Final = "token"  # noqa: S105 - the name of a field, no token
CONF_VERIFY_SSL: Final = "verify_ssl"

# Options of a config entry: how its devices are updated.
CONF_FIRMWARE_BASE_URL: Final = "firmware_base_url"
CONF_MAX_PARALLEL_UPDATES: Final = "max_parallel_updates"
CONF_MIN_BATTERY_PERCENT: Final = "min_battery_percent"
CONF_HISTORY_DAYS: Final = "history_days"

DEFAULT_MAX_PARALLEL_UPDATES: Final = 10
LOWEST_MAX_PARALLEL_UPDATES: Final = 1
HIGHEST_MAX_PARALLEL_UPDATES: Final = 1000
DEFAULT_MIN_BATTERY_PERCENT: Final = 0

DEFAULT_HISTORY_DAYS: Final = 365
KEEP_FOR_EVER_DAYS: Final = 0
HIGHEST_HISTORY_DAYS: Final = 3650

# Fired for everything that happens to an update; the event entities tell the same.
EVENT_UPDATE: Final = f"{DOMAIN}_update"
