"""What is made of an endpoint's refusal, whatever the network: why, and for how long to leave it alone."""

from typing import Any

import pytest

from chains import endpoints
from chains.endpoints import Endpoint, EndpointFault
from tests.chains import evm_proxy
from tests.chains.evm_proxy import Proxy

NO_NODE = "http://127.0.0.1:9"  # nothing is passed on


def fault_of(proxy: Proxy) -> EndpointFault:
    """The fault that a call ends with."""
    with pytest.raises(EndpointFault) as raised:
        Endpoint(proxy.url).post("", {})
    return raised.value


@pytest.mark.parametrize("retry_after", ["-1", "nan", "inf", "-inf", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_time_to_wait_is_left_out(retry_after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "FIRST_REST_SECONDS", 0.0)
    with Proxy(NO_NODE, evm_proxy.says({"error": "slow down"}, 429, Retry_After=retry_after)) as proxy:
        fault = fault_of(proxy)
        assert len(proxy.requests) == 1 + endpoints.BRIEF_RESTS
    assert (str(fault), fault.status, fault.retry_after) == ("HTTP 429: slow down", 429, None)


def test_a_retry_after_of_no_seconds_is_obeyed() -> None:
    with Proxy(NO_NODE, evm_proxy.says({"error": "slow down"}, 429, Retry_After="0")) as proxy:
        assert fault_of(proxy).retry_after == 0


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"error": {"code": 5, "message": "no"}}, "HTTP 403: no"),
        ({"error": {"code": 5}}, "HTTP 403"),
        ({"error": {"message": None}}, "HTTP 403"),
        ({}, "HTTP 403"),
        ([], "HTTP 403"),
    ],
)
def test_an_error_without_words_is_told_by_its_status_alone(document: Any, told: str) -> None:
    with Proxy(NO_NODE, evm_proxy.says(document, 403)) as proxy:
        assert str(fault_of(proxy)) == told
