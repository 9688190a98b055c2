import json
import os
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from mpd_builder import snapshot
from mpd_builder.snapshot import (
    Damage,
    Facts,
    MediaChoice,
    NoArrays,
    NoPublicForm,
    Recipe,
    SnapshotDamaged,
    tables,
    verify,
)
from mpd_builder.snapshot.manifest import parse_sums, sums_bytes
from mpd_builder.snapshot.tables import SCHEMAS, table_path
from tests.mpd_builder.resealed import as_version, reseal
from tests.mpd_builder.small_snapshot import RECIPE, painting, write_small
from tests.mpd_builder.small_snapshot import facts as small_facts


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "s"
    write_small(folder)
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    """A copy whose files may be written to."""
    shutil.copytree(whole, tmp_path / "s", copy_function=shutil.copyfile)
    return tmp_path / "s"


def test_a_whole_snapshot_reads_as_frames_in_their_order(whole):
    data = snapshot.read(whole)
    assert data.recipe == RECIPE
    assert data.digest == verify(whole).digest
    assert list(data.pairs["pair_id"]) == sorted(data.pairs["pair_id"])
    assert len(data.pairs) == 8
    assert set(data.pairs["split"]) == {"train", "test", "cross"}
    assert list(data.paintings["row"]) == [0, 1, 2, 3]
    assert data.paintings["title"][2] == "Bild «2»"
    assert (len(data.ratings), len(data.preferences), len(data.raters), len(data.clips)) == (40, 1, 5, 2)
    assert data.pairs["score"].dtype == np.float64
    assert data.pairs["ambiguous"].dtype == np.bool_


def test_arrays_are_read_only_maps_aligned_with_the_frames(whole):
    data = snapshot.read(whole)
    arrays = data.arrays()
    assert isinstance(arrays.paintings_u8, np.memmap)
    assert arrays.paintings_u8.shape == (len(data.paintings), 256, 256, 3)
    assert arrays.mels_f16.shape == (len(data.clips), 128, 469)
    row = data.paintings.set_index("painting_id")["row"][painting(3)]
    assert arrays.paintings_u8[row, 0, 0, 0] == 3
    with pytest.raises(ValueError, match="read-only"):
        arrays.paintings_u8[0] = 0


def test_a_snapshot_without_arrays_says_so(tmp_path):
    write_small(tmp_path / "s", recipe=Recipe("light", media=MediaChoice.NONE, arrays=False), media=None)
    data = snapshot.read(tmp_path / "s")
    with pytest.raises(NoArrays, match="recipe light leaves them out"):
        data.arrays()


def test_a_report_of_a_whole_snapshot_counts_what_it_read(whole):
    report = verify(str(whole))
    files = [place for place in whole.rglob("*") if place.is_file()]
    assert report.ok
    assert (report.n_files, report.n_bytes) == (len(files), sum(place.stat().st_size for place in files))
    assert "whole" in report.words


def one_bit(place):
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(bytes(content))


def every_file(folder):
    return sorted(str(place.relative_to(folder)) for place in folder.rglob("*") if place.is_file())


def test_one_changed_bit_in_any_file_is_found_and_named(copy):
    for name in every_file(copy):
        original = (copy / name).read_bytes()
        one_bit(copy / name)
        report = verify(copy)
        assert not report.ok, name
        assert name == "SHA256SUMS" or name in {problem.path for problem in report.problems} or name in report.words
        with pytest.raises(SnapshotDamaged):
            snapshot.read(copy)
        (copy / name).write_bytes(original)
    assert verify(copy).ok


def test_every_file_that_is_missing_is_named(copy):
    for name in every_file(copy):
        original = (copy / name).read_bytes()
        (copy / name).unlink()
        assert name in verify(copy).words
        (copy / name).write_bytes(original)


@pytest.mark.parametrize(
    ("name", "damage"),
    [("data/pairs-train.parquet", Damage.CHANGED), ("arrays/mels.f16.npy", Damage.CHANGED)],
)
def test_a_truncated_file_is_named(copy, name, damage):
    os.truncate(copy / name, (copy / name).stat().st_size - 1)
    assert [(problem.path, problem.damage) for problem in verify(copy).problems] == [(name, damage)]
    with pytest.raises(SnapshotDamaged, match="was changed after the snapshot was sealed"):
        snapshot.read(copy)


