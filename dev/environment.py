"""The environment that the processes get in development."""

import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from dev.errors import StartError
from dev.kept_secret import kept_secret, write_private
from dev.ports import LOOPBACK
from dev.processes import MARK

DEFAULT_PORT = "8000"


def given_environment() -> dict[str, str]:
    """The caller's environment without the variables that are set but empty: those count as not set."""
    return {name: value for name, value in os.environ.items() if value}


def port_in(given: Mapping[str, str]) -> int:
    """The port to serve on. Raises StartError when PORT is not one."""
    port = given.get("PORT", DEFAULT_PORT)
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65_535:
        raise StartError("PORT must be a number from 1 to 65535.")
    return int(port)


def development_settings(given: Mapping[str, str], var: Path) -> dict[str, str]:
    """Sutler's settings for this machine; one that the caller gave wins. Secrets are made once and kept in `var`."""
    port = port_in(given)
    made = {
        "PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "ALLOW_SIMULATION": "1",
        "WEBHOOK_ALLOW_PRIVATE": "1",
        "LOG_FORMAT": "console",
        "SECRET_KEYS": kept_secret(var / "secret_keys", lambda: Fernet.generate_key().decode()),
        "ADMIN_TOKEN": kept_secret(var / "admin_token", secrets.token_urlsafe),
    }
    return {name: given.get(name, value) for name, value in made.items()}


def process_environment(given: Mapping[str, str], settings: Mapping[str, str], var: Path) -> dict[str, str]:
    """All that a process gets: the caller's environment, the settings, and what makes it one of ours."""
    programs = Path(sys.executable).parent
    return {
        **given,
        **settings,
        "PATH": f"{programs}{os.pathsep}{given.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "VAR_DIR": str(var),
        MARK: str(var),
    }


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """Write the settings for a shell to read (`. var/environment`), so that commands can be run by hand."""
    write_private(path, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in settings.items()))
