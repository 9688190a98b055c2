"""mlcroissant: valid without an error or a warning, and every record set can be read, types and all."""

import json

import pyarrow.parquet as pq
import pytest

from mpd_builder.snapshot.tables import PAIR_TABLES, SCHEMAS, SPLITS, table_path
from tests.mpd_builder.clients.known_warnings import MLCROISSANT

RECORD_SETS = {"pairs": list(PAIR_TABLES)} | {name: [name] for name in SCHEMAS if name not in PAIR_TABLES}

pytestmark = [pytest.mark.usefixtures("offline"), *MLCROISSANT]


@pytest.fixture(scope="module", params=["path", "public"])
def folder(request):
    return request.getfixturevalue(request.param)


def opened(folder):
    from mlcroissant import Dataset

    return Dataset(str(folder / "croissant.json"))


def test_it_is_valid_without_a_warning(folder):
    issues = opened(folder).metadata.ctx.issues
    assert not issues.errors
    assert not issues.warnings


@pytest.mark.parametrize("name", RECORD_SETS)
def test_records_are_the_rows_of_the_table(path, name):
    expected = [row for table in RECORD_SETS[name] for row in pq.read_table(path / table_path(table)).to_pylist()]
    records = [
        {key.removeprefix(f"{name}/"): as_python(value) for key, value in each.items()}
        for each in opened(path).records(name)
    ]
    assert expected
    assert sorted(map(json.dumps, records)) == sorted(map(json.dumps, expected))


def as_python(value):
    """A value as Parquet has it: mlcroissant gives texts as bytes and numbers as numpy's."""
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if hasattr(value, "item") else value


def test_one_reader_reads_all_record_sets_in_turn(path):
    reader = opened(path)
    read = {name: len(list(reader.records(name))) for name in RECORD_SETS}
    assert read == {
        name: sum(pq.read_metadata(path / table_path(table)).num_rows for table in tables)
        for name, tables in RECORD_SETS.items()
    }


def test_the_splits_are_an_enumeration_that_croissant_knows(folder):
    records = list(opened(folder).records("splits"))
    assert [record["splits/name"] for record in records] == list(SPLITS)
    assert sum(record["splits/pairs"] for record in records) == 60


def test_the_responsible_ai_fields_reach_the_reader(folder):
    told = opened(folder).metadata
    assert told.annotations_per_item.startswith("5 ratings a pair")
    assert told.data_annotation_platform == ["MPD Atelier"]
    assert [day.date().isoformat() for day in told.data_collection_timeframe] == ["2026-01-03", "2026-03-20"]
    assert "By role: graduate (5), art teacher (4)." in told.annotator_demographics
    for field in ("data_biases", "data_limitations", "data_use_cases", "personal_sensitive_information"):
        assert getattr(told, field)
