"""The application as the processes of tests serve it: it notes what is not as documented in the file VIOLATIONS."""

import os
from pathlib import Path

from tests.conformance import Conformance
from wsgi import app as app


def _note(violation: str) -> None:
    with Path(os.environ["VIOLATIONS"]).open("a") as file:
        file.write(violation + "\n")


Conformance(app, _note).watch(app)
