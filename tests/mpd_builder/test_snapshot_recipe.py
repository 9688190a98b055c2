import json
from dataclasses import fields, replace

import pytest

from mpd_builder.rules import Aggregator, VoteRule
from mpd_builder.sides import Regime
from mpd_builder.snapshot import recipe
from mpd_builder.snapshot.recipe import MediaChoice, RaterIds, Recipe, RecipeError


def test_the_canonical_text_has_sorted_keys_and_reads_back_as_the_same_recipe():
    original = Recipe("mine", band=(0.3, 0.7), media=MediaChoice.NONE, rater_ids=RaterIds.ABSENT, salt="größer")
    text = original.to_json()
    assert list(json.loads(text)) == sorted(field.name for field in fields(Recipe))
    assert Recipe.from_json(text) == original
    assert Recipe.from_json(text).to_json() == text


def test_every_field_takes_part_in_the_canonical_text():
    base = Recipe("a", raters_per_pair=7, min_ratings=5)
    other = {
        "name": "b", "raters_per_pair": 8, "min_ratings": 6, "trim": 2, "band": (0.4, 0.7), "votes_needed": 4,
        "shares": (0.5, 0.25, 0.25), "salt": "other", "media": MediaChoice.NONE, "arrays": False,
        "rater_ids": RaterIds.ABSENT, "ratings_licence": "CC0-1.0", "aggregator": Aggregator.MEDIAN,
        "vote_rule": VoteRule.UNANIMOUS, "split": Regime.PAIR,
    }  # fmt: skip
    assert set(other) == {field.name for field in fields(Recipe)}
    texts = {replace(base, **{name: value}).to_json() for name, value in other.items()}
    assert len(texts | {base.to_json()}) == len(other) + 1


def test_there_is_a_named_recipe_for_every_regime():
    assert {recipe.get(name).split for name in recipe.NAMES} == set(Regime)
    assert all(recipe.get(regime.value).split is regime for regime in Regime if regime is not Regime.UNSEEN_BOTH)


def test_a_recipe_from_before_there_were_regimes_reads_as_what_it_did():
    values = Recipe("old").to_dict()
    for name in ("split", "aggregator", "vote_rule"):
        del values[name]
    assert Recipe.from_dict(values) == Recipe("old", split=Regime.UNSEEN_BOTH, aggregator=Aggregator.TRIMMED_MEAN)


def test_only_a_trimmed_mean_needs_something_left_after_trimming():
    assert Recipe("x", min_ratings=2, aggregator=Aggregator.MEAN).trimmed == 0
    assert Recipe("x", min_ratings=2, aggregator=Aggregator.MEDIAN).trimmed == 2
    assert Recipe("x").trimmed == 1


@pytest.mark.parametrize("name", recipe.NAMES)
def test_named_recipes_follow_the_papers_protocol(name):
    found = recipe.get(name)
    assert (found.raters_per_pair, found.min_ratings, found.trim, found.votes_needed) == (5, 5, 1, 3)
    assert found.band == (0.4, 0.6)


def test_the_demo_recipe_holds_out_more_so_that_unseen_both_is_not_a_handful():
    assert recipe.get("demo").shares[2] ** 2 * 600 > 30
    assert recipe.get("default").shares[2] ** 2 * 600 < 15


def test_an_unknown_recipe_name_lists_those_there_are():
    with pytest.raises(RecipeError, match=r"no recipe 'paper'. There are: default, demo"):
        recipe.get("paper")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "needs a name"),
        ({"name": "Has Spaces"}, "name 'Has Spaces'"),
        ({"name": "x", "colour": 1}, "Unknown field colour"),
        ({"name": "x", "trim": 3}, "leaves none to average"),
        ({"name": "x", "trim": -1}, "trim -1"),
        ({"name": "x", "trim": -1, "aggregator": "mean"}, "trim -1"),
        ({"name": "x", "aggregator": "mode"}, "not one of trimmed mean, mean, median"),
        ({"name": "x", "aggregator": "rater model"}, "rests on its own ratings alone"),
        ({"name": "x", "split": "random"}, "not one of pair, unseen-painting, unseen-track, unseen-both"),
        ({"name": "x", "vote_rule": "dice"}, "not one of majority, unanimous"),
        ({"name": "x", "trim": 1.0}, "not a whole number"),
        ({"name": "x", "raters_per_pair": True}, "not a whole number"),
        ({"name": "x", "min_ratings": 6}, "min_ratings 6"),
        ({"name": "x", "min_ratings": 0}, "min_ratings 0"),
        ({"name": "x", "band": [0.6, 0.4]}, "low <= high"),
        ({"name": "x", "band": [0.1]}, "two numbers"),
        ({"name": "x", "band": "0.4-0.6"}, "not a list of numbers"),
        ({"name": "x", "shares": [0.5, 0.5, 0.5]}, "add up to 1"),
        ({"name": "x", "shares": [0.0, 0.5, 0.5]}, "something left to train on"),
        ({"name": "x", "shares": [0.5, 0.5]}, "three numbers"),
        ({"name": "x", "shares": [float("nan"), 0.5, 0.5]}, "three numbers"),
        ({"name": "x", "votes_needed": 0}, "votes_needed 0"),
        ({"name": "x", "salt": ""}, "salt"),
        ({"name": "x", "media": "all"}, "'all' is not one of none, previews, full"),
        ({"name": "x", "rater_ids": "real"}, "not one of pseudonymous, absent"),
        ({"name": "x", "arrays": 1}, "neither true nor false"),
        ({"name": "x", "ratings_licence": "a\nb"}, "SPDX"),
    ],
)
def test_a_bad_recipe_says_which_field_and_why(values, words):
    with pytest.raises(RecipeError, match=words):
        Recipe.from_dict(values)


@pytest.mark.parametrize("text", ["{", "[]", '"default"'])
def test_a_text_that_is_no_recipe_is_refused(text):
    with pytest.raises(RecipeError, match="JSON object"):
        Recipe.from_json(text)
