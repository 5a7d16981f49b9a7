"""`flask keys` and `flask accounts`."""

import os
import pwd

import pytest
from flask.testing import FlaskClient

from tests.commands.results import Command, shown
from tests.desk import last_action, whole_audit_log
from tests.factories import make_shop


def test_a_key_is_minted_shown_once_and_on_record_under_the_unix_user(command: Command, client: FlaskClient) -> None:
    made = shown(command("keys", "mint", "Acme", "--kind", "v1", "--with-secret", "--ip", "127.0.0.0/8"))

    assert client.get("/api/v1/health", headers={"X-API-Key": made["api_key"]}).status_code == 200
    action = last_action()
    assert action["actor"] == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    assert action["subject"] == f"api_key:{made['fingerprint']}"
    assert made["api_key"] not in whole_audit_log()
    listed = command("keys", "list").stdout
    assert made["fingerprint"] in listed
    assert "Acme" in listed
    assert made["api_key"] not in listed


def test_a_key_for_an_account_that_exists(command: Command, client: FlaskClient) -> None:
    shop = make_shop(client)

    made = shown(command("keys", "mint", "more", "--kind", "v2", "--account", shop.account_id, "--rate-limit", 3))

    assert (made["account_id"], made["secret"]) == (str(shop.account_id), "-")
    assert made["api_key"].startswith("sk-")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("keys", "mint", "", "--kind", "v1"), "name"),
        (("keys", "mint", "x", "--kind", "v1", "--ip", "nonsense"), "ip_whitelist.0"),
        (("keys", "mint", "x", "--kind", "v1", "--rate-limit", 0), "rate_limit"),
        (("keys", "mint", "x", "--kind", "v1", "--account", 77), "There is no account 77"),
        (("keys", "revoke", "0123456789abcdef"), "There is no key"),
        (("keys", "rotate-secret", "0123456789abcdef"), "There is no key"),
        (("keys", "ip-allowlist", "0123456789abcdef", "10.0.0.1"), "There is no key"),
        (("keys", "list", "--limit", 500), "limit"),
        (("keys", "list", "--cursor", "?"), "cursor"),
        (("accounts", "show", 77), "There is no account 77"),
        (("accounts", "credit", 77, "5", "--reference", "r"), "There is no account 77"),
        (("accounts", "credit", 1, "0", "--reference", "r"), "must not be zero"),
        (("accounts", "credit", 1, "five", "--reference", "r"), "amount_usdt"),
    ],
)
def test_what_is_refused_is_told_in_one_line_and_exit_code_1(
    command: Command, words: tuple[object, ...], complaint: str
) -> None:
    result = command(*words)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert complaint in result.stderr


@pytest.mark.parametrize(
    "words",
    [("keys", "mint", "x"), ("keys", "mint", "x", "--kind", "v3"), ("accounts", "show", 0), ("accounts", "credit", 1, "5"),
     ("accounts", "show", 2**63)],
)  # fmt: skip
def test_wrong_use_is_exit_code_2(command: Command, words: tuple[object, ...]) -> None:
    assert command(*words).exit_code == 2


def test_keys_are_changed_and_revoked(command: Command, client: FlaskClient) -> None:
    shop = make_shop(client)

    secret = shown(command("keys", "rotate-secret", shop.fingerprint))["secret"]
    assert shop.post("/orders", {}).json["error"] == "missing_signature"
    assert secret not in whole_audit_log()

    assert "192.0.2.0/24" in command("keys", "ip-allowlist", shop.fingerprint, "192.0.2.7/24").stdout
    assert shop.get("/health").status_code == 403
    assert "anywhere" in command("keys", "ip-allowlist", shop.fingerprint).stdout
    assert shop.get("/health").status_code == 200

    assert command("keys", "revoke", shop.fingerprint).exit_code == 0
    assert shop.get("/health").status_code == 401


def test_accounts_are_credited_once_and_shown(command: Command, client: FlaskClient) -> None:
    shop = make_shop(client, "0")
    credit = ("accounts", "credit", shop.account_id, "12.5", "--reference", "wire 7", "--note", "thanks")

    assert shown(command(*credit))["balance_usdt"] == "12.5"
    again = command(*credit)
    assert again.exit_code == 0
    assert "nothing was changed" in again.stderr
    assert shown(command("accounts", "credit", shop.account_id, "-2.5", "--reference", "back"))["balance_usdt"] == "10"
    assert command("accounts", "credit", shop.account_id, "-11", "--reference", "more").exit_code == 1
    assert shown(command("accounts", "show", shop.account_id))["total_topup_usdt"] == "10"
    assert last_action()["details"] == {"amount_usdt": -2.5, "reference": "back"}


def test_a_long_list_comes_in_pages(command: Command, client: FlaskClient) -> None:
    for _ in range(3):
        make_shop(client)

    first = command("accounts", "list", "--limit", 2)
    cursor = first.stderr.split()[-1]
    rest = command("accounts", "list", "--limit", 2, "--cursor", cursor)

    assert [line.split()[0] for line in first.stdout.splitlines()] == ["id", "3", "2"]
    assert [line.split()[0] for line in rest.stdout.splitlines()] == ["id", "1"]
    assert rest.stderr == ""
