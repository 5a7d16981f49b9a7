"""The Postman collection (v2.1), made from the clients' OpenAPI document.

Its requests stand in an order in which they can be run from the top: what one makes, the next one asks for.
"""

import json
import re
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_SCRIPTS = Path(__file__).parent / "postman_scripts"
_FOLDERS = {
    "v1": ("health", "products", "networks", "topups", "orders", "webhooks", "balance", "usage"),
    "v2": ("account", "orders"),
}
_TITLES = {"v1": "Wholesale, v1", "v2": "Telegram goods, v2"}
_AUTH = {
    "v1": {"type": "apikey", "apikey": [
        {"key": "key", "value": "X-API-Key", "type": "string"},
        {"key": "value", "value": "{{key}}", "type": "string"},
        {"key": "in", "value": "header", "type": "string"},
    ]},
    "v2": {"type": "bearer", "bearer": [{"key": "token", "value": "{{v2_key}}", "type": "string"}]},
}  # fmt: skip
_ABOUT = {
    "base": "Where the APIs are, without a path.",
    "key": "A key of v1.",
    "secret": "Its secret, if it has one: POSTs are signed with it. It is never sent.",
    "v2_key": "A key of v2, sk-…",
    "product_id": "What is ordered; the list of products sets it to the first that is in stock.",
    "quantity": "How many; likewise.",
    "username": "The Telegram user whom goods of v2 are for.",
}

# What an answer gives to later requests: a variable, by the operation and the field that holds it.
_KEEPS = {
    "v1_request_topup": ("topup_id", "topup_id"),
    "v1_place_order": ("order_id", "order_id"),
    "v2_buy_stars": ("stars_order_id", "order_id"),
    "v2_buy_premium": ("premium_order_id", "order_id"),
    "v2_buy_ton": ("ton_order_id", "order_id"),
}
# And which of them stands for the id in an address, where it is not the one of the same name.
_TAKES = {
    "v2_show_stars_order": "stars_order_id",
    "v2_show_premium_order": "premium_order_id",
    "v2_show_ton_order": "ton_order_id",
}
_WAITING = frozenset({"v1_place_order"})  # with which the run goes on only when it is final
_ALSO_FINE = {"v1_resend_webhook": 404}  # for an order without a webhook_url
# Fields of example bodies that variables stand for; the numbers without quotes.
_VARIABLES = {"product_id": "{{product_id}}", "quantity": "{{quantity}}", "username": "{{username}}"}


def collection(document: Json, base: str) -> str:
    """The collection's text; `document` is that of the clients, `base` the address at which we are reached."""
    made = {
        "info": {
            "name": document["info"]["title"],
            "version": document["info"]["version"],
            "description": document["info"]["description"],
            "schema": _SCHEMA,
        },
        "item": [_surface(document, surface) for surface in _FOLDERS],
        "event": [_event("prerequest", "sign.js")],
        "variable": [
            {"key": name, "value": value, "type": "string", "description": _ABOUT.get(name, "Set by the run.")}
            for name, value in _values(base).items()
        ],
    }
    return json.dumps(made, ensure_ascii=False, indent=1)


def _values(base: str) -> dict[str, str]:
    first = {
        "base": base,
        "key": "",
        "secret": "",
        "v2_key": "",
        "product_id": "1",
        "quantity": "1",
        "username": "target",
    }
    return first | {variable: "" for variable, _ in _KEEPS.values()}


def _surface(document: Json, surface: str) -> Json:
    folders = [_folder(document, f"{surface} {name}") for name in _FOLDERS[surface]]
    return {"name": _TITLES[surface], "auth": _AUTH[surface], "item": folders}


def _folder(document: Json, tag: str) -> Json:
    about = next((entry["description"] for entry in document["tags"] if entry["name"] == tag), "")
    # Those that make something come first: the others ask for it.
    requests = sorted(
        (method != "post", path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation["tags"] == [tag]
    )
    return {
        "name": tag.partition(" ")[2].capitalize(),
        "description": about,
        "item": [_request(path, method, operation) for _, path, method, operation in requests],
    }


def _request(path: str, method: str, operation: Json) -> Json:
    name = operation["operationId"]
    request: Json = {
        "method": method.upper(),
        "header": [],
        "url": _address(path, operation),
        "description": operation.get("description", operation["summary"]),
    }
    if method == "post":
        request["header"] = [
            {"key": "Content-Type", "value": "application/json"},
            {"key": "Idempotency-Key", "value": "{{$guid}}"},
        ]
        request["body"] = {"mode": "raw", "raw": _body(operation), "options": {"raw": {"language": "json"}}}
    events = [_event("test", "status.js", EXPECTED=_expected(operation))]
    if name == "v1_list_products":
        events[0]["script"]["exec"] += _script("choose_product.js")
    if name in _KEEPS:
        variable, field = _KEEPS[name]
        events[0]["script"]["exec"] += _script("keep.js", VARIABLE=variable, FIELD=field)
    if name in _WAITING:
        events[0]["script"]["exec"] += _script("delivered.js")
    return {
        "name": operation["summary"],
        "event": events,
        "request": request,
        "response": _examples(request, operation),
    }


def _address(path: str, operation: Json) -> Json:
    taken = _TAKES.get(operation["operationId"])
    filled = re.sub(r"\{(\w+)\}", lambda found: "{{" + (taken or found[1]) + "}}", path)
    query = [
        {
            "key": value["name"],
            "value": "true" if value["name"] == "wait" else str(value["schema"].get("default", "")),
            "description": value["description"],
            "disabled": not (value["name"] == "wait" and operation["operationId"] in _WAITING),
        }
        for value in operation["parameters"]
        if value["in"] == "query"
    ]
    sent = "&".join(f"{value['key']}={value['value']}" for value in query if not value["disabled"])
    return {
        "raw": "{{base}}" + filled + (f"?{sent}" if sent else ""),
        "host": ["{{base}}"],
        "path": filled.strip("/").split("/"),
        "query": query,
    }


def _body(operation: Json) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    example = content.get("application/json", {}).get("example")
    if example is None:
        return ""
    text = json.dumps({name: _VARIABLES.get(name, value) for name, value in example.items()}, indent=2)
    return re.sub(r'"(\{\{(?:product_id|quantity)\}\})"', r"\1", text)


def _expected(operation: Json) -> str:
    good = [int(status) for status in operation["responses"] if status.startswith("2")]
    also = _ALSO_FINE.get(operation["operationId"])
    return json.dumps([*good, *([also] if also else [])])


def _examples(request: Json, operation: Json) -> list[Json]:
    for status, answer in operation["responses"].items():
        example = answer.get("content", {}).get("application/json", {}).get("example")
        if example is not None:
            return [{
                "name": answer["description"],
                "originalRequest": request,
                "status": answer["description"],
                "code": int(status),
                "_postman_previewlanguage": "json",
                "header": [{"key": "Content-Type", "value": "application/json"}],
                "body": json.dumps(example, indent=2, ensure_ascii=False),
            }]  # fmt: skip
    return []


def _event(listen: str, file: str, **words: str) -> Json:
    return {"listen": listen, "script": {"type": "text/javascript", "exec": _script(file, **words)}}


def _script(file: str, **words: str) -> list[str]:
    text = (_SCRIPTS / file).read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    return text.splitlines()
