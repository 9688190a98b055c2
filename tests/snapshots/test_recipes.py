"""From what is asked for to the recipe that is kept, and back into a person's words."""

from __future__ import annotations

from typing import Any

import pytest

from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.errors import RecipeRefused
from annotation_site.snapshots.recipes import FIELDS, recipe_for
from annotation_site.snapshots.words import recipe_rows
from mpd_builder.snapshot import Recipe, recipe

AUTUMN = Campaign(name="Autumn", raters_per_pair=7, trim=2, band_low=0.3, band_high=0.7, votes_per_task=5)

VALUES: dict[str, list[Any]] = {
    "min_ratings": [5, 3],
    "aggregator": ["trimmed mean", "mean", "median"],
    "trim": [0, 1, 2],
    "band": [[0.4, 0.6], [0.3, 0.7]],
    "votes_needed": [1, 3],
    "vote_rule": ["majority", "unanimous"],
    "split": ["pair", "unseen-painting", "unseen-track", "unseen-both"],
    "shares": [[0.7, 0.15, 0.15], [0.6, 0.2, 0.2]],
    "salt": ["mpd-1", "anew"],
    "media": ["full", "previews", "none"],
    "arrays": [True, False],
    "rater_ids": ["pseudonymous", "absent"],
    "ratings_licence": ["", "CC-BY-4.0"],
}
"""Of every field that a person may choose, some that differ."""


def test_a_named_recipe_follows_the_campaigns_protocol() -> None:
    found = recipe_for(campaign=AUTUMN, name="demo")
    assert (found.name, found.raters_per_pair, found.min_ratings, found.trim) == ("demo", 7, 7, 2)
    assert (found.band, found.votes_needed) == ((0.3, 0.7), 5)
    assert found.shares == recipe.get("demo").shares


@pytest.mark.parametrize(
    ("begun_as", "overrides", "name"),
    [
        ("demo", {}, "demo"),
        ("demo", {"min_ratings": 7, "salt": "mpd-1"}, "demo"),
        ("demo", {"min_ratings": 5}, "custom"),
        ("default", {"split": "pair"}, "pair"),
        ("custom", {}, "default"),
        ("custom", {"salt": "anew"}, "custom"),
    ],
)
def test_a_recipe_is_called_by_the_name_of_what_it_equals(begun_as: str, overrides: dict[str, Any], name: str) -> None:
    assert recipe_for(campaign=AUTUMN, name=begun_as, overrides=overrides).name == name


@pytest.mark.parametrize(
    ("overrides", "field", "words"),
    [
        ({"min_ratings": 9}, "min_ratings", "Give a number from 2 to raters_per_pair (7)."),
        ({"min_ratings": "many"}, "min_ratings", "'many' is not a whole number."),
        ({"trim": 4}, "trim", "Leaving out 4 low and 4 high of 7 ratings leaves none to average."),
        ({"shares": [0.5, 0.2, 0.2]}, "shares", "Give three numbers from 0 to 1"),
        ({"media": "films"}, "media", "'films' is not one of none, previews, full."),
        ({"raters_per_pair": 3}, "raters_per_pair", "There is no setting 'raters_per_pair' of a recipe."),
        ({"colour": "red"}, "colour", "There is no setting 'colour' of a recipe. There are: min_ratings,"),
    ],
)
def test_what_cannot_be_followed_is_refused_by_field(overrides: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(RecipeRefused) as refused:
        recipe_for(campaign=AUTUMN, name="demo", overrides=overrides)
    assert refused.value.field == field
    assert str(refused.value).startswith(words)


def test_an_unknown_recipe_is_refused_with_those_there_are() -> None:
    with pytest.raises(RecipeRefused, match=r"There is no recipe 'huge'\. There are: default") as refused:
        recipe_for(campaign=AUTUMN, name="huge")
    assert refused.value.field == "recipe"


def test_every_field_of_a_recipe_is_told_in_words() -> None:
    told = dict(recipe_rows(recipe_for(campaign=AUTUMN, name="demo").to_dict()))
    assert told == {
        "Pairs": "Complete, with 7 ratings each",
        "Score": "The mean of the ratings without the 2 lowest and the 2 highest",
        "Ambiguous": "from 0.3 to 0.7",
        "Preferences": "Decided by the majority of at least 5 votes",
        "New in the test": "Painting and track",
        "Shares": "55 % for training, 20 % for validation, 25 % for the test",
        "Salt": "mpd-1",
        "Media": "Pictures and sound, of what may be passed on",
        "Arrays": "What a model reads is inside",
        "Raters": "Ratings name their rater by a pseudonym",
        "Licence of the ratings": "not stated yet",
    }


@pytest.mark.parametrize("field", FIELDS)
def test_no_two_values_of_a_field_read_the_same(field: str) -> None:
    told = [str(recipe_rows(Recipe("default").to_dict() | {field: value})) for value in VALUES[field]]
    assert len(set(told)) == len(VALUES[field])


def test_a_recipe_of_other_code_is_told_as_far_as_it_goes() -> None:
    assert recipe_rows({"name": "standard"}) == [("Licence of the ratings", "not stated yet")]
