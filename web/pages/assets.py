"""The dashboard's own files: scripts, styles and what they build on. Nothing is fetched from another host."""

from pathlib import Path

from web.assets import Assets

_FILES = Assets(Path(__file__).parent / "static", "pages")
route, asset = _FILES.route, _FILES.address
