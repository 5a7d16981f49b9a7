"""The example programs of clients/examples, as the page shows them: the very files, read when the process starts.

What is too short for a program, functions that sign, lies beside the page, in files that tests run.
"""

from dataclasses import dataclass
from pathlib import Path

DIRECTORY = Path(__file__).parent.parent.parent / "clients" / "examples"
SNIPPETS = Path(__file__).parent / "snippets"


@dataclass(frozen=True, slots=True)
class ExampleFile:
    """A program: its language for people, for colours, and its text."""

    title: str
    language: str
    name: str
    text: str


def _read(title: str, language: str, name: str, directory: Path = DIRECTORY) -> ExampleFile:
    return ExampleFile(title, language, name, (directory / name).read_text())


ORDERS = (
    _read("Python", "python", "python/order.py"),
    _read("Node.js", "node", "node/order.mjs"),
    _read("Go", "go", "go/order/main.go"),
    _read("PHP", "php", "php/order.php"),
    _read("curl", "shell", "bash/order.sh"),
)
RECEIVERS = (
    _read("Python", "python", "python/webhook_receiver.py"),
    _read("Node.js", "node", "node/webhook_receiver.mjs"),
    _read("Go", "go", "go/webhook_receiver/main.go"),
    _read("PHP", "php", "php/webhook_receiver.php"),
    _read("Shell", "shell", "bash/webhook_receiver.sh"),
)
SIGNING = (
    _read("Python", "python", "sign.py", SNIPPETS),
    _read("Node.js", "node", "sign.mjs", SNIPPETS),
    _read("Go", "go", "sign.go", SNIPPETS),
    _read("PHP", "php", "sign.php", SNIPPETS),
    _read("Shell", "shell", "sign.sh", SNIPPETS),
)
