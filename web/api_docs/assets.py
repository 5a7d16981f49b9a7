"""The documentation's own files. Nothing is fetched from another host."""

from pathlib import Path

from web.assets import Assets

_FILES = Assets(Path(__file__).parent / "static", "docs")
route, docs_asset = _FILES.route, _FILES.address
