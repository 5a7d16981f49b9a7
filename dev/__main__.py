"""`python -m dev run` and `python -m dev check [pytest's arguments]`: what bin/run and bin/test start."""

import importlib
import signal
import sys


def main() -> None:
    """Run one of the two commands."""
    # Until the supervisor sees to signals, Ctrl-C should just end this: no traceback out of an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command, *arguments = sys.argv[1:]
    if command == "check":
        sys.exit(importlib.import_module("dev.check").main(arguments))
    sys.exit(importlib.import_module("dev.run").main())


if __name__ == "__main__":
    main()
