"""The recorded exchanges, and what the client does to get each of them."""

import ast
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from custom_components.flownexus_ota.leshan.client import LeshanClient
from custom_components.flownexus_ota.lwm2m.events import Endpoint, Registration
from custom_components.flownexus_ota.lwm2m.path import InvalidPathError, ResourcePath

FOLDER = Path(__file__).parent.parent / "recordings"
NAMES = sorted(path.stem for path in FOLDER.glob("*.jsonl"))

STATE = ResourcePath(5, 0, 3)
_UNDECODABLE = "UnicodeDecodeError"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a server sends, byte by byte; `breaks_off` after the last chunk's beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    breaks_off: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One recorded request and its answer."""

    line: int
    method: str
    path: str
    request_body: str | None
    answer: Answer

    @property
    def title(self) -> str:
        return f"{self.line} {self.method} {self.path} {self.answer.status}"


@cache
def rows(name: str) -> tuple[dict[str, Any], ...]:
    text = (FOLDER / f"{name}.jsonl").read_text()
    return tuple(json.loads(line) for line in text.splitlines())


def exchanges(name: str) -> list[Exchange]:
    """Return every recorded exchange, those with unreadable bodies included."""
    return [
        Exchange(
            line=line,
            method=row["method"],
            path=row["path"],
            request_body=row.get("request_body"),
            answer=_ANSWERS[row["kind"]](row),
        )
        for line, row in enumerate(rows(name))
        if row["kind"] in _ANSWERS
    ]


def _whole_answer(row: dict[str, Any]) -> Answer:
    content_type = row["response_headers"].get("Content-Type", "")
    charset = "iso-8859-1" if "iso-8859-1" in content_type.lower() else "utf-8"
    return Answer(
        status=row["status"],
        headers={
            name: value
            for name, value in row["response_headers"].items()
            if name in ("Content-Type", "Server")
        },
        body=row["response_body"].encode(charset),
    )


def _broken_answer(row: dict[str, Any]) -> Answer:
    """Return what the recorder could not read: the ISO-8859-1 bytes, or a body cut short."""
    error = row["error"]
    if not error.startswith(_UNDECODABLE):
        return Answer(status=row["status"], headers={}, body=b"", breaks_off=True)
    _, body, *_ = ast.literal_eval(error.removeprefix(_UNDECODABLE))
    return Answer(status=row["status"], headers={}, body=body)


_ANSWERS: Mapping[str, Callable[[dict[str, Any]], Answer]] = {
    "http": _whole_answer,
    "http-broken": _broken_answer,
}


def stream_chunks(name: str) -> list[bytes]:
    """Return the event stream's chunks as they came."""
    return [row["chunk"].encode() for row in rows(name) if row["kind"] == "sse"]


def described(value: object) -> str:
    """Return a value in one line that a person can read, without the order of a mapping."""
    match value:
        case Registration():
            objects = "; ".join(
                f"{number} {each.version or '-'} {list(each.instance_ids)}"
                for number, each in value.objects.items()
            )
            return (
                f"{value.endpoint} {value.id} {value.address} {value.lifetime_seconds} s"
                f" at {value.last_update} LwM2M {value.lwm2m_version}"
                f" queue mode {value.is_queue_mode}/{value.is_sleeping} [{objects}]"
            )
        case dict():
            return ", ".join(f"{path}={value[path]!r}" for path in sorted(value))
        case _:
            return str(value)


async def ask(client: LeshanClient, exchange: Exchange) -> object:
    """Make the client send a request of the recorded kind; return what it made of the answer."""
    parts = exchange.path.split("?")[0].rstrip("/").split("/")[2:]
    if parts[0] not in ("clients", "objectspecs") or len(parts) == 1:
        return [described(each) async for each in client.registrations()]
    # A slash cannot be asked for; the answer to it is one like any other.
    endpoint = Endpoint(unquote(parts[1]).replace("/", ""))
    call = _CALLS[exchange.method, parts[-1] == "observe"]
    return await call(client, endpoint, _resource(parts[2:]), exchange.request_body)


def _resource(parts: list[str]) -> ResourcePath:
    """Return the recorded path, or that of the state where the client never asks for it."""
    try:
        return ResourcePath.parse("/".join(parts).removesuffix("/observe"))
    except InvalidPathError:
        return STATE


def _value(body: str | None) -> str:
    try:
        return str(json.loads(body or "{}").get("value", ""))
    except ValueError:
        return ""


type Call = Callable[[LeshanClient, Endpoint, ResourcePath, str | None], Awaitable[object]]

_CALLS: Mapping[tuple[str, bool], Call] = {
    ("GET", False): lambda client, endpoint, path, _: client.read(endpoint, path),
    ("POST", True): lambda client, endpoint, path, _: client.observe(endpoint, path),
    ("POST", False): lambda client, endpoint, path, _: client.execute(endpoint, path),
    ("PUT", False): lambda client, endpoint, path, body: client.write(endpoint, path, _value(body)),
    ("DELETE", True): lambda client, endpoint, path, _: client.cancel_observation(endpoint, path),
}