@pytest.mark.parametrize("name", ["extra.txt", "data/notes.csv", "media/paintings/.hidden", ".DS_Store"])
def test_an_extra_file_is_named(copy, name):
    (copy / name).write_text("x")
    assert [(problem.path, problem.damage) for problem in verify(copy).problems] == [(name, Damage.EXTRA)]


def test_an_extra_empty_folder_is_named(copy):
    (copy / "more").mkdir()
    assert [(problem.path, problem.damage) for problem in verify(copy).problems] == [("more", Damage.EXTRA)]


def test_a_link_is_refused_even_to_the_right_bytes(copy, whole):
    (copy / "README.md").unlink()
    (copy / "README.md").symlink_to(whole / "README.md")
    damages = {(problem.path, problem.damage) for problem in verify(copy).problems}
    assert ("README.md", Damage.LINK) in damages


@pytest.mark.parametrize("name", ["manifest.json", "SHA256SUMS"])
def test_a_link_in_place_of_the_seal_is_refused(copy, whole, name):
    (copy / name).unlink()
    (copy / name).symlink_to(whole / name)
    assert not verify(copy).ok


def test_a_linked_folder_is_not_followed(copy, whole):
    shutil.rmtree(copy / "media")
    (copy / "media").symlink_to(whole / "media")
    report = verify(copy)
    assert ("media", Damage.LINK) in {(problem.path, problem.damage) for problem in report.problems}
    assert Damage.MISSING in {problem.damage for problem in report.problems}


def test_a_pipe_is_refused_without_waiting_on_it(copy):
    (copy / "data" / "ratings.parquet").unlink()
    os.mkfifo(copy / "data" / "ratings.parquet")
    assert not verify(copy).ok


@pytest.mark.parametrize(
    "path", ["../outside", "/etc/hostname", "data/../../outside", "data//x", "./README.md", "data/..", "a\\b", "C:/x"]
)
def test_a_path_that_leaves_the_folder_is_refused(copy, path):
    with (copy / "SHA256SUMS").open("a") as sums:
        sums.write(f"{'0' * 64}  {path}\n")
    with pytest.raises(SnapshotDamaged, match=r"SHA256SUMS, line \d+: the path .* leaves the snapshot's folder"):
        snapshot.read(copy)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("not a checksum", "not a checksum and a path"),
        (f"{'0' * 63}  README.md", "not a checksum and a path"),
        (f"{'0' * 64}  README.md", "README.md is listed twice"),
    ],
)
def test_a_sums_file_that_makes_no_sense_names_the_line(copy, line, words):
    with (copy / "SHA256SUMS").open("a") as sums:
        sums.write(line + "\n")
    assert words in verify(copy).words


@pytest.mark.parametrize("ending", ["", "\v", "\r", "\x1c"])
def test_only_a_new_line_ends_a_line_of_the_sums(copy, ending):
    """What other software takes for the end of a line must not pass for the same file."""
    sums = (copy / "SHA256SUMS").read_text()
    (copy / "SHA256SUMS").write_text(sums.replace("\n", ending, 1), newline="")
    assert not verify(copy).ok
    (copy / "SHA256SUMS").write_text(sums[:-1] + ending, newline="")
    assert not verify(copy).ok


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "manifest.json is not JSON"),
        (b"[]", "does not describe a snapshot"),
        (b'{"format": "mpd-snapshot", "format_version": 4, "code_version": "9.9"}', r"format version 4.*9\.9"),
        (b'{"format": "mpd-snapshot", "format_version": 1}', "has no recipe, tables, arrays, files, facts"),
    ],
)
def test_a_manifest_that_cannot_be_understood_is_named(copy, content, words):
    (copy / "manifest.json").write_bytes(content)
    with pytest.raises(SnapshotDamaged, match=words):
        snapshot.read(copy)


