import hashlib
import json
import subprocess
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pyarrow.parquet as pq
import pytest

from mpd_builder.snapshot import (
    MediaChoice,
    MediaError,
    NothingToWrite,
    RaterIds,
    Recipe,
    RecipeError,
    SnapshotExists,
    discard_leftovers,
    items,
)
from mpd_builder.snapshot.copying import in_threads
from mpd_builder.snapshot.tables import SCHEMAS, SPLITS, table_path
from tests.mpd_builder.small_snapshot import SmallMedia, dataset, painting, with_facts, write_small


def everything_in(folder):
    return {str(place.relative_to(folder)): place.read_bytes() for place in folder.rglob("*") if place.is_file()}


def test_the_files_are_those_of_the_architecture_page(tmp_path):
    write_small(tmp_path / "s")
    names = set(everything_in(tmp_path / "s"))
    media = {name for name in names if name.startswith("media/")}
    assert names - media == {
        "README.md", "DATASHEET.md", "LICENSE.md", "CITATION.cff", "croissant.json", "leakage.json", "manifest.json",
        "SHA256SUMS", "figures/splits.svg", "figures/scores.svg", "arrays/paintings.u8.npy", "arrays/mels.f16.npy",
        *(table_path(name) for name in SCHEMAS),
    }  # fmt: skip
    # Four paintings, one of them without a licence; two clips.
    assert sorted(name.rsplit("/", 1)[0] for name in media) == ["media/clips"] * 2 + ["media/paintings"] * 3


def test_the_digest_is_that_of_the_sums_and_the_sums_cover_every_other_file(tmp_path):
    sealed = write_small(tmp_path / "s")
    sums = (tmp_path / "s" / "SHA256SUMS").read_bytes()
    assert sealed.digest == hashlib.sha256(sums).hexdigest()
    files = everything_in(tmp_path / "s")
    lines = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(set(files) - {"SHA256SUMS"})]
    assert sums.decode().splitlines() == lines
    assert (sealed.n_files, sealed.n_bytes) == (len(files), sum(map(len, files.values())))


def test_the_systems_own_checksum_tool_agrees(tmp_path):
    write_small(tmp_path / "s")
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "s", check=True)


def test_two_writes_give_the_same_bytes(tmp_path):
    first, second = write_small(tmp_path / "a"), write_small(tmp_path / "b")
    assert first.digest == second.digest
    assert everything_in(tmp_path / "a") == everything_in(tmp_path / "b")


def test_any_number_of_threads_writes_the_same_bytes(tmp_path, monkeypatch):
    digests = set()
    for threads in (1, 2, 7):
        monkeypatch.setattr(items, "in_threads", partial(in_threads, threads=threads))
        digests.add(write_small(tmp_path / str(threads)).digest)
    assert len(digests) == 1


def test_the_date_is_only_what_it_is_told(tmp_path):
    told = write_small(tmp_path / "told", created_on=date(1999, 12, 31))
    untold = write_small(tmp_path / "untold", created_on=None)
    assert told.digest != untold.digest
    manifests = [json.loads((tmp_path / name / "manifest.json").read_bytes()) for name in ("told", "untold")]
    assert [manifest["created_on"] for manifest in manifests] == ["1999-12-31", None]
    assert "1999-12-31" in (tmp_path / "told" / "README.md").read_text()
    # The data are the same data: only what names the date differs.
    assert manifests[0]["content_digest"] == manifests[1]["content_digest"]


def test_the_content_digest_follows_the_data(tmp_path):
    class Repainted(SmallMedia):
        def painting_input(self, painting_id):
            return super().painting_input(painting_id) + np.uint8(1)

    write_small(tmp_path / "a")
    write_small(tmp_path / "b", media=Repainted())
    first, second = (json.loads((tmp_path / name / "manifest.json").read_bytes()) for name in "ab")
    assert first["content_digest"] != second["content_digest"]


def test_tables_have_their_schemas_and_arrays_their_rows(tmp_path):
    write_small(tmp_path / "s")
    for name, schema in SCHEMAS.items():
        stored = pq.read_schema(tmp_path / "s" / table_path(name))
        assert (stored.names, stored.types) == (schema.names, schema.types)
        assert stored.metadata is None
    pixels = np.load(tmp_path / "s/arrays/paintings.u8.npy")
    assert [int(row[0, 0, 0]) for row in pixels] == [0, 1, 2, 3]
    mels = np.load(tmp_path / "s/arrays/mels.f16.npy")
    assert (mels.dtype, mels.shape) == (np.dtype("<f2"), (2, 128, 469))


def test_media_are_named_for_their_bytes_and_the_tables_point_at_them(tmp_path):
    write_small(tmp_path / "s")
    for name in ("paintings", "clips"):
        table = pq.read_table(tmp_path / "s" / table_path(name))
        for path, licence in zip(table["media"].to_pylist(), table["licence"].to_pylist(), strict=True):
            if not licence:
                assert path is None
                continue
            content = (tmp_path / "s" / path).read_bytes()
            assert hashlib.sha256(content).hexdigest().startswith(path.rsplit("/", 1)[1].split(".")[0])


