"""The dashboard's first page, the statement and the referrals."""

import csv
import io
from decimal import Decimal

from flask.testing import FlaskClient

from models import balance_history, referrals
from models.database import changed, db, row, rows
from models.money import parse_usd
from models.settlement import Delivered
from tests.dashboard import sign_in
from tests.factories import (
    credit,
    exact,
    make_product,
    make_shop,
    make_telegram_goods,
    make_v2_shop,
    settle_purchase,
)
from web.pages import shown

HOSTILE = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


def test_amounts_are_exact_and_never_cut() -> None:
    thin = shown.THIN_SPACE
    assert shown.usd(12_340_000) == "12.34 USD"
    assert shown.usd(0) == "0.00 USD"
    assert shown.usd(1) == "0.000001 USD"
    assert shown.usd(-1_500_000) == "\N{MINUS SIGN}1.50 USD"
    assert shown.usd(1_234_567_012_000) == f"1{thin}234{thin}567.012 USD"


def test_it_shows_what_there_is_and_what_was_bought(client: FlaskClient) -> None:
    make_telegram_goods()
    shop = make_v2_shop(client, "100")
    for amount in (100, 200):
        order = shop.post("/stars", {"username": "durov", "amount": amount}).json
        assert order is not None
    settle_purchase(order["order_id"], Delivered(200, "p-1"))
    html = sign_in(client, shop).get("").get_data(as_text=True)
    for text in ("96.40 USD", "1.20 USD", "100.00 USD", "3.60 USD"):  # available, locked, topped up, spent
        assert text in html
    assert "<dt>Stars bought</dt><dd>200</dd>" in html
    assert "<dt>Orders</dt><dd>2</dd>" in html
    assert "100 Stars for @durov" in html


def test_what_happened_comes_only_when_something_did(client: FlaskClient) -> None:
    shop = make_shop(client, "5")
    visitor = sign_in(client, shop)
    page = visitor.get("").get_data(as_text=True)
    address = page.split('data-poll hx-get="')[1].split('"')[0].removeprefix("/dashboard")
    assert visitor.get(address).status_code == 204
    credit(shop, "7", "gift")
    answer = visitor.get(address)
    assert answer.status_code == 200
    assert "+7.00 USD" in answer.get_data(as_text=True)
    assert "<html" not in answer.get_data(as_text=True)


def test_an_account_sees_its_own_only(client: FlaskClient) -> None:
    credit(make_shop(client), "123.45", "theirs", "their note")
    visitor = sign_in(client, make_shop(client, "0"))
    for path in ("", "/activity", "/statement", "/statement.csv", "/balance-history", "/referrals", "/keys"):
        text = visitor.get(path).get_data(as_text=True)
        assert "123.45" not in text
        assert "their note" not in text


def test_hostile_text_is_shown_as_text(client: FlaskClient) -> None:
    shop = make_shop(client)
    credit(shop, "1", "reference", HOSTILE)
    shop.order(make_product(name=HOSTILE))
    with db.connection_context():
        changed("UPDATE api_keys SET name = %(name)s", {"name": HOSTILE})
    visitor = sign_in(client, shop)
    for path in ("", "/statement", "/keys"):
        html = visitor.get(path).get_data(as_text=True)
        assert HOSTILE not in html
        assert ESCAPED in html


def test_the_history_is_exact_day_by_day(client: FlaskClient) -> None:
    shop = make_shop(client, "0")
    credit(shop, "100.000001", "a")
    shop.order(make_product("8.90"))
    with db.connection_context():
        # The journal refuses to be rewritten; a test may, to have a past.
        db.execute_sql("SET session_replication_role = replica")
        changed("UPDATE accounts SET created_at = now() - interval '40 days'")
        changed("UPDATE transfers SET created_at = now() - interval '30 days' WHERE kind = 'credit'")
        changed("UPDATE transfers SET created_at = now() - interval '2 days' WHERE kind = 'hold'")
        db.execute_sql("SET session_replication_role = DEFAULT")
        days = balance_history.of(shop.account_id)
    assert len(days) == 41
    balances = [day["balance"] for day in days]
    assert balances == [0] * 10 + [100_000_001] * 28 + [parse_usd("91.100001")] * 3
    assert [day["spent"] for day in days if day["spent"]] == [8_900_000]
    document = exact(sign_in(client, shop).get("/balance-history"))
    assert document["balance_usd"][-1] == Decimal("91.100001")
    assert document["spent_usd"][-3] == Decimal("8.9")
    assert [later - earlier for earlier, later in zip(document["day"], document["day"][1:], strict=False)] == [
        86_400
    ] * 40


