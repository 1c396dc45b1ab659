"""What a device gets for its requests, byte by byte over real sockets."""

import logging
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from custom_components.flownexus_ota.serving.guesses import MAX_WRONG_TOKENS

from .image_server import (
    SESSION,
    TOKEN,
    Answer,
    ImageServer,
    RawClient,
    request_text,
)

BOTH_KINDS_OF_SERVER = pytest.mark.parametrize("handler_cancellation", [True, False])


async def test_a_get_returns_the_image_with_its_length_and_digest(
    server: ImageServer, image: bytes
) -> None:
    async with RawClient(server.port) as client:
        answer = await client.get("Accept-Encoding: gzip, deflate, br")
    assert (answer.status, answer.body) == (200, image)
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    assert headers == {
        "accept-ranges": "bytes",
        "cache-control": "no-store, no-transform",
        "content-encoding": "identity",
        "content-length": str(len(image)),
        "content-type": "application/octet-stream",
        "etag": server.etag,
        "server": "flownexus_ota",
        "x-content-type-options": "nosniff",
    }
    await server.idle()
    assert server.percent == 100


async def test_a_head_returns_the_headers_and_counts_nothing(
    server: ImageServer, image: bytes
) -> None:
    async with RawClient(server.port) as client:
        await client.send(request_text("Range: bytes=5-9", method="HEAD"))
        head = await client.head()
        answer = await client.get()
    assert (head.status, head.length) == (200, len(image))
    assert without_date(head) == without_date(answer)
    assert answer.body == image
    await server.idle()
    assert server.told[-1] == len(image)


async def test_a_head_alone_leaves_the_progress_at_zero(server: ImageServer) -> None:
    async with RawClient(server.port) as client:
        await client.send(request_text("Connection: close", method="HEAD"))
        await client.read_to_end()
    await server.idle()
    assert (server.percent, server.told) == (0, [])


@pytest.mark.parametrize(
    ("header", "part", "content_range"),
    [
        ("bytes=0-99", slice(0, 100), "bytes 0-99/70001"),
        ("bytes=70000-", slice(70000, None), "bytes 70000-70000/70001"),
        ("bytes=-5", slice(-5, None), "bytes 69996-70000/70001"),
        ("bytes=0-", slice(None), "bytes 0-70000/70001"),
        ("bytes=1000-99999999", slice(1000, None), "bytes 1000-70000/70001"),
    ],
)
async def test_a_range_returns_its_bytes(
    server: ImageServer, image: bytes, header: str, part: slice, content_range: str
) -> None:
    async with RawClient(server.port) as client:
        answer = await client.get(f"Range: {header}")
    assert (answer.status, answer.body) == (206, image[part])
    assert answer.headers["content-range"] == content_range
    assert answer.headers["etag"] == server.etag
    await server.idle()
    assert server.covered_bytes == len(image[part])


@pytest.mark.parametrize(
    "headers",
    [
        ["Range: bytes=0-1,5-6"],
        ["Range: bytes=0-1", "Range: bytes=5-6"],
        ["Range: bytes=nonsense"],
        ["Range: lines=1-2"],
        ["Range: bytes=5-", 'If-Range: "another image"'],
        ["Range: bytes=5-", "If-Range: Wed, 21 Oct 2026 07:28:00 GMT"],
    ],
)
async def test_what_is_no_single_range_of_this_image_returns_all_of_it(
    server: ImageServer, image: bytes, headers: list[str]
) -> None:
    async with RawClient(server.port) as client:
        answer = await client.get(*headers)
    assert (answer.status, answer.body) == (200, image)
    assert "content-range" not in answer.headers


async def test_a_resumed_download_of_this_image_returns_its_rest(
    server: ImageServer, image: bytes
) -> None:
    async with RawClient(server.port) as client:
        answer = await client.get("Range: bytes=70000-", f"If-Range: {server.etag}")
    assert (answer.status, answer.body) == (206, image[70000:])


async def test_a_range_beyond_the_end_is_refused_with_the_length(server: ImageServer) -> None:
    async with RawClient(server.port) as client:
        answer = await client.get("Range: bytes=70001-")
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */70001")
    assert answer.body == b"Range not satisfiable\n"
    assert server.told == []


