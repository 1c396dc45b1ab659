"""The recordings of real Leshan servers as steps to repeat: requests and events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from simulator.link import Content, Ids, RegisterParameters, Response, Value

RECORDINGS: Final = Path(__file__).parent.parent / "recordings"
CURRENT_TIME: Final = (3, 13)
REPLACED_WITHIN_SECONDS: Final = 1.0
# What ended a request may have been written down just after its answer.
SLACK_SECONDS: Final = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An HTTP answer; `error` names what broke while its body was read."""

    status: int
    content_type: str | None
    is_chunked: bool
    text: str
    error: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One HTTP request and its answer."""

    method: str
    target: str
    headers: dict[str, str]
    body: str | None
    answer: Answer

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def composite_paths(self) -> tuple[Ids, ...]:
        """The paths of a composite request."""
        query = self.target.partition("?")[2]
        listed = [part.removeprefix("paths=") for part in query.split("&") if "paths=" in part]
        return tuple(ids_of(path) for paths in listed for path in paths.split(","))

    @property
    def lwm2m_path(self) -> Ids:
        """The LwM2M path of a request to a device."""
        segments = self.path.removeprefix("/api/clients/").split("/")[1:]
        return tuple(int(segment) for segment in segments if segment.isdecimal())


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One server-sent event."""

    name: str
    data: Any
    is_replaced_registration: bool = False
    """A DEREGISTRATION that belongs to the REGISTRATION right after it."""

    @property
    def endpoint(self) -> str:
        """The device it is about."""
        registration = self.data.get("registration", self.data)
        return str(registration.get("endpoint") or registration["ep"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """The moment a request left."""

    exchange: Exchange


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """The moment its answer was there."""

    exchange: Exchange


type Step = Sent | Answered | Event


def steps_of(name: str) -> list[Step]:
    """The steps of a recording, in the order in which they happened."""
    timed: list[tuple[float, int, Step]] = []
    for line in (RECORDINGS / name).read_text().splitlines():
        row = json.loads(line)
        if row["kind"] in ("http", "http-broken"):
            exchange = _exchange(row)
            timed.append((row["t"] - row.get("took", 0.0), 0, Sent(exchange=exchange)))
            timed.append((row["t"] + SLACK_SECONDS, 2, Answered(exchange=exchange)))
    timed.extend((at, 1, event) for at, event in _events(name))
    return [step for _, _, step in sorted(timed, key=lambda each: each[:2])]


def split_events(text: str) -> list[Event]:
    """Read a stream; heartbeats are blank lines between events."""
    blocks = [block.lstrip("\r\n") for block in text.split("\r\n\r\n")]
    return [_event(block) for block in blocks if block]


def ids_of(path: str) -> Ids:
    """Read `/5/0/3`."""
    return tuple(int(part) for part in path.strip("/").split("/"))


def register_parameters(registration: Any) -> RegisterParameters:
    """What a device must have said to be listed like this."""
    links = tuple(
        f"<{link['url']}>"
        + "".join(f";{name}={value}" for name, value in link["attributes"].items())
        for link in registration["objectLinks"]
    )
    return RegisterParameters(
        endpoint=registration["endpoint"],
        lifetime_seconds=registration["lifetime"],
        lwm2m_version=registration["lwM2mVersion"],
        is_queue_mode=registration["queuemode"],
        links=links,
    )


def response_of(path: Ids, answer: Any) -> Response:
    """What a device must have answered for this JSON."""
    code = int(answer["status"].split("(")[1].rstrip(")"))
    links = tuple(f"<{link['url']}>" for link in answer.get("objectLinks", ()))
    content = content_of(path, answer["content"]) if "content" in answer else {}
    return Response(code=code, content=content, links=links)


def content_of(path: Ids, node: Any) -> Content:
    """The values in a node, by full path."""
    return dict(_values(path, node))


def _values(path: Ids, node: Any) -> Iterator[tuple[Ids, Value]]:
    for child in (*node.get("instances", ()), *node.get("resources", ())):
        yield from _values((*path, child["id"]), child)
    for number, value in node.get("values", {}).items():
        yield (*path, int(number)), _value(path, value, node.get("type"))
    if "value" in node:
        yield path, _value(path, node["value"], node.get("type"))


def _value(path: Ids, value: Any, kind: str | None) -> Value:
    if isinstance(value, dict):
        return f"{value['objectId']}:{value['objectInstanceId']}"
    if kind == "INTEGER":
        return int(value)
    if kind == "TIME":
        return int(value) // 1000
    if (path[0], path[2]) == CURRENT_TIME:
        return int(datetime.fromisoformat(value).timestamp())
    return value  # type: ignore[no-any-return]  # JSON's own string or number


def _exchange(row: Any) -> Exchange:
    headers = row.get("response_headers", {})
    answer = Answer(
        status=row["status"],
        content_type=headers.get("Content-Type"),
        is_chunked="Transfer-Encoding" in headers,
        text=row.get("response_body", ""),
        error=row["error"].split("(")[0] if "error" in row else None,
    )
    return Exchange(
        method=row["method"],
        target=row["path"],
        headers=row.get("request_headers", {}),
        body=row.get("request_body"),
        answer=answer,
    )


def _events(name: str) -> Iterator[tuple[float, Event]]:
    timed: list[tuple[float, Event]] = []
    unfinished = ""
    for line in (RECORDINGS / name).read_text().splitlines():
        row = json.loads(line)
        if row["kind"] == "sse":
            *finished, unfinished = (unfinished + row["chunk"]).split("\r\n\r\n")
            timed.extend(
                (row["t"], _event(block.lstrip("\r\n"))) for block in finished if block.strip()
            )
    for number, (at, event) in enumerate(timed):
        successors = [
            later
            for later_at, later in timed[number + 1 :]
            if later_at - at < REPLACED_WITHIN_SECONDS and later.endpoint == event.endpoint
        ]
        is_replaced = "REGISTRATION" in [later.name for later in successors]
        yield at, Event(name=event.name, data=event.data, is_replaced_registration=is_replaced)


def _event(block: str) -> Event:
    name, data = block.split("\r\n")
    return Event(name=name.removeprefix("event: "), data=json.loads(data.removeprefix("data: ")))
