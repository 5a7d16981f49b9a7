"""How far a network was read: one at a time, and never without what was found on the way."""

from collections.abc import Iterator

import pytest

from models import accounts, scans, topups
from models.database import Row, changed, db, row, rows
from models.intents import Wanted
from models.scans import LeaseLost, Progress, ScanLease
from tests.payers import NETWORK, NETWORKS, arrival

NOW = 2_000_000_000


@pytest.fixture(autouse=True)
def connection() -> Iterator[None]:
    """A connection for the test."""
    with db.connection_context():
        yield


@pytest.fixture
def payer() -> int:
    """An account that waits for 100 USDT."""
    account_id = accounts.create("a payer")
    with db.atomic():
        topups.request(Wanted(NETWORK, "x", 100_000_000, account_id))
    return account_id


def credited(account_id: int) -> int:
    """Micro-dollars that were credited."""
    return int(accounts.get(account_id)["topped_up"])


def claim(network: str = NETWORK) -> ScanLease:
    """Take a network that must be free."""
    lease = scans.claim(network)
    assert lease is not None
    return lease


def progress(block: int, *, final_at: int = NOW, caught_up: bool = True) -> Progress:
    """A scan that came as far as this block."""
    return Progress({"block": block}, block, final_at, caught_up)


def standing(network: str = NETWORK) -> Row:
    """How the network stands."""
    return next(scan for scan in scans.listed() if scan["network"] == network)


def kill_the_holder() -> None:
    """Let a minute go by in which the holder of the lease does nothing."""
    changed("UPDATE network_scans SET lease_until = now() - interval '1 second'")


def deposits() -> int:
    """How many deposits are on record."""
    return len(rows("SELECT 1 FROM deposits"))


def test_a_network_is_read_by_one_at_a_time() -> None:
    lease = claim()

    assert (lease.network, lease.cursor) == (NETWORK, None)
    assert scans.claim(NETWORK) is None
    assert claim("usdt_ton").network == "usdt_ton"


def test_the_next_scan_begins_where_the_last_one_ended() -> None:
    scans.finish(claim(), [], progress(100), [])

    second = claim()

    assert second.cursor == {"block": 100}
    scans.finish(second, [], progress(200), [])
    assert claim().cursor == {"block": 200}


def test_what_was_found_is_recorded_and_credited_with_the_cursor(payer: int) -> None:
    recorded = scans.finish(claim(), [arrival("100"), arrival("5", tx="other")], progress(7), [{"host": "node"}])

    assert recorded.new == 2
    assert credited(payer) == 100_000_000
    now = standing()
    assert (now["cursor"], now["head"], now["caught_up"], now["error"]) == ({"block": 7}, 7, True, None)
    assert (now["endpoints"], now["final_at"].timestamp()) == ([{"host": "node"}], NOW)


def test_who_lost_the_lease_leaves_nothing_behind(payer: int) -> None:
    slow = claim()
    kill_the_holder()
    quick = claim()
    assert quick.token > slow.token

    with pytest.raises(LeaseLost):
        scans.finish(slow, [arrival("100")], progress(9), [])

    assert (deposits(), credited(payer), standing()["cursor"]) == (0, 0, None)
    scans.fail(slow, "too late to matter", [])
    assert standing()["error"] is None
    assert scans.claim(NETWORK) is None
    scans.finish(quick, [arrival("100")], progress(8), [])
    assert standing()["cursor"] == {"block": 8}
    assert credited(payer) == 100_000_000


def test_one_who_finished_cannot_finish_again() -> None:
    lease = claim()
    scans.finish(lease, [], progress(1), [])
    claim()

    with pytest.raises(LeaseLost):
        scans.finish(lease, [arrival("100")], progress(2), [])
    assert deposits() == 0


def test_a_scanner_that_was_killed_holds_its_network_up_for_a_minute_at_most() -> None:
    claim()
    held = row("SELECT extract(epoch FROM lease_until - now()) AS seconds FROM network_scans")
    assert held is not None
    assert 0 < held["seconds"] <= 60

    kill_the_holder()

    assert claim().token == 2


def test_a_scan_that_failed_says_so_and_gives_the_network_free() -> None:
    scans.finish(claim(), [], progress(5), [])

    scans.fail(claim(), "all endpoints rest", [{"host": "node", "last_error": "HTTP 500"}])

    failed = standing()
    assert (failed["error"], failed["cursor"], failed["head"]) == ("all endpoints rest", {"block": 5}, 5)
    assert failed["endpoints"] == [{"host": "node", "last_error": "HTTP 500"}]
    assert failed["final_at"].timestamp() == NOW
    scans.finish(claim(), [], progress(6), [])
    assert standing()["error"] is None
    assert standing()["error_at"] is not None


def test_a_network_that_was_final_does_not_become_less_so() -> None:
    scans.finish(claim(), [], progress(5, final_at=NOW), [])

    scans.finish(claim(), [], progress(6, final_at=NOW - 100, caught_up=False), [])

    assert standing()["final_at"].timestamp() == NOW
    assert (standing()["cursor"], standing()["caught_up"]) == ({"block": 6}, False)


def test_all_six_networks_are_listed_read_or_not() -> None:
    scans.finish(claim("usdt_ton"), [], progress(5), [])

    listed = {scan["network"]: scan for scan in scans.listed()}

    assert list(listed) == list(NETWORKS)
    assert listed["usdt_ton"]["head"] == 5
    assert listed["usdt_ton"]["lag_seconds"] < 0
    assert {listed[NETWORK][name] for name in ("cursor", "head", "final_at", "scanned_at", "lag_seconds")} == {None}


def test_when_recording_fails_the_cursor_stays_and_so_does_the_lease() -> None:
    lease = claim()

    with pytest.raises(Exception, match="deposits_amount_check"):
        scans.finish(lease, [arrival("5"), arrival("0", tx="nothing")], progress(5), [])

    assert deposits() == 0
    assert standing()["cursor"] is None
    scans.finish(lease, [arrival("5")], progress(5), [])
    assert deposits() == 1
