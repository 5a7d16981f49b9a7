"""What stands before every page: headers, tokens of forms, origins, and errors as pages."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.database import db, rows
from tests.dashboard import ORIGIN, sign_in
from tests.factories import make_shop

PAGES = ["", "/statement", "/keys", "/referrals", "/activity", "/orders", "/buy", "/topups"]
STRANGER = "https://evil.example"


@pytest.mark.parametrize("path", [*PAGES, "/sign-in", "/no-such-page", "/orders/1", "/static/no-such-file"])
def test_every_page_says_what_browsers_may_do_with_it(client: FlaskClient, path: str) -> None:
    visitor = sign_in(client, make_shop(client))
    for answer in (visitor.get(path), client.get(f"/dashboard{path}")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "X-Request-Id" in answer.headers
        if "static" not in path:
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["", "/statement", "/keys", "/referrals", "/sign-in", "/orders", "/buy", "/topups"])
def test_no_page_has_a_script_or_style_of_its_own_or_names_another_host(client: FlaskClient, path: str) -> None:
    html = sign_in(client, make_shop(client)).get(path, follow_redirects=True).get_data(as_text=True)
    for forbidden in ("<style", "style=", "onclick", "onload", "javascript:", "hx-on", 'src="http', '<link href="http'):
        assert forbidden not in html
    assert "<script>" not in html


def test_files_are_kept_by_browsers_for_as_long_as_they_stay_the_same(client: FlaskClient) -> None:
    html = client.get("/dashboard/sign-in").get_data(as_text=True)
    address = html.split('rel="stylesheet" href="')[2].split('"')[0]
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    assert "immutable" not in client.get(address.split("?")[0]).headers["Cache-Control"]


@pytest.mark.parametrize("path", ["../__init__.py", "%2e%2e/session.py", "/etc/passwd", ""])
def test_no_other_file_is_given_away(client: FlaskClient, path: str) -> None:
    assert client.get(f"/dashboard/static/{path}").status_code == 404


def posts(app: Flask) -> list[str]:
    """The addresses of the dashboard that take a form, each with something in place of what varies."""
    urls = app.url_map.bind("localhost")
    return [
        urls.build(rule.endpoint, dict.fromkeys(rule.arguments, 1), "POST")
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("pages.") and "POST" in (rule.methods or ())
    ]


def test_every_form_needs_the_token_of_its_session(app: Flask, client: FlaskClient) -> None:
    visitor, other = sign_in(client, make_shop(client)), sign_in(client, make_shop(client))
    public = {"/dashboard/sign-in", "/dashboard/telegram", "/dashboard/language"}
    addresses = set(posts(app)) - public
    assert addresses
    for address in addresses:
        for token in (None, "", "x", "ключ", other.csrf_token):
            data = {} if token is None else {"csrf_token": token}
            assert visitor.browser.post(address, data=data).status_code == 403, address


def test_a_token_in_the_header_is_as_good(client: FlaskClient) -> None:
    shop = make_shop(client)
    visitor = sign_in(client, shop)
    address = f"/dashboard/keys/{shop.fingerprint}/ip-list"
    answer = visitor.browser.post(address, headers={"X-CSRF-Token": visitor.csrf_token})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Origin": STRANGER}, {"Origin": "null"}, {"Origin": "http://["}, {"Origin": f"{ORIGIN}:81"},
     {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
def test_what_comes_from_another_sites_page_is_refused(
    app: Flask, client: FlaskClient, headers: dict[str, str]
) -> None:
    visitor = sign_in(client, make_shop(client))
    for address in posts(app):
        answer = visitor.browser.post(address, data={"csrf_token": visitor.csrf_token}, headers=headers)
        assert answer.status_code == 403, address
    with db.connection_context():
        assert len(rows("SELECT 1 FROM api_keys WHERE revoked_at IS NULL")) == 1


def test_errors_are_pages(client: FlaskClient) -> None:
    visitor = sign_in(client, make_shop(client))
    for answer, status in (
        (visitor.get("/no-such-page"), 404),
        (client.get("/dashboard/no/such/page"), 404),
        (visitor.browser.delete("/dashboard/keys"), 405),
        (visitor.get("/statement?cursor=x"), 422),
        (visitor.post("/keys", csrf_token="x"), 403),
        (visitor.post("/keys", csrf_token="x" * 70_000), 413),
    ):
        assert answer.status_code == status
        assert answer.content_type == "text/html; charset=utf-8"
        assert "<h1>" in answer.get_data(as_text=True)


def test_the_apis_errors_stay_json(client: FlaskClient) -> None:
    for path in ("/dashboards", "/api/v1/dashboard", "/"):
        assert client.get(path).content_type == "application/json"


def test_a_hostile_address_is_shown_as_text(client: FlaskClient) -> None:
    html = client.get("/dashboard/sign-in?next=/dashboard/%22%3E%3Cscript%3E").get_data(as_text=True)
    assert "<script>" not in html
