"""What a log must not hold, whatever a server, a device or a file did."""

import logging

import pytest


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return every line that came with a traceback, or is an error, as a person's log shows it.

    Not asyncio's: it tells of the sockets of the test's own servers, which break on purpose.
    """
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING
        and record.name != "asyncio"
        and (record.exc_info or record.levelno >= logging.ERROR)
    ]
