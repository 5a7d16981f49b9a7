"""Running PostgreSQL from an account that it accepts."""

import os
import pwd
import signal
from pathlib import Path

ACCOUNT = "nobody"


def account_for(data: Path) -> int:
    """User id that PostgreSQL runs as on the directory `data`: ours, unless we are root, which it refuses."""
    if os.geteuid() != 0:
        return os.geteuid()
    owner = data.stat().st_uid if data.exists() else 0
    return owner or pwd.getpwnam(ACCOUNT).pw_uid


def as_account(user_id: int, program: tuple[str, ...], death_signal: signal.Signals) -> tuple[str, ...]:
    """Return the command that runs `program` as that user.

    The checkout often lies under a directory that only root may enter (/root itself). Opening it to everybody would
    outlast the run, so the process keeps one capability of root's instead: to pass by file permissions.
    The kernel forgets the death signal when the user changes, so it is asked for again.
    """
    if user_id == os.geteuid():
        return program
    return (
        "setpriv",
        f"--reuid={user_id}",
        f"--regid={user_id}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--bounding-set=-all,+dac_override",
        "--securebits=+no_setuid_fixup",  # or access(2), which initdb asks about its programs, would not count it
        f"--pdeathsig={death_signal.name.removeprefix('SIG')}",
        "--",
        *program,
    )
