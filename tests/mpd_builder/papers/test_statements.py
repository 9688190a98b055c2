"""Sentences about a recipe: each rule that a recipe can choose has its own."""

from dataclasses import replace

import pytest

from mpd_builder.rules import Aggregator, VoteRule
from mpd_builder.sides import Regime
from mpd_builder.snapshot import Recipe
from mpd_builder.snapshot.papers import statements

RECIPE = Recipe("default")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "leaves out the 1 lowest and the 1 highest and averages the rest"),
        ({"trim": 0}, "is the mean of all of them"),
        ({"aggregator": Aggregator.MEAN}, "is the mean of all of them"),
        ({"aggregator": Aggregator.MEDIAN}, "is their median"),
        ({"min_ratings": 3}, "taken from 3 ratings on"),
    ],
)
def test_a_score_is_said_to_be_what_the_recipe_makes_of_it(changes, words):
    assert words in statements.scoring(replace(RECIPE, **changes))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (VoteRule.MAJORITY, "a strict majority of at least 3 votes"),
        (VoteRule.UNANIMOUS, "at least 3 votes, all of them for it"),
    ],
)
def test_a_winner_is_said_to_need_what_the_recipe_asks(rule, words):
    assert words in statements.preference_rule(replace(RECIPE, vote_rule=rule))


@pytest.mark.parametrize(
    ("regime", "words"),
    [
        (Regime.PAIR, "may occur in `train` too, with another partner"),
        (Regime.UNSEEN_PAINTING, "no painting of `test` occurs in `train`; the music may"),
        (Regime.UNSEEN_TRACK, "no music of `test` occurs in `train`; the paintings may"),
        (Regime.UNSEEN_BOTH, "nothing that is seen or heard in `train` occurs in `test`"),
    ],
)
def test_each_regime_says_what_it_keeps_apart(regime, words):
    told = statements.split_rule(replace(RECIPE, split=regime))
    assert words in told
    assert "70% train, 15% validation, 15% test" in told
    assert ("`cross`" in told) is (regime is Regime.UNSEEN_BOTH)


def test_ratings_an_item_are_a_range_where_the_recipe_takes_fewer():
    assert statements.per_item(RECIPE).startswith("5 ratings a pair")
    assert statements.per_item(replace(RECIPE, min_ratings=3)).startswith("3 to 5 ratings a pair")


def test_the_most_frequent_come_first_and_the_rest_is_counted_together():
    counts = {"b": 2, "a_c": 2, "": 5, "d": 1}
    assert statements.ranked(counts, clean=str) == "not stated (5), a c (2), b (2), d (1)"
    assert statements.ranked(counts, clean=str, most=2) == "not stated (5), a c (2), 2 others (3)"
