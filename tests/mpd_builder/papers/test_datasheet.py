import re
from dataclasses import replace

import pytest

from mpd_builder.snapshot import Recipe
from mpd_builder.snapshot.dataset import ProtocolFact
from mpd_builder.snapshot.recipe import MediaChoice, RaterIds
from tests.mpd_builder.small_snapshot import with_facts, write_small

HEADS = [
    *("Motivation", "Composition", "Collection", "Who rated", "Agreement", "Processing and labels", "Uses"),
    *("Distribution", "Maintenance", "For the publisher to say"),
]


def sheet_of(folder, **arguments):
    write_small(folder, **arguments)
    return (folder / "DATASHEET.md").read_text()


def asked(sheet):
    return sheet.split("## For the publisher to say")[1]


def test_it_answers_the_same_questions_whatever_the_facts(either):
    sheet = (either / "DATASHEET.md").read_text()
    assert re.findall(r"^## (.+)$", sheet, re.MULTILINE) == HEADS
    for wrong in ("None", "nan,", "()", "  ", "\n\n\n", "{", "by 0", "``"):
        assert wrong not in sheet, wrong


def test_it_states_what_the_facts_state(filled):
    sheet = (filled / "DATASHEET.md").read_text()
    for words in (
        "The first rating is of 2026-01-03, the last of 2026-03-20 (UTC).",
        "- By role: graduate (5), art teacher (4).",
        "- By years of training: 5-9 (6), other (3).",
        "| [1](protocols/1.md) | 2026-01-01 | 30 |",
        "| not known | 10 |",
        "(Spearman-Brown): 0.962, 95% interval 0.951 to 0.973",
        "Paintings by style: Ukiyo-e (11), Cubism (2), not stated (1).",
        "- No style is stated for 1 of 14 paintings (7.1%).",
        "- 1 of 2 styles have fewer than 10 paintings.",
        "- 2 rated pairs with fewer than 5 ratings are left out.",
        "- Without a pair: `validation`.",
        "40 ratings by 5 raters.",
        "| paintings | CC0-1.0 | 3 | 0 |",
    ):
        assert words in sheet, words


def test_what_the_facts_do_not_state_is_not_said(old):
    sheet = (old / "DATASHEET.md").read_text()
    for words in ("By role", "by style", "by genre", "Spearman", "The first rating", "### Instructions", "training is"):
        assert words not in sheet, words
    assert "Ratings by version of the instructions: v1 (40)." in sheet


def test_without_a_table_of_raters_none_is_pointed_to(tmp_path):
    recipe = Recipe("ids", rater_ids=RaterIds.ABSENT)
    data = with_facts(simulated_raters=2)
    sheet = sheet_of(tmp_path / "s", recipe=recipe, dataset=replace(data, raters=data.raters.slice(0, 0)))
    assert "2 of 5 raters were made by a program" in sheet
    assert "`simulated`" not in sheet
    assert "can be told apart by the pseudonym" not in sheet


def test_questions_without_an_answer_count_as_not_asked(tmp_path):
    sheet = sheet_of(tmp_path / "s", dataset=with_facts(backgrounds={"role": {}, "discipline": {}}, styles={"": 4}))
    assert "By role" not in sheet
    assert "is here as counts only" not in sheet
    assert "Paintings by style" not in sheet
    assert "Who are the raters" in asked(sheet)


def test_works_that_are_here_twice_are_named(tmp_path):
    facts = {"same_works": {"paintings": [["p_1", "p_2"]], "tracks": []}, "alike": {"tracks": [["t_1", "t_2"]] * 2}}
    sheet = sheet_of(tmp_path / "s", dataset=with_facts(**facts))
    assert "A person found 1 work among the paintings to be here more than once" in sheet
    assert "2 groups among the tracks (`facts.alike`)" in sheet
    assert "A person found 1 work among the paintings" in (tmp_path / "s" / "README.md").read_text()


def test_the_publisher_is_asked_only_what_is_open(filled, old, tmp_path):
    assert "When was it collected?" in asked((old / "DATASHEET.md").read_text())
    assert "When was it collected?" not in asked((filled / "DATASHEET.md").read_text())
    assert "Who are the raters" not in asked((filled / "DATASHEET.md").read_text())
    assert "Which licence have the items that state none?" in asked((filled / "DATASHEET.md").read_text())
    settled = {"paintings": {"CC0-1.0": 4}, "tracks": {"CC0-1.0": 2}}
    recipe = Recipe("open", ratings_licence="CC0-1.0", media=MediaChoice.NONE)
    sheet = asked(sheet_of(tmp_path / "s", recipe=recipe, dataset=with_facts(licences=settled, restricted={})))
    assert "licence" not in sheet
    assert "Where can pictures and sound be had?" in sheet
    assert "Who made this dataset" in sheet


def test_of_simulated_raters_no_consent_is_asked_and_nothing_is_claimed(tmp_path):
    made = {"synthetic_paintings": 4, "synthetic_tracks": 2, "simulated_raters": 5}
    sheet = sheet_of(tmp_path / "s", dataset=with_facts(**made))
    assert "all of them programs" in sheet
    assert "says nothing about what people perceive" in sheet
    assert "consent" not in sheet
    for words in ("taste of these people", "others may hear", "artists of paintings", "When was it", "music chosen"):
        assert words not in sheet, words


def test_partly_simulated_raters_are_counted_among_the_gaps(tmp_path):
    sheet = sheet_of(tmp_path / "s", dataset=with_facts(simulated_raters=2))
    assert "40 ratings by 5 raters, 2 of them programs." in sheet
    assert "- Simulated raters: 2 of 5 raters (40.0%)." in sheet


@pytest.mark.parametrize(("ids", "said"), [(RaterIds.PSEUDONYMOUS, True), (RaterIds.ABSENT, False)])
def test_people_in_the_data_follow_the_recipe(tmp_path, ids, said):
    sheet = sheet_of(tmp_path / "s", recipe=Recipe("ids", rater_ids=ids))
    assert ("Raters are named by pseudonyms only" in sheet) is said
    assert ("Who gave a rating is left out" in sheet) is not said


def test_words_from_outside_cannot_break_it(tmp_path):
    hostile = "Pop | <img src=x> [a](b)\n# Head \u202e"
    facts = {
        "styles": {hostile: 3, "b": 1},
        "backgrounds": {"role": {hostile: 5}, hostile: {"yes": 5}},
        "protocol_versions": (ProtocolFact(hostile, "", "ab" * 32, 40),),
        "input_methods": {hostile: 40},
    }
    sheet = sheet_of(tmp_path / "s", dataset=with_facts(**facts))
    assert "<img" not in sheet
    assert "[a](b)" not in sheet
    assert "\n# Head" not in sheet
    assert "\u202e" not in sheet
    row = next(line for line in sheet.splitlines() if line.startswith("| Pop"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
