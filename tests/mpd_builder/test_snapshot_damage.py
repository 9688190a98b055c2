"""Whatever happens to one byte or one file of a sealed snapshot, `verify` finds it and names the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpd_builder.snapshot import Damage, verify
from mpd_builder.snapshot.manifest import SUMS_NAME
from tests.mpd_builder.small_snapshot import write_small


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("damage") / "s"
    write_small(folder)
    for place in folder.rglob("*"):
        if place.is_file():
            place.chmod(0o644)
    return folder


def files_of(folder: Path) -> list[Path]:
    return sorted(place for place in folder.rglob("*") if place.is_file())


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_byte_anywhere_names_its_file(whole: Path, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(files_of(whole)))
    name = place.relative_to(whole).as_posix()
    at = data.draw(st.integers(0, place.stat().st_size - 1))
    flip = data.draw(st.integers(1, 255))
    with place.open("r+b") as file:
        file.seek(at)
        before = file.read(1)
        file.seek(at)
        file.write(bytes([before[0] ^ flip]))
    try:
        report = verify(whole)
        assert not report.ok
        if name == SUMS_NAME:  # it speaks of all files: what is said names it, or the file of the line
            told = {SUMS_NAME, *(each.relative_to(whole).as_posix() for each in files_of(whole))}
            assert any(each.path in told or SUMS_NAME in each.words for each in report.problems)
        else:
            assert name in {each.path for each in report.problems} or name in report.words
    finally:
        with place.open("r+b") as file:
            file.seek(at)
            file.write(before)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_cut_short_or_longer_names_it(whole: Path, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([each for each in files_of(whole) if each.name != SUMS_NAME]))
    content = place.read_bytes()
    kept = data.draw(st.integers(0, len(content)))
    place.write_bytes(content[:kept] if kept < len(content) else content + b"\0")
    try:
        name = place.relative_to(whole).as_posix()
        report = verify(whole)
        assert name in {each.path for each in report.problems} or name in report.words
    finally:
        place.write_bytes(content)


def test_two_files_that_changed_places_are_both_named(whole: Path) -> None:
    first, second = (whole / "data" / f"pairs-{split}.parquet" for split in ("train", "test"))
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    try:
        found = {(problem.path, problem.damage) for problem in verify(whole).problems}
        assert found == {(f"data/{each.name}", Damage.CHANGED) for each in (first, second)}
    finally:
        first.write_bytes(contents[0])
        second.write_bytes(contents[1])
