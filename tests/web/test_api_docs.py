"""`/api/docs`: what it shows is what the code and the example programs say."""

import gzip
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from jobs import outbound, webhooks
from models.demo_goods import GOODS
from models.money import parse_usd
from models.networks import NETWORKS
from settings import settings
from tests.clients.languages import GO, NODE, PHP, is_here
from web.api_docs import changelog, facts
from web.api_docs.advice import _ADVICE
from web.api_docs.example_files import DIRECTORY, ORDERS, RECEIVERS, SIGNING, SNIPPETS
from web.api_docs.highlighting import coloured
from web.reference.documents import for_clients

ADDRESSES = ("", "/playground", "/inspector")


@pytest.fixture
def page(client: FlaskClient) -> str:
    """The page's HTML."""
    answer = client.get("/api/docs")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def text_of(page: str) -> str:
    """What the page says, without its marks."""
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def codes(app: Flask) -> set[str]:
    """Every error that an operation of v1 or v2 may answer."""
    found = set()
    for methods in for_clients(app)["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    error = answer["content"]["application/json"]["schema"]["properties"]["error"]
                    found |= {*error.get("enum", ()), *error.get("examples", ())}
    return found


def test_the_page_is_for_everybody_and_is_sent_once(client: FlaskClient) -> None:
    answer = client.get("/api/docs", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.get_data()) == client.get("/api/docs").get_data()

    again = client.get("/api/docs", headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"})
    assert (again.status_code, again.get_data()) == (304, b"")


@pytest.mark.parametrize("path", ADDRESSES)
def test_browsers_may_run_nothing_but_our_files(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/api/docs{path}")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == ("'self' data:" if path == "/playground" else "'self'")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"

    source = answer.get_data(as_text=True)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", source)
    assert all(address.startswith("/") for address in re.findall(r'(?:src|href)="(?!#)([^"]*)"', source))


def test_every_error_is_on_the_page_with_what_to_do(app: Flask, page: str) -> None:
    told = text_of(page)
    wanted = codes(app)
    assert [code for code in wanted if f"<code>{html.escape(code)}</code>" not in page] == []
    assert {code for code in _ADVICE if code not in wanted} <= {"method_not_allowed", "not_found"}
    for code in ("below_minimum", "idempotency_key_reused", "amount must be int between 50 and 1000000", "timeout"):
        assert code in told


def test_the_programs_are_the_files_and_every_file_is_shown(page: str) -> None:
    told = text_of(page)
    for file in (*ORDERS, *RECEIVERS):
        assert (DIRECTORY / file.name).read_text().strip() in told, file.name
    for file in SIGNING:
        assert (SNIPPETS / file.name).read_text().strip() in told, file.name

    shown = {file.name for file in (*ORDERS, *RECEIVERS)}
    programs = {str(path.relative_to(DIRECTORY)) for path in DIRECTORY.rglob("*.*") if path.parent != DIRECTORY}
    assert {name for name in programs if not name.endswith((".mod", ".pyc"))} == shown


def test_links_lead_somewhere(app: Flask, page: str) -> None:
    places = set(re.findall(r'\sid="([^"]+)"', page))
    assert {link for link in re.findall(r'href="#([^"]+)"', page) if link not in places} == set()

    operations = {
        operation["operationId"] for methods in for_clients(app)["paths"].values() for operation in methods.values()
    }
    assert set(re.findall(r'href="/api/docs/playground#([^"]+)"', page)) == operations


def test_the_files_that_the_pages_name_are_there_to_stay(client: FlaskClient) -> None:
    sources = "".join(client.get(f"/api/docs{path}").get_data(as_text=True) for path in ADDRESSES)
    files = {html.unescape(name) for name in re.findall(r'(?:src|href)="([^"]*/static/[^"]*)"', sources)}
    assert len(files) >= 6
    for name in files:
        answer = client.get(name, headers={"Accept-Encoding": "gzip"})
        assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "gzip"), name
        assert "immutable" in answer.headers["Cache-Control"]
        plain = client.get(name, headers={"Accept-Encoding": "identity"})
        assert gzip.decompress(answer.get_data()) == plain.get_data()


@pytest.mark.parametrize("name", ["no-such-file", "../__init__.py", "..%2f__init__.py", ""])
def test_no_other_file_is_given_out(client: FlaskClient, name: str) -> None:
    assert client.get(f"/api/docs/static/{name}").status_code == 404


def test_figures_are_those_of_the_code(page: str) -> None:
    told = text_of(page)
    assert facts.RETRY_FACTOR == webhooks.RETRY_FACTOR
    assert facts.WEBHOOK_SECONDS == outbound.WEBHOOK_SECONDS
    assert facts.LONGEST_RETRY_AFTER_SECONDS == webhooks.LONGEST_RETRY_AFTER_SECONDS
    for network in NETWORKS.values():
        for fact in (network.code, network.name, network.fee_usdt, network.finality):
            assert fact in told
    assert f"{settings.wait_timeout_seconds} s" in told


def test_of_the_changes_those_are_told_that_clients_notice(page: str) -> None:
    [release, *_] = changelog.releases()
    told = " ".join(release.points)
    assert release.version in text_of(page)
    assert "/api/v1" in told
    assert "Prometheus" in changelog.FILE.read_text()
    assert "Prometheus" not in told


def test_the_address_is_the_one_that_the_operator_made_public(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.api_docs.origin.settings", settings.model_copy(update={"public_url": None}))
    assert "http://reader.example/api/v1" in client.get("/api/docs", base_url="http://reader.example").text
    monkeypatch.setattr(
        "web.api_docs.origin.settings", settings.model_copy(update={"public_url": "https://shop.example"})
    )
    assert "https://shop.example/api/v1" in client.get("/api/docs", base_url="http://reader.example").text


def test_the_order_of_the_quick_start_can_be_placed_where_there_is_demo_data(page: str) -> None:
    order = re.search(r"-d '(.+)' \"\$BASE/orders", text_of(page))
    assert order is not None
    body = json.loads(order[1])
    good = GOODS[body["product_id"] - 1]  # these come before those that need a recipient
    assert body["quantity"] >= good.min_quantity
    assert body["quantity"] * parse_usd(good.price) >= settings.order_floor_usdt


@pytest.fixture
def receiver(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a receiver of the inspector."""
    monkeypatch.setattr("web.api_docs.inspector.settings", settings.model_copy(update={"allow_simulation": True}))
    return client.post("/api/docs/inspector").headers["Location"]


@pytest.mark.parametrize(
    "body",
    [
        b"<b>&",
        b"[" * 60_000,
        b'{"a": "\\ud800"}',
        b"\xff",
        b"",
        b'"' + b'\\"' * 30_000,
        b"1" * 60_000,
        b"[1, NaN]",
        b"[" + b",".join([b"[" * 250 + b"]" * 250] * 120) + b"]",
    ],
    ids=[
        "HTML",
        "deep",
        "half a character",
        "no text",
        "nothing",
        "no end of a string",
        "a number",
        "no number",
        "wide",
    ],
)
def test_the_inspector_shows_whatever_comes(client: FlaskClient, receiver: str, body: bytes) -> None:
    assert client.post(receiver, data=body, headers={"X-Webhook-Id": '"><b>'}).status_code == 204

    shown = client.get(receiver)

    assert shown.status_code == 200
    assert "<b>" not in shown.text


def test_the_inspector_keeps_what_webhooks_have_and_no_more(client: FlaskClient, receiver: str) -> None:
    headers = {"X-Webhook-Id": "7" * 5_000, "X-Webhook-Junk": "junk", "Cookie": "secret=1"}
    client.post(receiver, data=b"{}", headers=headers)

    shown = client.get(receiver).text

    assert "7" * 200 in shown
    assert "7" * 2_000 not in shown
    assert "junk" not in shown
    assert "secret=1" not in shown


def test_code_is_coloured_and_nothing_of_it_becomes_html() -> None:
    assert coloured('return "a" # b', "python") == (
        '<span class="c-word">return</span> <span class="c-string">"a"</span> <span class="c-comment"># b</span>'
    )
    assert coloured("<b>&amp;", "json") == "&lt;b&gt;&amp;amp;"
    assert coloured('{"a": 1}', "json") == '{<span class="c-word">"a"</span>: <span class="c-number">1</span>}'
    assert "c-comment" not in coloured("curl http://x/#y", "shell")


def run(command: list[str], program: str, directory: Path, name: str) -> str:
    """What a program says."""
    (directory / name).write_text(program)
    return subprocess.run(
        [*command, name], cwd=directory, capture_output=True, text=True, timeout=120, check=True
    ).stdout.strip()


def call(language: str) -> tuple[str, ...]:
    """Secret, time and body as literals, which are the same in all of the languages."""
    quote = "'" if language in ("php", "shell") else '"'
    vector = facts.all_facts()["vector"]
    return tuple(
        quote + (value if quote == "'" else value.replace('"', '\\"')) + quote
        for value in (vector["secret"], vector["timestamp"], vector["body"])
    )


def test_the_functions_that_sign_make_the_signature_of_the_example(tmp_path: Path) -> None:
    wanted = facts.all_facts()["vector"]["signature"]
    files = {file.language: file.text for file in SIGNING}
    secret, timestamp, body = call("python")
    python = f"{files['python']}\nprint(sign({secret}, {timestamp}, {body}.encode()))"
    assert run([sys.executable], python, tmp_path, "sign.py") == wanted
    if is_here(NODE):
        node = f"{files['node']}\nconsole.log(sign({secret}, {timestamp}, {body}));"
        assert run(["node"], node, tmp_path, "sign.mjs") == wanted
    if is_here(GO):
        imports = '"crypto/hmac"; "crypto/sha256"; "encoding/hex"; "fmt"'
        go = f"package main\nimport ({imports})\n{files['go']}\nfunc main() {{ fmt.Println(sign({secret}, {timestamp}, []byte({body}))) }}"
        assert run(["go", "run"], go, tmp_path, "sign.go") == wanted
    secret, timestamp, body = call("php")
    if is_here(PHP):
        assert (
            run(["php"], f"{files['php']}\necho sign({secret}, {timestamp}, {body});", tmp_path, "sign.php") == wanted
        )
    assert run(["sh"], f"{files['shell']}\nsign {secret} {timestamp} {body}", tmp_path, "sign.sh") == wanted
