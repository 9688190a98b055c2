import io
import random
import zipfile

import pytest

from mpd_builder.snapshot import archive
from mpd_builder.snapshot.archive import Archive, index
from mpd_builder.snapshot.manifest import ManifestError
from tests.mpd_builder.small_snapshot import write_small


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive") / "s"
    write_small(folder)
    return folder


@pytest.fixture(scope="module")
def zipped(root):
    return Archive(root, index(root), folder="snapshot")


def bytes_of(zipped, *span):
    return b"".join(zipped.read(*span))


@pytest.mark.parametrize("limit", [archive.FULL_32, 5_000, 1])
def test_the_zip_holds_every_file_whole_also_in_zip64(root, limit):
    zipped = Archive(root, index(root), folder="snapshot", limit=limit)
    content = bytes_of(zipped)
    assert len(content) == zipped.size
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        stored = {name: opened.read(name) for name in opened.namelist()}
    files = {f"snapshot/{place.relative_to(root)}": place.read_bytes() for place in root.rglob("*") if place.is_file()}
    assert stored == files


def test_entries_are_stored_sorted_and_dated_1980(zipped):
    with zipfile.ZipFile(io.BytesIO(bytes_of(zipped))) as opened:
        infos = opened.infolist()
    assert {(info.compress_type, info.date_time, info.external_attr >> 16) for info in infos} == {
        (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0), 0o100644)
    }
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)


def test_two_writes_of_a_snapshot_give_the_same_zip(zipped, tmp_path):
    write_small(tmp_path / "again")
    assert bytes_of(Archive(tmp_path / "again", index(tmp_path / "again"), folder="snapshot")) == bytes_of(zipped)


def test_any_range_is_the_same_part_of_the_whole(zipped):
    whole = bytes_of(zipped)
    draw = random.Random(1)
    spans = [tuple(sorted(draw.sample(range(zipped.size + 1), 2))) for _ in range(40)]
    spans += [(0, 1), (zipped.size - 1, zipped.size), (0, zipped.size), (zipped.size, zipped.size), (5, 10**12)]
    for start, stop in spans:
        assert bytes_of(zipped, start, stop) == whole[start:stop]


def test_the_index_survives_as_text(root):
    entries = index(root)
    assert archive.index_from_json(archive.index_to_json(entries)) == entries


@pytest.mark.parametrize("text", ["[]", "{}", '{"manifest.json": [1, 2], "../x": [1, 2]}', "{"])
def test_a_text_that_is_no_index_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one too
        archive.index_from_json(text)


def test_a_file_that_has_shrunk_ends_the_stream_with_an_error(tmp_path):
    write_small(tmp_path / "s")
    zipped = Archive(tmp_path / "s", index(tmp_path / "s"), folder="s")
    readme = tmp_path / "s" / "README.md"
    readme.chmod(0o644)
    readme.write_text("")
    with pytest.raises(OSError, match=r"README.md is shorter"):
        bytes_of(zipped)


def test_a_folder_that_is_no_snapshot_has_no_index(tmp_path):
    with pytest.raises(ManifestError, match="holds no SHA256SUMS"):
        index(tmp_path)
