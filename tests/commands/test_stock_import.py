"""`flask stock import`, and what an interruption leaves."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models.database import db, rows
from models.tables import Product
from tests.commands.results import Command
from tests.desk import whole_audit_log
from tests.factories import eventually, make_product

MANY = 40_000


@pytest.fixture
def product() -> Product:
    """A product without stock."""
    return make_product(in_stock=0)


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    """A file that takes a few seconds, with a line in its middle that is no item."""
    path = tmp_path / "large.jsonl"
    lines = [f'{{"code": {number}}}' for number in range(MANY)]
    lines[MANY // 2] = "broken"
    path.write_text("\n".join(lines))
    return path


def one(sql: str) -> dict[str, Any]:
    """The one row that a query finds."""
    with db.connection_context():
        [found] = rows(sql)
        return found


def in_stock() -> Any:
    """The count of the one product there is."""
    return one("SELECT in_stock FROM products")["in_stock"]


def start(path: Path, product: Product) -> subprocess.Popen[str]:
    """Start an import in a process of its own, and wait until it has come some way."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "stock", "import", str(path), "--product", product.sku],
        env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    eventually(lambda: in_stock() >= 2000, "the first batches")
    return process


def test_a_file_is_imported_and_what_is_refused_is_told(command: Command, product: Product, tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"code": "TOP-SECRET"}\n{"code": "TOP-SECRET"}\nbroken\n\n{"code": 2}\n')

    result = command("stock", "import", path, "--product", product.sku)

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "2 added, 2 refused."
    assert result.stderr.splitlines() == [
        "line 2: the product has or had this item", "line 3: is not valid JSON: Expecting value at character 0",
    ]  # fmt: skip
    assert in_stock() == 2
    assert "TOP-SECRET" not in whole_audit_log()


@pytest.mark.parametrize(("name", "options"), [("a.csv", ()), ("a.CSV", ()), ("a.txt", ("--format", "csv"))])
def test_the_format_is_told_by_the_name_or_the_option(
    command: Command, product: Product, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path = tmp_path / name
    path.write_text("code,pin\n1,2\n3,4\n")

    result = command("stock", "import", path, "--product", product.id, *options)

    assert result.stdout.splitlines()[-1] == "2 added, 0 refused."


def test_a_file_that_was_imported_says_so(command: Command, product: Product, tmp_path: Path) -> None:
    path = tmp_path / "items.ndjson"
    path.write_text('{"code": 1}\nbroken\n')
    command("stock", "import", path, "--product", product.sku)

    again = command("stock", "import", path.rename(tmp_path / "copy.ndjson"), "--product", product.sku)

    assert again.exit_code == 0
    assert again.stdout == "This file was imported before.\n1 added, 1 refused.\n"
    assert in_stock() == 1


@pytest.mark.parametrize(
    ("content", "name", "complaint", "code"),
    [
        (b"{}", "a.txt", "--format", 2),
        (b"a,a\n1,2", "a.csv", "each column a name", 1),
        (b"", "a.csv", "must name its columns", 1),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    command: Command, product: Product, tmp_path: Path, content: bytes, name: str, complaint: str, code: int
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    result = command("stock", "import", path, "--product", product.sku)

    assert result.exit_code == code
    assert complaint in result.stderr


def test_a_pipe_is_refused_since_it_could_not_be_read_again(command: Command, product: Product, tmp_path: Path) -> None:
    path = tmp_path / "pipe.jsonl"
    os.mkfifo(path)

    result = command("stock", "import", path, "--product", product.sku)

    assert (result.exit_code, "regular file" in result.stderr) == (2, True)


def test_only_a_product_of_stock_takes_items(command: Command, product: Product, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}')
    with db.connection_context():
        db.execute_sql("UPDATE products SET provider = 'sandbox', in_stock = NULL")

    result = command("stock", "import", tmp_path / "a.jsonl", "--product", product.sku)

    assert result.exit_code == 1
    assert "made to order" in result.stderr


def test_an_import_that_is_killed_goes_on_where_it_was(command: Command, product: Product, large_file: Path) -> None:
    process = start(large_file, product)
    process.kill()
    process.communicate()
    eventually(lambda: one("SELECT count(*) AS n FROM pg_locks WHERE relation = 'stock_imports'::regclass")["n"] == 0)
    before = one("SELECT lines_read, added FROM stock_imports")
    assert 0 < before["lines_read"] < MANY
    assert in_stock() == before["added"]

    rest = command("stock", "import", large_file, "--product", product.sku)

    assert rest.exit_code == 0
    assert f"An earlier run came to line {before['lines_read']}" in rest.stdout
    assert rest.stdout.splitlines()[-1] == f"{MANY - 1} added, 1 refused."
    assert in_stock() == MANY - 1
    assert one("SELECT count(*) AS n FROM stock_items")["n"] == MANY - 1


def test_ctrl_c_ends_an_import_after_its_batch_and_says_how_to_go_on(
    command: Command, product: Product, large_file: Path
) -> None:
    process = start(large_file, product)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()

    assert process.returncode == 1
    assert "goes on from here" in said
    assert "Traceback" not in said
    assert in_stock() == one("SELECT added FROM stock_imports")["added"] < MANY - 1
    rest = command("stock", "import", large_file, "--product", product.sku)
    assert rest.stdout.splitlines()[-1] == f"{MANY - 1} added, 1 refused."
