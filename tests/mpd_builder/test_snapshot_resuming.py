"""Exports that were cancelled or killed: what they leave, and that the next attempt goes on with it."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mpd_builder import snapshot
from mpd_builder.snapshot import MediaError, MediaFile, SnapshotDamaged, discard_leftovers, verify
from mpd_builder.snapshot.draft import draft
from tests.mpd_builder.small_snapshot import SmallMedia, write_small

REPO_ROOT = Path(__file__).resolve().parents[2]


STEPS = 16
"""Of writing the small snapshot: six items, nine tables, the seal."""


class Cancelled(Exception):
    pass


class CountedMedia(SmallMedia):
    """Media as files that are named for their digests; counts which were asked for."""

    def __init__(self):
        self.fetched = []

    def painting_display(self, painting_id):
        content = super().painting_display(painting_id)
        return self._file(painting_id, content)

    def clip_audio(self, clip_id):
        content, extension = super().clip_audio(clip_id)
        return self._file(clip_id, content), extension

    def _file(self, item_id, content):
        def fetch():
            self.fetched.append(item_id)
            return content

        return MediaFile(fetch, sha256=hashlib.sha256(content).hexdigest())


def cancel_at(step):
    def progress(done, total, words):
        if done == step:
            raise Cancelled

    return progress


def drafts(folder):
    return sorted(place for place in folder.iterdir() if place.name.startswith("."))


def broken_off(tmp_path, *, at, media=None):
    with pytest.raises(Cancelled):
        write_small(tmp_path / "s", resume=True, progress=cancel_at(at), media=media or CountedMedia())
    (left,) = drafts(tmp_path)
    return left


@pytest.mark.parametrize("at", [3, 5, 8, STEPS])
def test_a_cancelled_export_leaves_media_only_and_the_next_one_fetches_the_others(tmp_path, at):
    left = broken_off(tmp_path, at=at)
    kept = {place.relative_to(left).as_posix() for place in left.rglob("*") if place.is_file()}
    assert kept
    assert all(name.startswith("media/") for name in kept)
    media = CountedMedia()
    sealed = write_small(tmp_path / "s", resume=True, media=media)
    assert len(media.fetched) == 5 - len(kept)
    assert sealed.digest == write_small(tmp_path / "afresh").digest
    assert verify(tmp_path / "s").ok
    assert drafts(tmp_path) == []


def test_damaged_and_strange_leftovers_are_not_taken_over(tmp_path):
    left = broken_off(tmp_path, at=STEPS)
    first, second, *_ = sorted(left.glob("media/paintings/*"))
    first.chmod(0o644)
    first.write_bytes(b"\xff\xd8\xff but another picture")
    second.unlink()
    second.symlink_to("/etc/hostname")
    (left / "media" / "paintings" / "notes.txt").write_text("mine")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("not theirs to remove")
    (left / "media" / "more").symlink_to(tmp_path / "mine")
    (tmp_path / ".s.ffffffff.partial").symlink_to(tmp_path / "mine")
    (left / "media" / "paintings" / ("0" * 16 + ".jpg")).write_bytes(b"not what it is named for")
    media = CountedMedia()
    sealed = write_small(tmp_path / "s", resume=True, media=media)
    assert len(media.fetched) == 2
    assert sealed.digest == write_small(tmp_path / "afresh").digest
    assert verify(tmp_path / "s").ok
    assert (tmp_path / "mine" / "letter.txt").read_text() == "not theirs to remove"


def test_media_that_the_new_attempt_does_not_ask_for_are_not_in_the_snapshot(tmp_path):
    left = broken_off(tmp_path, at=STEPS)
    gone = b"sound of a clip that was withdrawn meanwhile"
    place = left / "media" / "clips" / f"{hashlib.sha256(gone).hexdigest()[:16]}.flac"
    place.write_bytes(gone)
    write_small(tmp_path / "s", resume=True)
    assert not (tmp_path / "s" / "media" / "clips" / place.name).exists()
    assert verify(tmp_path / "s").ok


def test_a_draft_that_is_being_written_is_neither_taken_over_nor_discarded(tmp_path):
    with draft(tmp_path / "s") as busy:
        busy.add_bytes("media/clips/" + hashlib.sha256(b"x").hexdigest()[:16] + ".flac", b"x")
        discard_leftovers(tmp_path / "s")
        assert busy.folder.is_dir()
        write_small(tmp_path / "s", resume=True)
        assert list(busy.folder.rglob("*.flac"))
    assert drafts(tmp_path) == []


def test_bad_media_and_a_full_disk_leave_nothing_to_go_on_with(tmp_path):
    media = CountedMedia()
    media.clip_audio = lambda clip_id: (b"", "flac")
    with pytest.raises(MediaError):
        write_small(tmp_path / "s", resume=True, media=media)

    def full(done, total, words):
        if done == 9:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_small(tmp_path / "s", resume=True, media=CountedMedia(), progress=full)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_what_its_holder_says_is_refused_by_name(tmp_path):
    media = CountedMedia()
    media.clip_audio = lambda clip_id: (MediaFile(lambda: b"another sound", sha256="0" * 64), "flac")
    with pytest.raises(MediaError, match=r"The media file of c_0000000000000000_00 was changed or damaged"):
        write_small(tmp_path / "s", media=media)


def test_a_copied_file_does_not_follow_the_store(tmp_path):
    """No hard link: neither the sealed file changes with the store's, nor the store's rights with the sealed one's."""
    stored = tmp_path / "stored.flac"
    stored.write_bytes(b"the sound as it was")
    media = CountedMedia()
    media.clip_audio = lambda clip_id: (MediaFile(stored), "flac")
    write_small(tmp_path / "s", media=media)
    with stored.open("r+b") as file:
        file.write(b"THE")
    assert stored.stat().st_mode & 0o200
    assert verify(tmp_path / "s").ok


