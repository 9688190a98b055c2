"""WebDataset: shards read back by the real package hold every pair once, with the media that may be passed on."""

import hashlib
import json
import subprocess

import pytest

from mpd_builder import snapshot
from mpd_builder.__main__ import main
from mpd_builder.snapshot import MediaChoice, SnapshotDamaged, SnapshotExists
from mpd_builder.snapshot.shards import NoMedia, sample_key, write_shards
from tests.mpd_builder.clients.conftest import PER_SHARD, RECIPE
from tests.mpd_builder.clients.known_warnings import WEBDATASET
from tests.mpd_builder.small_snapshot import write_small

pytestmark = WEBDATASET


@pytest.fixture(scope="module")
def index(shards):
    return json.loads((shards / "index.json").read_text())


def test_every_pair_is_read_back_once(path, shards, index):
    import webdataset

    data = snapshot.read(path)
    seen = {}
    for shard in index["shards"]:
        samples = webdataset.WebDataset(str(shards / shard["name"]), shardshuffle=False, empty_check=False)
        read = list(samples)
        assert len(read) == shard["n_samples"] <= PER_SHARD
        for sample in read:
            assert json.loads(sample["json"])["split"] == shard["split"]
            assert sample["__key__"] not in seen
            seen[sample["__key__"]] = sample
    assert set(seen) == {sample_key(pair_id) for pair_id in data.pairs["pair_id"]}
    pictures = data.paintings.set_index("painting_id")["media"]
    sounds = data.clips.set_index("clip_id")["media"]
    for row in data.pairs.to_dict("records"):
        sample = seen[sample_key(row["pair_id"])]
        told = json.loads(sample["json"])
        assert told == {name: row[name] for name in told}
        for kind, media in (("jpg", pictures[row["painting_id"]]), ("flac", sounds[row["clip_id"]])):
            assert sample.get(kind) == ((path / media).read_bytes() if isinstance(media, str) else None)
    absent = [key for key, sample in seen.items() if "jpg" not in sample or "flac" not in sample]
    assert 0 < len(absent) < len(seen)


def test_the_index_names_the_snapshot_and_every_shard(path, shards, index):
    assert index["snapshot"] == snapshot.verify(path).digest
    assert sum(shard["n_samples"] for shard in index["shards"]) == 60
    for shard in index["shards"]:
        content = (shards / shard["name"]).read_bytes()
        assert (shard["n_bytes"], shard["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=shards, check=True)


def test_the_same_snapshot_has_the_same_shards(path, shards, tmp_path):
    again = write_shards(path, out_dir=tmp_path / "again", per_shard=PER_SHARD)
    assert (tmp_path / "again" / "SHA256SUMS").read_bytes() == (shards / "SHA256SUMS").read_bytes()
    assert again.n_samples == 60


def test_previews_make_shards_without_sound(dataset, tmp_path):
    import webdataset

    recipe = snapshot.Recipe("previews", media=MediaChoice.PREVIEWS, arrays=False, shares=RECIPE.shares)
    write_small(tmp_path / "s", recipe=recipe, dataset=dataset)
    write_shards(tmp_path / "s", out_dir=tmp_path / "shards")
    read = list(webdataset.WebDataset(str(tmp_path / "shards" / "train-000000.tar"), shardshuffle=False))
    assert any("jpg" in sample for sample in read)
    assert not any("flac" in sample for sample in read)


def test_a_snapshot_without_media_is_refused_in_words(dataset, tmp_path, capsys):
    recipe = snapshot.Recipe("bare", media=MediaChoice.NONE, arrays=False)
    write_small(tmp_path / "s", recipe=recipe, dataset=dataset)
    with pytest.raises(NoMedia, match="holds no pictures and no sound"):
        write_shards(tmp_path / "s", out_dir=tmp_path / "shards")
    assert main(["shards", str(tmp_path / "s"), "--out", str(tmp_path / "shards")]) == 1
    assert "Export it with a recipe that has media" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["s"]


def test_nothing_is_overwritten_and_nothing_damaged_is_taken(path, shards, tmp_path):
    with pytest.raises(SnapshotExists):
        write_shards(path, out_dir=shards)
    subprocess.run(["cp", "-r", path, tmp_path / "s"], check=True)
    (tmp_path / "s" / "extra").write_text("x")
    with pytest.raises(SnapshotDamaged):
        write_shards(tmp_path / "s", out_dir=tmp_path / "shards")


def test_a_cancelled_export_leaves_nothing(path, tmp_path):
    def stop(done, total, words):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shards(path, out_dir=tmp_path / "shards", progress=stop)
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_it_wrote(path, tmp_path, capsys):
    assert main(["shards", str(path), "--out", str(tmp_path / "a")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a'}: 60 samples in 4 shards\n"
    assert main(["shards", str(path), "--out", str(tmp_path / "b"), "--per-shard", "60", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["shards"][0]["name"] == "train-000000.tar"
    assert (tmp_path / "a" / "train-000000.tar").read_bytes() == (tmp_path / "b" / "train-000000.tar").read_bytes()
