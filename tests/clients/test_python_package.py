"""The Python package as others install it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

SOURCE = Path(__file__).parent.parent.parent / "clients" / "python"


def test_it_is_a_typed_package_that_needs_requests_alone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))  # a build leaves files behind

    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "."],
        cwd=source,
        check=True,
        timeout=120,
    )

    [wheel] = source.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [metadata] = [archive.read(name).decode() for name in names if name.endswith("/METADATA")]
    modules = {f"sutler_client/{file.name}" for file in (SOURCE / "sutler_client").iterdir() if file.is_file()}
    assert "sutler_client/py.typed" in modules
    assert modules <= names
    assert [line for line in metadata.splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: requests>=2.28"
    ]
