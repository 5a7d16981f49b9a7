"""What bin/run does with the processes of the Procfile."""

import os
import signal
import subprocess
import sys
import time

import psutil

from tests.dev.sandbox import PROJECT, WEB, Sandbox, wait_for

# Notes every SIGTERM that it and its fork get; ends when its leader does.
FORKING = """
import os, pathlib, signal, sys, time
leader = os.getpid()
os.fork()
who = "leader" if os.getpid() == leader else "fork"

def note(*_):
    with open("signals", "a") as notes:
        notes.write(who + "\\n")
    if who == "leader":
        time.sleep(0.3)
        sys.exit(0)

signal.signal(signal.SIGTERM, note)
pathlib.Path(who).write_text(str(os.getpid()))
while True:
    time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("stubborn", flush=True)
while True:
    time.sleep(60)
"""
TALKATIVE = """
import pathlib, time
for number in range(20_000):
    print("x" * 100)
pathlib.Path("said").touch()
time.sleep(60)
"""
# Prints what it costs, in seconds of a processor, to wait two seconds for the last of two commands.
WAITING = """
import os, time
from dev.child import Command
from dev.console import open_console
from dev.supervisor import Supervisor

environ = dict(os.environ)
began = time.process_time()
with open_console() as console, Supervisor(console) as supervisor:
    supervisor.run_all_to_end([Command("short", ("true",), environ), Command("long", ("sleep", "2"), environ)])
print(time.process_time() - began)
"""


def assert_nothing_is_left(sandbox: Sandbox) -> None:
    assert sandbox.processes() == []


def test_the_release_runs_first_and_ready_is_said_once_when_the_server_answers(sandbox: Sandbox) -> None:
    sandbox.write_procfile("release: echo migrated", WEB)
    run = sandbox.start()
    run.wait_until_ready()
    assert sandbox.answers()
    assert (sandbox.var / "demo.json").exists()
    assert run.lines[1] == "release    | migrated"
    assert run.lines.count(f"ready: http://127.0.0.1:{sandbox.port}") == 1


def test_a_failing_release_ends_everything_with_its_words(sandbox: Sandbox) -> None:
    sandbox.write_procfile('release: sh -c "echo no such table; exit 3"', "web: touch started")
    run = sandbox.start()
    assert run.wait_for_end() == 1
    assert "release    | no such table" in run.lines
    assert "release ended with exit code 3" in run.lines[-1]
    assert not (sandbox.directory / "started").exists()


def test_sigterm_ends_everything_in_order(sandbox: Sandbox) -> None:
    sandbox.write_program("forking.py", FORKING)
    sandbox.write_procfile(WEB, "worker: python forking.py")
    run = sandbox.start()
    run.wait_until_ready()
    wait_for(lambda: (sandbox.directory / "fork").exists(), "the fork")
    assert run.end() == 0
    assert "Traceback" not in run.output
    # A second SIGTERM, or one to the whole group, would cost a Dramatiq worker its jobs.
    assert (sandbox.directory / "signals").read_text().split() == ["leader"]
    assert_nothing_is_left(sandbox)


def test_ctrl_c_and_a_closed_terminal_end_everything_too(sandbox: Sandbox) -> None:
    for number in (signal.SIGINT, signal.SIGHUP):
        run = sandbox.start()
        run.wait_until_ready()
        assert run.end(number) == 0
        assert "Traceback" not in run.output
        assert_nothing_is_left(sandbox)


def test_a_second_ctrl_c_kills_what_does_not_end(sandbox: Sandbox) -> None:
    sandbox.write_program("stubborn.py", STUBBORN)
    sandbox.write_procfile(WEB, "stubborn: python stubborn.py")
    run = sandbox.start()
    run.wait_for_line("| stubborn")
    run.process.send_signal(signal.SIGINT)
    run.wait_for_line("Ending everything")
    repeats_at = time.monotonic() + 1.1  # sooner, it would count as the same request
    wait_for(lambda: time.monotonic() > repeats_at, "the time of the repeat")
    assert run.end(signal.SIGINT) == 0
    assert "stubborn had to be killed." in run.lines
    assert_nothing_is_left(sandbox)


def test_a_process_that_is_killed_is_started_again(sandbox: Sandbox) -> None:
    run = sandbox.start()
    run.wait_until_ready()
    before = {process.pid for process in sandbox.processes("gunicorn")}
    (master,) = (pid for pid in before if psutil.Process(pid).ppid() == run.process.pid)
    os.kill(master, signal.SIGKILL)
    run.wait_for_line("web was killed by SIGKILL; it starts again now.")
    wait_for(sandbox.answers, "an answer from the new web server")
    # The orphaned worker must not live on: it would hold the port and answer with old code.
    assert before.isdisjoint(process.pid for process in sandbox.processes("gunicorn"))


def test_a_process_that_keeps_dying_is_started_again_after_longer_and_longer_pauses(sandbox: Sandbox) -> None:
    sandbox.write_procfile(WEB, "broken: sh -c 'exit 3'")
    run = sandbox.start()
    for pause in ("now.", "in 0.5 s.", "in 1.0 s."):
        run.wait_for_line(f"broken ended with exit code 3; it starts again {pause}")


def test_neither_a_process_nor_the_end_is_held_up_when_nobody_reads_what_is_said(sandbox: Sandbox) -> None:
    sandbox.write_program("talkative.py", TALKATIVE)
    sandbox.write_procfile("talkative: python talkative.py")
    run = sandbox.start(is_read=False)
    wait_for((sandbox.directory / "said").exists, "the last word of the talkative process")
    assert run.end() == 0
    assert_nothing_is_left(sandbox)


def test_to_wait_for_the_last_of_several_commands_costs_nothing() -> None:
    waited = subprocess.run(
        [sys.executable, "-c", WAITING], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    assert float(waited.stdout.splitlines()[-1]) < 0.5
