"""How a request ended, by status and text, for what no recording holds."""

import pytest

from custom_components.flownexus_ota.leshan.replies import Reply, list_failure, read_reply
from custom_components.flownexus_ota.lwm2m.exchange import (
    DeviceAsleepError,
    DeviceRefusedError,
    DeviceTimeoutError,
    EndpointUnknownError,
    Lwm2mError,
    NotAuthorisedError,
    NotThisServerError,
    RequestCancelledError,
    ServerUnreachableError,
    UnreadableReplyError,
)


@pytest.mark.parametrize("body", [b"", b"\r\n"])
def test_nothing_is_a_success_without_content(body: bytes) -> None:
    assert read_reply(200, body) == Reply()


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, b"", NotAuthorisedError),
        (403, b"<html>", NotAuthorisedError),
        (407, b"", NotAuthorisedError),
        (502, b"<html>", ServerUnreachableError),
        (503, b"", ServerUnreachableError),
        (504, b"<html>Gateway Time-out", DeviceTimeoutError),
        (500, b"Request cancelled: ...", RequestCancelledError),
        (500, b"Request rejected: ...", UnreadableReplyError),
        (500, b"", UnreadableReplyError),
        (400, b"No registered client with id 'is sleeping'", EndpointUnknownError),
        (400, b"Invalid request: The destination client is sleeping", DeviceAsleepError),
        (400, b"Invalid request: something else", UnreadableReplyError),
        (404, b"", UnreadableReplyError),
        (302, b"", UnreadableReplyError),
        (204, b"", UnreadableReplyError),
        (200, b"<html>", UnreadableReplyError),
        (200, b"[]", UnreadableReplyError),
        (200, b"{}", UnreadableReplyError),
        (200, b'{"success": "true"}', UnreadableReplyError),
        (200, b'{"success": ', UnreadableReplyError),
        (200, b"[" * 100_000, UnreadableReplyError),
        (200, b"\xfc\xff", UnreadableReplyError),
    ],
)
def test_every_other_end_is_an_error_by_name(
    status: int, body: bytes, expected: type[Lwm2mError]
) -> None:
    with pytest.raises(expected):
        read_reply(status, body)


def test_the_content_of_an_iso_8859_1_body_is_read() -> None:
    body = '{"success": true, "content": {"id": 0, "value": "Müller"}}'.encode("iso-8859-1")
    assert read_reply(200, body) == Reply(content={"id": 0, "value": "Müller"})


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"success": false, "status": "UNKNOWN(429)", "errormessage": "busy"}', 429, "busy"),
        (b'{"success": false, "status": "FORBIDDEN(403)"}', 403, ""),
        (b'{"success": false, "status": "FORBIDDEN", "errormessage": 7}', 0, ""),
        (b'{"success": false}', 0, ""),
        (
            b'{"success":false,"status":"BAD_REQUEST(400)","errormessage":"bad http://h/f/s3cret"}',
            400,
            "bad <address>",
        ),
    ],
)
def test_a_refusal_keeps_the_devices_words(body: bytes, code: int, message: str) -> None:
    with pytest.raises(DeviceRefusedError) as refusal:
        read_reply(200, body)
    assert (refusal.value.code, refusal.value.message) == (code, message)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, NotAuthorisedError),
        (403, NotAuthorisedError),
        (404, NotThisServerError),
        (400, NotThisServerError),
        (500, UnreadableReplyError),
        (502, ServerUnreachableError),
        (504, ServerUnreachableError),
    ],
)
def test_a_list_that_is_not_there_tells_about_the_server(
    status: int, expected: type[Lwm2mError]
) -> None:
    assert type(list_failure(status, "text")) is expected
