"""Two snapshots of one campaign that went on, side by side; each change is planted, and counted by hand."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from mpd_builder import snapshot
from mpd_builder.__main__ import main
from mpd_builder.aggregation import trimmed_mean
from mpd_builder.build import build_snapshot
from mpd_builder.comparison import Counts, ItemKind, Kinship, compare, in_words
from mpd_builder.rules import VoteRule
from mpd_builder.sides import Regime
from mpd_builder.snapshot import MediaChoice, RaterIds, Recipe
from mpd_builder.splits import Shares, Splits
from tests.mpd_builder.resealed import as_version
from tests.mpd_builder.small_judgments import shuffled, small_judgments
from tests.mpd_builder.small_snapshot import write_small

RECIPE = Recipe("half", shares=(0.5, 0.2, 0.3), media=MediaChoice.NONE, arrays=False)


def write(out_dir, judgments, recipe=RECIPE, **arguments):
    build_snapshot(
        judgments, recipe, media=None, out_dir=out_dir, **{"created_on": None, "code_version": "0.1.0"} | arguments
    )
    return snapshot.read(out_dir)


def without_pairs(judgments, pair_ids):
    tasks = tuple(task for task in judgments.tasks if not {task.pair_a, task.pair_b} & pair_ids)
    kept = {task.id for task in tasks}
    return replace(
        judgments,
        pairs=tuple(pair for pair in judgments.pairs if pair.id not in pair_ids),
        ratings=tuple(rating for rating in judgments.ratings if rating.pair_id not in pair_ids),
        tasks=tasks,
        votes=tuple(vote for vote in judgments.votes if vote.task_id in kept),
    )


class Story:
    """What happened between the two: named, so that the tests can count it."""

    def __init__(self):
        whole = small_judgments()
        scores = {pair.id: score_of(whole, pair.id) for pair in whole.pairs}
        asked = {pair_id for task in whole.tasks for pair_id in (task.pair_a, task.pair_b)}
        self.late = {pair.id for pair in whole.pairs if pair.id not in asked and scores[pair.id] > 0.6}
        self.raised = min(pair_id for pair_id, score in scores.items() if score < 0.4)
        paintings = [item.id for item in whole.paintings if not self.raised.startswith(item.id)]
        self.withdrawn, self.hidden, self.renamed = paintings[:3]
        self.gone = {pair.id for pair in whole.pairs if pair.painting_id == self.withdrawn}
        self.flipped = next(
            task.id
            for task in whole.tasks
            if not {task.pair_a, task.pair_b} & self.gone
            and Counter(vote.choice for vote in whole.votes if vote.task_id == task.id).most_common(1)[0][1] == 2
        )
        sides = {item: side for item, side in splits_of(whole).items() if item in paintings[3:]}
        self.held, self.learned = (next(i for i, side in sides.items() if side == s) for s in ("test", "train"))
        self.whole = whole
        self.before = without_pairs(whole, self.late)
        later = without_pairs(whole, self.gone)
        self.after = replace(
            later,
            ratings=tuple(replace(each, value=0.9) if each.pair_id == self.raised else each for each in later.ratings),
            paintings=tuple(self.painting(each) for each in later.paintings),
            votes=tuple(self.vote(each) for each in later.votes),
            alike=((self.held, self.learned),),
        )

    def painting(self, each):
        changes = {self.hidden: {"may_publish": False}, self.renamed: {"title": "Another title"}}
        return replace(each, **changes.get(each.id, {}))

    def vote(self, each):
        other = {"a": "b", "b": "a"}[each.choice]
        return replace(each, choice=type(each.choice)(other)) if each.task_id == self.flipped else each


def score_of(judgments, pair_id):
    return trimmed_mean([rating.value for rating in judgments.ratings if rating.pair_id == pair_id])


def splits_of(judgments):
    splits = Splits(shares=Shares(*RECIPE.shares), salt=RECIPE.salt)
    return {item.id: splits.of_item(item.id).value for item in judgments.paintings}


@pytest.fixture(scope="module")
def story():
    return Story()


@pytest.fixture(scope="module")
def two(story, tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    return write(folder / "before", story.before), write(folder / "after", story.after, code_version="0.2.0")


@pytest.fixture(scope="module")
def found(two):
    return compare(*two)


def test_pairs_that_came_went_and_stayed_are_counted(story, found):
    assert story.late
    assert story.gone
    n_before, n_after = len(story.before.pairs), len(story.after.pairs)
    kept = len({pair.id for pair in story.before.pairs} & {pair.id for pair in story.after.pairs})
    assert found.pairs == Counts(n_before, n_after, added=n_after - kept, removed=n_before - kept, kept=kept)
    assert found.kinship is Kinship.SAME_JUDGMENTS
    assert (found.before.pairs, found.after.pairs) == (n_before, n_after)


def test_the_one_pair_whose_score_changed_is_the_only_mover(story, found):
    scores = found.scores
    was = score_of(story.whole, story.raised)
    [mover] = scores.movers
    assert (mover.pair_id, mover.before, mover.after, mover.n_before, mover.n_after) == (story.raised, was, 0.9, 5, 5)
    assert mover.change == pytest.approx(0.9 - was)
    assert mover.painting.startswith("painting")
    assert mover.music.startswith("track")
    assert (scores.n_kept, scores.n_changed) == (found.pairs.kept, 1)
    assert scores.mean_change == scores.mean_absolute == pytest.approx((0.9 - was) / found.pairs.kept)
    assert scores.largest == mover.change
    assert len(scores.edges) == len(scores.counts) + 1
    [place] = [place for place, count in enumerate(scores.counts) if count]
    assert scores.edges[place] <= mover.change <= scores.edges[place + 1]
    assert scores.edges[len(scores.counts) // 2] == -scores.edges[len(scores.counts) // 2 + 1], "one is centred on 0"


def test_crossings_of_the_band_are_counted(story, found):
    kept = {pair.id for pair in story.before.pairs} & {pair.id for pair in story.after.pairs}
    ambiguous = {name for name in kept if 0.4 <= score_of(story.whole, name) <= 0.6}
    bands = found.bands
    assert (bands.came_in, bands.went_out, bands.went_across, bands.stayed) == (0, 0, 1, len(ambiguous))


def test_a_band_that_the_recipe_moved_is_crossed_by_scores_that_did_not(story, two, tmp_path):
    wider = write(tmp_path / "s", story.before, replace(RECIPE, band=(0.0, 1.0)))
    bands = compare(two[0], wider).bands
    assert bands.came_in == sum(not 0.4 <= score_of(story.whole, pair.id) <= 0.6 for pair in story.before.pairs)
    assert (bands.band_before, bands.band_after) == ((0.4, 0.6), (0.0, 1.0))


def test_items_that_came_went_were_hidden_or_renamed_are_named(story, found):
    assert found.paintings.removed == (story.withdrawn,)
    assert found.paintings.added == ()
    assert found.paintings.restricted == (story.hidden,)
    assert found.paintings.changed == (story.renamed,)
    assert found.paintings.counts == Counts(14, 13, added=0, removed=1, kept=13)
    assert found.tracks.counts == Counts(6, 6, added=0, removed=0, kept=6)


def test_ratings_are_told_apart_by_rater(story, found):
    kept = found.pairs.kept
    assert found.ratings.by_rater
    assert found.ratings.counts == Counts(
        5 * found.pairs.before, 5 * found.pairs.after,
        added=5 * found.pairs.added, removed=5 * found.pairs.removed, kept=5 * kept,
    )  # fmt: skip
    values = [rating.value for rating in story.whole.ratings if rating.pair_id == story.raised]
    assert found.ratings.corrected == sum(value != 0.9 for value in values)
    assert found.raters.counts.kept == 9


def test_without_raters_ratings_are_told_apart_by_what_they_are(story, two, tmp_path):
    nameless = write(tmp_path / "s", story.after, replace(RECIPE, rater_ids=RaterIds.ABSENT))
    told = compare(two[0], nameless)
    assert not told.ratings.by_rater
    assert told.raters.counts is None
    assert told.ratings.counts.kept == 5 * (told.pairs.kept - 1), "all but those of the raised pair"
    assert told.kinship is Kinship.SAME_JUDGMENTS


def test_a_rater_who_withdrew_is_named(story, two, tmp_path):
    kept = {rating.pair_id for rating in story.before.ratings if rating.rater_id == "R3"}
    later = write(tmp_path / "s", without_pairs(story.before, kept))
    told = compare(two[0], later)
    assert (told.raters.removed, told.raters.added) == (("R3",), ())
    assert compare(later, two[0]).raters.added == ("R3",)


def test_a_winner_that_flipped_is_named(story, found):
    assert found.preferences.flipped == (story.flipped,)
    assert (found.preferences.decided, found.preferences.undecided) == (0, 0)
    assert found.preferences.counts.removed == len(story.before.tasks) - found.preferences.counts.kept


def test_winners_that_come_and_go_with_the_rule_are_counted(story, two, tmp_path):
    strict = write(tmp_path / "s", story.before, replace(RECIPE, vote_rule=VoteRule.UNANIMOUS))
    split = int((~two[0].preferences["unanimous"]).sum())
    assert split > 0
    assert compare(two[0], strict).preferences.undecided == split
    assert compare(strict, two[0]).preferences.decided == split


def test_agreement_stands_side_by_side(two, found):
    for side, alpha, dispersion in zip(
        two,
        (found.agreement.alpha_before, found.agreement.alpha_after),
        (found.agreement.dispersion_before, found.agreement.dispersion_after),
        strict=True,
    ):
        assert alpha.value == side.manifest["facts"]["alpha"]["value"]
        assert alpha.low < alpha.value < alpha.high
        assert dispersion.mean == side.manifest["facts"]["dispersion"]["mean"]


def test_an_item_that_is_held_out_now_is_named_and_none_came_nearer_to_training(story, found):
    assert found.splits.comparable
    assert found.splits.towards_train == ()
    [moved] = found.splits.held_out
    assert (moved.kind, moved.id, moved.before, moved.after) == (ItemKind.PAINTING, story.learned, "train", "test")


def test_an_item_that_came_nearer_to_training_is_named_with_a_warning(story, two):
    back = compare(two[1], two[0])
    [moved] = back.splits.towards_train
    assert (moved.id, moved.before, moved.after) == (story.learned, "test", "train")
    assert any("WARNING: 1 item" in line for line in lines_of(back))
    assert not any("WARNING" in line for line in lines_of(compare(*two)))


def test_another_salt_makes_moves_meaningless_and_says_so(story, two, tmp_path):
    other = write(tmp_path / "s", story.before, replace(RECIPE, salt="other"))
    told = compare(two[0], other)
    assert not told.splits.comparable
    assert told.splits.towards_train
    assert not any("WARNING" in line for line in lines_of(told))
    assert any("dealt anew" in line for line in lines_of(told))


def test_pairs_that_changed_files_are_counted(story, two, tmp_path):
    random = write(tmp_path / "s", story.before, replace(RECIPE, split=Regime.PAIR))
    expected = Counter(zip(two[0].pairs["split"], random.pairs["split"], strict=True))
    assert {(was, is_now): number for was, is_now, number in compare(two[0], random).splits.pairs} == expected


def test_settings_and_facts_that_differ_are_listed_by_name(story, two, found, tmp_path):
    assert [(each.name, each.before, each.after) for each in found.settings] == [("code_version", "0.1.0", "0.2.0")]
    facts = {each.name: (each.before, each.after) for each in found.facts}
    assert facts["paintings"] == (14, 13)
    assert facts["restricted.paintings.CC0-1.0"] == (None, 1)
    assert "tracks" not in facts
    other = write(tmp_path / "s", story.before, replace(RECIPE, name="pairs", split=Regime.PAIR))
    settings = {each.name: (each.before, each.after) for each in compare(two[0], other).settings}
    assert settings == {"recipe.name": ("half", "pairs"), "recipe.split": ("unseen-both", "pair")}


# Kinship


def test_a_snapshot_is_identical_with_itself_and_nothing_changed(two):
    told = compare(two[0], two[0])
    assert told.kinship is Kinship.IDENTICAL
    assert told.pairs.added == told.pairs.removed == told.scores.n_changed == told.ratings.corrected == 0
    assert (told.scores.edges, told.scores.counts, told.scores.movers) == ((), (), ())
    assert told.scores.correlation == pytest.approx(1.0)
    assert told.settings == told.facts == ()


def test_the_same_judgments_in_another_order_are_the_same_content(story, two, tmp_path):
    again = write(tmp_path / "s", shuffled(story.before, 3), code_version="0.3.0")
    assert compare(two[0], again).kinship is Kinship.SAME_CONTENT


def test_pairs_that_others_judged_are_told_from_versions_of_one_dataset(two, tmp_path):
    """The same pairs, rated anew, under the same raters' pseudonyms."""
    judged = small_judgments()
    anew = replace(
        judged,
        ratings=tuple(replace(each, value=1 - each.value, played_ms=each.played_ms + 1) for each in judged.ratings),
    )
    assert compare(two[0], write(tmp_path / "s", anew)).kinship is Kinship.OTHER_JUDGMENTS


