"""Top-ups on the dashboard: where to send which amount, and whether it has arrived."""

import html
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import networks
from models.database import db, rows
from models.networks import NETWORKS
from models.topups import MOST_PENDING_BY_HAND
from tests.dashboard import Visitor, sign_in
from tests.factories import Shop, make_shop
from tests.payers import NETWORK, arrive, ask, grow_older, make_till, pay, read_up_to_now
from web.pages.network_words import translated


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


@pytest.fixture
def visitor(client: FlaskClient, shop: Shop) -> Visitor:
    """The client on the dashboard."""
    return sign_in(client, shop)


def text(page: TestResponse, status: int = 200) -> str:
    """A page's HTML, as a reader sees its characters."""
    assert page.status_code == status, page.get_data(as_text=True)
    return html.unescape(page.get_data(as_text=True))


def token_of(page: TestResponse) -> str:
    """What makes the page's form one form."""
    [token] = re.findall(r'name="token" value="([^"]+)"', text(page, page.status_code))
    return str(token)


def request_topup(visitor: Visitor, amount: str = "100", network: str = NETWORK, **fields: str) -> TestResponse:
    """Fill the form in and send it."""
    fields = {"token": token_of(visitor.get("/topups/new")), **fields}
    return visitor.post("/topups", amount=amount, network=network, **fields)


def path_of(answer: TestResponse) -> str:
    """Where a form that was taken leads to."""
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"].removeprefix("/dashboard")


def intents_of(account_id: int) -> list[dict[str, Any]]:
    with db.connection_context():
        return rows("SELECT * FROM payment_intents WHERE account_id = %(id)s ORDER BY id", {"id": account_id})


def test_the_list_is_empty_at_first_and_leads_to_the_form(visitor: Visitor) -> None:
    page = text(visitor.get("/topups"))

    assert "No top-ups yet" in page
    assert 'href="/dashboard/topups/new"' in page


def test_the_form_names_every_network_with_its_fee_and_time(visitor: Visitor) -> None:
    page = text(visitor.get("/topups/new?amount=15.00"))

    for network in NETWORKS.values():
        assert f'value="{network.code}"' in page
        assert network.name in page
        assert f"network fee {network.fee_usdt} USDT" in page
    assert 'name="amount" value="15.00"' in page


def test_there_are_words_for_every_network(client: FlaskClient) -> None:
    with client.application.test_request_context("/dashboard"):
        for network in networks.NETWORKS.values():
            assert translated(network.recommendation) == network.recommendation
            assert translated(network.time) == network.time


@pytest.mark.parametrize(
    ("typed", "micros"),
    [("100", 100_000_000), ("100.5", 100_500_000), ("100,50", 100_500_000), (" 1 000 ", 1_000_000_000),
     ("1", 1_000_000), ("100000.00", 100_000_000_000)],
)  # fmt: skip
def test_a_top_up_is_asked_for_without_a_key(shop: Shop, visitor: Visitor, typed: str, micros: int) -> None:
    answer = request_topup(visitor, typed)

    [intent] = intents_of(shop.account_id)
    assert answer.headers["Location"] == f"/dashboard/topups/{intent['public_id']}"
    assert (intent["requested"], intent["network"], intent["key_id"]) == (micros, NETWORK, None)


