from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.snapshot import copying
from mpd_builder.snapshot.copying import BLOCK, copy_of, digest_of, in_threads


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 17])
def test_a_copy_has_the_bytes_and_its_digest_is_theirs(tmp_path: Path, size: int) -> None:
    content = (bytes(range(256)) * (size // 256 + 1))[:size]
    source = tmp_path / "source"
    source.write_bytes(content)
    for number, given_ in enumerate((source, content)):
        copied = copy_of(given_, tmp_path / str(number))
        assert (tmp_path / str(number)).read_bytes() == content
        assert (copied.fact.sha256, copied.fact.n_bytes) == (hashlib.sha256(content).hexdigest(), size)
        assert copied.head == content[:16]
    assert digest_of(source) == copied.fact


def test_a_clone_is_digested_and_not_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system with reflinks, played: the call fills the new file."""

    def clones(written: int, request: int, read: int) -> int:
        assert request == 0x40049409  # FICLONE
        (tmp_path / "target").write_bytes((tmp_path / "source").read_bytes())
        return 0

    (tmp_path / "source").write_bytes(b"shared bytes")
    monkeypatch.setattr(fcntl, "ioctl", clones)
    copied = copy_of(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"shared bytes"
    assert copied.fact.sha256 == hashlib.sha256(b"shared bytes").hexdigest()


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY])
def test_where_there_are_no_clones_bytes_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuses(*_: object) -> None:
        raise OSError(code, "no")

    (tmp_path / "source").write_bytes(b"own bytes")
    monkeypatch.setattr(fcntl, "ioctl", refuses)
    copied = copy_of(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"own bytes"
    if code in copying.NOT_HERE:  # nor a copy by the system
        monkeypatch.setattr(os, "copy_file_range", refuses)
        assert copy_of(tmp_path / "source", tmp_path / "other") == copied
        assert (tmp_path / "other").read_bytes() == b"own bytes"


def test_a_full_disk_is_no_reason_to_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "source").write_bytes(b"own bytes")
    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="No space left"):
        copy_of(tmp_path / "source", tmp_path / "target")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    for name in ("source", "target"):
        (tmp_path / name).write_bytes(name.encode())
    with pytest.raises(FileExistsError):
        copy_of(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b"target"


@given(st.lists(st.integers(), max_size=60), st.integers(1, 5))
def test_results_come_in_the_order_of_the_items(items: list[int], threads: int) -> None:
    assert list(in_threads(lambda item: item * 2, items, threads=threads)) == [item * 2 for item in items]


def test_few_items_are_ahead_and_an_error_ends_the_work() -> None:
    begun: list[int] = []
    lock = threading.Lock()

    def work(item: int) -> int:
        with lock:
            begun.append(item)
        if item == 3:
            raise LookupError("the fourth")
        return item

    results = in_threads(work, range(1_000), threads=2)
    with pytest.raises(LookupError, match="the fourth"):
        list(results)
    assert len(begun) <= 3 + 4 * 2 + 1
    assert copying.THREADS >= 1
