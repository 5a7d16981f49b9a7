"""Schemathesis asks whatever the documents allow and much that they forbid, of a real process."""

import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from settings import settings
from tests.factories import make_product, make_shop, make_telegram_goods, make_v2_shop
from tests.faults.processes import Processes
from tests.sandbox import running_sandbox

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
# Left out of all that Schemathesis checks. What a schema allows may still be refused, for what only the database knows;
# the others are about what follows upon an earlier request, and each request here is made by itself.
NOT_CHECKED = (
    "positive_data_acceptance", "use_after_free", "ensure_resource_availability", "object_level_authorization",
)  # fmt: skip
# Orders by invoice are answered 501, as documented; any other error of a server is a fault. What Schemathesis sends to
# an upload as a wrong text is a right one: JSON is text, too.
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 501]
[[operations]]
include-path = "/api/admin/products/{product_id}/stock"
checks.negative_data_rejection.enabled = false
"""
# Each bound that is told, from both sides; or, where that takes a minute that nobody has, some of what is allowed.
BOUNDS = ("--phases", "coverage")
SAMPLES = ("--phases", "fuzzing", "--max-examples", "4")
MOST_SECONDS = 300  # the machine may be busy with much else


@pytest.fixture
def goods() -> None:
    """Something to buy."""
    make_product()
    make_telegram_goods()


@pytest.mark.usefixtures("goods")
def test_clients_are_always_answered_as_documented(client: FlaskClient, processes: Processes, tmp_path: Path) -> None:
    base = processes.serve(WAIT_TIMEOUT_SECONDS="1")
    v1, v2 = make_shop(client, "1000000", rate_limit=1_000_000), make_v2_shop(client, "1000000", rate_limit=1_000_000)

    ask_everything(
        f"{base}/api/openapi.json", tmp_path, BOUNDS, f"X-API-Key: {v1.api_key}", f"Authorization: Bearer {v2.api_key}"
    )


@pytest.mark.usefixtures("goods")
def test_operators_are_always_answered_as_documented(processes: Processes, tmp_path: Path) -> None:
    base = processes.serve()

    with running_sandbox(tmp_path):
        ask_everything(
            f"{base}/api/admin/openapi.json", tmp_path, SAMPLES, f"Authorization: Bearer {settings.admin_token}"
        )


def ask_everything(document: str, directory: Path, how: tuple[str, ...], *headers: str) -> None:
    """Have Schemathesis ask every address."""
    config = directory / "schemathesis.toml"
    config.write_text(CONFIG)
    run = subprocess.run(
        [
            *(SCHEMATHESIS, "--config-file", config, "run", document, "--exclude-checks", ",".join(NOT_CHECKED)),
            *(word for header in headers for word in ("--header", header)),
            *(*how, "--workers", "2", "--generation-deterministic", "--suppress-health-check", "all"),
            *("--continue-on-failure", "--warnings", "off", "--no-color", "--request-timeout", "20"),
        ],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=MOST_SECONDS,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
