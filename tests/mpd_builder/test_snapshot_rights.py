"""Items that may be annotated and not published: what a snapshot holds of them, and its public form."""

import hashlib
import io
import json
import subprocess
import zipfile
from dataclasses import replace

import pytest

from mpd_builder import snapshot
from mpd_builder.__main__ import main
from mpd_builder.build import build
from mpd_builder.snapshot import NoArrays, NoPublicForm, SnapshotDamaged, SnapshotExists, publish, verify
from mpd_builder.snapshot.archive import Archive, covered, index
from mpd_builder.snapshot.licences import may_pass_on
from mpd_builder.snapshot.public import COVER, cover
from mpd_builder.snapshot.recipe import MediaChoice, Recipe
from tests.mpd_builder.small_judgments import small_judgments
from tests.mpd_builder.small_snapshot import SmallMedia, write_small

RECIPE = Recipe("half", shares=(0.5, 0.2, 0.3))
FREE = Recipe("half", shares=(0.5, 0.2, 0.3), arrays=False)


def judged(*, restricted: bool):
    """Small judgments; where restricted, two of the paintings and one of the tracks may not be published."""
    judgments = small_judgments()
    if not restricted:
        return judgments
    kept, *tracks = judgments.tracks
    one, two, *paintings = judgments.paintings
    return replace(
        judgments,
        paintings=(replace(one, may_publish=False), replace(two, may_publish=False, licence=""), *paintings),
        tracks=(replace(kept, may_publish=False, collection="AACP"), *tracks),
    )


def write(out_dir, *, restricted=True, recipe=RECIPE):
    return write_small(out_dir, dataset=build(judged(restricted=restricted), recipe), recipe=recipe)


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    folder = tmp_path_factory.mktemp("complete") / "s"
    write(folder)
    return folder


@pytest.fixture(scope="module")
def public(complete, tmp_path_factory):
    folder = tmp_path_factory.mktemp("public") / "p"
    publish(complete, out_dir=folder)
    return folder


@pytest.mark.parametrize(
    ("licence", "may_publish", "expected"),
    [("CC0-1.0", True, True), ("CC0-1.0", False, False), ("", True, False), ("  ", True, False), ("", False, False)],
)
def test_media_need_a_licence_and_a_right(licence, may_publish, expected):
    assert may_pass_on(licence=licence, may_publish=may_publish) is expected


def test_a_restricted_item_has_its_metadata_and_hash_and_no_file(complete):
    data = snapshot.read(complete)
    held = {record.id for record in judged(restricted=True).paintings if not record.may_publish}
    rows = data.paintings.set_index("painting_id").loc[sorted(held)]
    assert len(rows) == 2
    assert set(rows["title"]) == {"painting 0", "painting 1"}
    assert all(len(digest) == 64 for digest in rows["sha256"])
    assert rows["media"].isna().all()
    assert not rows["may_publish"].any()
    assert data.paintings[data.paintings["may_publish"]]["media"].notna().all()
    clips = data.clips[~data.clips["may_publish"]]
    assert len(clips) == 2
    assert set(clips["collection"]) == {"AACP"}
    assert clips["media"].isna().all()
    # No file of the snapshot has the bytes of a restricted item's picture or sound.
    media = SmallMedia()
    withheld = [media.painting_display(item) for item in held] + [
        media.clip_audio(item)[0] for item in clips["clip_id"]
    ]
    stored = {place.read_bytes() for place in (complete / "media").rglob("*") if place.is_file()}
    assert len(stored) == len(data.paintings) - 2 + len(data.clips) - 2
    assert not stored & set(withheld)


def test_manifest_notes_and_card_count_the_restricted_rows_of_each_array(complete):
    manifest = json.loads((complete / "manifest.json").read_text())
    assert manifest["arrays"]["paintings"]["restricted_rows"] == 2
    assert manifest["arrays"]["mels"]["restricted_rows"] == 2
    assert manifest["facts"]["restricted"] == {"paintings": {"": 1, "CC0-1.0": 1}, "tracks": {"CC-BY-4.0": 1}}
    assert manifest["facts"]["restricted_clips"] == 2
    for name in ("README.md", "LICENSE.md"):
        text = (complete / name).read_text()
        assert "**Do not pass on `arrays/`.**" in text
        assert "`arrays/paintings.u8.npy` 2 of 14 rows" in text
        assert "`arrays/mels.f16.npy` 2 of 12 rows" in text
        assert "| paintings | CC0-1.0 | 13 | 1 |" in text
        assert "| paintings | not stated | 1 | 1 |" in text
        assert "| tracks | CC-BY-4.0 | 6 | 1 |" in text


