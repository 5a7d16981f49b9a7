"""Receive Sutler's webhooks:  python webhook_receiver.py [port]

SUTLER_SECRET, the secret of the key that places the orders, comes from the environment.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = os.environ["SUTLER_SECRET"].encode()
DRIFT_SECONDS = 300


def is_genuine(sent_at: str, signature: str, body: bytes) -> bool:
    """Whether Sutler signed this body, not long ago. It must be the raw body: JSON written anew may differ."""
    expected = hmac.new(SECRET, sent_at.encode() + b"\n" + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):  # takes the same time wherever they differ
        return False
    return abs(time.time() - int(sent_at)) <= DRIFT_SECONDS


class Receiver(BaseHTTPRequestHandler):
    """Takes one message."""

    def do_POST(self) -> None:
        """Answer 204 to a genuine message and 401 to others. Sutler sends again after 5xx, or if 10 s go by."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        sent_at = self.headers.get("X-Webhook-Timestamp", "")
        signature = self.headers.get("X-Webhook-Signature", "")
        if not is_genuine(sent_at, signature, body):
            self.send_response(401)
            self.end_headers()
            return

        # A message may come more than once, under the same id: store the id, in a unique column for example, and act
        # on it once. If that takes long, store the message too, and act on it after the answer.
        webhook_id = self.headers["X-Webhook-Id"]
        event = json.loads(body)
        print(webhook_id, event.get("order_id", event.get("topup_id")), event["status"], flush=True)
        self.send_response(204)
        self.end_headers()


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
