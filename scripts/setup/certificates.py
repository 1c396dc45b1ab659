"""Let every downloader trust what this machine trusts; each looks elsewhere by itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

SYSTEM_BUNDLE: Final = Path("/etc/ssl/certs/ca-certificates.crt")
# uv and OpenSSL, pip, Python's requests (jgo), Node (Playwright).
VARIABLES: Final = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def certificate_environ(bundle: Path = SYSTEM_BUNDLE) -> dict[str, str]:
    """Return the variables that name the system's certificates, but for those that are set.

    Without a bundle of the system each downloader keeps its own.
    """
    if not bundle.is_file():
        return {}
    return {name: str(bundle) for name in VARIABLES if not os.environ.get(name)}
