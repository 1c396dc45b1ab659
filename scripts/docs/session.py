"""Write docs/session.md from the rules of a session, the default profile and the English texts."""

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from textwrap import fill
from typing import Any, Final

from custom_components.flownexus_ota.exceptions import FAILURE_REASONS
from custom_components.flownexus_ota.lwm2m.firmware_update import (
    UpdateResult,
    UpdateState,
    result_key,
)
from custom_components.flownexus_ota.ota.phase import Phase, Reason, WaitingReason
from custom_components.flownexus_ota.ota.profile import DEFAULT_PROFILE, Deadlines
from custom_components.flownexus_ota.ota.report import DeadlinePassed, Report
from custom_components.flownexus_ota.ota.session import LOOK_AGAIN, ON_SILENCE, ON_STATE, advance

from .exploring import NOW, new_session, ways

REPOSITORY: Final = Path(__file__).parents[2]
PAGE: Final = REPOSITORY / "docs" / "session.md"
PACKAGE: Final = REPOSITORY / "custom_components" / "flownexus_ota"
TEXTS: Final = PACKAGE / "translations" / "en.json"

HEAD: Final = """\
<!-- Written by scripts/make_docs from ota/session.py, ota/profile.py, ota/phase.py and
     translations/en.json. Change those, then run it; a test fails until you do. -->

# An update, phase by phase

A *session* is one image offered to one device, from the request to the outcome. Its rules are one
pure function, `advance` in [`ota/session.py`](../custom_components/flownexus_ota/ota/session.py):
a session and a report go in, a session and commands come out. This page is written from those
rules, so it says what the code does.
"""

REPORT_WORDS: Final = {
    "PlaceGranted": "a place is free",
    "Resumed": "restart",
    "StateReported": "state told",
    "ResultReported": "result told",
    "VersionReported": "version told",
    "DeviceRead": "device read",
    "DeviceRegistered": "registration",
    "ContactLost": "out of reach",
    "ContactRegained": "in reach again",
    "CancelRequested": "cancelled by a person",
    "UriChosen": "URI chosen",
    "UriAnswered": "URI answered",
    "ImageUnavailable": "no image",
    "OfferRefused": "something speaks against it",
    "ExecuteAnswered": "Execute answered",
    "BytesServed": "bytes left",
    "DeadlinePassed": "deadline",
}


def page() -> str:
    """Return the whole page, in Markdown."""
    texts = json.loads(TEXTS.read_text(encoding="utf-8"))
    sections = (HEAD, _diagram(), _phases(texts), _states(), _times(), _reasons(texts))
    return "\n".join(sections)


def _diagram() -> str:
    lines = ["## The way through", "", "```mermaid", "stateDiagram-v2", "    [*] --> WAITING"]
    for (before, after), reports in sorted(ways().items(), key=_by_phase):
        lines.append(f"    {before.name} --> {after.name}: {_words(reports)}")
    lines += [f"    {phase.name} --> [*]" for phase in Phase if phase.is_final]
    return "\n".join((*lines, "```", ""))


def _by_phase(way: tuple[tuple[Phase, Phase], object]) -> tuple[int, int]:
    order = list(Phase)
    (before, after), _ = way
    return order.index(before), order.index(after)


def _words(reports: Iterable[type[Report]]) -> str:
    names = {report.__name__ for report in reports}
    known = [words for name, words in REPORT_WORDS.items() if name in names]
    return ", ".join((*known, *sorted(names - REPORT_WORDS.keys())))


def _phases(texts: Any) -> str:
    shown = texts["entity"]["sensor"]["update_phase"]["state"]
    rows = [
        (phase.name, shown[phase], _limit(phase), _end(phase))
        for phase in Phase
        if not phase.is_final
    ]
    rows += [(phase.name, shown[phase], "–", "final") for phase in Phase if phase.is_final]
    answer = in_words(DEFAULT_PROFILE.deadlines.answer)
    text = _paragraph(f"""
        A deadline means "no progress for": it begins anew with every step, and with every byte of
        the image. When it passes, the device is read once more and gets another {answer}. WAITING
        is the exception: it ends at once, after {answer} if the device was being read by then. A
        session whose device sleeps, or whose server is down, is held: it keeps its phase, and has
        the deadline of WAITING. A final phase never changes.
    """)
    head = ("phase", "shown as", "deadline", "if it passes in vain")
    return _section("Phases and their deadlines", text, _table(head, rows))


def _limit(phase: Phase) -> str:
    return in_words(DEFAULT_PROFILE.deadlines.of(phase))


