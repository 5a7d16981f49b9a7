"""`flask operators`, `flask audit`, `flask ledger` and `flask secrets`."""

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet, MultiFernet
from flask.testing import FlaskClient

from models import vault
from models.database import db
from settings import settings
from tests.commands.results import Command
from tests.desk import Desk, whole_audit_log
from tests.factories import make_product, make_shop


def test_operators_are_named_and_revoked(command: Command, client: FlaskClient) -> None:
    made = command("operators", "add", "ada", "--role", "read").stdout
    fields = dict(line.split(maxsplit=1) for line in made.splitlines())
    ada = Desk(client, "ada", fields["token"])
    assert ada.get("/accounts").status_code == 200
    assert fields["token"] not in whole_audit_log()
    assert "ada" in command("operators", "list").stdout

    assert command("operators", "revoke", fields["id"]).exit_code == 0

    assert ada.get("/accounts").status_code == 401
    assert "There is no operator 77" in command("operators", "revoke", 77).stderr
    assert command("operators", "add", "x", "--role", "root").exit_code == 2


def test_the_audit_log_is_shown_newest_first(command: Command, client: FlaskClient) -> None:
    make_shop(client)
    make_product(in_stock=0)

    lines = command("audit", "--limit", 2).stdout.splitlines()

    assert len(lines) == 3
    assert "product.create" in lines[1]
    assert "account.credit" in lines[2]


def test_right_books_are_exit_code_0(command: Command, client: FlaskClient) -> None:
    make_shop(client)

    result = command("ledger", "check")

    assert (result.exit_code, result.stdout) == (0, "The books are right: 1 accounts, 1 transfers.\n")


def test_wrong_books_are_exit_code_1_and_say_where(command: Command, client: FlaskClient) -> None:
    shop = make_shop(client)
    with db.connection_context():
        db.execute_sql("UPDATE accounts SET available = available + 1")

    result = command("ledger", "check")

    with db.connection_context():
        db.execute_sql("UPDATE accounts SET available = available - 1")
    assert result.exit_code == 1
    assert f"Account {shop.account_id}" in result.stdout


def test_a_new_key_is_one_that_encrypts(command: Command) -> None:
    Fernet(command("secrets", "new-key").stdout.strip())


def test_everything_is_re_encrypted_under_the_first_key(
    command: Command, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, product = make_shop(client, signed=True), make_product(in_stock=2)
    key = Fernet(Fernet.generate_key())
    monkeypatch.setattr(vault, "_fernet", MultiFernet([key, *map(Fernet, settings.secret_keys)]))

    result = command("secrets", "reencrypt")

    assert result.exit_code == 0, result.output
    assert "4 secrets and items" in result.stdout  # two items, a secret, and the pepper of the items' digests
    monkeypatch.setattr(vault, "_fernet", MultiFernet([key]))
    assert shop.order(product, 2).status_code == 200


def test_a_key_that_is_missing_is_told(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    make_product(in_stock=2)
    monkeypatch.setattr(vault, "_fernet", MultiFernet([Fernet(Fernet.generate_key())]))

    result = command("secrets", "reencrypt")

    assert result.exit_code == 1
    assert "SECRET_KEYS" in result.stderr


def test_a_database_out_of_reach_is_told_in_one_line() -> None:
    environ = os.environ | {"DATABASE_URL": "postgresql://127.0.0.1:1/nothing"}

    result = subprocess.run(
        [sys.executable, "-m", "flask", "accounts", "list"], env=environ, capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert result.stderr.startswith("Error: The database cannot be used: ")
    assert result.stderr.count("\n") == 1
