"""bin/run: all of Sutler on one machine, for development."""

import shlex
from pathlib import Path

from dev.announce import announce_when_ready
from dev.child import Command, describe_exit
from dev.console import Console, open_console
from dev.environment import (
    development_settings,
    given_environment,
    port_in,
    process_environment,
    write_settings,
)
from dev.errors import StartError
from dev.ports import refuse_busy_port
from dev.processes import end_leftovers
from dev.procfile import as_argv, read_procfile
from dev.servers import start_sandbox, start_servers
from dev.sole_use import sole_use_of
from dev.supervisor import StopRequested, Supervisor


def main() -> int:
    """Run until somebody ends it; returns the exit code."""
    with open_console() as console:
        try:
            _run(console)
        except StopRequested:
            pass
        except StartError as error:
            console.say(str(error))
            return 1
    return 0


def _run(console: Console) -> None:
    given = given_environment()
    port = port_in(given)
    var = Path(given.get("VAR_DIR", "var")).resolve()
    processes = read_procfile(Path("Procfile"))
    with sole_use_of(var), Supervisor(console) as supervisor:
        end_leftovers(var, console)
        refuse_busy_port(port)
        console.say(f"Starting on {var}; Ctrl-C ends it.")
        settings = development_settings(given, var) | start_servers(supervisor, var, given, web_port=port)
        settings |= start_sandbox(supervisor, var, given, web_port=port)
        write_settings(var / "environment", settings)
        environ = process_environment(given, settings, var)

        if release := processes.pop("release", None):
            _run_once(supervisor, Command("release", as_argv(release), environ))
        _run_once(supervisor, Command("demo", ("flask", "demo", "load", "--out", str(var / "demo.json")), environ))
        refuse_busy_port(port)  # a lot of time has passed
        for name, command in processes.items():
            supervisor.start(Command(name, as_argv(command), environ))
        announce_when_ready(console, port, _where_to_look(var))
        supervisor.run_until_stopped()


def _run_once(supervisor: Supervisor, command: Command) -> None:
    code = supervisor.run_to_end(command)
    if code != 0:
        raise StartError(f"{command.name} {describe_exit(code)}, so nothing is started; its own words stand above.")


def _where_to_look(var: Path) -> list[str]:
    return [
        f"Keys of the demo accounts and the admin token: {var / 'demo.json'}",
        f"Settings, for commands by hand: . {shlex.quote(str(var / 'environment'))}",
    ]
