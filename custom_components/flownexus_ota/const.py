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
CONF_PUBLIC_KEYS: Final = "public_keys"
CONF_HISTORY_DAYS: Final = "history_days"
CONF_STORE_QUOTA_MIB: Final = "store_quota_mib"
CONF_ENTITIES_PER_DEVICE: Final = "entities_per_device"
CONF_STALE_DAYS: Final = "stale_days"

# Options of a config entry: how its devices download.
CONF_LISTENER: Final = "listener"
CONF_LISTENER_ADDRESS: Final = "listener_address"
CONF_LISTENER_PORT: Final = "listener_port"
CONF_ADVERTISED_HOST: Final = "advertised_host"
CONF_MAX_PARALLEL_DOWNLOADS: Final = "max_parallel_downloads"
CONF_MAX_DEVICE_RATE: Final = "max_device_kilobytes_per_second"
CONF_MAX_TOTAL_RATE: Final = "max_total_kilobytes_per_second"

# Options of a config entry: a certificate of one's own for https, and its key.
CONF_CERTIFICATE_FILE: Final = "certificate_file"
CONF_CERTIFICATE_KEY_FILE: Final = "certificate_key_file"

DEFAULT_MAX_PARALLEL_UPDATES: Final = 10
LOWEST_MAX_PARALLEL_UPDATES: Final = 1
HIGHEST_MAX_PARALLEL_UPDATES: Final = 1000
DEFAULT_MIN_BATTERY_PERCENT: Final = 0

DEFAULT_HISTORY_DAYS: Final = 365
KEEP_FOR_EVER_DAYS: Final = 0
HIGHEST_HISTORY_DAYS: Final = 3650

DEFAULT_STALE_DAYS: Final = 90
NEVER_STALE_DAYS: Final = 0
HIGHEST_STALE_DAYS: Final = 3650

# The store is one for all servers: the largest of their quotas holds.
DEFAULT_STORE_QUOTA_MIB: Final = 2048
LOWEST_STORE_QUOTA_MIB: Final = 16
HIGHEST_STORE_QUOTA_MIB: Final = 1024 * 1024

# Fired for everything that happens to an update; the event entities tell the same.
EVENT_UPDATE: Final = f"{DOMAIN}_update"
