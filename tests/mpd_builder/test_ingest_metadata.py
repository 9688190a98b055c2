"""Folders, and the CSV metadata in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mpd_builder.ingest import Candidate, FolderSource, Limits, MetadataError, Rejected, SourceError, process
from mpd_builder.ingest.titles import title_of


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def by_name(root: Path) -> dict[str, Candidate]:
    return {candidate.name: candidate for candidate in FolderSource(root).candidates()}


def test_every_file_in_every_folder_is_a_candidate_but_documents_and_hidden_ones(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "deep/er/b.ogg", "deep/no_extension", "README.md", "x.json", "notes.txt", "Thumbs.db")
    touch(tmp_path, ".hidden.jpg", ".git/c.jpg", "deep/data.csv")
    assert list(by_name(tmp_path)) == ["a.jpg", "deep/no_extension", "deep/er/b.ogg"]


def test_a_folder_of_data_alone_has_no_candidates(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_bytes("item,rater\nÄ,1\n".encode("latin-1"))
    assert by_name(tmp_path) == {}


def test_metadata_come_from_any_csv_with_a_file_column_and_unknown_columns_are_kept(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.ogg")
    (tmp_path / "paintings.csv").write_text(
        "file,title,artist,year,style,source,licence,owner\n"
        'a.jpg,"Night, rain",Ann,c. 1650,Baroque,Museum,CC0-1.0,Vera\n'
    )
    (tmp_path / "anything.csv").write_text("File,Title,Genre_or_mood,License,duration_s\nb.ogg,Dawn,calm,MIT,60.00\n")
    found = by_name(tmp_path)
    painting, track = found["a.jpg"].details, found["b.ogg"].details
    assert (painting.title, painting.artist, painting.year, painting.style) == (
        "Night, rain",
        "Ann",
        "c. 1650",
        "Baroque",
    )
    assert (painting.source, painting.licence, dict(painting.extras)) == ("Museum", "CC0-1.0", {"owner": "Vera"})
    assert (track.title, track.genre, track.licence, dict(track.extras)) == (
        "Dawn",
        "calm",
        "MIT",
        {"duration_s": "60.00"},
    )


@pytest.mark.parametrize(
    "data",
    [
        "\ufefffile,title\nü.jpg,Größe\n".encode(),
        "file;title\nü.jpg;Größe\n".encode(),
        "file\ttitle\r\nü.jpg\tGröße\r\n".encode(),
        "file,title\nu\u0308.jpg,Gro\u0308ße\n".encode(),
    ],
    ids=["byte order mark", "semicolons", "tabs", "decomposed accents"],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, data: bytes) -> None:
    touch(tmp_path, "ü.jpg")
    (tmp_path / "list.csv").write_bytes(data)
    assert by_name(tmp_path)["ü.jpg"].details.title == "Größe"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            "file,title\na.jpg,x\nb.jpg,Größe\n".encode("latin-1"),
            r"list\.csv, line 3: not UTF-8 text\. Save it as UTF-8",
        ),
        ("file,title\na.jpg,x\n".encode("utf-16"), r"list\.csv, line 1: not UTF-8"),
        (b"file,title\na.jpg,Night, rain\n", r"line 2: 3 cells where the header has 2\. Put quotes"),
        (b"file,title\na.jpg,x\na.jpg,y\n", r"line 3: 'a\.jpg' is listed already in line 2"),
        (b"file,title\n../a.jpg,x\n", r"line 2: '\.\./a\.jpg' leads out of the folder"),
        (b"file,title\n/etc/passwd,x\n", r"leads out of the folder"),
        (b"file,title\n,x\n", r"line 2: the column 'file' is empty"),
        (b"file,title,title\na.jpg,x,y\n", r"two columns have the same name"),
        (b'file,title\na.jpg,"x"y\n', r"line 2: not well-formed CSV"),
    ],
)
def test_metadata_that_cannot_be_relied_on_stop_the_import_with_place_and_cure(
    tmp_path: Path, data: bytes, words: str
) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "list.csv").write_bytes(data)
    with pytest.raises(MetadataError, match=words):
        FolderSource(tmp_path)


def test_a_listed_file_that_is_not_there_is_reported_with_its_row(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "list.csv").write_text("file,title\na.jpg,x\n\ngone.jpg,y\n")
    missing = by_name(tmp_path)["gone.jpg"]
    with pytest.raises(Rejected) as caught:
        process(missing, limits=Limits())
    assert caught.value.code == "missing"
    assert "list.csv, line 4 names it" in caught.value.reason


def test_a_list_may_name_files_in_folders_below_and_the_nearer_list_wins(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg", "in/b.jpg")
    (tmp_path / "all.csv").write_text("file,title\nin/a.jpg,far\nin\\b.jpg,far\n")
    (tmp_path / "in" / "near.csv").write_text("file,title\na.jpg,near\n")
    found = by_name(tmp_path)
    assert {name: candidate.details.title for name, candidate in found.items()} == {
        "in/a.jpg": "near",
        "in/b.jpg": "far",
    }


def test_a_list_from_a_system_without_capitals_finds_its_files_but_takes_none_that_has_its_own_row(
    tmp_path: Path,
) -> None:
    touch(tmp_path, "One.JPG", "two.jpg", "TWO.jpg", "Deep/three.jpg")
    (tmp_path / "list.csv").write_text("file,title\none.jpg,1\ntwo.jpg,2\ndeep/THREE.jpg,3\nfour.jpg,4\n")
    found = by_name(tmp_path)
    assert {name: candidate.details.title for name, candidate in found.items()} == {
        "One.JPG": "1",
        "two.jpg": "2",
        "TWO.jpg": "",
        "Deep/three.jpg": "3",
        "four.jpg": "4",
    }
    assert FolderSource(tmp_path).count() == 5


def test_bytes_that_are_not_those_of_the_list_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "list.csv").write_text(f"file,sha256\na.jpg,{'0' * 64}\n")
    with pytest.raises(Rejected, match=r"not those that list\.csv, line 2 names"):
        process(by_name(tmp_path)["a.jpg"], limits=Limits())


def test_links_and_pipes_are_reported_and_not_followed(tmp_path: Path) -> None:
    touch(tmp_path, "outside/secret.jpg", "in/a.jpg")
    root = tmp_path / "in"
    (root / "link.jpg").symlink_to(tmp_path / "outside" / "secret.jpg")
    (root / "linked").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe.mp3")
    found = by_name(root)
    assert set(found) == {"a.jpg", "link.jpg", "linked", "pipe.mp3"}
    for name in ("link.jpg", "linked", "pipe.mp3"):
        with pytest.raises(Rejected) as caught:
            process(found[name], limits=Limits())
        assert caught.value.code == "not_a_file"


def test_a_root_that_is_no_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not a folder"):
        FolderSource(tmp_path / "nowhere")


def test_synthetic_media_say_so_in_their_list(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "list.csv").write_text("file,is_synthetic\na.jpg,true\nb.jpg,\n")
    assert [candidate.details.is_synthetic for candidate in FolderSource(tmp_path).candidates()] == [True, False]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("met-437397_rembrandt-van-rijn.jpg", "met 437397 rembrandt van rijn"),
        ("Портрет (копия) №1.jpg", "Портрет (копия) №1"),
        ("___.jpg", "___.jpg"),
    ],
)
def test_a_title_can_come_from_the_name(name: str, title: str) -> None:
    assert title_of(Path(name)) == title


def test_a_name_that_is_not_text_still_has_one_that_a_database_can_hold(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    (name,) = by_name(tmp_path)
    assert name == "caf\ufffd.jpg"
    name.encode()
