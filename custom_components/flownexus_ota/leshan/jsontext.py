"""JSON texts as they come over the wire: lenient in charset, bounded in depth."""

import json

type Json = str | int | float | bool | list[Json] | dict[str, Json] | None


def member(data: Json, name: str) -> Json:
    """Return an object's member; None where it has none, or where `data` is no object."""
    return data.get(name) if isinstance(data, dict) else None


def decode_json(text: str) -> Json:
    """Return what a JSON text says; raise ValueError for anything else, deep nests included."""
    try:
        decoded: Json = json.loads(text)
    except RecursionError as err:
        raise ValueError("nested too deeply") from err
    return decoded


def decode_lenient(body: bytes) -> str:
    """Return a body as text: UTF-8, else ISO-8859-1, in which M4 and M15 write error texts."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("iso-8859-1")
