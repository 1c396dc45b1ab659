"""What scripts/demo understands."""

from pathlib import Path

import pytest

from scripts.demonstration.options import WAYS_TO_FAIL, parse
from simulator.behaviours import BEHAVIOURS


def test_nothing_typed_is_five_healthy_devices_on_whatever_leshan_there_is() -> None:
    options = parse([])
    assert (options.devices, options.failing, options.sleepy) == (5, 0, 0)
    assert (options.leshan, options.is_once, options.port, options.keep) == ("auto", False, 0, None)


def test_everything_typed_is_understood() -> None:
    typed = "--once --devices 9 --failing 2 --sleepy 1 --leshan m4 --port 81 --keep a/b"
    options = parse(typed.split(" "))
    assert (options.devices, options.failing, options.sleepy) == (9, 2, 1)
    assert (options.leshan, options.is_once, options.port) == ("m4", True, 81)
    assert options.keep == Path("a/b")


def test_there_are_as_many_devices_as_special_ones_are_asked_for() -> None:
    assert parse(["--failing", "7", "--sleepy", "2"]).devices == 9


@pytest.mark.parametrize(
    "typed",
    ["--devices 0", "--failing -1", "--devices 2 --failing 2 --sleepy 1", "--failing 99", "--x"],
)
def test_what_makes_no_sense_is_refused_with_usage(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        parse(typed.split())
    assert raised.value.code == 2
    assert "usage: scripts/demo" in capsys.readouterr().err


def test_every_way_to_fail_is_one_that_the_simulator_knows() -> None:
    assert len(set(WAYS_TO_FAIL)) == len(WAYS_TO_FAIL)
    assert set(WAYS_TO_FAIL) <= set(BEHAVIOURS)
