"""Many files over processes: one outcome each, whatever happens to a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mpd_builder.ingest import (
    Candidate,
    CheckedPainting,
    CheckedTrack,
    Checker,
    Limits,
    Rejected,
    process,
    process_many,
)
from tests.mpd_builder.media_files import gradient, write_picture


def fatal_for_some(candidate: Candidate, *, limits: Limits) -> CheckedPainting | CheckedTrack:
    """Stands for a decoder with faults: by the file's name it kills its process, prints, or raises anything."""
    if candidate.name.startswith("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    if candidate.name.startswith("once") and not (candidate.path.parent / "tried").exists():
        (candidate.path.parent / "tried").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if candidate.name.startswith("raise"):
        raise RuntimeError("a bug")
    if candidate.name.startswith("print"):
        os.write(1, b"Note: resyncing\n")
        os.write(2, b"Note: resyncing\n")
    return process(candidate, limits=limits)


def slow(candidate: Candidate, *, limits: Limits) -> CheckedPainting | CheckedTrack:
    if candidate.name != "0.png":
        time.sleep(300)
    return process(candidate, limits=limits)


def candidates(folder: Path, *names: str) -> list[Candidate]:
    for index, name in enumerate(names):
        write_picture(folder / name, gradient(300 + index, 300))
    return [Candidate(folder / name, name) for name in names]


def test_a_file_that_kills_its_process_costs_that_file_alone(tmp_path: Path) -> None:
    names = ["a.png", "kill 1.png", "b.png", "once.png", "raise.png", "kill 2.png", "print.png", "c.png"]
    found = process_many(candidates(tmp_path, *names), limits=Limits(), workers=2, work=fatal_for_some)
    outcomes = {candidate.name: outcome for candidate, outcome in found}
    assert sorted(outcomes) == sorted(names)
    codes = {name: outcome.code for name, outcome in outcomes.items() if isinstance(outcome, Rejected)}
    assert codes == {"kill 1.png": "crashed", "kill 2.png": "crashed", "raise.png": "unexpected"}


def test_no_more_files_are_drawn_than_can_be_worked_on(tmp_path: Path) -> None:
    drawn: list[str] = []

    def source() -> object:
        for candidate in candidates(tmp_path, *(f"{index}.png" for index in range(9))):
            drawn.append(candidate.name)
            yield candidate

    outcomes = process_many(source(), limits=Limits(), workers=1)  # type: ignore[arg-type]
    next(outcomes)
    assert len(drawn) == 2
    outcomes.close()


def test_closing_ends_the_processes_in_the_middle_of_a_file(tmp_path: Path) -> None:
    outcomes = process_many(
        candidates(tmp_path, *(f"{index}.png" for index in range(9))), limits=Limits(), workers=2, work=slow
    )
    assert next(outcomes)[0].name == "0.png"
    start = time.monotonic()
    outcomes.close()
    assert time.monotonic() - start < 20


def test_nothing_to_do_needs_no_process() -> None:
    assert list(process_many([], limits=Limits(), workers=2)) == []


@pytest.mark.slow
def test_the_processes_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    candidates(tmp_path, *(f"{index}.png" for index in range(40)))
    script = (
        "import sys, time; from pathlib import Path; from mpd_builder.ingest import *\n"
        "if __name__ == '__main__':\n"
        "    for found in process_many(FolderSource(Path(sys.argv[1])).candidates(), limits=Limits(), workers=2):\n"
        "        print('one', flush=True); time.sleep(60)\n"
    )
    (tmp_path / "parent").mkdir()
    program = tmp_path / "parent" / "run.py"
    program.write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    parent = subprocess.Popen([sys.executable, program, tmp_path], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "one\n"
    children = [
        int(pid) for tasks in Path(f"/proc/{parent.pid}/task").glob("*/children") for pid in tasks.read_text().split()
    ]
    assert len(children) == 2
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while (alive := [pid for pid in children if is_running(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def test_a_checker_outlives_files_that_kill_its_process_or_take_too_long(tmp_path: Path) -> None:
    good, fatal, other = candidates(tmp_path, "0.png", "kill.png", "slow.png")
    checker = Checker()
    try:
        for candidate, work, seconds, expected in [
            (good, process, 60.0, None),
            (fatal, fatal_for_some, 60.0, "crashed"),
            (good, process, 60.0, None),
            (other, slow, 1.0, "too_slow"),
            (good, process, 60.0, None),
        ]:
            outcome = checker.check(candidate, limits=Limits(), work=work, seconds=seconds)
            assert (outcome.code if isinstance(outcome, Rejected) else None) == expected
    finally:
        checker.close()
