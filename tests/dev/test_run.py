"""What bin/run refuses, keeps apart, and takes from the environment."""

import socket

from dev.ports import free_port
from tests.dev.sandbox import Sandbox


def test_a_port_in_use_is_said_at_once(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", sandbox.port)):
        run = sandbox.start(with_servers=True)
        assert run.wait_for_end() == 1
    assert len(run.lines) == 1
    assert run.output.startswith(f"Port {sandbox.port} of 127.0.0.1 cannot be used (Address already in use)")


def test_a_wrong_port_is_refused(sandbox: Sandbox) -> None:
    run = sandbox.start(PORT="eight thousand")
    assert run.wait_for_end() == 1
    assert run.lines == ["PORT must be a number from 1 to 65535."]


def test_a_line_of_the_procfile_that_is_not_one_is_refused(sandbox: Sandbox) -> None:
    sandbox.write_procfile("gunicorn wsgi")
    run = sandbox.start()
    assert run.wait_for_end() == 1
    assert run.lines == ["Procfile has a line that is not `name: command`: gunicorn wsgi"]


def test_two_runs_share_a_machine_but_not_a_directory(sandbox: Sandbox) -> None:
    first = sandbox.start()
    first.wait_until_ready()
    second = sandbox.start()
    assert second.wait_for_end() == 1
    assert second.output.startswith(f"Another bin/run is using {sandbox.var}: end it first")
    third = sandbox.start(VAR_DIR="elsewhere", PORT=str(free_port({sandbox.port})))
    third.wait_until_ready()
    assert (sandbox.directory / "elsewhere" / "demo.json").exists()
    assert third.end() == 0
    assert sandbox.answers()
    assert first.end() == 0


def test_a_setting_that_is_given_wins_and_an_empty_one_counts_as_not_given(sandbox: Sandbox) -> None:
    sandbox.write_procfile("web: sh -c 'echo \"$ADMIN_TOKEN, $PUBLIC_URL, $BIND_HOST, $ALLOW_SIMULATION.\"; sleep 60'")
    run = sandbox.start(ADMIN_TOKEN="given-by-the-caller", PUBLIC_URL="", BIND_HOST="", ALLOW_SIMULATION="")
    run.wait_for_line(f"web        | given-by-the-caller, http://127.0.0.1:{sandbox.port}, 127.0.0.1, 1.")
    assert sandbox.setting("ADMIN_TOKEN") == "given-by-the-caller"
    secret_keys = sandbox.setting("SECRET_KEYS")
    assert run.end() == 0
    sandbox.start(ADMIN_TOKEN="").wait_for_line("web        | ")
    assert len(sandbox.setting("ADMIN_TOKEN")) >= 40
    assert sandbox.setting("SECRET_KEYS") == secret_keys


def test_what_holds_a_secret_is_readable_by_its_owner_only(sandbox: Sandbox) -> None:
    run = sandbox.start(with_servers=True, SANDBOX_API_URL="", SANDBOX_WEBHOOK_SECRET="")
    run.wait_until_ready()
    secret = {"admin_token", "environment", "postgres_password", "redis.conf", "redis_password", "secret_keys"}
    secret.add("sandbox_secret")
    modes = {path.name: path.stat().st_mode & 0o777 for path in sandbox.var.iterdir() if path.name in secret}
    assert modes == dict.fromkeys(secret, 0o600)
    assert sandbox.var.stat().st_mode & 0o777 == 0o700
