"""The languages that there are examples in, and how a program of each is run."""

import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dev.errors import StartError
from dev.left_out import or_left_out

EXAMPLES = Path(__file__).parent.parent.parent / "clients" / "examples"


@dataclass(frozen=True)
class Language:
    """A language: what it needs, and a command that fails where that is missing."""

    name: str
    needs: str
    trial: tuple[str, ...]


PYTHON = Language("python", "requests", (sys.executable, "-c", "import requests"))
NODE = Language("node", "Node 18 or newer", ("node", "-e", "process.exit(typeof fetch === 'function' ? 0 : 1)"))
GO = Language("go", "Go", ("go", "version"))
PHP = Language("php", "PHP with its curl extension", ("php", "-r", "exit(function_exists('curl_init') ? 0 : 1);"))
BASH = Language("bash", "curl, openssl, jq and socat", ("bash", "-c", "type curl openssl jq socat"))


@lru_cache
def is_here(language: Language) -> bool:
    """Whether the machine has the language; in continuous integration a StartError if not."""
    return or_left_out(lambda: _examples(language), f"the clients in {language.name}") is not None


def _examples(language: Language) -> Path:
    try:
        tried = subprocess.run(language.trial, capture_output=True, timeout=60)
    except FileNotFoundError:
        tried = None
    if tried is None or tried.returncode != 0:
        raise StartError(f"There is no {language.needs} on this machine.")
    return EXAMPLES / language.name


def order_command(language: Language, compiled: Path) -> list[str]:
    """How the example that buys is run; `compiled` is where Go's programs are."""
    if language is GO:
        return [str(_compiled("order", compiled))]
    file = {PYTHON: "python/order.py", NODE: "node/order.mjs", PHP: "php/order.php", BASH: "bash/order.sh"}[language]
    return [_interpreter(language), str(EXAMPLES / file)]


def receiver_command(language: Language, compiled: Path, port: int) -> list[str]:
    """How the example that receives webhooks is run, to listen at a port."""
    if language is GO:
        return [str(_compiled("webhook_receiver", compiled)), str(port)]
    if language is PHP:
        return ["php", "-S", f"127.0.0.1:{port}", str(EXAMPLES / "php" / "webhook_receiver.php")]
    file = {
        PYTHON: "python/webhook_receiver.py", NODE: "node/webhook_receiver.mjs", BASH: "bash/webhook_receiver.sh",
    }[language]  # fmt: skip
    return [_interpreter(language), str(EXAMPLES / file), str(port)]


def _interpreter(language: Language) -> str:
    return sys.executable if language is PYTHON else language.name


def _compiled(program: str, directory: Path) -> Path:
    """The Go program, compiled by the first test that asks for it."""
    made = directory / program
    if not made.exists():
        source = EXAMPLES / "go" / program / "main.go"
        subprocess.run(["go", "build", "-o", made, source], cwd=directory, check=True, timeout=300)
    return made
