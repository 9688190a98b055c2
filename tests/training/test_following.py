"""A model process under a task: its events arrive, its end is put in words, it never outlives its worker."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from annotation_site.jobs.running import JobFailed
from annotation_site.jobs.services import JobCancelled
from annotation_site.training import following
from annotation_site.training.following import ProcessFailed, follow
from annotation_site.training.reasons import Reason


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


def test_a_full_disk_has_no_room_for_the_log_either_and_the_reason_still_arrives(model_process):
    folder = model_process('import sys\nprint("error: disk full: no room", file=sys.stderr)\nsys.exit(1)')
    folder.mkdir()
    (folder / "log.txt").symlink_to("/dev/full")
    with pytest.raises(ProcessFailed, match="The disk is full: no room") as failed:
        follow(["train"], folder=folder, on_event=lambda _: None, beat=lambda: None)
    assert failed.value.reason == Reason.DISK_FULL


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
