"""A model process under a task: its events arrive, its end is put in words, it never outlives its worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from annotation_site.jobs.running import JobFailed
from annotation_site.jobs.services import JobCancelled
from annotation_site.training import following
from annotation_site.training.following import follow


@pytest.fixture
def model_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Replaces `python -m model` by a few lines that stand for it."""

    def use(code: str) -> Path:
        package = tmp_path / "model"
        package.mkdir()
        (package / "__main__.py").write_text(textwrap.dedent(code))
        monkeypatch.setattr(following.settings, "BASE_DIR", tmp_path)
        return tmp_path / "run"

    return use


EVENTS = """
    import json, sys, time
    def say(**event):
        with open("run/events.jsonl", "a") as file:
            file.write(json.dumps(event) + "\\n")
"""


def test_every_event_arrives_in_order(model_process):
    folder = model_process(EVENTS + '\n    for step in range(5): say(event="step", step=step)\n')
    steps: list[int] = []
    follow(["train"], folder=folder, on_event=lambda event: steps.append(event["step"]), beat=lambda: None)
    assert steps == [0, 1, 2, 3, 4]


def test_a_failure_is_told_in_the_process_own_words(model_process):
    folder = model_process(EVENTS + '\n    say(event="error", message="the loss is nan at step 7")\n    sys.exit(1)\n')
    with pytest.raises(JobFailed, match="the loss is nan at step 7"):
        follow(["train"], folder=folder, on_event=lambda _: None, beat=lambda: None)


def test_without_an_error_event_the_last_line_of_the_log_speaks(model_process):
    folder = model_process(
        'import sys\nprint("the snapshot is damaged: data/pairs.parquet", file=sys.stderr)\nsys.exit(1)'
    )
    with pytest.raises(JobFailed, match="the snapshot is damaged"):
        follow(["train"], folder=folder, on_event=lambda _: None, beat=lambda: None)


def test_a_kill_from_outside_speaks_of_memory(model_process):
    folder = model_process("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(JobFailed, match="ran out of memory"):
        follow(["train"], folder=folder, on_event=lambda _: None, beat=lambda: None)


def test_cancelling_lets_the_process_save_first(model_process):
    folder = model_process(
        """
        import signal, sys, time
        def save(*_):
            open("run/saved", "w").close()
            sys.exit(143)
        signal.signal(signal.SIGTERM, save)
        open("run/ready", "w").close()
        time.sleep(60)
        """
    )

    def beat() -> None:
        if (folder / "ready").exists():
            raise JobCancelled

    with pytest.raises(JobCancelled):
        follow(["train"], folder=folder, on_event=lambda _: None, beat=beat)
    assert (folder / "saved").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_killed_worker_takes_its_training_with_it(tmp_path: Path):
    """A worker in a process of its own is killed with SIGKILL; the process it started must end."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "__main__.py").write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    worker = textwrap.dedent(
        f"""
        import os, pathlib
        os.environ["DJANGO_SETTINGS_MODULE"] = "annotation_site.settings"
        import django; django.setup()
        from django.conf import settings
        settings.BASE_DIR = pathlib.Path({str(tmp_path)!r})
        from annotation_site.training.following import follow
        follow([], folder=settings.BASE_DIR / "run", on_event=print, beat=lambda: None)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", worker])
    started = tmp_path / "pid"
    _wait(lambda: started.exists() and started.read_text() != "")
    child = int(started.read_text())
    process.send_signal(signal.SIGKILL)
    process.wait()
    _wait(lambda: not _alive(child))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1][:3]


def _wait(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
