"""The shapes in which toncenter tells of messages, transactions and traces; what they hold is made up."""

import base64
import hashlib
import time
from typing import Any

Json = dict[str, Any]


def hash_of(name: object) -> str:
    """A made-up hash, as toncenter writes one: base64."""
    return base64.b64encode(hashlib.sha256(str(name).encode()).digest()).decode()


def address_of(name: object) -> str:
    """A made-up raw address."""
    return f"0:{hashlib.sha256(str(name).encode()).hexdigest().upper()}"


def message_of(message_hash: str, source: str, destination: str, opcode: str) -> Json:
    """A message, as it stands both where it leaves and where it comes in."""
    content = {"hash": hash_of("body"), "body": "te6cckEBAQEAAgAAAEysuc0=", "decoded": None}
    return {
        "hash": message_hash,
        "source": source,
        "destination": destination,
        "opcode": opcode,
        "decoded_opcode": None,
        "bounce": True,
        "bounced": False,
        "message_content": content,
    }


def transaction_of(own_hash: str, account: str, in_msg: Json, out_msgs: list[Json], *, works: bool = True) -> Json:
    """A transaction that a message set off; it fails in its compute phase unless it works."""
    compute = {"skipped": False, "success": works, "exit_code": 0 if works else 707}
    return {
        "account": account,
        "hash": own_hash,
        "lt": "60000000000000",
        "now": int(time.time()),
        "description": {"type": "ord", "aborted": not works, "destroyed": False, "compute_ph": compute},
        "in_msg": in_msg,
        "out_msgs": out_msgs,
        "emulated": False,
    }


def trace_of(trace_id: str) -> Json:
    """A finished trace, without its transactions."""
    info = {"trace_state": "complete", "messages": 3, "transactions": 3, "pending_messages": 0}
    return {"trace_id": trace_id, "trace_info": info, "is_incomplete": False, "warning": "", "transactions": {}}
