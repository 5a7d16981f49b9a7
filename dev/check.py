"""bin/test: the linters and the tests, on servers of their own."""

import base64
import secrets
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.child import Command, describe_exit
from dev.console import Console, open_console
from dev.environment import development_settings, given_environment, port_in, process_environment
from dev.errors import StartError
from dev.ports import LOOPBACK, free_port
from dev.servers import start_servers
from dev.supervisor import StopRequested, Supervisor

# What starts many processes, and all the rest.
LANES = {
    "processes": ("tests/faults", "tests/dev", "tests/browser"),
    "others": ("tests", "--ignore=tests/faults", "--ignore=tests/dev", "--ignore=tests/browser"),
}
LINTERS = ("ruff check", "ruff format --check", "mypy", "lint-imports --no-logo")

# How the names of Sutler's settings start. A developer's shell may hold those of a real installation, and tests must
# reach neither its data nor its providers; they are to give the same result everywhere, too.
SETTING_PREFIXES = (
    *("ADMIN_TOKEN", "ALLOW_", "ARBITRUM_", "BIND_HOST", "BROKER_", "BSC_", "DATABASE_", "DYNAMIC_PRICING"),
    *("LOG_FORMAT", "ORDER_", "POLYGON_", "PORT", "PROVIDER_", "PUBLIC_URL", "REDIS_"),
    *("REFERRAL_", "REFUND_", "SCAN_", "SECRET_KEYS", "SENTRY_", "SOLANA_", "TELEGRAM_", "TONCENTER_"),
    *("TOPUP_", "TRONGRID_", "TRUSTED_PROXIES", "USDT_", "WAIT_", "WALLET_", "WEB_", "WEBHOOK_"),
    "WORKER_",
)

# Each provider's setting for its address, the path of that, and its keys and secrets.
PROVIDER_SETTINGS = {
    "SANDBOX_API_URL": ("", "SANDBOX_WEBHOOK_SECRET"),
    "ISTAR_API_URL": ("", "ISTAR_API_KEY", "ISTAR_WEBHOOK_SECRET"),
    "GRAMSTACK_API_URL": ("", "GRAMSTACK_API_TOKEN"),
    "UPSTREAM_API_URL": ("/api/v1", "UPSTREAM_API_KEY", "UPSTREAM_API_SECRET"),
}

BOT_ADMIN_ID = 4001


def main(arguments: Sequence[str]) -> int:
    """Run the linters (unless there are arguments) and pytest; returns pytest's exit code, or else a linter's."""
    with open_console() as console:
        try:
            return _check(console, arguments)
        except StopRequested:
            return 128 + signal.SIGINT
        except StartError as error:
            console.say(str(error))
            return 1


def _check(console: Console, arguments: Sequence[str]) -> int:
    given = _without_settings(given_environment())
    with tempfile.TemporaryDirectory(prefix="sutler-test-") as directory, Supervisor(console) as supervisor:
        var = Path(directory)
        settings = development_settings(given, var)
        environ = process_environment(given, settings, var)
        lint_code = 0 if arguments else _lint(supervisor, console, environ)
        if arguments or "DATABASE_URL" in given or "REDIS_URL" in given:  # servers that are given are not for two
            pytest = _pytest("pytest", arguments, _with_servers(supervisor, var, given, environ), is_alone=True)
            return _run(supervisor, pytest) or lint_code
        return _run_lanes(supervisor, console, var, given, environ) or lint_code


def _run_lanes(
    supervisor: Supervisor, console: Console, var: Path, given: Mapping[str, str], environ: Mapping[str, str]
) -> int:
    """Run all tests in two lanes, each with servers of its own: most tests wait for something half of their time."""
    lanes = []
    for name, arguments in LANES.items():
        (var / name).mkdir()
        lanes.append(_pytest(name, arguments, _with_servers(supervisor, var / name, given, environ), is_alone=False))
    codes = supervisor.run_all_to_end(lanes)
    for name, code in zip(LANES, codes, strict=True):
        console.say(f"The tests of lane {name}: {'passed' if code == 0 else describe_exit(code)}.")
    return next((_as_exit_code(code) for code in codes if code != 0), 0)


def _with_servers(
    supervisor: Supervisor, var: Path, given: Mapping[str, str], environ: Mapping[str, str]
) -> dict[str, str]:
    servers = start_servers(supervisor, var, given, web_port=port_in(given), is_durable=False)
    return {**environ, **servers, **_outside_settings()}


def _pytest(name: str, arguments: Sequence[str], environ: Mapping[str, str], *, is_alone: bool) -> Command:
    # SIGINT, because that is what makes pytest end with its fixtures torn down and its summary shown.
    argv = (sys.executable, "-m", "pytest", *arguments)
    return Command(name, argv, environ, stop_signal=signal.SIGINT, inherits_terminal=is_alone)


def _without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without real settings; TEST_DATABASE_URL and TEST_REDIS_URL may name servers to test on."""
    prefixes = (*SETTING_PREFIXES, *(address.removesuffix("API_URL") for address in PROVIDER_SETTINGS))
    kept = {name: value for name, value in environ.items() if not name.startswith(prefixes)}
    servers = {name: environ.get(f"TEST_{name}", "") for name in ("DATABASE_URL", "REDIS_URL")}
    return kept | {name: url for name, url in servers.items() if url}


def _outside_settings() -> dict[str, str]:
    """The bot and every provider switched on, each at a port where nothing listens until a test starts it there."""
    ports: list[int] = []
    made = {}
    for address, (path, *names) in PROVIDER_SETTINGS.items():
        ports.append(free_port(ports))
        made[address] = f"http://{LOOPBACK}:{ports[-1]}{path}"
        made |= {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in names}
    return made | _bot_settings(free_port(ports))


def _bot_settings(port: int) -> dict[str, str]:
    """A bot, whose server a test starts at that port, with one administrator."""
    return {
        "TELEGRAM_API_URL": f"http://{LOOPBACK}:{port}",
        "TELEGRAM_BOT_TOKEN": f"{secrets.randbelow(10**9) + 1}:{secrets.token_urlsafe(24)}",
        "TELEGRAM_WEBHOOK_SECRET": secrets.token_urlsafe(24),
        "TELEGRAM_ADMIN_IDS": str(BOT_ADMIN_ID),
    }


def _lint(supervisor: Supervisor, console: Console, environ: Mapping[str, str]) -> int:
    """Run every linter and return the exit code of the first that found something."""
    codes = {
        linter: _run(supervisor, Command(linter, tuple(linter.split()), environ, inherits_terminal=True))
        for linter in LINTERS
    }
    failed = {linter: code for linter, code in codes.items() if code != 0}
    if failed:
        console.say(f"Not clean: {', '.join(failed)}.")
    return next(iter(failed.values()), 0)


def _run(supervisor: Supervisor, command: Command) -> int:
    return _as_exit_code(supervisor.run_to_end(command))


def _as_exit_code(code: int) -> int:
    return code if code >= 0 else 128 - code
