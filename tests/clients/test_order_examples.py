"""The examples that buy, in every language: each buys something, once, and ends with its order, whatever its end is."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import BeforeSutler
from tests.clients.languages import BASH, EXAMPLES, GO, NODE, PHP, PYTHON, Language, is_here, order_command
from tests.clients.sutler import Sutler
from tests.factories import Shop, eventually
from tests.faults.proxy import Proxy
from tests.receiver import Receiver, answer

LANGUAGES = (PYTHON, NODE, GO, PHP, BASH)
PATIENCE_SECONDS = 60.0
PLACE, LOOK = b"POST /api/v1/orders", b"GET /api/v1/orders/"


@pytest.fixture(params=LANGUAGES, ids=lambda language: language.name)
def buyer(request: pytest.FixtureRequest, compiled: Path) -> list[str]:
    """The command of the example, in each language that the machine has."""
    return command_of(request.param, compiled)


def command_of(language: Language, compiled: Path) -> list[str]:
    """The command of a language's example."""
    if not is_here(language):
        pytest.skip(f"left out: no {language.needs} on this machine")
    return order_command(language, compiled)


def test_there_is_no_example_that_is_not_run() -> None:
    assert {language.name for language in LANGUAGES} == {
        folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()
    }


@contextmanager
def running(command: list[str], base: str, shop: Shop, *arguments: int) -> Iterator[subprocess.Popen[str]]:
    """An example that buys in the name of a client."""
    environ = {**os.environ, "SUTLER_URL": base, "SUTLER_KEY": shop.api_key, "SUTLER_SECRET": shop.secret or ""}
    process = subprocess.Popen(
        [*command, *map(str, arguments)],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def outcome(process: subprocess.Popen[str]) -> tuple[int, list[Any], str]:
    """The example's exit code, the items that it printed, and what it said to people."""
    printed, said = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, [json.loads(line) for line in printed.splitlines()], said


def test_it_buys_the_first_product_without_a_signature(sutler: Sutler, buyer: list[str]) -> None:
    shop = sutler.shop(signed=False)

    with running(buyer, sutler.base, shop) as process:
        code, items, said = outcome(process)

    order = sutler.only_order(shop)
    assert (code, order["product_id"], order["quantity"], order["status"]) == (0, sutler.first.id, 1, "completed"), said
    assert items == order["items"]
    assert f"{sutler.first.id}: {sutler.first.name}, 10 USDT, from 1" in said


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_it_buys_once_when_the_answer_is_lost(
    sutler: Sutler, proxied: BeforeSutler, buyer: list[str], signed: bool
) -> None:
    shop, product = sutler.shop(signed=signed), sutler.sell(5)
    proxy, base = proxied()
    proxy.lose_answer(PLACE)

    with running(buyer, base, shop, product.id, 2) as process:
        code, items, said = outcome(process)

    assert proxy.has_lost.is_set()
    order = sutler.only_order(shop)
    assert (code, order["quantity"], order["status"]) == (0, 2, "completed"), said
    assert items == order["items"]
    assert shop.balance()["balance_usdt"] == pytest.approx(1000 - order["price_usdt"])


def test_it_asks_again_when_its_wait_is_cut_off_and_ends_on_a_partial_order(
    sutler: Sutler, proxied: BeforeSutler, buyer: list[str]
) -> None:
    shop, product = sutler.shop(signed=True), sutler.sell(3, missing=1)
    proxy, base = proxied()
    proxy.lose_answer(LOOK)

    with running(buyer, base, shop, product.id, 3) as process:
        code, items, said = outcome(process)

    assert proxy.has_lost.is_set()
    order = sutler.only_order(shop)
    assert (code, order["status"], len(items)) == (0, "partial", 2), said
    assert items == order["items"]


def test_it_ends_on_a_refunded_order(sutler: Sutler, proxied: BeforeSutler, buyer: list[str]) -> None:
    shop, product = sutler.shop(signed=True), sutler.sell(1)
    proxy, base = proxied()
    proxy.lose_answer(PLACE, then="refuse")

    with running(buyer, base, shop, product.id, 1) as process:
        assert proxy.has_lost.wait(PATIENCE_SECONDS)
        eventually(lambda: sutler.only_order(shop)["status"] == "completed", "the order's delivery")
        sutler.refund(sutler.only_order(shop)["order_id"])
        proxy.heal()
        code, _, said = outcome(process)

    assert (code, sutler.only_order(shop)["status"]) == (1, "refunded"), said
    assert "is refunded" in said


def test_it_says_why_an_order_is_refused(sutler: Sutler, buyer: list[str]) -> None:
    shop = sutler.shop(signed=True, balance="1")

    with running(buyer, sutler.base, shop, sutler.first.id, 1) as process:
        code, items, said = outcome(process)

    assert (code, items, sutler.orders(shop)) == (1, [], [])
    assert "insufficient_balance: " in said


def test_equal_purchases_at_the_same_time_are_all_made(sutler: Sutler, buyer: list[str]) -> None:
    shop = sutler.shop(signed=True)

    with (
        running(buyer, sutler.base, shop, sutler.first.id, 1) as one,
        running(buyer, sutler.base, shop, sutler.first.id, 1) as another,
    ):
        ends = [outcome(process) for process in (one, another)]

    assert [code for code, _, _ in ends] == [0, 0], ends
    # What tells their bodies apart, and so their signatures, should they be of one second.
    assert len({order["client_reference"] for order in sutler.orders(shop)}) == 2


def test_it_takes_its_key_nowhere_else(sutler: Sutler, buyer: list[str]) -> None:
    shop = sutler.shop(signed=True)
    with (
        Receiver(answer(200)) as elsewhere,
        Receiver(answer(302, Location=elsewhere.url)) as moved,
        running(buyer, f"http://127.0.0.1:{moved.port}", shop, sutler.first.id, 1) as process,
    ):
        code, items, said = outcome(process)

    assert (code, items, elsewhere.requests) == (1, [], [])
    assert "SUTLER_URL" in said


def test_all_of_them_go_on_asking_while_an_order_takes_its_time(
    sutler: Sutler, proxied: BeforeSutler, compiled: Path
) -> None:
    # All at once, since each of them asks every five seconds only.
    commands = {language.name: order_command(language, compiled) for language in LANGUAGES if is_here(language)}
    with ExitStack() as stack:
        processes, proxies = {}, []
        with sutler.paused():
            for name, command in commands.items():
                proxy, base = proxied()
                started = running(command, base, sutler.shop(signed=True), sutler.first.id, 1)
                processes[name] = stack.enter_context(started)
                proxies.append(proxy)
            eventually(lambda: all(looks(proxy, waiting=True) for proxy in proxies), "every wait")
            for proxy in proxies:
                proxy.fail("refuse")
            # Go repeats a request by itself when its connection was an old one. That is not to save the wait.
            eventually(lambda: all(proxy.refused for proxy in proxies), "every attempt after it")
            answered = [proxy.answers for proxy in proxies]
            for proxy in proxies:
                proxy.heal()
            eventually(lambda: all(proxy.answers > n for proxy, n in zip(proxies, answered, strict=True)), "every look")
        ends = {name: outcome(process)[0] for name, process in processes.items()}

    assert ends == dict.fromkeys(commands, 0)
    assert [looks(proxy, waiting=False) >= 2 for proxy in proxies] == [True] * len(proxies)


def looks(proxy: Proxy, *, waiting: bool) -> int:
    """How often an order was looked at through the proxy, to wait for its end or to see how it stands."""
    return sum(request.startswith(LOOK) and (b"?wait=true" in request) == waiting for request in proxy.requests)