def test_campaigns_that_share_items_or_nothing_say_so(story, two, tmp_path):
    names = {pair.id for pair in story.before.pairs}
    rest = write(tmp_path / "rest", without_pairs(story.whole, names))
    told = compare(two[0], rest)
    assert told.kinship is Kinship.SAME_ITEMS
    assert (told.pairs.kept, told.scores.n_kept, told.scores.mean_change, told.scores.correlation) == (0, 0, None, None)
    write_small(tmp_path / "strange")
    strangers = compare(two[0], snapshot.read(tmp_path / "strange"))
    assert strangers.kinship is Kinship.UNRELATED
    assert any("They share nothing" in line for line in lines_of(strangers))
    assert {section.title for section in in_words(strangers)} == {"Snapshots", "Agreement", "Settings", "Facts"}


@pytest.mark.parametrize("version", [1, 2])
def test_snapshots_of_earlier_format_versions_are_compared_too(story, two, tmp_path, version):
    write(tmp_path / "old", story.before)
    as_version(tmp_path / "old", version)
    old = snapshot.read(tmp_path / "old")
    told, usual = compare(old, two[1]), compare(*two)
    assert (told.before.format_version, told.after.format_version) == (version, 3)
    assert told.kinship is Kinship.SAME_JUDGMENTS
    for part in ("pairs", "scores", "bands", "clips", "ratings", "raters", "preferences", "splits", "agreement"):
        assert getattr(told, part) == getattr(usual, part), part
    assert told.paintings.changed == usual.paintings.changed, "columns that were filled in are no changes"
    assert {each.name for each in told.settings} == {"code_version", "format_version"}
    assert in_words(told)


