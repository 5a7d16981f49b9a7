"""The inspector of webhooks: receivers for an hour, few and small, and in development alone."""

import json
from base64 import b64encode

import pytest
from flask.testing import FlaskClient

from jobs import signing
from jobs.redis_calls import redis_client
from settings import settings
from web.api_docs import inspector, receivers

BODY = '{"order_id": 1, "status": "completed", "items": [{"code": "<b>é"}]}'.encode()


def make(client: FlaskClient) -> str:
    """A new receiver's path."""
    answer = client.post("/api/docs/inspector")
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_what_is_delivered_is_shown_with_its_headers(client: FlaskClient) -> None:
    path = make(client)
    empty = client.get(path).text
    assert "Nothing has come yet" in empty
    assert f"http://localhost{path}" in empty
    headers = signing.headers("msg_1", 2, BODY, "c2VjcmV0", 1_790_000_000)

    assert client.post(path, data=BODY, headers={**headers, "Cookie": "theirs"}).status_code == 204

    page = client.get(path).text
    assert "msg_1" in page
    assert "attempt 2" in page
    assert f'data-signature="{headers["X-Webhook-Signature"]}"' in page
    assert f'data-body="{b64encode(BODY).decode()}"' in page
    assert "&lt;b&gt;é" in page
    assert "theirs" not in page


def test_the_list_is_sent_only_when_it_is_new(client: FlaskClient) -> None:
    path = make(client)
    client.post(path, data=b"not JSON \xff")
    part = client.get(f"{path}/deliveries").text
    assert "not JSON \ufffd" in part
    seen = part.split("seen=")[1].split('"')[0]
    assert client.get(f"{path}/deliveries?seen={seen}").status_code == 204
    client.post(path, data=b"{}")
    assert client.get(f"{path}/deliveries?seen={seen}").status_code == 200


def test_receivers_are_few_and_keep_little(client: FlaskClient) -> None:
    first = make(client)
    for number in range(receivers.MOST_DELIVERIES + 5):
        client.post(first, data=json.dumps({"number": number}))
    token = first.rsplit("/", 1)[1]
    kept = receivers.deliveries(token)
    assert kept is not None
    assert len(kept) == receivers.MOST_DELIVERIES
    assert client.post(first, data=b"x" * (64 * 1024 + 1)).status_code == 413

    for _ in range(receivers.MOST_RECEIVERS):
        make(client)

    assert client.get(first).status_code == client.post(first, data=b"{}").status_code == 404
    assert redis_client().zcard("inspector") == receivers.MOST_RECEIVERS
    assert redis_client().exists(f"inspector:{token}") == 0


def test_a_receiver_lives_for_an_hour(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(client)
    client.post(path, data=b"{}")
    for key in redis_client().keys("inspector*"):
        assert 0 < redis_client().ttl(key) <= receivers.LIFETIME_SECONDS
    monkeypatch.setattr(receivers, "LIFETIME_SECONDS", 0)
    assert client.get(path).status_code == 404
    assert client.post(path, data=b"{}").json["error"] == "receiver_not_found"


def test_there_is_none_in_production(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(client)
    off = settings.model_copy(update={"allow_simulation": False})
    monkeypatch.setattr(inspector, "settings", off)
    monkeypatch.setattr("web.api_docs.page.settings", off)

    answers = [client.get("/api/docs/inspector"), client.post("/api/docs/inspector"), client.get(path)]
    answers += [client.post(path, data=b"{}"), client.get(f"{path}/deliveries")]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json["error"] for answer in answers} == {"not_found"}
    assert "inspector" not in client.get("/api/docs/playground").text
