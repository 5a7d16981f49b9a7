"""The migrations: there and back, and in step with the tables that the code sees."""

from collections.abc import Iterator

import pytest
from peewee import Model
from playhouse.migrations import Runner
from playhouse.schema_diff import diff_models

from models import tables
from models.database import db
from tests.conftest import TABLES


@pytest.fixture
def runner() -> Iterator[Runner]:
    """A runner on the test database, whose schema is whole again afterwards."""
    with db.connection_context():
        made = Runner(db, "models/migrations")
        yield made
        made.up()


def test_every_migration_goes_down_and_up_again(runner: Runner) -> None:
    names = [migration.name for migration in runner.migrations()]

    assert runner.down(names[0]) == names[::-1]
    assert not {"accounts", "transfers", "orders", "webhook_deliveries"} & set(db.get_tables())
    assert runner.up() == names


def test_the_tables_of_the_code_are_those_of_the_migrations(runner: Runner) -> None:
    declared = [
        table
        for table in vars(tables).values()
        if isinstance(table, type) and issubclass(table, Model) and table not in (Model, tables.Table)
    ]

    difference = diff_models(db, declared)

    assert not difference.create_tables
    assert not difference.add_columns
    assert not difference.drop_columns


def test_each_table_is_empty_at_the_start_of_a_test(runner: Runner) -> None:
    assert {*db.get_tables()} == {*TABLES, "schema_migration"}


def test_the_rule_for_a_transfers_legs_stays_a_short_one() -> None:
    with db.connection_context():
        rules = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'transfers_legs_fit_kind'"
        [(rule,)] = db.execute_sql(rules).fetchall()

    # PostgreSQL reads it anew for each statement that writes transfers: the whole table of legs took it 50 µs.
    assert rule == "CHECK (transfer_legs_fit_kind(kind, source, target))"