def test_an_empty_folder_a_file_and_nothing_are_not_snapshots(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    assert "does not exist" in verify(tmp_path / "nothing").words
    assert "is not a folder" in verify(tmp_path / "file").words
    assert "there is no SHA256SUMS in it" in verify(tmp_path / "empty").words


def test_manifest_and_sums_that_disagree_are_found(copy):
    manifest = json.loads((copy / "manifest.json").read_bytes())
    manifest["files"]["README.md"]["sha256"] = "0" * 64
    (copy / "manifest.json").write_text(json.dumps(manifest))
    sums = parse_sums((copy / "SHA256SUMS").read_bytes())
    sums["manifest.json"] = snapshot.verification.hashlib.sha256((copy / "manifest.json").read_bytes()).hexdigest()
    (copy / "SHA256SUMS").write_bytes(sums_bytes(sums))
    assert [problem.damage for problem in verify(copy).problems] == [Damage.CONTRADICTION]


def test_a_table_with_other_columns_is_refused_although_resealed(whole, copy):
    shutil.copyfile(copy / "data/raters.parquet", copy / "data/ratings.parquet")
    reseal(copy)
    with pytest.raises(SnapshotDamaged, match=r"data/ratings.parquet has not the columns"):
        snapshot.read(copy)
    shutil.rmtree(copy)
    shutil.copytree(whole, copy, copy_function=shutil.copyfile)
    as_version(copy, 2)
    shutil.copyfile(copy / "data/raters.parquet", copy / "data/ratings.parquet")
    reseal(copy)
    assert verify(copy).ok, "nothing in a snapshot of version 2 rests on this table"
    with pytest.raises(SnapshotDamaged, match=r"data/ratings.parquet has not the columns"):
        snapshot.read(copy)


def test_arrays_that_do_not_fit_the_tables_are_refused_although_resealed(copy):
    np.save(copy / "arrays/mels.f16.npy", np.zeros((3, 128, 469), np.float16))
    reseal(copy)
    data = snapshot.read(copy)
    with pytest.raises(SnapshotDamaged, match=r"arrays/mels.f16.npy is float16 \(3, 128, 469\)"):
        data.arrays()


def test_an_array_of_python_objects_is_never_loaded(copy):
    np.save(copy / "arrays/mels.f16.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    reseal(copy)
    with pytest.raises(SnapshotDamaged, match="cannot be mapped"):
        snapshot.read(copy).arrays()


def test_a_snapshot_from_before_the_rights_reads_with_todays_columns(copy):
    as_version(copy, 1)
    assert verify(copy).ok
    data = snapshot.read(copy)
    assert list(data.clips.columns) == tables.CLIPS.names
    assert list(data.paintings.columns) == tables.PAINTINGS.names
    assert data.paintings["may_publish"].all()
    assert set(data.clips["collection"]) == {""}
    assert data.clips["loudness_lufs"].isna().all()
    assert data.clips["loudness_lufs"].dtype == np.float64
    assert data.arrays().mels_f16.shape == (2, 128, 469)
    assert not Facts.from_dict(data.manifest["facts"]).is_restricted


@pytest.mark.parametrize("version", [1, 2])
def test_a_snapshot_of_any_earlier_version_reads_with_todays_columns(copy, version):
    as_version(copy, version)
    assert verify(copy).ok
    data = snapshot.read(copy)
    for name in ("ratings", "preferences", "raters", "paintings", "clips"):
        assert list(getattr(data, name).columns) == SCHEMAS[name].names
    assert list(data.pairs.columns) == tables.PAIRS.names
    for column in (
        *(data.pairs["mean"], data.pairs["split_pair"], data.ratings["plays"], data.preferences["agreement"]),
        *(data.paintings["work"], data.clips["work"]),
    ):
        assert column.isna().all()
    assert Facts.from_dict(data.manifest["facts"]).collected_from == ""
    assert data.recipe == RECIPE


def test_a_snapshot_from_before_the_rights_has_no_public_form(copy, tmp_path):
    as_version(copy, 1)
    with pytest.raises(NoPublicForm, match="does not say what is restricted"):
        snapshot.publish(copy, out_dir=tmp_path / "p")


def test_todays_columns_are_asked_of_todays_snapshots(copy):
    place = copy / table_path("clips")
    tables.write_table(pq.read_table(place).drop_columns(["may_publish"]), place)
    reseal(copy)
    with pytest.raises(SnapshotDamaged, match="has not the columns"):
        snapshot.read(copy)


def test_facts_are_read_back_as_they_were_written(whole):
    facts = Facts.from_dict(json.loads((whole / "manifest.json").read_bytes())["facts"])
    assert facts.to_dict() == small_facts().to_dict()
