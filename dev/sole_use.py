"""Keeps two runs from sharing one directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.errors import StartError


@contextmanager
def sole_use_of(var: Path) -> Iterator[None]:
    """Hold the directory, which is made if missing; raises StartError when it is taken or cannot be written to.

    The lock is the kernel's and goes with the process that holds it, however that ends.
    """
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (var / "lock").open("w")
    except OSError as error:
        raise StartError(f"The directory {var} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"Another bin/run is using {var}: end it first, "
                "or start beside it with other places, as in VAR_DIR=var2 PORT=8001 bin/run."
            ) from None
        yield