def test_a_whole_draft_is_still_no_snapshot(tmp_path):
    """Killed between its seal and its renaming, it would have every byte of a snapshot."""
    write_small(tmp_path / "s")
    (tmp_path / "s").rename(tmp_path / ".s.0badcafe.partial")
    report = verify(tmp_path / ".s.0badcafe.partial")
    assert "unfinished export" in report.words
    with pytest.raises(SnapshotDamaged):
        snapshot.read(tmp_path / ".s.0badcafe.partial")


_WRITE_IN_CHILDREN = """
import os, sys
from pathlib import Path
from tests.mpd_builder.small_snapshot import write_small
for line in sys.stdin:
    if (child := os.fork()) == 0:
        print(os.getpid(), flush=True)
        write_small(Path(line.strip()), resume=True, progress=lambda done, total, words: print(done, flush=True))
        os._exit(0)
    os.waitpid(child, 0)
    print("over", flush=True)
"""


@pytest.mark.slow
def test_an_export_killed_at_any_moment_leaves_nothing_that_passes_for_a_snapshot(tmp_path):
    whole = write_small(tmp_path / "whole").digest
    places = [tmp_path / str(number) / "s" for number in range(16)]
    with subprocess.Popen(
        [sys.executable, "-c", _WRITE_IN_CHILDREN],
        cwd=REPO_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writers:
        for place, step in zip(places, random.Random(7).choices(range(STEPS + 1), k=16), strict=True):
            place.parent.mkdir()
            _kill_at(step, writers, place)
        writers.stdin.close()
    assert not all(place.exists() for place in places)
    for place in places:
        if place.exists():  # the kill came after the seal: then all of it is there
            assert verify(place).digest == whole
            continue
        for folder in place.parent.iterdir():
            assert folder.name.startswith(".")
            with pytest.raises(SnapshotDamaged):
                snapshot.read(folder)
        assert write_small(place, resume=True).digest == whole
        assert [each.name for each in place.parent.iterdir()] == ["s"]


def _kill_at(step, writers, place):
    """Have it written by a process of its own, and kill that as soon as it tells of this step."""
    writers.stdin.write(f"{place}\n")
    writers.stdin.flush()
    victim = int(writers.stdout.readline())
    while (line := writers.stdout.readline()) != "over\n":
        if line == f"{step}\n":
            os.kill(victim, signal.SIGKILL)
