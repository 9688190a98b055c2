import re
from dataclasses import replace

import pytest
import yaml

from mpd_builder.snapshot import AlphaFact, DispersionFact, Recipe
from mpd_builder.snapshot.papers import licences
from mpd_builder.snapshot.tables import SCHEMAS, table_path
from tests.mpd_builder.small_snapshot import dataset, with_facts, write_small

SYNTHETIC = {"synthetic_paintings": 4, "synthetic_tracks": 2, "simulated_raters": 5}


def card_of(folder, **arguments):
    write_small(folder, **arguments)
    return (folder / "README.md").read_text()


def front_matter(card):
    _, matter, _ = card.split("---\n", 2)
    return yaml.safe_load(matter)


def test_the_front_matter_has_one_config_a_table_and_pairs_with_their_splits(tmp_path):
    configs = {config["config_name"]: config for config in front_matter(card_of(tmp_path / "s"))["configs"]}
    assert list(configs) == ["pairs", "ratings", "preferences", "raters", "paintings", "clips"]
    assert [config["config_name"] for config in configs.values() if config.get("default")] == ["pairs"]
    # No pair is in the validation split, and `datasets` refuses a config that lists an empty one.
    assert [file["split"] for file in configs["pairs"]["data_files"]] == ["train", "test", "cross"]
    listed = {file["path"] for config in configs.values() for file in config["data_files"]}
    assert listed == {table_path(name) for name in SCHEMAS} - {table_path("pairs-validation")}
    assert all((tmp_path / "s" / path).is_file() for path in listed)


@pytest.mark.parametrize(
    ("n_pairs", "size"),
    [
        (1, "n<1K"),
        (999, "n<1K"),
        (1_000, "1K<n<10K"),
        (49_999, "10K<n<100K"),
        (100_000, "100K<n<1M"),
        (10**6, "1M<n<10M"),
    ],
)
def test_the_size_category_follows_the_number_of_pairs(tmp_path, n_pairs, size):
    counts = {"train": n_pairs, "validation": 0, "test": 0, "cross": 0}
    assert front_matter(card_of(tmp_path / "s", dataset=with_facts(pairs=counts)))["size_categories"] == [size]


@pytest.mark.parametrize(
    ("items", "ratings", "lines"),
    [
        ({"paintings": {"CC0-1.0": 2}, "tracks": {"CC0-1.0": 1}}, "CC0-1.0", ["license: cc0-1.0"]),
        (
            {"paintings": {"CC0-1.0": 2}, "tracks": {"CC-BY-4.0": 1}},
            "CC0-1.0",
            ["license: other", "license_name: mixed"],
        ),
        ({"paintings": {"CC0-1.0": 2}, "tracks": {"CC0-1.0": 1}}, "", ["license: other", "license_name: mixed"]),
        ({"paintings": {"": 2}, "tracks": {"": 1}}, "", ["license: other", "license_name: mixed"]),
    ],
)
def test_the_licence_is_named_only_where_everything_has_the_same(items, ratings, lines):
    restricted = {kind: {"": counts[""]} for kind, counts in items.items() if "" in counts}
    about = with_facts(licences=items, restricted=restricted).facts
    assert licences.front_matter(about, ratings)[: len(lines)] == lines


def test_mixed_licences_link_to_the_notes_that_list_them(tmp_path):
    card = card_of(tmp_path / "s")
    assert front_matter(card)["license_link"] == "LICENSE.md"
    notes = (tmp_path / "s" / "LICENSE.md").read_text()
    for row in ("| paintings | not stated | 1 |", "| paintings | CC0-1.0 | 3 |", "| tracks | CC-BY-4.0 | 2 |"):
        assert row in notes
        assert row in card
    assert "have no file under `media/`" in notes
    assert "has not stated a licence" in notes


def test_synthetic_data_say_so_in_title_text_and_tags(tmp_path):
    card = card_of(tmp_path / "s", dataset=with_facts(**SYNTHETIC))
    assert "synthetic snapshot" in front_matter(card)["pretty_name"]
    assert "synthetic" in front_matter(card)["tags"]
    assert "**Everything here is synthetic.**" in card


def test_partly_synthetic_data_say_which_part(tmp_path):
    card = card_of(tmp_path / "s", dataset=with_facts(simulated_raters=2))
    assert "partly synthetic" in front_matter(card)["pretty_name"]
    assert "2 of 5 raters were made by a program" in card


def test_real_data_do_not_speak_of_synthesis(tmp_path):
    card = card_of(tmp_path / "s")
    assert "synthetic" not in front_matter(card)["pretty_name"]
    assert "synthetic" not in front_matter(card)["tags"]


def test_the_card_states_the_facts(tmp_path):
    card = card_of(tmp_path / "s")
    for words in (
        "8 scored pairs of 4 paintings and 2 clips from 2 tracks, 40 ratings by 5 raters",
        "| `cross` | 5 | 62.5% |",
        "alpha (interval): 0.861, 95% interval 0.841 to 0.881 (jackknife over pairs); 40 ratings of 8 pairs",
        "below 0.09: 100.0%",
        "Left out: 2 pairs with fewer than 5 ratings",
        "| music->painting | 1 | 1 | 0 |",
        "Made on 2026-01-15 by MPD Atelier 0.1.0",
        Recipe("default").to_json(),
        "| `arrays/paintings.u8.npy` | uint8 | (4, 256, 256, 3) |",
    ):
        assert words in card


def test_undefined_statistics_are_called_undefined(tmp_path):
    card = card_of(
        tmp_path / "s",
        dataset=with_facts(
            alpha=AlphaFact(None, None, None, 8, 40), dispersion=DispersionFact(None, None, None, None), score_mean=None
        ),
    )
    assert "Krippendorff's alpha (interval): undefined" in card
    assert "None" not in card
    assert "nan" not in card.replace("unanimous", "")


def test_words_from_outside_cannot_break_the_card(tmp_path):
    hostile = (
        "CC0 | <script>alert(1)</script>\n# Heading ![x](https://example.org/p.png) `code` \x1b[2J &lt;b&gt; \u202e"
    )
    card = card_of(
        tmp_path / "s", dataset=with_facts(licences={"paintings": {hostile: 4}, "tracks": {}}, protocols={hostile: 40})
    )
    for text in (card, (tmp_path / "s" / "LICENSE.md").read_text()):
        assert "<script>" not in text
        assert "![x]" not in text
        assert r"!\[x\](https://example.org/p.png) \`code\`" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "&amp;lt;b&amp;gt;" in text
        row = next(line for line in text.splitlines() if line.startswith("| paintings | CC0"))
        assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "\n# Heading" not in card
    assert front_matter(card)["license"] == "other"


def test_the_card_of_another_recipe_differs(tmp_path):
    original = card_of(tmp_path / "a")
    other = card_of(tmp_path / "b", recipe=Recipe("other", salt="salt-2"), dataset=replace(dataset()))
    assert "salt-2" in other
    assert "salt-2" not in original
