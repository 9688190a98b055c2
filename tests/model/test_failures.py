"""Disk full, out of memory, not a number: one line each that a person and a program can read, and nothing lost."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from model import checkpoints
from model.events import EVENTS_NAME, EventWriter, read_events
from model.failures import Cause, is_disk_full, is_out_of_memory, line_of, read_line
from tests.mpd_builder.small_snapshot import write_small

SETTINGS = {
    "optim.regression_steps": 6,
    "optim.batch": 4,
    "run.checkpoint_every": 1,
    "run.bootstrap": 5,
    "painting.depth": 1,
}


@pytest.fixture(scope="module")
def snapshot_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("failures") / "snapshot").path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 64 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no small file system may be mounted here ({mounted.stderr.strip()}): this needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def train(
    snapshot: Path, out: Path, *arguments: str, before: Callable[[], None] | None = None, **settings: object
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "model", "train", "--recipe", "tiny", "--device", "cpu", "--code-version", "test"]
    command += ["--snapshot", str(snapshot), "--out", str(out), *arguments]
    for name, value in (SETTINGS | settings).items():
        command += ["--set", f"{name}={value}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, preexec_fn=before, check=False)


def told(done: subprocess.CompletedProcess[str]) -> tuple[Cause | None, str]:
    """Cause and message of a failed command: exit status 1 and one line."""
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    found = read_line(done.stderr.strip())
    assert found is not None
    return found


def test_a_line_says_its_cause_and_reads_back() -> None:
    assert line_of(Cause.DISK_FULL, "no room\nat all") == "error: disk full: no room at all"
    assert read_line("error: disk full: no room") == (Cause.DISK_FULL, "no room")
    assert read_line("error: something else: no room") == (None, "something else: no room")
    assert read_line("Traceback (most recent call last):") is None


def test_what_runs_out_is_told_apart() -> None:
    assert is_disk_full(OSError(28, "No space left on device"))
    assert not is_disk_full(OSError(2, "No such file"))
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))


def test_a_checkpoint_that_finds_no_room_leaves_the_one_before_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints.save_state(tmp_path, {"a": torch.arange(3)}, {"step": 1})

    def no_room(tensors: object, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save_file", no_room)
        with pytest.raises(OSError, match="No space left") as failed:
            checkpoints.save_state(tmp_path, {"a": torch.arange(9)}, {"step": 2})
    assert is_disk_full(failed.value)
    assert [path.name for path in tmp_path.iterdir()] == ["state.safetensors"]
    saved = checkpoints.load_state(tmp_path)
    assert saved is not None
    assert saved[1] == {"step": 1}


def test_an_event_file_that_cannot_be_written_is_an_error_of_the_disk() -> None:
    with (
        pytest.raises(OSError, match="No space left") as failed,
        EventWriter(Path("/dev/full"), clock=lambda: 0.0) as events,
    ):
        events.write("step", step=1)
    assert is_disk_full(failed.value)


@pytest.mark.slow
def test_a_limit_on_files_ends_a_run_as_a_full_disk_does(snapshot_path: Path, tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    cause, message = told(train(snapshot_path, tmp_path / "run", before=limit))
    assert cause is Cause.DISK_FULL
    assert "state.safetensors" in message
    assert "Free some room and resume" in message
    assert read_events(tmp_path / "run" / EVENTS_NAME)[-1]["reason"] == "OSError"


@pytest.mark.slow
def test_a_full_disk_keeps_the_last_checkpoint_and_the_run_goes_on_with_room(
    snapshot_path: Path, small_disk: Path, tmp_path: Path
) -> None:
    out = small_disk / "run"
    filler = small_disk / "filler"
    size = _state_size(snapshot_path, tmp_path / "elsewhere")
    filler.write_bytes(bytes(64 * 2**20 - int(1.6 * size)))
    cause, _ = told(train(snapshot_path, out))
    assert cause is Cause.DISK_FULL
    saved = checkpoints.load_state(out)
    assert saved is not None
    assert saved[1]["step"] == 1
    filler.unlink()
    done = train(snapshot_path, out, "--resume")
    assert done.returncode == 0, done.stderr


def _state_size(snapshot: Path, out: Path) -> int:
    """Bytes of the small model's state, from a run that is stopped by a loss that is no number."""
    told(train(snapshot, out, **{"optim.lr": 1e30, "optim.clip_norm": 0}))
    return (out / "state.safetensors").stat().st_size


@pytest.mark.slow
def test_a_loss_that_is_no_number_names_the_step_and_the_setting(snapshot_path: Path, tmp_path: Path) -> None:
    cause, message = told(train(snapshot_path, tmp_path / "run", **{"optim.lr": 1e30, "optim.clip_norm": 0}))
    assert cause is Cause.NOT_FINITE
    assert "lower optim.lr" in message
    assert checkpoints.load_state(tmp_path / "run") is not None


@pytest.mark.slow
def test_memory_that_runs_out_names_the_setting_to_lower(snapshot_path: Path, tmp_path: Path) -> None:
    """The process may take so much that torch starts, and no batch of a hundred thousand pairs has room."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))

    cause, message = told(train(snapshot_path, tmp_path / "run", before=limit, **{"optim.batch": 100_000}))
    assert cause is Cause.OUT_OF_MEMORY
    assert "lower run.micro_batch" in message
