"""Plain folders as sources: names, columns, links, and what they cost in memory."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from mpd_builder.ingest import (
    Candidate,
    CheckedPainting,
    CheckedTrack,
    Details,
    Limits,
    MetadataError,
    Rejected,
    SourceError,
    SourceKind,
    SourceOptions,
    examine,
    open_source,
    opened,
    process,
)
from mpd_builder.ingest.opening import folder_below
from mpd_builder.ingest.sources import walking
from mpd_builder.ingest.titles import read_name
from tests.mpd_builder.media_files import tone, write_picture, write_sound

REPO_ROOT = Path(__file__).resolve().parents[2]


def found(root: Path, defaults: Details | None = None) -> dict[str, Candidate]:
    options = SourceOptions(defaults=defaults or Details())
    with open_source(
        SourceKind.FOLDER, root, options=options, limits=Limits(), scratch=Path(root.anchor, "tmp")
    ) as source:
        candidates = {candidate.name: candidate for candidate in source.candidates()}
        assert source.count() == len(candidates)
        return candidates


def code(candidate: Candidate) -> str:
    with pytest.raises(Rejected) as caught:
        examine(candidate, limits=Limits())
    return caught.value.code


# Names


@pytest.mark.parametrize(
    ("name", "details"),
    [
        ("vincent-van-gogh_starry-night-1889.jpg", Details("Starry night", "Vincent van Gogh", "1889")),
        ("Vincent van Gogh - Starry Night (1889).jpg", Details("Starry Night", "Vincent van Gogh", "1889")),
        ("x/Rembrandt – The Syndics (c. 1662).jpg", Details("The Syndics", "Rembrandt", "c. 1662")),
        ("Jan van Eyck - Altarpiece (1430-32).tif", Details("Altarpiece", "Jan van Eyck", "1430-32")),
        ("Kevin MacLeod - Vibe Ace.mp3", Details("Kevin MacLeod Vibe Ace")),
        ("01 - Opening (1999).mp3", Details("01 Opening (1999)")),
        ("met-437397_rembrandt-van-rijn.jpg", Details("met 437397 rembrandt van rijn")),
        ("IMG_20190412_101112.jpg", Details("IMG 20190412 101112")),
        ("kandinsky-1903-002_the-blue-rider-1903.jpg", Details("kandinsky 1903 002 the blue rider 1903")),
        ("Портрет (копия) №1.jpg", Details("Портрет (копия) №1")),
        ("___.jpg", Details("___.jpg")),
    ],
)
def test_a_name_says_who_made_it_and_when_only_where_it_says_so_plainly(name: str, details: Details) -> None:
    assert read_name(name) == details


def test_a_painting_without_metadata_is_named_by_its_file(tmp_path: Path) -> None:
    write_picture(tmp_path / "ann-smith_two-cats-1901.png")
    write_picture(tmp_path / "listed.png")
    (tmp_path / "list.csv").write_text("file,title,artist\nlisted.png,,Bob\n")
    checked = {name: process(candidate, limits=Limits()) for name, candidate in found(tmp_path).items()}
    named, listed = checked["ann-smith_two-cats-1901.png"], checked["listed.png"]
    assert isinstance(named, CheckedPainting)
    assert isinstance(listed, CheckedPainting)
    assert (named.painting.title, named.painting.artist, named.painting.year) == ("Two cats", "Ann Smith", "1901")
    assert (listed.painting.title, listed.painting.artist) == ("listed", "Bob")


# Columns


def test_the_list_may_say_collection_right_and_mood(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", tone(16))
    write_picture(tmp_path / "b.png")
    (tmp_path / "list.csv").write_text(
        "file,collection,may_publish,valence,arousal\na.wav,Archive,No,7.25,1\nb.png,,yes,,\n"
    )
    candidates = found(tmp_path, Details(collection="Ours", may_publish=False))
    details = candidates["b.png"].details
    assert (details.collection, details.may_publish, details.valence, details.arousal) == ("Ours", True, None, None)
    track, painting = (process(candidates[name], limits=Limits()) for name in ("a.wav", "b.png"))
    assert isinstance(track, CheckedTrack)
    assert isinstance(painting, CheckedPainting)
    made = track.track
    assert (made.collection, made.may_publish, made.valence, made.arousal) == ("Archive", False, 7.25, 1.0)
    assert (painting.painting.collection, painting.painting.may_publish) == ("Ours", True)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("perhaps,,", r"list\.csv, line 3: may_publish is 'perhaps'\. Write yes or no"),
        (",9.01,", r"list\.csv, line 3: valence is '9\.01', not a number from 1 to 9"),
        (",,high", r"list\.csv, line 3: arousal is 'high', not a number from 1 to 9"),
        (",nan,", r"valence is 'nan'"),
        (',"5,5",', r"valence is '5,5'"),
    ],
)
def test_what_a_column_cannot_hold_is_said_with_its_line(tmp_path: Path, row: str, words: str) -> None:
    (tmp_path / "list.csv").write_text(f"file,may_publish,valence,arousal\na.png,y,1,9\nb.png,{row}\n")
    with pytest.raises(MetadataError, match=words):
        found(tmp_path)


def test_bad_metadata_deep_down_are_told_before_anything_is_taken(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "list.csv").write_text("file\n../a.png\n")
    with pytest.raises(MetadataError, match=r"deep/er/list\.csv, line 2: '\.\./a\.png' leads out of the folder"):
        open_source(
            SourceKind.FOLDER, tmp_path, options=SourceOptions(), limits=Limits(), scratch=tmp_path.parent
        ).__enter__()


def test_defaults_fill_what_metadata_leave_open_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").touch()
    (tmp_path / "list.csv").write_text("file,licence,owner\na.png,MIT,Vera\nb.png,,\n")
    candidates = found(tmp_path, Details(licence="CC0-1.0", source="Attic", extras={"owner": "?", "room": "3"}))
    first, second = candidates["a.png"].details, candidates["b.png"].details
    assert (first.licence, first.source, dict(first.extras)) == ("MIT", "Attic", {"owner": "Vera", "room": "3"})
    assert (second.licence, dict(second.extras)) == ("CC0-1.0", {"owner": "?", "room": "3"})


# Links


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    write_picture(folder / "secret.png")
    return folder


def test_no_link_is_followed_whoever_names_it(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "in"
    (root / "deep").mkdir(parents=True)
    (root / "file.png").symlink_to(outside / "secret.png")
    (root / "folder").symlink_to(outside)
    (root / "deep" / "again").symlink_to(root)
    (root / "dangling").symlink_to(root / "nothing")
    (root / "list.csv").write_text("file,title\nfolder/secret.png,x\ndeep/again/file.png,y\n")
    candidates = found(root)
    assert {name: code(candidate) for name, candidate in candidates.items()} == dict.fromkeys(
        ["dangling", "file.png", "folder", "deep/again", "folder/secret.png", "deep/again/file.png"], "not_a_file"
    )


def test_a_linked_list_is_not_read_and_said_so(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "in"
    root.mkdir()
    (outside / "list.csv").write_text("file,title\na.png,x\n")
    (root / "list.csv").symlink_to(outside / "list.csv")
    with pytest.raises(MetadataError, match=r"list\.csv: It is a link; links are not followed"):
        found(root)


def test_a_link_put_in_the_way_during_the_run_is_not_followed(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "in"
    (root / "deep").mkdir(parents=True)
    write_picture(root / "deep" / "secret.png")
    write_picture(root / "secret.png")
    candidates = found(root)
    (root / "deep").rename(root / "was")
    (root / "deep").symlink_to(outside)
    (root / "secret.png").unlink()
    (root / "secret.png").symlink_to(outside / "secret.png")
    for candidate in candidates.values():
        with pytest.raises(Rejected) as caught:
            process(candidate, limits=Limits())
        assert caught.value.code == "not_a_file"
        with pytest.raises((Rejected, OSError)), opened(candidate):
            pass


def test_a_folder_that_becomes_a_link_between_walk_and_look_is_not_entered(tmp_path: Path, outside: Path) -> None:
    root = tmp_path / "in"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        write_picture(root / name / "x.png")
    with open_source(SourceKind.FOLDER, root, options=SourceOptions(), limits=Limits(), scratch=tmp_path) as source:
        candidates = source.candidates()
        assert next(candidates).name == "a/x.png"
        (root / "b").rename(root / "c")
        (root / "b").symlink_to(outside)
        (rest,) = candidates
    assert (rest.name, code(rest)) == ("b", "not_a_file")


def test_the_folder_that_a_person_names_may_be_a_link(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "named").symlink_to(outside)
    (candidate,) = found(tmp_path / "named").values()
    assert isinstance(process(candidate, limits=Limits()), CheckedPainting)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (candidate,) = found(tmp_path).values()
    assert code(candidate) == "not_a_file"


def test_a_folder_that_may_not_be_read_costs_that_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_picture(tmp_path / "a.png")
    (tmp_path / "closed").mkdir()
    write_picture(tmp_path / "closed" / "b.png")

    def for_nobody(root: Path, folders: tuple[str, ...]) -> AbstractContextManager[int]:
        if folders == ("closed",):  # the superuser, who may run the tests, is let in everywhere
            raise PermissionError(errno.EACCES, "Permission denied")
        return folder_below(root, folders)

    monkeypatch.setattr(walking, "folder_below", for_nobody)
    candidates = found(tmp_path)
    assert (list(candidates), code(candidates["closed"])) == (["a.png", "closed"], "unreadable")


# The whole


def test_what_is_no_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    for path, words in ((tmp_path / "a.png", "is not a folder"), (tmp_path / "no", "nothing of that name")):
        with pytest.raises(SourceError, match=words):
            found(path)


def test_a_fault_that_the_source_found_is_what_examination_says() -> None:
    fault = Rejected("unsafe_name", "Its name leads out.", "Rename it.")
    candidate = Candidate(Path("/nowhere"), "../a.png", fault=fault)
    for work in (examine, process):
        with pytest.raises(Rejected) as caught:
            work(candidate, limits=Limits())
        assert caught.value is fault


def test_a_file_that_is_gone_meanwhile_is_not_blamed_on_a_list(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    (candidate,) = found(tmp_path).values()
    candidate.path.unlink()
    with pytest.raises(Rejected, match="was there when the import began"):
        examine(candidate, limits=Limits())


MEASURE = """
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from mpd_builder.ingest import Limits, SourceKind, SourceOptions, open_source
def peak(): return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
before = peak()
root = Path(sys.argv[1])
with open_source(SourceKind.FOLDER, root, options=SourceOptions(), limits=Limits(), scratch=root.parent) as source:
    n = sum(1 for candidate in source.candidates() if candidate.details.title)
print(n, source.count(), before, peak())
"""


@pytest.mark.slow
def test_ten_thousand_files_need_hardly_more_memory_than_a_hundred(tmp_path: Path) -> None:
    grown = {}
    for count in (100, 10_000):
        root = tmp_path / str(count)
        root.mkdir()
        rows = ["file,title,artist,year,style,source,licence,sha256,owner"]
        for index in range(count):
            (root / f"a-painter_a-rather-long-name-of-a-work-{index}.jpg").touch()
            rows.append(
                f"a-painter_a-rather-long-name-of-a-work-{index}.jpg,A rather long name of a work {index},A Painter,"
                f"1900,Baroque,The Metropolitan Museum of Art,CC0-1.0,{index:064x},Somebody"
            )
        (root / "list.csv").write_text("\n".join(rows))
        run = subprocess.run(
            [sys.executable, "-c", MEASURE, root], capture_output=True, text=True, check=True, cwd=REPO_ROOT
        )
        taken, counted, before, after = map(int, run.stdout.split())
        assert taken == counted == count
        grown[count] = (after - before) / 1024
    assert grown[10_000] - grown[100] < 12, grown  # MB; 7 when this was written
