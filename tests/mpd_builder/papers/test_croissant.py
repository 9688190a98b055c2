"""What `croissant.json` states; that the official validator takes it is tested with the clients."""

import hashlib
import json
from dataclasses import replace

import pytest

from mpd_builder.snapshot import Recipe, publish
from mpd_builder.snapshot.dataset import ProtocolFact
from mpd_builder.snapshot.recipe import MediaChoice
from tests.mpd_builder.small_snapshot import dataset, with_facts, write_small


def croissant_of(folder):
    return json.loads((folder / "croissant.json").read_text())


def distribution(folder):
    return {each["@id"]: each for each in croissant_of(folder)["distribution"]}


def test_it_has_one_text(filled, tmp_path):
    text = (filled / "croissant.json").read_text()
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def test_every_table_and_array_is_there_with_its_size_and_digest(either):
    held = distribution(either)
    found = {str(place.relative_to(either)) for folder in ("data", "arrays") for place in (either / folder).iterdir()}
    assert {name for name, each in held.items() if each["@type"] == "cr:FileObject"} == found
    for name in found:
        content = (either / name).read_bytes()
        assert held[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert held[name]["contentSize"] == f"{len(content)} B"
        assert held[name]["contentUrl"] == name
        if name.endswith(".parquet"):
            assert held[name]["encodingFormat"] == "application/x-parquet"


def test_media_are_sets_of_files_that_are_there(filled):
    held = distribution(filled)
    for name in ("pictures", "sounds"):
        for pattern in held[name]["includes"]:
            assert list(filled.glob(pattern))


def test_without_media_and_arrays_it_speaks_of_none(tmp_path):
    write_small(tmp_path / "s", recipe=Recipe("bare", media=MediaChoice.NONE, arrays=False), media=None)
    assert not {name for name in distribution(tmp_path / "s") if not name.startswith(("data/", "pair-files"))}


def test_the_public_form_has_its_own(filled, tmp_path):
    publish(filled, out_dir=tmp_path / "p")
    assert not any(name.startswith("arrays/") for name in distribution(tmp_path / "p"))
    ours, theirs = croissant_of(filled), croissant_of(tmp_path / "p")
    assert ours["recordSet"] == theirs["recordSet"]
    assert ours["version"] != theirs["version"]
    assert json.loads((tmp_path / "p" / "manifest.json").read_text())["content_digest"][:16] in theirs["version"]


def test_columns_refer_to_the_tables_they_name(filled):
    fields = {field["@id"]: field for records in croissant_of(filled)["recordSet"] for field in records["field"]}
    for column, target in (
        ("painting_id", "paintings/painting_id"),
        ("clip_id", "clips/clip_id"),
        ("split", "splits/name"),
    ):
        assert fields[f"pairs/{column}"]["references"] == {"field": {"@id": target}}
        assert target in fields
    for column in ("ratings/pair_id", "preferences/pair_a", "preferences/pair_b"):
        assert fields[column]["references"]["extract"] == {"column": "pair_id"}


def test_licences_are_addresses_where_spdx_has_one(filled, tmp_path):
    assert croissant_of(filled)["license"] == [
        "https://spdx.org/licenses/CC-BY-4.0.html",
        "https://spdx.org/licenses/CC0-1.0.html",
        "LICENSE.md",
    ]
    one = with_facts(licences={"paintings": {"CC0-1.0": 4}, "tracks": {"CC0-1.0": 2}}, restricted={})
    write_small(tmp_path / "s", recipe=Recipe("one", ratings_licence="CC0-1.0"), dataset=one)
    assert croissant_of(tmp_path / "s")["license"] == ["https://spdx.org/licenses/CC0-1.0.html"]


@pytest.mark.parametrize("name", ["dataCollectionTimeFrame", "machineAnnotationTools"])
def test_what_no_fact_answers_is_left_out(old, name):
    assert f"rai:{name}" not in croissant_of(old)


def test_simulations_are_called_so(tmp_path):
    write_small(tmp_path / "s", dataset=with_facts(simulated_raters=5))
    told = croissant_of(tmp_path / "s")
    assert told["rai:dataCollectionType"] == ["Simulations"]
    assert told["rai:machineAnnotationTools"] == ["The simulated raters of MPD Atelier"]
    assert "rai:dataSocialImpact" not in told


def test_words_from_outside_stay_words(tmp_path):
    hostile = 'Pop "quoted" \\ <b>\n\u202e'
    facts = {"styles": {hostile: 3, "b": 1}, "protocol_versions": (ProtocolFact(hostile, "", "ab" * 32, 40),)}
    write_small(tmp_path / "s", dataset=replace(dataset(), facts=with_facts(**facts).facts))
    told = croissant_of(tmp_path / "s")
    assert any('Pop "quoted" \\ <b>, has' in line for line in told["rai:dataBiases"])
    assert "\u202e" not in (tmp_path / "s" / "croissant.json").read_text()
