"""What a newcomer meets first: one clear line for each thing that is in the way, and nothing half-made."""

from __future__ import annotations

import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPO_ROOT

SCRIPT = REPO_ROOT / "deploy" / "bootstrap.py"


def bootstrap(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The script's functions, with an empty folder for a checkout."""
    found = runpy.run_path(str(SCRIPT))
    globals_ = found["check_folder"].__globals__
    globals_["ROOT"], globals_["VENV"] = str(tmp_path), str(tmp_path / ".venv")
    globals_["STAMP"] = str(tmp_path / ".venv" / "installed.txt")
    for name in ("requirements.txt", "requirements-s3.txt", "requirements-dev.txt", "constraints.txt"):
        (tmp_path / name).write_text("")
    return found


def test_an_old_python_is_told_so_in_one_line(script, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as stopped:
        script["main"](["run"])
    assert stopped.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / ".venv").exists()


def test_the_script_can_be_read_by_an_old_python():
    """No syntax newer than Python 3.6: else an old Python would show a traceback instead of the line."""
    compile(SCRIPT.read_text(), str(SCRIPT), "exec", dont_inherit=True, flags=0)
    text = SCRIPT.read_text()
    assert "from __future__" not in text
    assert 'f"' not in text
    assert ":=" not in text


def test_a_busy_port_is_named_with_another_to_try(tmp_path):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = bootstrap("run", "--port", str(port), cwd=tmp_path)
    assert done.returncode == 1
    assert f"Port {port} cannot be used" in done.stderr
    assert done.stderr.count("\n") == 1
    assert f"PORT={port + 1}" in done.stderr


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(port, tmp_path):
    done = bootstrap("run", "--port", port, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    done = bootstrap("run", cwd=tmp_path, ATELIER_STATE="/proc/atelier")
    assert done.returncode == 1
    assert done.stderr.startswith("Cannot write to /proc.")


def test_an_install_that_is_done_is_not_done_again(script, monkeypatch):
    calls: list[list[str]] = []
    monkeypatch.setitem(script["install"].__globals__, "subprocess", _Recorder(calls))
    script["install"]("run")
    (Path(script["install"].__globals__["VENV"])).mkdir(exist_ok=True)
    script["install"]("run")
    made, installed = calls[:2]
    assert made[1:3] == ["-m", "venv"]
    assert "requirements.txt" in " ".join(installed)
    assert len(calls) == 2


def test_a_change_of_the_requirements_installs_again(script, monkeypatch, tmp_path):
    calls: list[list[str]] = []
    monkeypatch.setitem(script["install"].__globals__, "subprocess", _Recorder(calls))
    script["install"]("run")
    before = len(calls)
    (tmp_path / "requirements.txt").write_text("django==5.2.20\n")
    script["install"]("run")
    assert len(calls) > before


class _Recorder:
    """Stands for `subprocess`: everything succeeds at once."""

    def __init__(self, calls: list[list[str]]) -> None:
        self.calls = calls

    def call(self, command: list[str]) -> int:
        self.calls.append(command)
        if "venv" in command:
            Path(command[-1], "bin").mkdir(parents=True, exist_ok=True)
        return 0
