"""What counts as a complaint in Home Assistant's log."""

import pytest

from .complaints import complaints

pytestmark = pytest.mark.e2e

STAMP = "2026-11-23 22:38:06.738+00:00"
OURS = "[custom_components.flownexus_ota.engine.router]"
UNTESTED = (
    f"\x1b[33m{STAMP} WARNING (SyncWorker_0) [homeassistant.loader] We found a custom integration "
    "flownexus_ota which has not been tested by Home Assistant. This …"
)
DEPRECATED = (
    f"{STAMP} WARNING (MainThread) [homeassistant.helpers.frame] Detected that custom integration "
    "'flownexus_ota' calls something deprecated. This will stop working in …"
)
OURS_IN_A_TRACEBACK = '  File "config/custom_components/flownexus_ota/update.py", line 1, in x'


def test_good_news_and_other_peoples_errors_are_no_complaints() -> None:
    lines = [
        UNTESTED,
        f"{STAMP} INFO (MainThread) {OURS} Connected to the LwM2M server",
        f"{STAMP} ERROR (MainThread) [haffmpeg.core] FFmpeg fails",
        "Traceback (most recent call last):",
        "FileNotFoundError: [Errno 2] No such file or directory: 'ffmpeg'",
    ]
    assert complaints(lines) == []


@pytest.mark.parametrize(
    "lines",
    [
        [f"{STAMP} WARNING (MainThread) {OURS} Something is odd"],
        [f"\x1b[31m{STAMP} ERROR (MainThread) {OURS} Something is wrong\x1b[0m"],
        [DEPRECATED],
        [f"{STAMP} INFO (MainThread) {OURS} Traceback (most recent call last):"],
        [f"{STAMP} ERROR (MainThread) [homeassistant] Error doing job", OURS_IN_A_TRACEBACK],
        [OURS_IN_A_TRACEBACK],
    ],
)
def test_a_complaint_is_found_whole(lines: list[str]) -> None:
    assert complaints(lines) == ["\n".join(lines)]