@pytest.mark.parametrize(
    ("amount", "network", "status", "sentence"),
    [
        ("", NETWORK, 422, "at most two decimals"), ("ten", NETWORK, 422, "at most two decimals"),
        ("1,000", NETWORK, 422, "at most two decimals"), ("1.001", NETWORK, 422, "at most two decimals"),
        ("-5", NETWORK, 422, "at most two decimals"), ("1e3", NETWORK, 422, "at most two decimals"),
        ("0.99", NETWORK, 422, "must be between 1 and 100\u202f000"),
        ("100000.01", NETWORK, 422, "must be between 1 and 100\u202f000"),
        ("10", "", 422, "Choose a network."), ("10", "bitcoin", 422, "This network is not on at present."),
        ("10", "<script>", 422, "This network is not on at present."),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_told_beside_the_form(
    shop: Shop, visitor: Visitor, amount: str, network: str, status: int, sentence: str
) -> None:
    answer = request_topup(visitor, amount, network)

    page = text(answer, status)
    assert sentence in page
    assert f'name="amount" value="{amount}"' in page
    assert "<script>" not in answer.get_data(as_text=True)
    assert intents_of(shop.account_id) == []


def test_an_amount_that_is_taken_all_around_is_told(client: FlaskClient, shop: Shop, visitor: Visitor) -> None:
    other = make_shop(client, "0")
    with db.connection_context():
        db.execute_sql(
            "INSERT INTO payment_intents (account_id, network, payment_address, requested, amount, tolerance,"
            " expires_at, owned_until) VALUES (%s, %s, 'x', 1, 50000000, 10000000, now(), now() + interval '1 day')",
            (other.account_id, NETWORK),
        )

    assert "All amounts near this one are taken" in text(request_topup(visitor, "50"), 409)
    assert intents_of(shop.account_id) == []


def test_the_page_shows_amount_address_code_and_the_time_that_is_left(client: FlaskClient, visitor: Visitor) -> None:
    taken = ask(make_shop(client, "0"), "100")

    page = text(visitor.get(path_of(request_topup(visitor, "100"))))

    assert 'data-copy="100.03"' in page  # 100.00 is another's, and the two windows of a cent may not touch
    assert "You asked for 100.00 USDT." in page
    assert f'data-copy="{taken["payment_address"]}"' in page
    assert "Exactly this amount has to arrive" in page
    assert re.search(r'data-countdown="\d+"', page)
    [code] = re.findall(r'<img src="(data:image/svg\+xml[^"]+)"', page)
    assert "<svg" in unquote(code)
    assert "style=" not in unquote(code)


def test_a_form_that_is_sent_again_makes_one_top_up(shop: Shop, visitor: Visitor) -> None:
    token = token_of(visitor.get("/topups/new"))

    places = {path_of(request_topup(visitor, token=token)) for _ in range(3)}

    assert len(places) == 1
    assert len(intents_of(shop.account_id)) == 1
    changed = request_topup(visitor, "200", token=token)
    assert "sent before, with something else in it" in text(changed, 409)
    assert token_of(changed) != token
    assert len(intents_of(shop.account_id)) == 1


def test_a_form_that_is_sent_many_times_at_once_makes_one_top_up(shop: Shop, visitor: Visitor) -> None:
    token = token_of(visitor.get("/topups/new"))
    cookie = visitor.browser.get_cookie("sutler_session", path="/dashboard")
    assert cookie is not None

    def press(_: int) -> str:
        twin = Visitor(visitor.browser.application.test_client(), visitor.csrf_token)
        twin.browser.set_cookie("sutler_session", cookie.value, path="/dashboard")
        return path_of(twin.post("/topups", amount="100", network=NETWORK, token=token))

    with ThreadPoolExecutor(6) as pool:
        places = set(pool.map(press, range(6)))

    assert len(places) == 1
    assert len(intents_of(shop.account_id)) == 1


def test_money_that_arrives_is_shown_without_a_reload(client: FlaskClient, visitor: Visitor) -> None:
    path = path_of(request_topup(visitor, "100"))
    page = text(visitor.get(path))
    address = page.split('hx-get="')[1].split('"')[0].removeprefix("/dashboard")
    assert 'hx-trigger="every 3s"' in page
    assert visitor.get(address).status_code == 204

    paid = pay(make_till(client), "100.00", tx_hash="ab" * 32)
    end = text(visitor.get(address))

    assert "100.00 USD" in end
    assert "status-credited_auto" in end
    assert f'data-copy="{paid["tx_hash"]}"' in end
    assert "hx-trigger" not in end
    assert "hx-trigger" not in text(visitor.get(path))


def test_one_that_expired_says_what_to_do_if_it_was_paid_and_is_credited_late(visitor: Visitor) -> None:
    path = path_of(request_topup(visitor, "100"))
    grow_older(timedelta(hours=2))
    read_up_to_now()

    page = text(visitor.get(path))

    assert "status-expired" in page
    assert "You have paid all the same?" in page
    assert "hx-trigger" not in page
    assert "data-countdown" not in page
    assert "img" not in page


def test_the_list_has_every_top_up_of_the_account_and_no_others(
    client: FlaskClient, shop: Shop, visitor: Visitor
) -> None:
    mine, theirs = ask(shop, "50"), ask(make_shop(client, "0"), "60")
    arrive("50")

    page = text(visitor.get("/topups"))

    assert f"/dashboard/topups/{mine['topup_id']}" in page
    assert "50.00 USDT" in page
    assert "status-credited_auto" in page
    assert theirs["topup_id"] not in page


def test_older_top_ups_are_on_the_next_page(shop: Shop, visitor: Visitor) -> None:
    made = [ask(shop, 100 + n)["topup_id"] for n in range(26)]

    first = text(visitor.get("/topups"))
    address = first.split('class="older"><a href="')[1].split('"')[0].removeprefix("/dashboard")

    assert made[0] not in first
    assert made[0] in text(visitor.get(address))
    assert visitor.get("/topups?cursor=nonsense").status_code == 422


@pytest.mark.parametrize("path", ["", "/state"])
def test_others_top_ups_are_nowhere(client: FlaskClient, visitor: Visitor, path: str) -> None:
    theirs = ask(make_shop(client, "0"), "60")["topup_id"]

    for topup_id in (theirs, "00000000-0000-4000-8000-000000000000", "nonsense"):
        assert visitor.get(f"/topups/{topup_id}{path}").status_code == 404


def test_nobody_takes_more_amounts_than_he_can_pay(shop: Shop, visitor: Visitor) -> None:
    for n in range(MOST_PENDING_BY_HAND):
        path_of(request_topup(visitor, str(100 + n)))

    refused = text(request_topup(visitor, "500"), 409)

    assert f"{MOST_PENDING_BY_HAND} of your top-ups are still unpaid." in refused
    assert len(intents_of(shop.account_id)) == MOST_PENDING_BY_HAND


def test_nothing_is_asked_for_without_a_form_of_ours(shop: Shop, visitor: Visitor) -> None:
    forged = request_topup(visitor, csrf_token="0" * 64)
    foreign = visitor.browser.post(
        "/dashboard/topups",
        data={"csrf_token": visitor.csrf_token, "amount": "100", "network": NETWORK},
        headers={"Origin": "https://evil.example"},
    )

    assert (forged.status_code, foreign.status_code) == (403, 403)
    assert intents_of(shop.account_id) == []
