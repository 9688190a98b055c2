"""Hugging Face `datasets`: every config and split in one line, offline."""

import pyarrow.parquet as pq
import pytest

from mpd_builder.snapshot.tables import PAIR_TABLES, SCHEMAS, SPLITS, table_path

PLACES = [("pairs", split, f"pairs-{split}") for split in SPLITS] + [
    (name, "full", name) for name in SCHEMAS if name not in PAIR_TABLES
]

pytestmark = pytest.mark.usefixtures("offline")


@pytest.mark.parametrize(("config", "split", "table"), PLACES)
@pytest.mark.parametrize("form", ["path", "public"])
def test_every_config_and_split_loads_as_the_table_it_is(form, config, split, table, request, tmp_path):
    from datasets import load_dataset

    folder = request.getfixturevalue(form)
    loaded = load_dataset(str(folder), config, split=split, cache_dir=str(tmp_path))
    expected = pq.read_table(folder / table_path(table))
    assert expected.num_rows > 0
    assert loaded.column_names == expected.column_names
    assert loaded.to_list() == expected.to_pylist()


def test_pairs_are_what_loads_when_nothing_is_named(path, tmp_path):
    from datasets import get_dataset_config_names, load_dataset

    loaded = load_dataset(str(path), cache_dir=str(tmp_path))
    assert set(loaded) == set(SPLITS)
    assert loaded.num_rows == {split: pq.read_table(path / table_path(f"pairs-{split}")).num_rows for split in SPLITS}
    assert set(get_dataset_config_names(str(path))) == {config for config, _, _ in PLACES}


def test_the_hub_reads_the_front_matter(path):
    from huggingface_hub import DatasetCard

    told = DatasetCard.load(path / "README.md").data
    assert (told.license, told.license_name, told.license_link) == ("other", "mixed", "LICENSE.md")
    assert (path / told.license_link).is_file()
    assert told.size_categories == ["n<1K"]
    assert {config["config_name"] for config in told.configs} == {config for config, _, _ in PLACES}
