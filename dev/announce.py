"""Tells the person at the terminal when Sutler can be used."""

import http.client
import threading
import time
from collections.abc import Sequence

from dev.console import Console
from dev.ports import LOOPBACK

SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_BETWEEN_NOTES = 20.0


def announce_when_ready(console: Console, port: int, lines: Sequence[str]) -> None:
    """Show `lines`, and the one that tools wait for, as soon as /readyz says yes; returns at once."""
    threading.Thread(target=_announce, args=(console, port, lines), name="announce", daemon=True).start()


def _announce(console: Console, port: int, lines: Sequence[str]) -> None:
    noted_at = time.monotonic()
    while (answer := _ask(port)) != "200":
        if time.monotonic() - noted_at > SECONDS_BETWEEN_NOTES:
            console.say(f"Still not ready; /readyz: {answer}")
            noted_at = time.monotonic()
        time.sleep(SECONDS_BETWEEN_LOOKS)
    for line in (*lines, f"ready: http://{LOOPBACK}:{port}"):
        console.say(line)


def _ask(port: int) -> str:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read(1000).decode(errors="replace").strip()
        return "200" if answer.status == http.HTTPStatus.OK else f"{answer.status} {body}"
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
