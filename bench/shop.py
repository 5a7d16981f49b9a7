"""What a benchmark buys with and from: a client with a deep purse, and a product with a full shelf."""

import json
import time
from dataclasses import dataclass

from models import catalogue, keys, ledger, stock
from models.database import db
from models.keys import Minted
from models.money import PER_USD
from web.signatures import sign

STOCK_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Bench:
    """A signing client, one that does not sign, and the product they buy."""

    signed: Minted
    unsigned: Minted
    product_id: int


def prepare(items: int) -> Bench:
    """Make both clients and the product, with so many items in stock."""
    stamp = time.time_ns()
    with db.connection_context():
        signed = keys.mint("bench", "signed", "v1", with_secret=True, rate_limit=1_000_000)
        unsigned = keys.mint("bench", "unsigned", "v1", rate_limit=1_000_000)
        for minted in (signed, unsigned):
            ledger.credit("bench", minted.account_id, 10_000_000 * PER_USD, f"bench:{stamp}:{minted.account_id}", "")
        fields = {"sku": f"bench-{stamp}", "category": "bench", "name": "Bench", "price": 8_900_000}
        product = catalogue.create("bench", fields)
        for start in range(0, items, STOCK_BATCH):
            with db.atomic():
                stock.add(product.id, [{"code": f"{stamp}-{start + n}"} for n in range(STOCK_BATCH)])
    return Bench(signed, unsigned, product.id)


def order_request(minted: Minted, product_id: int, reference: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an order, signed where the client has a secret; the reference makes each body its own."""
    body = json.dumps({"product_id": product_id, "quantity": 1, "client_reference": reference}).encode()
    headers = {"X-API-Key": minted.api_key, "Content-Type": "application/json"}
    if minted.secret:
        timestamp = str(int(time.time()))
        headers |= {"X-Timestamp": timestamp, "X-Signature": sign(minted.secret, timestamp, body).hex()}
    return headers, body