def test_the_history_adds_up_to_what_the_account_has_and_spent(client: FlaskClient) -> None:
    make_telegram_goods()
    shop = make_v2_shop(client, "50")
    shop.post("/stars", {"username": "durov", "amount": 100})
    with db.connection_context():
        days = balance_history.of(shop.account_id)
        account = row("SELECT * FROM accounts WHERE id = %(id)s", {"id": shop.account_id})
    assert account is not None
    assert len(days) == balance_history.LEAST_DAYS
    assert days[-1]["balance"] == account["available"]
    assert sum(day["spent"] for day in days) == account["topped_up"] - account["available"]


def test_a_new_account_is_told_how_to_begin(client: FlaskClient) -> None:
    visitor = sign_in(client, make_shop(client, "0"))
    assert "Nothing has happened yet" in visitor.get("").get_data(as_text=True)
    assert "No movements yet" in visitor.get("/statement").get_data(as_text=True)
    assert "No friends yet" in visitor.get("/referrals").get_data(as_text=True)


def test_the_statement_has_pages(client: FlaskClient) -> None:
    shop = make_shop(client, "0")
    for number in range(60):
        credit(shop, "1", f"r{number}", f"note {number}.")
    visitor = sign_in(client, shop)
    first = visitor.get("/statement").get_data(as_text=True)
    assert "note 59." in first
    assert "note 9." not in first
    older = first.split('href="/dashboard/statement?cursor=')[1].split('"')[0]
    second = visitor.get(f"/statement?cursor={older}").get_data(as_text=True)
    assert "note 9." in second
    assert "note 0." in second


def test_the_statement_is_a_file_too_as_the_api_gives_it(client: FlaskClient) -> None:
    shop = make_shop(client, "10")
    credit(shop, "1.5", "x", "=HYPERLINK(1)")
    answer = sign_in(client, shop).get("/statement.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.get_data() == shop.get("/balance/transactions?format=csv").get_data()
    lines = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))
    assert [line["amount_usdt"] for line in lines] == ["1.5", "10"]
    assert lines[0]["note"] == "'=HYPERLINK(1)"


def test_friends_have_numbers_and_no_names(client: FlaskClient) -> None:
    shop = make_shop(client)
    friends = [make_shop(client, "0") for _ in range(3)]
    with db.connection_context():
        changed("INSERT INTO telegram_bots (id, username) VALUES (1, 'sutler_bot')")
        code = rows("SELECT referral_code FROM accounts WHERE id = %(id)s", {"id": shop.account_id})[0]["referral_code"]
        assert all(referrals.connect(friend.account_id, code) for friend in reversed(friends))
        changed(
            "UPDATE referrals SET state = 'rewarded', reward = 1000000, decided_at = now() WHERE friend_id = %(id)s",
            {"id": friends[0].account_id},
        )
    html = sign_in(client, shop).get("/referrals").get_data(as_text=True)
    assert f"https://t.me/sutler_bot?start=ref_{code}" in html
    assert html.index("Friend no. 3") < html.index("Rewarded") < html.index("Friend no. 2") < html.index("Friend no. 1")
    assert all(friend.fingerprint not in html for friend in friends)
    assert "<dt>Earned</dt><dd>1.00 USD</dd>" in html


def test_without_a_bot_there_is_no_link_yet(client: FlaskClient) -> None:
    html = sign_in(client, make_shop(client)).get("/referrals").get_data(as_text=True)
    assert "Your link appears here" in html
    assert "data-copy" not in html
