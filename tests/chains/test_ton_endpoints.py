"""Endpoints of TON that fail, lag, or answer what nobody can read."""

import time
from collections.abc import Iterator

import pytest

from chains.base import Batch, ScanFailed
from chains.endpoints import Endpoints
from chains.ton import TonChain
from chains.ton_answers import friendly
from tests.chains.toncenter import HEAD, RATE_LIMITED, TRACES, TRANSFERS, WALLETS, Answer, Toncenter
from tests.chains.toncenter_shapes import address_of

OWNER = address_of("our owner")
USDT = "0:B113A994B5024A16719F69139328EB759596C38A25F59028B146FECDC3621DFE"


@pytest.fixture
def toncenter() -> Iterator[Toncenter]:
    server = Toncenter(OWNER, USDT)
    yield server
    server.close()


@pytest.fixture
def spare() -> Iterator[Toncenter]:
    server = Toncenter(OWNER, USDT)
    yield server
    server.close()


def chain_on(*servers: Toncenter) -> TonChain:
    return TonChain(Endpoints([server.url for server in servers]), friendly(OWNER), USDT)


@pytest.fixture
def chain(toncenter: Toncenter) -> TonChain:
    return chain_on(toncenter)


def hashes(batch: Batch) -> list[str]:
    return [transfer.tx_hash for transfer in batch.transfers]


def test_a_short_rate_limit_is_waited_for(toncenter: Toncenter, chain: TonChain) -> None:
    paid = toncenter.pay()
    toncenter.next.append((TRANSFERS, Answer(RATE_LIMITED, 429, retry_after="0.01")))

    assert hashes(chain.scan(None)) == [paid]


def test_a_long_rate_limit_is_obeyed(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.pay()
    toncenter.next.append((TRACES, Answer(RATE_LIMITED, 429, retry_after="30")))
    for _ in range(2):
        with pytest.raises(ScanFailed, match="HTTP 429: Ratelimit exceed"):
            chain.scan(None)

    assert toncenter.calls(TRACES) == 1
    (record,) = chain.endpoints.records()
    assert record["rests_until"] > time.time() + 25


def test_another_endpoint_is_read_where_one_fails(toncenter: Toncenter, spare: Toncenter) -> None:
    toncenter.always[TRANSFERS] = Answer({"error": "internal server error: time-out"}, 500)
    paid = spare.pay()

    chain = chain_on(toncenter, spare)
    assert hashes(chain.scan(None)) == [paid]
    assert chain.endpoints.records()[0]["last_error"] == "HTTP 500: internal server error: time-out"


ROW = {
    "transaction_hash": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "transaction_lt": "60000000000000",
    "transaction_now": 1_790_000_000,
    "transaction_aborted": False,
    "trace_id": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "source": OWNER,
    "source_wallet": OWNER,
    "destination": OWNER,
    "jetton_master": USDT,
    "amount": "1",
}


@pytest.mark.parametrize("path", [HEAD, WALLETS, TRANSFERS, TRACES])
@pytest.mark.parametrize(
    "document",
    [
        pytest.param("[]", id="a list"),
        pytest.param("{}", id="nothing"),
        pytest.param("null", id="null"),
        pytest.param("<html>", id="a page"),
        pytest.param('{"last": {}, "traces": {}, "jetton_wallets": [{}], "jetton_transfers": [{}]}', id="empty parts"),
        pytest.param('{"last": 1, "traces": [1], "jetton_wallets": 1, "jetton_transfers": [null]}', id="other kinds"),
        pytest.param(
            '{"last": {"seqno": -1, "gen_utime": "never"}, "jetton_transfers": null, "jetton_wallets": null,'
            ' "traces": [{"is_incomplete": false, "transactions": {"a": {"hash": 1}}}]}',
            id="odd values",
        ),
    ],
)
def test_an_answer_of_another_shape_fails_the_scan(
    toncenter: Toncenter, chain: TonChain, path: str, document: str
) -> None:
    toncenter.pay()
    toncenter.always[path] = Answer(document)

    with pytest.raises(ScanFailed):
        chain.scan(None)


def test_a_fault_in_the_whole_answer_is_told_as_such(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.always[TRANSFERS] = Answer("[]")

    with pytest.raises(ScanFailed, match=r"an answer of another shape \(as a whole\): Input should be"):
        chain.scan(None)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("transaction_hash", "short"),
        ("transaction_hash", None),
        ("transaction_hash", "ü" * 44),
        ("transaction_lt", "1" * 40),
        ("transaction_now", 10**20),
        ("transaction_now", "soon"),
        ("amount", "1e9"),
        ("amount", "-5"),
        ("amount", "9" * 5000),
        ("source", "addr_none"),
        ("destination", None),
        ("jetton_master", 5),
    ],
)
def test_an_odd_value_in_a_row_fails_the_scan(toncenter: Toncenter, chain: TonChain, part: str, value: object) -> None:
    toncenter.always[TRANSFERS] = Answer({"jetton_transfers": [ROW | {part: value}]})

    with pytest.raises(ScanFailed, match="an answer of another shape"):
        chain.scan(None)


