"""The warm process under a worker: started once, anew when it must be, ended when nobody needs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from annotation_site.jobs.running import JobFailed
from annotation_site.jobs.services import JobCancelled
from annotation_site.judging import warm
from annotation_site.judging.warm import WarmModel

SCRIPT = """
    import json, os, signal, sys, time
    print(json.dumps({"ready": {}}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        what = open(asked["arrays"]).read()
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "kill once":
            open(asked["arrays"], "w").write("judge")
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "exit":
            print("error: the checkpoint is damaged", file=sys.stderr)
            sys.exit(1)
        if what == "silence":
            time.sleep(60)
        if what == "refuse":
            print(json.dumps({"id": asked["id"], "error": "1 to 12 paintings", "code": "request"}), flush=True)
            continue
        for done in range(3):
            print(json.dumps({"id": asked["id"], "done": done, "total": 3}), flush=True)
        said = {"pid": os.getpid(), "checkpoint": sys.argv[1]}
        print(json.dumps({"id": asked["id"], "verdict": said, "seconds": 0.1}), flush=True)
"""

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def model(tmp_path: Path) -> Iterator[WarmModel]:
    """A few lines that stand for `python -m model serve`."""
    script = tmp_path / "serve.py"
    script.write_text(textwrap.dedent(SCRIPT))
    found = WarmModel(lambda folder: [sys.executable, str(script), str(folder)])
    yield found
    found.close()


@pytest.fixture
def ask(model: WarmModel, tmp_path: Path) -> Ask:
    def asked(what: str = "judge", *, version: int = 1, progress: Any = lambda done, total: None) -> dict[str, Any]:
        (tmp_path / "arrays").write_text(what)
        with model.in_use():
            folder = Path(f"run-{version}")
            return model.ask(tmp_path / "arrays", version=version, folder=folder, on_progress=progress)

    return asked


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_it_is_started_at_first_need_and_stays(model: WarmModel, ask: Ask):
    assert model.pid is None
    heard: list[tuple[int, int]] = []
    first = ask(progress=lambda done, total: heard.append((done, total)))
    assert heard == [(0, 3), (1, 3), (2, 3)]
    assert ask()["pid"] == first["pid"] == model.pid
    assert first["seconds"] == 0.1


def test_another_version_is_another_process(ask: Ask):
    first, second = ask(version=1), ask(version=2)
    assert (first["checkpoint"], second["checkpoint"]) == ("run-1", "run-2")
    assert not is_there(first["pid"])
    assert ask(version=1)["checkpoint"] == "run-1"


def test_one_that_died_between_two_questions_is_started_again(ask: Ask):
    first = ask()["pid"]
    os.kill(first, signal.SIGKILL)
    assert ask()["pid"] != first


def test_one_that_dies_over_a_question_is_started_once_more(ask: Ask):
    assert ask("kill once")["pid"]


def test_a_question_that_kills_twice_is_blamed_in_words_and_the_next_one_is_answered(ask: Ask):
    with pytest.raises(JobFailed, match=r"ended over this, twice: it was killed.*ran out of memory.*Try fewer"):
        ask("kill")
    assert ask()["pid"]


def test_the_last_line_of_its_log_says_why_it_ended(ask: Ask):
    with pytest.raises(JobFailed, match="twice: the checkpoint is damaged"):
        ask("exit")


def test_a_process_that_falls_silent_is_taken_for_dead(model: WarmModel, ask: Ask, monkeypatch: pytest.MonkeyPatch):
    ask()
    monkeypatch.setattr(warm, "SILENT_SECONDS", 0.2)
    with pytest.raises(JobFailed, match="said nothing for 0 s"):
        ask("silence")
    assert model.pid is None


def test_what_the_model_refuses_costs_no_process(model: WarmModel, ask: Ask):
    first = ask()["pid"]
    with pytest.raises(JobFailed, match="cannot judge this: 1 to 12 paintings"):
        ask("refuse")
    assert ask()["pid"] == first


def test_whoever_stops_a_judging_ends_the_process_that_is_at_it(ask: Ask, model: WarmModel):
    first = ask()["pid"]

    def stop(done: int, total: int) -> None:
        raise JobCancelled

    with pytest.raises(JobCancelled):
        ask(progress=stop)
    assert not is_there(first)
    assert ask()["pid"] != first


def test_after_some_idle_time_it_ends_and_so_does_what_goes_with_it(model: WarmModel, ask: Ask, settings):
    left: list[str] = []
    model._on_idle = lambda: left.append("decoder")
    settings.JUDGE_IDLE_MINUTES = 0.0
    first = ask()["pid"]
    end = time.monotonic() + 30
    while not left and time.monotonic() < end:
        time.sleep(0.01)
    assert left == ["decoder"]
    assert model.pid is None
    assert not is_there(first)
    settings.JUDGE_IDLE_MINUTES = 15
    assert ask()["pid"] != first


def test_the_command_names_device_and_threads(settings):
    settings.JUDGE_DEVICE, settings.JUDGE_THREADS = "auto", 3
    assert warm.serve_command(Path("/runs/1"))[1:] == [
        *("-m", "model", "serve", "--checkpoint", "/runs/1", "--device", "auto", "--threads", "3")
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_killed_worker_takes_the_model_with_it_in_the_middle_of_a_question(model: WarmModel, tmp_path: Path):
    (tmp_path / "arrays").write_text("silence")
    worker = textwrap.dedent(
        f"""
        import os, sys, pathlib
        os.environ["DJANGO_SETTINGS_MODULE"] = "annotation_site.settings"
        import django; django.setup()
        from annotation_site.judging.warm import _Process
        process = _Process([sys.executable, {str(tmp_path / "serve.py")!r}, "x"])
        print(process.pid, flush=True)
        process.ask(pathlib.Path({str(tmp_path / "arrays")!r}), print)
        """
    )
    with subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    end = time.monotonic() + 30
    while is_there(pid) and not _is_zombie(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_there(pid) or _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Nobody may be there to reap it; it runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