# For people and for programs


def lines_of(comparison):
    return [line for section in in_words(comparison) for line in section.lines]


def test_the_dictionary_is_json_and_complete(found):
    values = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert values == found.as_dict()
    assert values["kinship"] == "same judgments"
    assert values["splits"]["held_out"][0]["kind"] == "painting"
    assert values["scores"]["movers"][0]["pair_id"] == found.scores.movers[0].pair_id


def test_the_command_prints_words_or_json(two, found, capsys):
    paths = [str(side.path) for side in two]
    assert main(["compare", *paths]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Snapshots\n  before: ")
    for words in (
        "pairs: ",
        "1 of ",
        "ambiguous band",
        "winners: ",
        "No item came nearer to training.",
        "code_version",
    ):
        assert words in out
    assert main(["compare", *paths, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found.as_dict()


def test_the_command_refuses_what_is_no_snapshot(two, tmp_path, capsys):
    assert main(["compare", str(two[0].path), str(tmp_path / "none")]) == 1
    assert capsys.readouterr() == ("", f"{tmp_path / 'none'}: does not exist\n")


def test_only_so_many_movers_are_named(story, two, tmp_path):
    halved = replace(story.before, ratings=tuple(replace(each, value=each.value / 2) for each in story.before.ratings))
    told = compare(two[0], write(tmp_path / "s", halved), n_movers=7)
    moves = [abs(mover.change) for mover in told.scores.movers]
    assert len(moves) == 7
    assert moves == sorted(moves, reverse=True)
    assert moves[0] == told.scores.largest
    assert sum(told.scores.counts) == told.scores.n_changed > 7