def test_rows_in_another_order_than_asked_for_fail_the_scan(toncenter: Toncenter, chain: TonChain) -> None:
    rows = [ROW | {"transaction_lt": "3"}, ROW | {"transaction_lt": "2"}]
    toncenter.always[TRANSFERS] = Answer({"jetton_transfers": rows})

    with pytest.raises(ScanFailed, match="not in the order asked for"):
        chain.scan(None)


def test_the_same_page_again_and_again_fails_the_scan(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.always[TRANSFERS] = Answer({"jetton_transfers": [ROW] * 500})

    with pytest.raises(ScanFailed, match="its rows have no end"):
        chain.scan(None)


def test_a_refusal_is_not_taken_for_a_trace_that_cannot_be_read(
    toncenter: Toncenter, chain: TonChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chains.endpoints.FIRST_REST_SECONDS", 0.0)
    toncenter.pay()
    toncenter.always[TRACES] = Answer({"error": "no such key"}, 403)
    for _ in range(5):
        with pytest.raises(ScanFailed, match="HTTP 403: no such key"):
            chain.scan(None)


def test_one_trace_that_no_endpoint_can_give_holds_up_no_others(
    toncenter: Toncenter, chain: TonChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chains.endpoints.FIRST_REST_SECONDS", 0.0)
    unreadable = toncenter.pay()
    for _ in range(3):
        toncenter.next.append((TRACES, Answer({"error": "time-out"}, 500)))
    cursor = None
    for _ in range(2):
        with pytest.raises(ScanFailed, match="HTTP 500: time-out"):
            chain.scan(cursor)
    paid = toncenter.pay()

    assert hashes(chain.scan(cursor)) == [unreadable, paid]


def test_a_lagging_endpoint_is_passed_over_for_a_fresh_one(toncenter: Toncenter, spare: Toncenter) -> None:
    toncenter.head_age = 600
    toncenter.pay()
    paid = spare.pay()

    chain = chain_on(toncenter, spare)
    assert hashes(chain.scan(None)) == [paid]
    assert chain.endpoints.records()[0]["last_error"] == "its latest block is 10 minutes old"


def test_a_lagging_endpoint_is_read_where_none_is_fresh(toncenter: Toncenter, spare: Toncenter) -> None:
    toncenter.head_age = 600
    spare.always[HEAD] = Answer({"error": "down"}, 503)
    paid = toncenter.pay()
    chain = chain_on(toncenter, spare)

    cursor = None
    for _ in range(3):
        batch = chain.scan(cursor)
        cursor = batch.cursor
        assert hashes(batch) == [paid]
        assert batch.final_at < time.time() - 600
        assert chain.endpoints.records()[0]["last_error"] == "its latest block is 10 minutes old"


def test_a_lagging_endpoint_that_also_fails_fails_the_scan(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.head_age = 600
    toncenter.always[TRANSFERS] = Answer(RATE_LIMITED, 429, retry_after="60")
    for _ in range(3):
        with pytest.raises(ScanFailed, match="HTTP 429: Ratelimit exceed"):
            chain.scan(None)

    assert toncenter.calls(TRANSFERS) == 1
    (record,) = chain.endpoints.records()
    assert record["last_error"] == "HTTP 429: Ratelimit exceed"


def test_a_server_that_tells_no_head_is_read_without(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.always[HEAD] = Answer({"error": "Cannot GET /api/v3/masterchainInfo"}, 404)
    paid = toncenter.pay()

    batch = chain.scan(None)
    assert hashes(batch) == [paid]
    assert time.time() - 135 < batch.final_at <= time.time() - 130
    assert batch.head == 0
