"""Sentences about a recipe: each rule that a recipe can choose has its own."""

from dataclasses import replace

import pytest

from mpd_builder.rules import Aggregator, VoteRule
from mpd_builder.sides import Regime
from mpd_builder.snapshot import AlphaFact, PreferenceFact, Recipe
from mpd_builder.snapshot.papers import About, cautions, statements
from mpd_builder.snapshot.papers.about import alpha_words, counted, listed
from tests.mpd_builder.small_snapshot import facts

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


def about(recipe=RECIPE, **changes):
    return About(
        recipe=recipe,
        facts=replace(facts(), **changes),
        created_on=None,
        code_version="0.1.0",
        tables={},
        arrays={},
        files={},
    )


def test_ratings_an_item_are_a_range_where_the_recipe_takes_fewer():
    assert statements.per_item(about()).startswith("5 ratings a pair")
    assert statements.per_item(about(replace(RECIPE, min_ratings=3))).startswith("3 to 5 ratings a pair")


def test_votes_are_spoken_of_only_where_there_are_tasks():
    assert "at least 3 votes a preference task" in statements.per_item(about())
    none = {direction: PreferenceFact(0, 0, 0) for direction in ("music->painting", "painting->music")}
    assert "vote" not in statements.per_item(about(preferences=none))


def test_the_most_frequent_come_first_and_the_rest_is_counted_together():
    counts = {"b": 2, "a_c": 2, "": 5, "d": 1}
    assert statements.ranked(counts, clean=str) == "not stated (5), a c (2), b (2), d (1)"
    assert statements.ranked(counts, clean=str, most=2) == "not stated (5), a c (2), 2 others (3)"


def test_the_most_frequent_is_named_only_if_there_is_one():
    told = cautions.imbalances(about(styles={"a": 3, "b": 2, "": 9}).facts, clean=str)
    assert told[0] == "The most frequent of 2 styles, a, has 3 of 5 paintings (60.0%) that state one."
    assert "most frequent" not in cautions.imbalances(about(styles={"a": 3, "b": 3}).facts, clean=str)[0]
    assert "most frequent" not in cautions.imbalances(about(styles={"a": 3, "": 9}).facts, clean=str)[0]


def test_one_is_not_many():
    assert alpha_words(AlphaFact(0.5, None, None, 1, 3), unit="task", value="vote") == "0.500; 3 votes of 1 task"
    assert counted(1, "pair") == "1 pair"
    assert counted(1200, "pair") == "1,200 pairs"
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
