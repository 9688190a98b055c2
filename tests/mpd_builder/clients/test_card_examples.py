"""What the card tells a reader to type works as it stands there: every Python block of it is run."""

import re

import pytest

from mpd_builder import snapshot
from tests.mpd_builder.clients.known_warnings import MLCROISSANT, WEBDATASET

pytestmark = [pytest.mark.usefixtures("offline"), *MLCROISSANT, *WEBDATASET]


def blocks(folder):
    return re.findall(r"^```python\n(.*?)^```$", (folder / "README.md").read_text(), re.DOTALL | re.MULTILINE)


def run(block, folder, shards):
    names: dict[str, object] = {"__name__": "example"}
    exec(block.replace("PATH", str(folder)).replace("SHARDS", str(shards)), names)
    return names


WORDS = ("load_dataset", "read_parquet", "duckdb", "mlcroissant", "class Pairs", "webdataset", "snapshot.read")


@pytest.fixture(scope="module")
def ran(path, shards, offline):
    """By the first of WORDS that a block has: what its names stand for after it was run."""
    return {next(word for word in WORDS if word in block): run(block, path, shards) for block in blocks(path)}


def test_each_client_has_its_lines(ran):
    assert set(ran) == set(WORDS)


def test_the_lines_load_the_same_pairs(ran, path):
    data = snapshot.read(path)
    train = data.pairs[data.pairs["split"] == "train"]
    assert ran["load_dataset"]["pairs"].to_list() == train.to_dict("records")
    assert ran["read_parquet"]["pairs"].to_dict("records") == train.to_dict("records")
    assert len(ran["load_dataset"]["ratings"]) == len(data.ratings)
    assert ran["mlcroissant"]["record"]["pairs/pair_id"].decode() in set(data.pairs["pair_id"])
    assert sum(1 for _ in ran["webdataset"]["samples"]) == min(len(train), 7)


def test_the_torch_data_set_feeds_a_loader(ran, path):
    import torch

    data = snapshot.read(path)
    arrays = data.arrays()
    pairs = ran["class Pairs"]["pairs"]
    train = data.pairs[data.pairs["split"] == "train"]
    assert len(pairs) == len(train)
    batches = list(torch.utils.data.DataLoader(pairs, batch_size=4))
    scores = torch.cat([scores for _, _, scores in batches])
    assert scores.numpy() == pytest.approx(train["score"].to_numpy(), abs=1e-6)
    painting, mel, _ = pairs[0]
    row = train.iloc[0]
    painting_row = data.paintings.set_index("painting_id")["row"][row["painting_id"]]
    clip_row = data.clips.set_index("clip_id")["row"][row["clip_id"]]
    assert (painting.numpy() == arrays.paintings_u8[painting_row]).all()
    assert (mel.numpy() == arrays.mels_f16[clip_row]).all()


def test_the_public_form_promises_no_arrays_and_its_lines_work(public, shards):
    told = blocks(public)
    assert not any("arrays" in block for block in told)
    for block in told:
        if "datasets" not in block and "croissant" not in block:  # the same lines as above
            run(block, public, shards)