async def test_a_client_that_holds_the_image_is_told_so(server: ImageServer) -> None:
    async with RawClient(server.port) as client:
        await client.send(request_text(f"If-None-Match: {server.etag}", "Connection: close"))
        head = await client.head()
        body = await client.read_to_end()
    assert (head.status, head.headers["etag"], body) == (304, server.etag, b"")
    assert server.told == []


async def test_an_http_1_0_client_gets_the_image_and_then_the_end(
    server: ImageServer, image: bytes
) -> None:
    async with RawClient(server.port) as client:
        await client.send(f"GET /f/{TOKEN}/thingy.bin HTTP/1.0\r\n\r\n")
        head = await client.head()
        body = await client.read_to_end()
    assert head.status_line == "HTTP/1.0 200 OK"
    assert (head.length, body) == (len(image), image)
    await server.idle()
    assert server.percent == 100


@BOTH_KINDS_OF_SERVER
async def test_a_client_that_has_said_its_last_word_still_gets_the_image(
    image_path: Path, image: bytes, *, handler_cancellation: bool
) -> None:
    async with ImageServer(handler_cancellation=handler_cancellation) as server:
        server.offer(image_path)
        async with RawClient(server.port) as client:
            await client.send(request_text(version="1.0"))
            client.end_of_requests()
            head = await client.head()
            body = await client.read_to_end()
        await server.idle()
        assert server.percent == 100
    assert (head.status, body) == (200, image)


async def test_a_doubled_leading_slash_is_understood(server: ImageServer, image: bytes) -> None:
    async with RawClient(server.port) as client:
        await client.send(request_text(path=f"//f/{TOKEN}/thingy.bin"))
        answer = await client.answer()
    assert answer.body == image


async def test_any_name_at_the_end_of_the_url_will_do(server: ImageServer, image: bytes) -> None:
    async with RawClient(server.port) as client:
        await client.send(request_text(path=f"/f/{TOKEN}/x"))
        answer = await client.answer()
    assert answer.body == image


async def test_hundreds_of_small_ranges_over_one_connection_make_the_image(
    server: ImageServer, image: bytes
) -> None:
    parts = []
    async with RawClient(server.port) as client:
        for start in range(0, len(image), 256):
            answer = await client.get(f"Range: bytes={start}-{start + 255}")
            parts.append(answer.body)
    assert b"".join(parts) == image
    assert len(parts) > 200
    assert len(server.transports) == len(parts)
    assert len(set(map(id, server.transports))) == 1
    await server.idle()
    assert server.percent == 100
    assert server.told[-1] == len(image)


async def test_requests_that_come_together_are_answered_one_by_one(
    server: ImageServer, image: bytes
) -> None:
    async with RawClient(server.port) as client:
        await client.send(request_text("Range: bytes=0-9") + request_text("Range: bytes=10-19"))
        answers = [await client.answer(), await client.answer()]
    assert [answer.body for answer in answers] == [image[:10], image[10:20]]


async def test_unknown_malformed_and_finished_tokens_get_the_same_404(server: ImageServer) -> None:
    async with RawClient(server.port) as client:
        wrong = await client.get(token="B" * 22)
        malformed = await client.get(token="x")
        server.book.revoke("session")
        finished = await client.get()
    assert wrong.status == 404
    assert wrong.body == b"Not found\n"
    assert without_date(wrong) == without_date(malformed) == without_date(finished)
    assert wrong.body == malformed.body == finished.body
    assert wrong.headers.keys() == {
        "cache-control",
        "content-length",
        "content-type",
        "date",
        "server",
        "x-content-type-options",
    }


async def test_a_head_for_an_unknown_token_gets_the_same_headers(server: ImageServer) -> None:
    async with RawClient(server.port) as client:
        await client.send(request_text(method="HEAD", token="B" * 22))
        head = await client.head()
        answer = await client.get(token="B" * 22)
    assert without_date(head) == without_date(answer)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(server: ImageServer, method: str) -> None:
    async with RawClient(server.port) as client:
        await client.send(request_text(method=method))
        answer = await client.answer()
    assert (answer.status, answer.headers["allow"]) == (405, "GET,HEAD")