@pytest.mark.parametrize(
    ("media", "folders"),
    [
        (MediaChoice.NONE, set()),
        (MediaChoice.PREVIEWS, {"media/paintings"}),
        (MediaChoice.FULL, {"media/paintings", "media/clips"}),
    ],
)
def test_the_recipe_decides_which_media_are_included(tmp_path, media, folders):
    write_small(tmp_path / "s", recipe=Recipe("r", media=media))
    assert {str(place.parent.relative_to(tmp_path / "s")) for place in (tmp_path / "s").glob("media/*/*")} == folders
    assert (tmp_path / "s/arrays/mels.f16.npy").exists()


def test_a_recipe_without_media_and_arrays_needs_none(tmp_path):
    write_small(tmp_path / "s", recipe=Recipe("r", media=MediaChoice.NONE, arrays=False), media=None)
    assert not (tmp_path / "s" / "arrays").exists()
    assert pq.read_table(tmp_path / "s/data/clips.parquet")["media"].to_pylist() == [None, None]
    with pytest.raises(RecipeError, match="no media are at hand"):
        write_small(tmp_path / "t", media=None)
    assert not (tmp_path / "t").exists()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "empty").mkdir()
    write_small(tmp_path / "full")
    before = everything_in(tmp_path / "full")
    for name in ("empty", "full"):
        with pytest.raises(SnapshotExists, match="never overwritten"):
            write_small(tmp_path / name)
    assert everything_in(tmp_path / "full") == before
    assert sorted(place.name for place in tmp_path.iterdir()) == ["empty", "full"]


def test_a_folder_that_appears_meanwhile_is_not_overwritten_either(tmp_path):
    def someone_else_is_faster(done, total, words):
        if words == "Sealing":
            (tmp_path / "s").mkdir()
            (tmp_path / "s" / "theirs").write_text("kept")

    with pytest.raises(SnapshotExists):
        write_small(tmp_path / "s", progress=someone_else_is_faster)
    assert everything_in(tmp_path) == {"s/theirs": b"kept"}


def test_files_are_read_only(tmp_path):
    write_small(tmp_path / "s")
    modes = {place.stat().st_mode & 0o777 for place in (tmp_path / "s").rglob("*") if place.is_file()}
    assert modes == {0o444}


def test_progress_counts_up_to_its_total(tmp_path):
    calls = []
    write_small(tmp_path / "s", progress=lambda *call: calls.append(call))
    totals = {total for _, total, _ in calls}
    assert totals == {4 + 2 + len(SCHEMAS) + 1}
    assert [done for done, _, _ in calls] == list(range(totals.pop() + 1))
    assert all(words for _, _, words in calls)


@pytest.mark.parametrize("at", range(17))
def test_cancelling_at_any_step_leaves_nothing(tmp_path, at):
    class Cancelled(Exception):
        pass

    def cancel(done, total, words):
        if done == min(at, total):
            raise Cancelled

    with pytest.raises(Cancelled):
        write_small(tmp_path / "s", progress=cancel)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_cleared_for_its_own_place_only(tmp_path):
    leftover, other = tmp_path / ".s.0badcafe.partial", tmp_path / ".other.0badcafe.partial"
    for folder in (leftover, other):
        (folder / "data").mkdir(parents=True)
    discard_leftovers(tmp_path / "s")
    assert (leftover.exists(), other.exists()) == (False, True)


@pytest.mark.parametrize(
    ("method", "result", "words"),
    [
        ("painting_display", b"<html>", f"picture of painting {painting(1)} is not a JPEG"),
        ("painting_input", np.zeros((256, 255, 3), np.uint8), "not uint8"),
        ("painting_input", np.zeros((256, 256, 3), np.float32), "float32"),
        ("clip_audio", (b"", "flac"), "is empty"),
        ("clip_audio", (b"x", "../x"), "no usable extension"),
        ("clip_mel", np.full((128, 469), np.nan, np.float16), "not numbers"),
        ("clip_mel", np.zeros((469, 128), np.float16), "not float16"),
    ],
)
def test_bad_media_name_the_item_and_leave_nothing(tmp_path, method, result, words):
    media = SmallMedia()
    setattr(media, method, lambda item_id: result)
    with pytest.raises(MediaError, match=words):
        write_small(tmp_path / "s", media=media)
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_without_pairs_is_refused_in_words(tmp_path):
    with pytest.raises(NothingToWrite, match="No pair has 5 ratings yet"):
        write_small(tmp_path / "s", dataset=with_facts(pairs=dict.fromkeys(SPLITS, 0)))
    assert list(tmp_path.iterdir()) == []


def test_equal_pictures_are_stored_once(tmp_path):
    media = SmallMedia()
    same = media.painting_display(painting(1))
    media.painting_display = lambda painting_id: same
    write_small(tmp_path / "s", media=media)
    assert len(list((tmp_path / "s/media/paintings").iterdir())) == 1


def test_the_card_hides_raters_where_the_recipe_does(tmp_path):
    write_small(tmp_path / "s", recipe=Recipe("r", rater_ids=RaterIds.ABSENT), dataset=replace(dataset()))
    assert "Who gave a rating is left out" in (tmp_path / "s/README.md").read_text()
