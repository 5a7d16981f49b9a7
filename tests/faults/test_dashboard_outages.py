"""The dashboard while a server is away: a page says so in time, and a session outlives the outage."""

from collections.abc import Callable

import pytest
import requests
from flask.testing import FlaskClient

from settings import settings
from tests.factories import eventually, make_shop
from tests.faults.processes import Processes
from tests.faults.proxy import Mode, Proxy

LIMIT_SECONDS = 5.0
Proxied = Callable[[str], tuple[Proxy, str]]


def signed_in(base: str, api_key: str) -> dict[str, str]:
    """The headers of a browser that has signed in; the cookie is for https, or for browsers that trust loopback."""
    answer = requests.post(f"{base}/dashboard/sign-in", data={"api_key": api_key}, allow_redirects=False, timeout=30)
    assert answer.status_code == 303
    return {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}


def check_is_page_of_outage(answer: requests.Response) -> None:
    """It is a page, for people, and it came in time."""
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert int(answer.headers["Retry-After"]) > 0
    assert "Back in a moment" in answer.text
    assert "Traceback" not in answer.text
    assert answer.elapsed.total_seconds() < LIMIT_SECONDS


@pytest.mark.parametrize("mode", ["refuse", "silent"])
def test_an_outage_of_the_database_is_a_page_that_says_so(
    client: FlaskClient, processes: Processes, proxied: Proxied, mode: Mode
) -> None:
    shop = make_shop(client)
    proxy, url = proxied(settings.database_url)
    base = processes.serve(DATABASE_URL=url)
    browser = signed_in(base, shop.api_key)

    proxy.fail(mode)
    for path in ("", "/statement", "/activity", "/no-such-page"):
        check_is_page_of_outage(requests.get(f"{base}/dashboard{path}", headers=browser, timeout=30))

    proxy.heal()
    eventually(lambda: requests.get(f"{base}/dashboard", headers=browser, timeout=30).ok, "the end of the outage")


@pytest.mark.parametrize("mode", ["refuse", "silent"])
def test_without_redis_nobody_signs_in_and_whoever_has_reads_on(
    client: FlaskClient, processes: Processes, proxied: Proxied, mode: Mode
) -> None:
    shop = make_shop(client)
    proxy, url = proxied(settings.redis_url)
    base = processes.serve(REDIS_URL=url)
    browser = signed_in(base, shop.api_key)

    proxy.fail(mode)
    answer = requests.post(f"{base}/dashboard/sign-in", data={"api_key": shop.api_key}, timeout=30)
    check_is_page_of_outage(answer)
    assert requests.get(f"{base}/dashboard", headers=browser, timeout=30).status_code == 200
