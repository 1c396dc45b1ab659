"""How requests end."""

import pytest

from custom_components.flownexus_ota.lwm2m.exchange import (
    DeviceRefusedError,
    Lwm2mError,
    ServerUnreachableError,
    TlsFailedError,
)


@pytest.mark.parametrize(
    ("code", "message", "text"),
    [(405, "", "4.05"), (400, "bad uri", "4.00 bad uri"), (429, " ", "4.29"), (0, "", "0.00")],
)
def test_a_refusal_reads_like_coap(code: int, message: str, text: str) -> None:
    refusal = DeviceRefusedError(code, message)
    assert str(refusal) == text
    assert (refusal.code, refusal.message) == (code, message)


def test_a_tls_failure_is_a_server_out_of_reach() -> None:
    assert issubclass(TlsFailedError, ServerUnreachableError)
    assert issubclass(DeviceRefusedError, Lwm2mError)
