"""What the soak calls lost, doubled, false and unfinished."""

from dataclasses import replace

import pytest

from harness.history_file import StoredUpdate
from harness.soak.life import Life
from harness.soak.verdict import Ask, Verdict, judge

OLD, NEW = "1.0.0", "1.1.0"
END_S = 1000.0

ROW = StoredUpdate(
    id="a",
    endpoint="ep",
    target_version=NEW,
    expected_version=NEW,
    phase="succeeded",
    reason="version_proved",
    device_result=1,
    attempt=1,
    created_s=100.0,
    finished_s=110.0,
    has_arrived_late=False,
)
FAILED = replace(ROW, phase="failed", reason="did_not_come_back")
ASK = Ask(endpoint="ep", version=NEW, asked_s=99.9, answered_s=110.1)
LIFE = Life(
    endpoint="ep",
    versions=((0.0, OLD), (108.0, NEW)),
    offered_s=(101.0,),
    executed_s=(105.0,),
    installed_s=(108.0,),
)
IDLE = Life(endpoint="ep", versions=((0.0, OLD),))


def verdict_on(life: Life, *rows: StoredUpdate, ask: Ask = ASK) -> Verdict:
    return judge(asks=[ask], lives={"ep": life}, updates=rows, end_s=END_S)


def kinds(verdict: Verdict) -> dict[str, int]:
    """Return how many of each, nothing where there are none."""
    counts = {
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "false": len(verdict.false),
        "unfinished": len(verdict.unfinished),
    }
    return {kind: count for kind, count in counts.items() if count}


def test_an_update_that_happened_as_it_is_stored_is_clean() -> None:
    verdict = verdict_on(LIFE, ROW)
    assert verdict.is_clean
    assert str(verdict) == "updates=1 lost=0 doubled=0 false=0 unfinished=0"


@pytest.mark.parametrize(
    ("life", "rows", "found"),
    [
        pytest.param(IDLE, (), {"lost": 1}, id="promised and stored nowhere"),
        pytest.param(
            replace(LIFE, offered_s=(101.0, 500.0)), (ROW,), {"lost": 1}, id="offered by nobody"
        ),
        pytest.param(
            replace(LIFE, executed_s=(105.0, 500.0)), (ROW,), {"lost": 1}, id="executed by nobody"
        ),
        pytest.param(
            replace(LIFE, executed_s=(105.0, 106.0)), (ROW,), {"doubled": 1}, id="executed twice"
        ),
        pytest.param(
            LIFE, (ROW, replace(ROW, created_s=109.0)), {"doubled": 1}, id="two active at once"
        ),
        pytest.param(IDLE, (ROW,), {"false": 1}, id="a success that never was"),
        pytest.param(LIFE, (FAILED,), {"false": 1}, id="a failure that was none"),
        pytest.param(
            LIFE,
            (replace(FAILED, has_arrived_late=True),),
            {},
            id="a failure that the device cured later",
        ),
        pytest.param(IDLE, (FAILED,), {}, id="a failure that was one"),
        pytest.param(
            LIFE, (replace(ROW, phase="installing", finished_s=None),), {"unfinished": 1}, id="open"
        ),
    ],
)
def test_what_does_not_fit_is_found(
    life: Life, rows: tuple[StoredUpdate, ...], found: dict[str, int]
) -> None:
    assert kinds(verdict_on(life, *rows)) == found


def test_a_second_attempt_may_execute_again() -> None:
    life = replace(LIFE, executed_s=(103.0, 105.0))
    assert verdict_on(life, replace(ROW, attempt=2)).is_clean
