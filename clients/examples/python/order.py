"""Buy something from Sutler and wait for it:  python order.py [product id [quantity]]

SUTLER_URL (such as https://shop.example), SUTLER_KEY and, if the key has one, SUTLER_SECRET come from the environment.
What was bought goes to standard output, a JSON object a line; everything else to standard error.
"""

import hashlib
import hmac
import json
import os
import sys
import time
import uuid
from decimal import Decimal
from typing import Any

import requests

BASE = os.environ["SUTLER_URL"] + "/api/v1"
KEY = os.environ["SUTLER_KEY"]
SECRET = os.environ.get("SUTLER_SECRET", "")
ATTEMPTS = 6


class TryAgain(Exception):
    """No answer, or one that says: not now. `seconds` is the pause that it asks for."""

    def __init__(self, reason: str, seconds: int = 0) -> None:
        super().__init__(reason)
        self.seconds = seconds


def ask(method: str, path: str, body: bytes = b"", purchase_key: str = "") -> Any:
    """Send one request and return its answer. Raises TryAgain; an answer that says no ends the program."""
    headers = {"X-API-Key": KEY}
    if method == "POST":
        headers |= {"Content-Type": "application/json", "Idempotency-Key": purchase_key}
        if SECRET:
            # Each attempt is signed anew: a signature is good for one request, and for five minutes.
            now = str(int(time.time()))
            signature = hmac.new(SECRET.encode(), now.encode() + b"\n" + body, hashlib.sha256).hexdigest()
            headers |= {"X-Timestamp": now, "X-Signature": signature}
    try:
        # A redirect is not followed: the key would go along, wherever it leads.
        answer = requests.request(method, BASE + path, data=body, headers=headers, timeout=75, allow_redirects=False)
    except requests.RequestException as lost:
        raise TryAgain(str(lost)) from lost
    if answer.is_redirect:
        sys.exit(f"Look at SUTLER_URL: it leads on to {answer.headers['Location']}")
    if answer.status_code in (429, 500, 502, 503, 504):
        asked = answer.headers.get("Retry-After", "")
        raise TryAgain(f"HTTP {answer.status_code}", int(asked) if asked.isdigit() else 0)
    document = json.loads(answer.text, parse_float=Decimal)  # money as Decimal: a float would round it
    if "error" in document:
        sys.exit(f"{document['error']}: {document['message']} (request {document['request_id']})")
    return document


def insist(method: str, path: str, body: bytes = b"", purchase_key: str = "") -> Any:
    """Send a request until it is answered. A purchase is safe to repeat: under one key it is made once."""
    for attempt in range(ATTEMPTS):
        try:
            return ask(method, path, body, purchase_key)
        except TryAgain as problem:
            say(f"{problem}; trying again ...")
            time.sleep(max(2**attempt, problem.seconds))
    sys.exit("Sutler cannot be reached.")


def wait_for_end(order: Any) -> Any:
    """Return the order when it has ended: completed, partial, failed, expired, cancelled or refunded."""
    path = f"/orders/{order['order_id']}"
    try:
        while order["status"] == "processing":
            order = ask("GET", f"{path}?wait=true&timeout=60")
    except TryAgain:
        # Some routers cut off what is silent for half a minute: ask every few seconds instead.
        while (order := insist("GET", path))["status"] == "processing":
            time.sleep(5)
    return order


def say(text: str) -> None:
    """Tell the person who watches."""
    print(text, file=sys.stderr)


def main() -> None:
    """Show what there is, buy some of it, and print what came."""
    products = insist("GET", "/products?min_qty=1&page_size=5")["items"]
    for product in products:
        say(f"{product['id']}: {product['name']}, {product['price_usdt']} USDT, from {product['min_quantity']}")
    product_id = int(sys.argv[1]) if len(sys.argv) > 1 else products[0]["id"]
    quantity = int(sys.argv[2]) if len(sys.argv) > 2 else products[0]["min_quantity"]

    # One key for one purchase. Store it with your own record of the purchase before you send anything: even after a
    # crash you can then send the same request again, and get the same order.
    purchase_key = str(uuid.uuid4())
    # It is in the body too: two equal bodies, signed within one second, would have one signature.
    body = json.dumps({"product_id": product_id, "quantity": quantity, "client_reference": purchase_key}).encode()

    say(f"Buying {quantity} of {product_id}, with the reference {purchase_key} ...")
    order = wait_for_end(insist("POST", "/orders", body, purchase_key))
    say(f"Order {order['order_id']} is {order['status']}; {order['refunded_usdt']} USDT came back.")
    for item in order.get("items", []):
        print(json.dumps(item, default=str))
    sys.exit(0 if order["status"] in ("completed", "partial") else 1)


if __name__ == "__main__":
    main()
