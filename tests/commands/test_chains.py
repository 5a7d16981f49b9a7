"""`flask chains`: how far the networks have been read."""

import pytest

from models import networks, scans
from models.database import db
from models.scans import Progress
from settings import settings
from tests.commands.results import Command, shown
from tests.payers import NETWORK, NETWORKS, read_up_to_now


def states(command: Command) -> dict[str, str]:
    """The state of each network, as the table has it."""
    header, *lines = command("chains", "status").stdout.splitlines()
    place = header.index("state")
    return {line.split()[0]: line[place : header.index("cursor")].strip() for line in lines}


def put(network: str, *, error: str | None = None, caught_up: bool = True) -> None:
    """Let a network have been read, or not."""
    endpoints = [{
        "host": "node.example", "calls": 7, "faults_in_a_row": 2, "rests_until": None, "last_error": "HTTP 500",
        "last_error_at": 1_700_000_000,
    }]  # fmt: skip
    with db.connection_context():
        lease = scans.claim(network)
        assert lease is not None
        if error is not None:
            scans.fail(lease, error, endpoints)
            return
        scans.finish(lease, [], Progress({"block": 5}, 7, 1_700_000_000, caught_up), endpoints)


def test_in_simulation_every_network_is_simulated(command: Command) -> None:
    read_up_to_now()

    assert states(command) == dict.fromkeys(NETWORKS, "simulated")


def test_each_network_shows_how_it_stands(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = ("http://node.example",)
    real = {
        "allow_simulation": False, "trongrid_url": urls[0], "bsc_rpc_urls": urls, "polygon_rpc_urls": urls,
        "arbitrum_rpc_urls": urls, "toncenter_url": None, "solana_rpc_urls": (),
    }  # fmt: skip
    monkeypatch.setattr(networks, "settings", settings.model_copy(update=real))
    put("usdt_trc_20")
    put("usdt_bep_20", caught_up=False)
    put("usdt_polygon", error="node.example: HTTP 500")

    assert states(command) == {
        "usdt_trc_20": "up to date", "usdt_bep_20": "catching up", "usdt_polygon": "failing",
        "usdt_arbitrum": "not read yet", "usdt_ton": "off", "usdt_solana": "off",
    }  # fmt: skip
    assert "node.example: HTTP 500" in command("chains", "status").stdout


def test_one_network_is_shown_with_its_endpoints(command: Command) -> None:
    put(NETWORK)

    result = command("chains", "status", NETWORK)

    assert result.exit_code == 0
    fields = shown(result)
    assert (fields["network"], fields["head"], fields["cursor"]) == (NETWORK, "7", '{"block":5}')
    assert int(fields["lag_seconds"]) > 10**7
    assert fields["host"].split()[0] == "calls"
    assert fields["node.example"].split()[:2] == ["7", "2"]
    assert "HTTP 500" in fields["node.example"]


def test_one_that_was_never_read_is_shown_too(command: Command) -> None:
    assert shown(command("chains", "status", NETWORK))["scanned_at"] == "-"


def test_a_network_that_there_is_not_is_refused(command: Command) -> None:
    result = command("chains", "status", "bitcoin")

    assert result.exit_code == 2
    assert NETWORK in result.stderr
