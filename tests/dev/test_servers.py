"""The PostgreSQL, the Redis and the made-up provider that bin/run brings, and what they survive."""

import os
import signal

import psutil
import psycopg2
import redis
import requests

from tests.dev.sandbox import WEB, Run, Sandbox, wait_for

BUYER = """
import os, signal, sys, urllib.request

def ask(*_):
    request = urllib.request.Request(os.environ["SANDBOX_API_URL"] + "/wallet/balance", headers={"API-Key": "sandbox"})
    urllib.request.urlopen(request, timeout=5)
    print("found it", flush=True)
    sys.exit(0)

signal.signal(signal.SIGTERM, ask)
print("waits", flush=True)
while True:
    signal.pause()
"""


def start(sandbox: Sandbox) -> Run:
    run = sandbox.start(with_servers=True)
    run.wait_until_ready()
    return run


def query(sandbox: Sandbox, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(sandbox.setting("DATABASE_URL"))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()


def store(sandbox: Sandbox) -> None:
    query(sandbox, "CREATE TABLE kept AS SELECT 'postgres' AS by; SELECT * FROM kept")
    with redis.Redis.from_url(sandbox.setting("REDIS_URL")) as client:
        client.set("kept by", "redis")


def assert_stored(sandbox: Sandbox) -> None:
    assert query(sandbox, "SELECT by FROM kept") == [("postgres",)]
    with redis.Redis.from_url(sandbox.setting("REDIS_URL")) as client:
        assert client.get("kept by") == b"redis"


def is_stored(sandbox: Sandbox) -> bool:
    try:
        assert_stored(sandbox)
    except (psycopg2.OperationalError, redis.RedisError):
        return False
    return True


def postmaster(sandbox: Sandbox) -> psutil.Process:
    return psutil.Process(int((sandbox.var / "postgres" / "postmaster.pid").read_text().split()[0]))


def test_a_second_start_finds_its_data_and_leaves_nothing_running(sandbox: Sandbox) -> None:
    run = start(sandbox)
    store(sandbox)
    assert run.end() == 0
    assert sandbox.processes() == []
    start(sandbox)
    assert_stored(sandbox)


def test_everything_ends_with_a_bin_run_that_is_killed_and_the_next_finds_its_data(sandbox: Sandbox) -> None:
    run = start(sandbox)
    store(sandbox)
    run.process.kill()
    start(sandbox)  # at once: what is still ending is waited for
    assert_stored(sandbox)
    sandbox.runs[-1].process.kill()
    wait_for(lambda: sandbox.processes() == [], "the end of everything")


def test_the_data_survives_a_kill_of_every_process_even_if_a_stranger_gets_its_process_id(sandbox: Sandbox) -> None:
    run = start(sandbox)
    store(sandbox)
    run.process.send_signal(signal.SIGSTOP)  # so that it cannot restart what dies before it
    for process in sandbox.processes():
        process.kill()
    run.process.kill()
    pid_file = sandbox.var / "postgres" / "postmaster.pid"
    _, *rest = pid_file.read_text().split("\n")
    pid_file.write_text("\n".join([str(os.getpid()), *rest]))
    start(sandbox)
    assert_stored(sandbox)


def test_servers_that_are_killed_come_back_in_the_same_place_with_their_data(sandbox: Sandbox) -> None:
    run = start(sandbox)
    store(sandbox)
    orphans = {process.pid for process in postmaster(sandbox).children()}
    postmaster(sandbox).kill()
    (redis_server,) = sandbox.processes("redis-server")
    redis_server.kill()
    run.wait_for_line("postgres was killed by SIGKILL; it starts again now.")
    run.wait_for_line("redis was killed by SIGKILL; it starts again now.")
    wait_for(lambda: is_stored(sandbox), "the servers")
    assert orphans
    assert orphans.isdisjoint(process.pid for process in sandbox.processes())


def test_a_cluster_that_was_half_made_is_made_anew(sandbox: Sandbox) -> None:
    half = sandbox.var / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    start(sandbox)
    store(sandbox)
    assert not half.exists()


def test_a_password_that_does_not_fit_the_data_is_said(sandbox: Sandbox) -> None:
    start(sandbox).end()
    (sandbox.var / "postgres_password").write_text("another\n")
    run = sandbox.start(with_servers=True)
    assert run.wait_for_end() == 1
    assert run.lines[-1] == f"{sandbox.var}/postgres_password does not hold the password of {sandbox.var}/postgres."


def sales_of(sandbox: Sandbox) -> requests.Response:
    return requests.get(f"{sandbox.setting('SANDBOX_API_URL')}/book", headers={"API-Key": "sandbox"}, timeout=10)


def test_the_made_up_provider_runs_until_the_end_on_a_port_and_with_a_book_of_its_own(sandbox: Sandbox) -> None:
    # Asks the provider when it is told to end: orders in progress must still find it.
    sandbox.write_program("buyer.py", BUYER)
    sandbox.write_procfile(WEB, "buyer: python buyer.py")
    run = sandbox.start(SANDBOX_API_URL="", SANDBOX_WEBHOOK_SECRET="")
    run.wait_until_ready()
    run.wait_for_line("buyer      | waits")
    assert sales_of(sandbox).json() == []
    assert len(sandbox.setting("SANDBOX_WEBHOOK_SECRET")) >= 40
    assert (sandbox.var / "sandbox.db").exists()
    (provider,) = sandbox.processes("dev.sandbox")
    provider.kill()
    run.wait_for_line("sandbox was killed by SIGKILL; it starts again now.")
    wait_for(lambda: is_answered(sandbox), "the provider")
    assert run.end() == 0
    assert "buyer      | found it" in run.lines
    assert "Traceback" not in run.output
    assert sandbox.processes() == []


def is_answered(sandbox: Sandbox) -> bool:
    try:
        return sales_of(sandbox).ok
    except requests.ConnectionError:
        return False


def test_a_provider_that_the_caller_names_is_taken_instead(sandbox: Sandbox) -> None:
    run = sandbox.start(SANDBOX_API_URL="http://127.0.0.1:9", SANDBOX_WEBHOOK_SECRET="given")
    run.wait_until_ready()
    assert (sandbox.setting("SANDBOX_API_URL"), sandbox.setting("SANDBOX_WEBHOOK_SECRET")) == (
        "http://127.0.0.1:9",
        "given",
    )
    assert sandbox.processes("dev.sandbox") == []
