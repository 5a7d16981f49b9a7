"""Files for browsers: scripts and styles, at addresses that name their content, packed where the browser can unpack."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory, url_for

YEAR_SECONDS = 365 * 86_400
_LEVEL = 4  # of gzip, for texts: 1 % more than the best, in a third of its time
_PACKED_TYPES = frozenset({"text/html", "text/css", "text/javascript", "image/svg+xml", "application/json"})


class Assets:
    """The files below a directory, and the address of each."""

    def __init__(self, directory: Path, blueprint: str) -> None:
        self._directory = directory
        self._endpoint = f"{blueprint}.static_file"

    def route(self, blueprint: Blueprint) -> None:
        """Add the address of the files."""
        blueprint.get("/static/<path:name>", endpoint="static_file")(self._serve)

    def address(self, name: str) -> str:
        """The address of a file, with what its content hashes to."""
        return url_for(self._endpoint, name=name, v=self._version_of(name))

    def _serve(self, name: str) -> Response:
        """One file. The address that a page gives names its content, so that browsers may keep it for good."""
        response = send_from_directory(self._directory, name)  # which refuses whatever is not below it
        if request.args.get("v") == self._version_of(name):
            response.cache_control.no_cache = None
            response.cache_control.public = True
            response.cache_control.immutable = True
            response.cache_control.max_age = YEAR_SECONDS
        return packed(response, lambda: _packed_file(self._directory / name, self._changed_at(name)))

    def _version_of(self, name: str) -> str:
        return _version(self._directory / name, self._changed_at(name))

    def _changed_at(self, name: str) -> int:
        return (self._directory / name).stat().st_mtime_ns


@dataclass(frozen=True, slots=True)
class PackedText:
    """A text that is the same for everybody and made once, packed once, too. Nothing secret may be in it."""

    text: str
    etag: str
    _packed: bytes

    @classmethod
    def of(cls, text: str) -> "PackedText":
        """The text, packed."""
        data = text.encode()
        return cls(text, hashlib.sha256(data).hexdigest()[:32], gzip.compress(data, _LEVEL, mtime=0))

    def response(self, mimetype: str) -> Response:
        """The answer with it; 304 for who has it."""
        response = Response(self.text, mimetype=mimetype, headers={"Cache-Control": "no-cache"})
        response.set_etag(self.etag)
        return packed(response.make_conditional(request), lambda: self._packed)  # type: ignore[arg-type]


def packed(response: Response, content: Callable[[], bytes]) -> Response:
    """The response with `content`, which is its own as gzip has packed it, if the browser can unpack that.

    Nothing secret may be in it: who can have his own words packed beside a secret learns it from the length.
    """
    if response.mimetype not in _PACKED_TYPES:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code == 200 and request.accept_encodings["gzip"]:
        response.direct_passthrough = False
        response.set_data(content())
        response.headers["Content-Encoding"] = "gzip"
        response.headers.pop("Accept-Ranges", None)
        etag, _ = response.get_etag()
        if etag:
            response.set_etag(etag, weak=True)  # it stands for both forms
    return response


@lru_cache(maxsize=100)
def _packed_file(path: Path, changed_at: int) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)


@lru_cache(maxsize=100)
def _version(path: Path, changed_at: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