def _end(phase: Phase) -> str:
    if phase is not Phase.WAITING:
        result, reason = ON_SILENCE[phase]
        return f"`{result_key(result)}`, `{reason}`"
    ends: dict[str, list[str]] = {}
    for waiting_reason in filter(_is_used, WaitingReason):
        session = replace(new_session(), waiting_reason=waiting_reason)
        ended = advance(session, DeadlinePassed(), now=NOW, profile=DEFAULT_PROFILE).session
        end = "goes on"
        if ended.phase.is_final:
            end = f"`{result_key(ended.result)}`, `{ended.reason}`"
        ends.setdefault(end, []).append(waiting_reason.value)
    return "; ".join(f"{end} ({', '.join(reasons)})" for end, reasons in ends.items())


def _states() -> str:
    text = _paragraph("""
        From the phase on the left, the device's state (resource 5/x/3) leads to the phase in the
        cell. *Read again*: it looks like a step back, so the device is read before anything is
        concluded. An empty cell changes nothing, because devices repeat themselves.
    """)
    rows = [
        (phase.name, *(_cell(phase, state) for state in UpdateState))
        for phase in Phase
        if any(pair[0] is phase for pair in (*ON_STATE, *LOOK_AGAIN))
    ]
    head = ("phase", *(f"{state.name} ({state.value})" for state in UpdateState))
    return _section("What a reported state does", text, _table(head, rows))


def _cell(phase: Phase, state: UpdateState) -> str:
    if (phase, state) in LOOK_AGAIN:
        return "*read again*"
    further = ON_STATE.get((phase, state))
    return "" if further is None else further.name


def _times() -> str:
    meanings = _field_texts()
    rows = [
        (f"`{field.name}`", in_words(getattr(DEFAULT_PROFILE.deadlines, field.name)), meaning)
        for field in fields(Deadlines)
        if (meaning := meanings.get(field.name))
    ]
    text = _paragraph(f"""
        A session has this many attempts: {DEFAULT_PROFILE.max_attempts}. In each, the address is
        written at most {DEFAULT_PROFILE.max_offers} times, and Execute is sent at most
        {DEFAULT_PROFILE.max_executes} times; a repetition needs a reading that says that the device
        still waits for it.
    """)
    return _section("Other times and numbers", text, _table(("name", "time", "meaning"), rows))


def _field_texts() -> dict[str, str]:
    """Return the sentence that stands below each field of `Deadlines`."""
    body = ast.parse(inspect.getsource(Deadlines)).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - for mypy
    texts: dict[str, str] = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                texts[name] = " ".join(text.split())
            case _:
                pass
    return texts


def _reasons(texts: Any) -> str:
    sensor = texts["entity"]["sensor"]["update_phase"]["state_attributes"]
    messages = texts["exceptions"]
    reasons = [
        (f"`{reason}`", sensor["reason"]["state"][reason], _message(messages, reason))
        for reason in Reason
        if _is_used(reason)
    ]
    results = [
        (
            str(result.value),
            f"`{result_key(result)}`",
            messages[f"update_failed_{result_key(result)}"]["message"],
        )
        for result in UpdateResult
    ]
    results.append(("any other", "`unknown`", messages["update_failed_unknown"]["message"]))
    of_reasons = _paragraph("""
        The attribute `reason` of the phase sensor, and the text that `update.install` ends with
        while somebody waits for it.
    """)
    of_results = _paragraph("""
        With the reason `device_reported`, the text follows the number that the device reported in
        5/x/5.
    """)
    return "\n".join(
        (
            _section("Reasons", of_reasons, _table(("reason", "shown as", "text"), reasons)),
            _section(
                "Results that a device reports",
                of_results,
                _table(("5/x/5", "result", "text"), results),
            ),
        )
    )


def _is_used(word: Reason | WaitingReason) -> bool:
    """Tell whether a rule uses a word; some are there for rules to come."""
    return f" {type(word).__name__}.{word.name}" in _rules()


@cache
def _rules() -> str:
    files = (file for layer in ("ota", "engine") for file in (PACKAGE / layer).glob("*.py"))
    # With a blank in front of each word, as after `(` and `return`.
    return re.sub(r"[(\[]", " ", "".join(file.read_text(encoding="utf-8") for file in files))


def _message(messages: Any, reason: Reason) -> str:
    if reason in FAILURE_REASONS:
        text: str = messages[f"update_failed_{reason}"]["message"]
        return text
    return "one per result, see below" if reason is Reason.DEVICE_REPORTED else "no text: a success"


def in_words(limit: timedelta) -> str:
    """Return a time in its largest whole unit."""
    seconds = int(limit.total_seconds())
    for unit_seconds, unit in ((86_400, "days"), (60, "min")):
        if seconds > unit_seconds and seconds % unit_seconds == 0:
            return f"{seconds // unit_seconds} {unit}"
    return f"{seconds} s"


def _section(title: str, text: str, table: Iterable[str]) -> str:
    return "\n".join((f"## {title}", "", text, "", *table, ""))


def _paragraph(text: str) -> str:
    return fill(" ".join(text.split()), width=100)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield _row(["---"] * len(head))
    for row in rows:
        yield _row(row)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
