"""Finding and ending processes that an earlier run left behind."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from dev.console import Console

# Everything that we start carries this variable, so that the next start on the same directory can tell that it is ours.
MARK = "SUTLER_RUN"
SECONDS_TO_END = 5.0
SECONDS_TO_END_SERVERS = 10.0


def end_leftovers(var: Path, console: Console) -> None:
    """End what a bin/run that was killed has left running on `var`; the caller holds the lock on it.

    The kernel has told all of it to end by then, but what is still ending would keep the port and the data.
    """
    programs = _find(lambda process: process.environ().get(MARK) == str(var) and process.pid != os.getpid())
    servers = [
        *servers_on(var / "postgres", "postgres"),
        *servers_on(var / "redis", "redis-server"),
    ]
    if not programs and not servers:
        return
    console.say("An earlier run was killed; ending what it left.")
    for process in programs:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    for processes, seconds in ((programs, SECONDS_TO_END), (servers, SECONDS_TO_END_SERVERS)):
        _wait_for(processes, seconds)
        kill_processes(processes)


def servers_on(data: Path, name: str) -> list[psutil.Process]:
    """Processes called `name` that serve the data in that directory, and those that they forked."""

    def serves(process: psutil.Process) -> bool:
        # Forks and Redis show no arguments, but work in the directory. Where that is cannot be seen of another
        # account's process in a container, where root may not trace; the arguments always can.
        return process.name() == name and (str(data) in process.cmdline() or process.cwd() == str(data))

    return _find(serves)


def kill_processes(processes: Sequence[psutil.Process]) -> None:
    """Kill them and wait until they are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _wait_for(processes, SECONDS_TO_END)


def _find(is_wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # it has just ended, or belongs to somebody else
            if is_wanted(process):
                found.append(process)
    return found


def _wait_for(processes: Sequence[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(_is_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.02)


def _is_alive(process: psutil.Process) -> bool:
    try:
        # In a container without an init nobody buries the orphans: a zombie is as good as gone.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
