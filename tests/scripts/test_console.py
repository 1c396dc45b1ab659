"""Programs that set-up runs: what is told when they fail."""

import sys

import pytest

from scripts.setup.console import CommandError, SetupError, run


def test_the_output_of_a_program_is_returned() -> None:
    assert run([sys.executable, "-c", "print('here')"], limit_s=60) == "here\n"


def test_a_failure_tells_the_line_that_says_why() -> None:
    program = (
        "import sys; print('starting'); print('error: no space left'); print('}'); sys.exit(2)"
    )
    with pytest.raises(CommandError, match="ended with 2") as caught:
        run([sys.executable, "-c", program], limit_s=60)
    assert caught.value.gist == "error: no space left"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no-such-program is not on this machine"):
        run(["no-such-program"], limit_s=60)


def test_a_program_that_does_not_end_is_ended() -> None:
    with pytest.raises(CommandError, match="gave no answer within"):
        run([sys.executable, "-c", "import threading; threading.Event().wait()"], limit_s=0.2)


def test_what_cannot_be_had_says_what_to_type() -> None:
    error = SetupError("no browser", "apt-get install chromium")
    assert str(error) == "no browser\n  type:  apt-get install chromium"
