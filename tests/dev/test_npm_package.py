"""What tests need and a machine may lack: left out with a word, and in continuous integration an error."""

import os
from pathlib import Path

import pytest

from dev.anvil import anvil_program
from dev.chromium import chromium_program
from dev.errors import StartError
from dev.left_out import or_left_out
from dev.npm_package import NpmPackage, installed_file

PACKAGE = NpmPackage(
    title="thing", name="@maker/thing", version="1.2.3", file="@maker/thing-*/bin/thing", trial=("-v",)
)
FAKE_NPM = """#!/bin/sh
set -eu
echo "$*" >> "{log}"
bin="$3/node_modules/@maker/thing-linux/bin"
mkdir -p "$bin"
printf '#!/bin/sh\\nexit {code}\\n' > "$bin/thing"
chmod +x "$bin/thing"
"""


@pytest.fixture
def npm_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts an npm on PATH that makes a program without a registry; it writes its arguments there, a line a call."""
    return _put_npm(tmp_path, monkeypatch, exit_code_of_program=0)


def _put_npm(directory: Path, monkeypatch: pytest.MonkeyPatch, *, exit_code_of_program: int) -> Path:
    log = directory / "npm.log"
    npm = directory / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(FAKE_NPM.format(log=log, code=exit_code_of_program))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}{os.pathsep}{os.environ['PATH']}")
    return log


def test_a_package_is_installed_once_at_its_version_and_without_its_own_scripts(npm_log: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    file = installed_file(PACKAGE, tools)
    assert file == tools / "thing-1.2.3" / "node_modules" / "@maker/thing-linux" / "bin" / "thing"
    assert installed_file(PACKAGE, tools) == file
    [call] = npm_log.read_text().splitlines()
    assert call.endswith("@maker/thing@1.2.3")
    assert "--ignore-scripts" in call.split()


def test_an_install_that_was_cut_short_is_made_anew(npm_log: Path, tmp_path: Path) -> None:
    half = tmp_path / "tools" / "thing-1.2.3" / "node_modules" / "half"
    half.mkdir(parents=True)
    installed_file(PACKAGE, tmp_path / "tools")
    assert not half.exists()
    assert len(npm_log.read_text().splitlines()) == 1


def test_a_program_that_does_not_run_here_is_not_taken_for_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put_npm(tmp_path, monkeypatch, exit_code_of_program=1)
    with pytest.raises(StartError, match=r"thing 1\.2\.3 could not be installed"):
        installed_file(PACKAGE, tmp_path / "tools")
    assert not (tmp_path / "tools" / "thing-1.2.3" / "installed").exists()


def test_without_npm_what_needs_a_package_is_left_out_with_a_word_and_in_ci_it_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    assert or_left_out(lambda: installed_file(PACKAGE, tmp_path / "tools"), "whatever needs the thing") is None
    said = capsys.readouterr().err
    assert said == "thing 1.2.3 cannot be installed: there is no npm.\nLeft out: whatever needs the thing.\n"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(StartError, match=r"thing 1\.2\.3 cannot be installed: there is no npm\."):
        or_left_out(lambda: installed_file(PACKAGE, tmp_path / "tools"), "whatever needs the thing")


def test_without_chromium_what_needs_a_browser_is_left_out_with_a_word_and_in_ci_it_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    assert chromium_program() is None
    assert "Left out: whatever needs a browser.\n" in capsys.readouterr().err
    monkeypatch.setenv("CI", "true")
    with pytest.raises(StartError, match="There is no Chromium"):
        chromium_program()


def test_anvil_is_found_at_its_place() -> None:
    program = anvil_program()
    if program is None:  # no npm, or no way to its registry: in continuous integration that is an error
        pytest.skip("there is no anvil on this machine")
    assert program.name == "anvil"
