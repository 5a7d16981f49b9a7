"""The floor: the least that Flask, PostgreSQL and Redis can do to take one order durably.

One statement holds the price and inserts order and journal row; one pipelined round trip enqueues. No key, no limit,
no signature, no validation, no stock, no idempotency: what is left is what the stack itself costs.
"""

import os
import threading
from typing import Any

import psycopg2
import redis
from flask import Flask, Response, request

SCHEMA = """
CREATE TABLE IF NOT EXISTS floor_accounts (
    id bigint PRIMARY KEY, available bigint NOT NULL CHECK (available >= 0), held bigint NOT NULL);
CREATE TABLE IF NOT EXISTS floor_orders (
    id bigserial PRIMARY KEY, account_id bigint NOT NULL, product_id bigint NOT NULL, quantity integer NOT NULL,
    price bigint NOT NULL, status text NOT NULL DEFAULT 'processing', created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS floor_journal (
    id bigserial PRIMARY KEY, account_id bigint NOT NULL, order_id bigint NOT NULL, amount bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
INSERT INTO floor_accounts VALUES (1, 1000000000000000, 0) ON CONFLICT DO NOTHING;
"""

_TAKE = """
WITH held AS (
    UPDATE floor_accounts SET available = available - %(price)s, held = held + %(price)s WHERE id = 1 RETURNING id
), placed AS (
    INSERT INTO floor_orders (account_id, product_id, quantity, price)
    SELECT id, %(product_id)s, %(quantity)s, %(price)s FROM held RETURNING id
), journal AS (
    INSERT INTO floor_journal (account_id, order_id, amount) SELECT 1, id, %(price)s FROM placed
)
SELECT id FROM placed
"""

app = Flask(__name__)
_local = threading.local()
_redis = redis.Redis.from_url(os.environ["REDIS_URL"])


def _connection() -> Any:
    if not hasattr(_local, "connection"):
        _local.connection = psycopg2.connect(os.environ["DATABASE_URL"])
        _local.connection.autocommit = True
    return _local.connection


@app.post("/orders")
def take_order() -> Response:
    """Take an order."""
    body = request.get_json()
    with _connection().cursor() as cursor:
        cursor.execute(_TAKE, {"price": 8_900_000, "product_id": body["product_id"], "quantity": body["quantity"]})
        order_id = cursor.fetchone()[0]
    pipeline = _redis.pipeline(transaction=False)
    pipeline.hset("floor.msgs", str(order_id), b'{"order_id":%d}' % order_id)
    pipeline.rpush("floor", order_id)
    pipeline.execute()
    return Response(b'{"order_id":%d,"status":"processing"}' % order_id, mimetype="application/json")