def test_a_snapshot_without_restricted_items_says_so_and_has_no_other_form(tmp_path):
    write(tmp_path / "s", restricted=False)
    assert "No item is restricted" in (tmp_path / "s" / "LICENSE.md").read_text()
    with pytest.raises(NoPublicForm, match="may be passed on as it is"):
        publish(tmp_path / "s", out_dir=tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_restricted_items_in_a_recipe_without_arrays_need_no_other_form(tmp_path):
    write(tmp_path / "s", recipe=FREE)
    text = (tmp_path / "s" / "LICENSE.md").read_text()
    assert "Nothing made from restricted items is here" in text
    assert "Do not pass on" not in text
    with pytest.raises(NoPublicForm):
        publish(tmp_path / "s", out_dir=tmp_path / "p")


def test_the_public_form_is_a_whole_snapshot_with_the_same_tables_and_media(complete, public):
    report = verify(public)
    assert report.ok, report.words
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=public, check=True)
    files = {str(place.relative_to(public)) for place in public.rglob("*") if place.is_file()}
    whole = {str(place.relative_to(complete)) for place in complete.rglob("*") if place.is_file()}
    assert whole - files == {"arrays/paintings.u8.npy", "arrays/mels.f16.npy"}
    assert files <= whole
    for name in files - set(COVER):
        assert (public / name).read_bytes() == (complete / name).read_bytes()
    theirs, ours = snapshot.read(public), snapshot.read(complete)
    for name in ("pairs", "ratings", "preferences", "raters", "paintings", "clips"):
        assert getattr(theirs, name).equals(getattr(ours, name))


def test_the_public_form_names_the_complete_one_and_warns_of_nothing(complete, public):
    digest = verify(complete).digest
    assert json.loads((public / "manifest.json").read_text())["public_form_of"] == digest
    card = (public / "README.md").read_text()
    assert digest in card
    assert "Do not pass on" not in card
    assert "data.arrays()" not in card
    assert "Restricted: 2 of 14 paintings and 1 of 6 tracks" in card
    with pytest.raises(NoArrays, match=digest):
        snapshot.read(public).arrays()


def test_the_same_snapshot_has_the_same_public_form(complete, public, tmp_path):
    assert publish(complete, out_dir=tmp_path / "again").digest == verify(public).digest


def test_the_card_of_the_public_form_describes_the_same_tables(complete, public):
    ours, theirs = ((folder / "README.md").read_text() for folder in (complete, public))
    table = [line for line in ours.splitlines() if line.startswith("| `data/")]
    assert len(table) == 9
    assert [line for line in theirs.splitlines() if line.startswith("| `data/")] == table


def test_a_damaged_snapshot_is_not_published(complete, tmp_path):
    copy = tmp_path / "s"
    subprocess.run(["cp", "-r", complete, copy], check=True)
    table = copy / "data" / "raters.parquet"
    table.chmod(0o644)
    table.write_bytes(b"changed")
    with pytest.raises(SnapshotDamaged, match=r"raters.parquet was changed"):
        publish(copy, out_dir=tmp_path / "p")
    assert not (tmp_path / "p").exists()


def test_nothing_is_overwritten_by_a_public_form(complete, public):
    with pytest.raises(SnapshotExists):
        publish(complete, out_dir=public)


def test_the_zip_of_the_public_form_unpacks_to_the_same_files(complete, public):
    texts = cover(complete)
    archive = Archive(complete, covered(index(complete), texts), folder="public", cover=texts)
    content = b"".join(archive.read())
    assert len(content) == archive.size
    assert content[1000:2000] == b"".join(archive.read(1000, 2000))
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        stored = {name.removeprefix("public/"): opened.read(name) for name in opened.namelist()}
    assert stored == {
        str(place.relative_to(public)): place.read_bytes() for place in public.rglob("*") if place.is_file()
    }


def test_the_command_publishes_and_refuses_in_words(complete, tmp_path, capsys):
    assert main(["publish", str(complete), "--out", str(tmp_path / "p"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["digest"] == hashlib.sha256((tmp_path / "p" / "SHA256SUMS").read_bytes()).hexdigest()
    assert told["files"] == sum(place.is_file() for place in (tmp_path / "p").rglob("*"))
    assert told["bytes"] == sum(place.stat().st_size for place in (tmp_path / "p").rglob("*") if place.is_file())
    write(tmp_path / "free", recipe=Recipe("half", media=MediaChoice.NONE, arrays=False))
    assert main(["publish", str(tmp_path / "free"), "--out", str(tmp_path / "q")]) == 1
    assert capsys.readouterr().err == f"Nothing in {tmp_path / 'free'} is restricted: it may be passed on as it is.\n"
