"""Structured logs: one line an event, JSON in production, readable in development.

Lines carry what was bound to the context (request id, order id, key fingerprint), in jobs as in requests. What is a
secret is never passed to a logger: no key, signature, secret, item or body.
"""

import json
import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog

from settings import settings

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

# Local variables stay out of tracebacks: among them are keys, tokens, secrets and items.
_TRACEBACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))


_ENCODER = json.JSONEncoder(default=repr)


def _as_json(event: Any, **_: Any) -> str:
    """A line's JSON; json.dumps would make an encoder for each."""
    return _ENCODER.encode(event)


class _Output:
    """Where lines go, and whose reader may be gone: a request must not fail because nobody reads of it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a line."""
        with suppress(OSError):
            self._stream.write(line)

    def flush(self) -> None:
        """Let the lines be seen."""
        with suppress(OSError):
            self._stream.flush()


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    # A client that fell silent and was cut off is no fault, but to gunicorn it is a socket error with a traceback.
    return not (record.exc_info and isinstance(record.exc_info[1], BlockingIOError))


def configure() -> None:
    """Send our own lines and those of the libraries the same way, to standard output."""
    renderer: Any
    if settings.log_format == "json":
        tracebacks, renderer = _TRACEBACKS, structlog.processors.JSONRenderer(_as_json)
    else:
        tracebacks, renderer = structlog.processors.format_exc_info, structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*_SHARED, tracebacks, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Output(sys.stdout))),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, tracebacks, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # gunicorn gives its logger a handler of its own, in a format of its own.
    server = logging.getLogger("gunicorn.error")
    server.handlers[:], server.propagate = [], True
    server.addFilter(_is_worth_a_line)
    for chatty in ("apscheduler.executors.default", "apscheduler.scheduler"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