async def test_an_image_that_is_gone_is_an_error_of_ours(
    server: ImageServer, image_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remove(image_path)
    async with RawClient(server.port) as client:
        answer = await client.get()
    assert (answer.status, answer.body) == (500, b"Image cannot be read\n")
    assert "cannot be read: No such file" in caplog.text
    assert "Traceback" not in caplog.text


async def test_an_image_of_another_size_is_not_served(
    server: ImageServer, image_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    os.truncate(image_path, 10)
    async with RawClient(server.port) as client:
        answer = await client.get()
    assert answer.status == 500
    assert "10 bytes instead of 70001" in caplog.text


async def test_no_log_line_holds_the_token(
    server: ImageServer, image_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with RawClient(server.port) as client:
        await client.get()
        await client.send(request_text(method="POST"))
        await client.answer()
        remove(image_path)
        server.book.images.retire(image_path)
        await client.get()
        server.book.revoke("session")
        await client.get()
    assert caplog.records
    assert TOKEN not in caplog.text


RANGES = st.one_of(
    st.builds("bytes={}-{}".format, st.integers(0, 80_000), st.integers(0, 80_000)),
    st.builds("bytes={}-".format, st.integers(0, 80_000)),
    st.builds("bytes=-{}".format, st.integers(0, 80_000)),
    st.text(st.sampled_from("bytes=0123456789-, "), max_size=20),
)


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(header=RANGES)
@example(header="bytes=0-0")
async def test_whatever_the_range_the_bytes_are_those_of_the_image(
    server: ImageServer, image_path: Path, image: bytes, header: str
) -> None:
    server.book.revoke(SESSION)
    server.offer(image_path)  # else all examples together are more than one token is good for
    async with RawClient(server.port) as client:
        answer = await client.get(f"Range: {header}")
    assert answer.body == announced_part(answer, image)


def announced_part(answer: Answer, image: bytes) -> bytes:
    """Return what the headers of an answer say that its body is."""
    if answer.status == 200:
        return image
    if answer.status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(image)}"
        return b"Range not satisfiable\n"
    assert answer.status == 206
    unit, _, span = answer.headers["content-range"].partition(" ")
    part, _, size = span.partition("/")
    first, _, last = part.partition("-")
    assert (unit, int(size)) == ("bytes", len(image))
    return image[int(first) : int(last) + 1]


def remove(path: Path) -> None:
    path.unlink()


def without_date(answer: Answer) -> tuple[str, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name != "date"}
    return answer.status_line, headers


async def test_whoever_tries_many_tokens_hears_no_more_than_429_but_a_right_one_works(
    server: ImageServer, image: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = [f"{number:022}" for number in range(MAX_WRONG_TOKENS + 2)]
    async with RawClient(server.port) as client:
        answers = [await client.get(token=token) for token in wrong]
        right = await client.get()
    statuses = [answer.status for answer in answers]
    assert statuses == [404] * MAX_WRONG_TOKENS + [429] * 2
    assert (right.status, right.body) == (200, image)
    assert caplog.text.count("images that are not on offer") == 1
    assert not any(token in caplog.text for token in wrong)


async def test_a_device_whose_update_has_ended_may_keep_asking(server: ImageServer) -> None:
    server.book.revoke(SESSION)
    async with RawClient(server.port) as client:
        answers = [await client.get() for _ in range(MAX_WRONG_TOKENS + 2)]
    assert {answer.status for answer in answers} == {404}


@pytest.mark.parametrize("token", ["A" * 21, "A" * 23, "A" * 21 + "!", "B" * 22, "%00", "A" * 4000])
async def test_a_token_that_is_none_gets_the_same_answer_as_an_old_one(
    server: ImageServer, token: str
) -> None:
    async with RawClient(server.port) as client:
        strange = await client.get(token=token)
        server.book.revoke(SESSION)
        old = await client.get()
    assert without_date(strange) == without_date(old)
    assert (old.status, strange.body) == (404, old.body)
