"""The Postman collection: it has every operation, and newman runs it from health to a delivered order."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from dev.newman import newman_program
from tests.clients.sutler import Sutler
from tests.factories import Shop, TelegramShop
from web.reference.documents import for_clients
from web.reference.postman import collection

RUN_SECONDS = 120


@pytest.fixture
def sutler(app: Flask, tmp_path: Path) -> Iterator[Sutler]:
    """A whole Sutler, on the development server's settings."""
    running = Sutler(app.test_client(), tmp_path / "sandbox.db")
    try:
        running.start()
        yield running
    finally:
        running.end()


def requests_of(item: Any) -> Iterator[Any]:
    """All requests below a folder, in the order in which they are run."""
    if "request" in item:
        yield item
    for inner in item.get("item", []):
        yield from requests_of(inner)


def test_every_operation_is_in_it_once_and_every_variable_is_known(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/api/postman.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    made = answer.json
    assert made["info"]["schema"].endswith("/v2.1.0/collection.json")

    document = for_clients(app)
    wanted = sorted(
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, methods in document["paths"].items()
        for method in methods
    )
    found = [item["request"] for item in requests_of(made)]
    addresses = [
        (
            request["method"],
            re.sub(r"\{\{\w+\}\}", "{}", request["url"]["raw"].removeprefix("{{base}}").partition("?")[0]),
        )
        for request in found
    ]
    assert sorted(addresses) == wanted

    known = {variable["key"] for variable in made["variable"]}
    assert set(re.findall(r"\{\{(\w+)\}\}", json.dumps(made["item"]))) <= known
    assert {"base", "key", "secret", "v2_key"} <= known


def test_it_names_the_base_and_no_key(app: Flask) -> None:
    made = json.loads(collection(for_clients(app), "https://shop.example"))
    values = {variable["key"]: variable["value"] for variable in made["variable"]}
    assert values["base"] == "https://shop.example"
    assert values["key"] == values["secret"] == values["v2_key"] == ""


def test_newman_runs_it_from_health_to_a_delivered_order(sutler: Sutler, tmp_path: Path) -> None:
    newman = newman_program()
    if newman is None:
        pytest.skip("there is no newman on this machine")
    text = requests.get(f"{sutler.base}/api/postman.json", timeout=60).text
    (tmp_path / "collection.json").write_text(text)
    for shop in (sutler.shop(signed=True), sutler.shop(signed=False)):
        executions = run_all(newman, tmp_path, sutler, shop, sutler.telegram_shop())
        assert len(executions) == len(list(requests_of(json.loads(text))))
        [order] = sutler.orders(shop)
        assert (order["status"], len(order["items"])) == ("completed", order["quantity"])


def run_all(newman: Path, directory: Path, sutler: Sutler, shop: Shop, telegram: TelegramShop) -> list[Any]:
    """Let newman run the collection with these clients' keys; what it has run, if nothing failed."""
    values = {"key": shop.api_key, "secret": shop.secret or "", "v2_key": telegram.api_key, "base": sutler.base}
    variables = [argument for name, value in values.items() for argument in ("--env-var", f"{name}={value}")]
    reports = ("--color", "off", "--reporters", "cli,json", "--reporter-json-export", "run.json")
    done = subprocess.run(
        [newman, "run", "collection.json", *reports, *variables],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    run = json.loads((directory / "run.json").read_text())["run"]
    assert run["failures"] == []
    executions: list[Any] = run["executions"]
    return executions
