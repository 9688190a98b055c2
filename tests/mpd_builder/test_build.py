import hashlib
import json
import statistics
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from mpd_builder import snapshot
from mpd_builder.build import build, build_snapshot
from mpd_builder.facts import histogram
from mpd_builder.judgments import JudgmentsError
from mpd_builder.records import Direction, Judgments
from mpd_builder.rules import Aggregator, VoteRule
from mpd_builder.sides import Regime
from mpd_builder.snapshot import MediaChoice, RaterIds, Recipe
from tests.mpd_builder.small_judgments import shuffled, small_judgments
from tests.mpd_builder.small_snapshot import SmallMedia

REPO_ROOT = Path(__file__).resolve().parents[2]
RECIPE = Recipe("half", shares=(0.5, 0.2, 0.3))
TABLES_ONLY = Recipe("tables", media=MediaChoice.NONE, arrays=False, shares=(0.5, 0.2, 0.3))


def write(judgments, out_dir, recipe=RECIPE):
    return build_snapshot(
        judgments, recipe, media=SmallMedia(), out_dir=out_dir, created_on=date(2026, 1, 15), code_version="0.1.0"
    )


def rows(table):
    return table.to_pylist()


@pytest.fixture(scope="module")
def judgments():
    return small_judgments()


@pytest.fixture(scope="module")
def dataset(judgments):
    return build(judgments, RECIPE)


def all_pairs(dataset):
    return [row for table in dataset.pairs.values() for row in rows(table)]


def test_the_order_of_the_records_changes_no_byte(tmp_path, judgments):
    digests = {write(judgments, tmp_path / "a").digest}
    digests |= {write(shuffled(judgments, seed), tmp_path / f"shuffled{seed}").digest for seed in range(3)}
    assert len(digests) == 1


def test_another_judgment_changes_the_digest(tmp_path, judgments):
    first = judgments.ratings[0]
    other = replace(judgments, ratings=(replace(first, value=1.0 - first.value), *judgments.ratings[1:]))
    assert write(judgments, tmp_path / "a").digest != write(other, tmp_path / "b").digest


def test_every_field_of_the_recipe_that_decides_contents_changes_the_digest(tmp_path, judgments):
    recipes = [RECIPE, replace(RECIPE, salt="other"), replace(RECIPE, trim=2), replace(RECIPE, band=(0.3, 0.7))]
    recipes += [replace(RECIPE, rater_ids=RaterIds.ABSENT), replace(RECIPE, media=MediaChoice.NONE)]
    recipes += [replace(RECIPE, split=Regime.PAIR), replace(RECIPE, vote_rule=VoteRule.UNANIMOUS)]
    recipes += [replace(RECIPE, aggregator=Aggregator.MEAN)]
    digests = {write(judgments, tmp_path / str(number), recipe).digest for number, recipe in enumerate(recipes)}
    assert len(digests) == len(recipes)


_BUILD_ELSEWHERE = """
import sys
from datetime import date
from pathlib import Path
from mpd_builder.build import build_snapshot
from tests.mpd_builder.small_judgments import shuffled, small_judgments
from tests.mpd_builder.small_snapshot import SmallMedia
from tests.mpd_builder.test_build import RECIPE
sealed = build_snapshot(shuffled(small_judgments(), int(sys.argv[2])), RECIPE, media=SmallMedia(),
                        out_dir=Path(sys.argv[1]), created_on=date(2026, 1, 15), code_version="0.1.0")
print(sealed.digest)
"""


def test_other_processes_with_other_hash_seeds_and_clocks_write_the_same_bytes(tmp_path, judgments):
    here = write(judgments, tmp_path / "here").digest
    for seed, zone in (("1", "Asia/Tokyo"), ("4242", "America/Lima")):
        ran = subprocess.run(
            [sys.executable, "-c", _BUILD_ELSEWHERE, str(tmp_path / seed), seed],
            env={"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            cwd=REPO_ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.strip() == here


def test_scores_are_the_trimmed_means_of_the_stored_ratings(dataset):
    values = {}
    for row in rows(dataset.ratings):
        values.setdefault(row["pair_id"], []).append(row["value"])
    assert len(all_pairs(dataset)) == 60
    for row in all_pairs(dataset):
        ratings = sorted(values[row["pair_id"]])
        assert row["n_ratings"] == len(ratings) == 5
        assert row["score"] == pytest.approx(statistics.fmean(ratings[1:-1]), abs=1e-9)
        assert row["dispersion"] == pytest.approx(statistics.pstdev(ratings), abs=1e-9)
        assert row["sample_dispersion"] == pytest.approx(statistics.stdev(ratings), abs=1e-9)
        assert row["ambiguous"] == (0.4 <= row["score"] <= 0.6)


def test_tables_are_sorted_by_their_keys_and_rows_are_numbered(dataset):
    for table, key in ((dataset.ratings, ("pair_id", "rater_id")), (dataset.preferences, ("task_id",))):
        keys = [tuple(row[name] for name in key) for row in rows(table)]
        assert keys == sorted(keys)
        assert keys
    for table, key in ((dataset.paintings, "painting_id"), (dataset.clips, "clip_id")):
        assert [row[key] for row in rows(table)] == sorted(row[key] for row in rows(table))
        assert [row["row"] for row in rows(table)] == list(range(table.num_rows))


def test_a_pair_is_in_a_split_only_if_painting_and_track_agree(dataset):
    seen = set()
    for split, table in dataset.pairs.items():
        for row in rows(table):
            agree = row["split_painting"] == row["split_track"]
            assert row["split"] == split == (row["split_painting"] if agree else "cross")
            seen.add(split)
    assert seen == {"train", "validation", "test", "cross"}


@pytest.mark.parametrize("regime", Regime)
def test_every_regime_can_be_had_by_a_filter_from_a_snapshot_of_any_other(judgments, regime):
    built = build(judgments, replace(RECIPE, split=regime))
    by_pair = {row["pair_id"]: row for row in all_pairs(build(judgments, RECIPE))}
    filters = {
        Regime.PAIR: lambda row: row["split_pair"],
        Regime.UNSEEN_PAINTING: lambda row: row["split_painting"],
        Regime.UNSEEN_TRACK: lambda row: row["split_track"],
        Regime.UNSEEN_BOTH: lambda row: (
            row["split_painting"] if row["split_painting"] == row["split_track"] else "cross"
        ),
    }
    found = all_pairs(built)
    assert {row["split"] for row in found} > {"train", "test"}
    for split, table in built.pairs.items():
        for row in rows(table):
            assert row["split"] == split == filters[regime](row)
            assert row == by_pair[row["pair_id"]] | {"split": split}, "all but the file is the same"
    assert built.facts.pairs == {split: table.num_rows for split, table in built.pairs.items()}
    assert (built.facts.pairs["cross"] > 0) == (regime is Regime.UNSEEN_BOTH)
    split_of = {row["pair_id"]: row["split"] for row in found}
    for row in rows(built.preferences):
        sides = {split_of[row["pair_a"]], split_of[row["pair_b"]]}
        assert row["split"] == (sides.pop() if len(sides) == 1 else "cross")


def test_what_is_alike_is_one_work_on_one_side_until_somebody_parts_it(judgments):
    splits = {row["painting_id"]: row["split"] for row in rows(build(judgments, RECIPE).paintings)}
    tested, learned = (next(item for item, side in splits.items() if side == name) for name in ("test", "train"))
    link = ((tested, learned),)
    for change, work in (
        ({"same_works": link}, min(tested, learned)),
        ({"alike": link}, min(tested, learned)),
        ({"kept_together": link}, learned),
    ):
        built = build(replace(judgments, **change), RECIPE)
        row = next(row for row in rows(built.paintings) if row["painting_id"] == learned)
        assert row["split"] == "test"
        assert row["work"] == work
        listed = built.facts.same_works["paintings"], built.facts.alike["paintings"]
        assert listed == (
            [sorted(*link)] if "same_works" in change else [],
            [sorted(*link)] if "alike" in change else [],
        )


def test_clips_carry_the_work_of_their_track(judgments):
    first, second = (track.id for track in judgments.tracks[:2])
    clips = rows(build(replace(judgments, alike=((second, first),)), RECIPE).clips)
    assert {row["work"] for row in clips if row["track_id"] in (first, second)} == {min(first, second)}
    assert all(row["work"] == row["track_id"] for row in clips if row["track_id"] not in (first, second))


@pytest.mark.parametrize(
    ("aggregator", "average"), [(Aggregator.MEAN, statistics.fmean), (Aggregator.MEDIAN, statistics.median)]
)
def test_the_recipes_aggregator_makes_the_scores(judgments, aggregator, average):
    built = build(judgments, replace(RECIPE, aggregator=aggregator))
    values: dict[str, list[float]] = {}
    for row in rows(built.ratings):
        values.setdefault(row["pair_id"], []).append(row["value"])
    for row in all_pairs(built):
        assert row["score"] == pytest.approx(average(values[row["pair_id"]]), abs=1e-9)
        assert row["ambiguous"] == (0.4 <= row["score"] <= 0.6)


def test_the_recipes_vote_rule_decides_the_preferences(judgments):
    by_majority = rows(build(judgments, RECIPE).preferences)
    by_all = rows(build(judgments, replace(RECIPE, vote_rule=VoteRule.UNANIMOUS)).preferences)
    assert [row["task_id"] for row in by_all] == [row["task_id"] for row in by_majority]
    assert 0 < sum(row["unanimous"] for row in by_majority) < len(by_majority)
    for majority, unanimous in zip(by_majority, by_all, strict=True):
        assert unanimous["winner"] == (majority["winner"] if majority["unanimous"] else None)
        assert unanimous["unanimous"] == majority["unanimous"]


def test_no_painting_and_no_track_is_in_two_splits(dataset):
    for item in ("painting", "track"):
        splits = {}
        for row in all_pairs(dataset):
            splits.setdefault(row[f"{item}_id"], set()).add(row[f"split_{item}"])
        assert all(len(found) == 1 for found in splits.values())
    for table, key in ((dataset.paintings, "painting_id"), (dataset.clips, "clip_id")):
        of_item = {row[key]: row["split"] for row in rows(table)}
        name = "split_painting" if key == "painting_id" else "split_track"
        assert all(of_item[row[key]] == row[name] for row in all_pairs(dataset))


def test_preferences_follow_their_pairs(dataset):
    split_of = {row["pair_id"]: row["split"] for row in all_pairs(dataset)}
    found = rows(dataset.preferences)
    for row in found:
        splits = {split_of[row["pair_a"]], split_of[row["pair_b"]]}
        assert row["split"] == (splits.pop() if len(splits) == 1 else "cross")
        assert row["votes_a"] + row["votes_b"] == 3
        assert row["winner"] == ("a" if row["votes_a"] > row["votes_b"] else "b")
        assert row["unanimous"] == (0 in (row["votes_a"], row["votes_b"]))
    assert {row["direction"] for row in found} == {direction.value for direction in Direction}
    assert {row["split"] for row in found} > {"cross"}


def test_pairs_with_too_few_ratings_are_left_out_with_all_that_hangs_on_them(judgments):
    thin = judgments.tasks[0].pair_a
    kept = [rating for rating in judgments.ratings if rating.pair_id != thin]
    one_less = [rating for rating in judgments.ratings if rating.pair_id == thin][1:]
    fewer = replace(judgments, ratings=(*kept, *one_less))
    dataset = build(fewer, RECIPE)
    assert thin not in {row["pair_id"] for row in all_pairs(dataset)}
    assert thin not in {row["pair_id"] for row in rows(dataset.ratings)}
    assert all(thin not in (row["pair_a"], row["pair_b"]) for row in rows(dataset.preferences))
    assert (dataset.facts.incomplete_pairs, dataset.facts.ratings) == (1, len(kept))
    assert len(all_pairs(build(fewer, replace(RECIPE, min_ratings=4)))) == 60


def tasks_of(dataset):
    return {row["task_id"] for row in rows(dataset.preferences)}


def test_tasks_with_too_few_votes_are_left_out(judgments):
    first = judgments.tasks[0].id
    votes = tuple(vote for vote in judgments.votes if vote.task_id != first)
    assert tasks_of(build(replace(judgments, votes=votes), RECIPE)) == {task.id for task in judgments.tasks} - {first}


def test_tasks_whose_pairs_are_not_ambiguous_are_left_out(judgments):
    narrow = build(judgments, replace(RECIPE, band=(0.48, 0.52)))
    scores = {row["pair_id"]: row["score"] for row in all_pairs(narrow)}
    both_inside = {
        task.id for task in judgments.tasks if all(0.48 <= scores[name] <= 0.52 for name in (task.pair_a, task.pair_b))
    }
    assert tasks_of(narrow) == both_inside
    assert 0 < len(both_inside) < len(judgments.tasks)


def test_items_that_no_pair_uses_are_left_out(judgments):
    shown = {judgments.pairs[0].painting_id}
    pairs = tuple(pair for pair in judgments.pairs if pair.painting_id in shown)
    ids = {pair.id for pair in pairs}
    ratings = tuple(rating for rating in judgments.ratings if rating.pair_id in ids)
    dataset = build(replace(judgments, pairs=pairs, ratings=ratings, tasks=(), votes=()), RECIPE)
    assert {row["painting_id"] for row in rows(dataset.paintings)} == shown
    assert {row["clip_id"] for row in rows(dataset.clips)} == {pair.clip_id for pair in pairs}


def test_facts_count_what_the_tables_hold(dataset):
    facts = dataset.facts
    assert facts.n_pairs == 60 == sum(facts.score_histogram)
    assert facts.pairs == {split: table.num_rows for split, table in dataset.pairs.items()}
    assert (facts.ratings, facts.raters, facts.simulated_raters) == (300, 9, 2)
    assert facts.ambiguous_pairs == sum(row["ambiguous"] for row in all_pairs(dataset))
    assert facts.licences == {"paintings": {"CC0-1.0": 14}, "tracks": {"CC-BY-4.0": 6}}
    assert (facts.alpha.n_units, facts.alpha.n_ratings) == (60, 300)
    assert 0.8 < facts.alpha.low < facts.alpha.value < facts.alpha.high < 1.0
    assert facts.dispersion.mean == pytest.approx(
        statistics.fmean(row["dispersion"] for row in all_pairs(dataset)), abs=1e-6
    )
    assert sum(fact.tasks for fact in facts.preferences.values()) == dataset.preferences.num_rows
    assert facts.synthetic == "2 of 9 raters"


def test_a_histogram_bin_is_closed_below_and_the_last_on_both_sides():
    values = np.array([0.0, 0.0999, 0.1, 0.5, 0.99, 1.0])
    assert histogram(values, bins=10, top=1.0) == (2, 1, 0, 0, 0, 1, 0, 0, 0, 2)


def test_without_rater_ids_neither_names_nor_order_give_raters_away(judgments):
    recipe = replace(RECIPE, rater_ids=RaterIds.ABSENT)
    swap = {"R2": "R3", "R3": "R2"}
    swapped = replace(
        judgments,
        ratings=tuple(
            replace(rating, rater_id=swap.get(rating.rater_id, rating.rater_id)) for rating in judgments.ratings
        ),
        votes=(),
        tasks=(),
    )
    dataset = build(replace(judgments, votes=(), tasks=()), recipe)
    assert dataset.raters.num_rows == 0
    assert {row["rater_id"] for row in rows(dataset.ratings)} == {None}
    assert dataset.ratings.equals(build(swapped, recipe).ratings)


def test_a_built_snapshot_reads_back(tmp_path, judgments, dataset):
    sealed = write(judgments, tmp_path / "s")
    data = snapshot.read(tmp_path / "s")
    assert data.digest == sealed.digest
    assert list(data.pairs["pair_id"]) == sorted(row["pair_id"] for row in all_pairs(dataset))
    assert data.arrays().paintings_u8.shape == (14, 256, 256, 3)
    assert data.manifest["facts"] == dataset.facts.to_dict()


def test_nothing_of_a_rater_but_the_pseudonym_and_the_answers_is_in_the_tables(dataset):
    assert dataset.raters.column_names == ["rater_id", "n_ratings", "simulated"]


def test_no_judgments_at_all_make_an_empty_dataset():
    dataset = build(Judgments(), TABLES_ONLY)
    assert dataset.facts.n_pairs == 0
    assert dataset.facts.alpha.value is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda j: {"ratings": (*j.ratings, j.ratings[0])}, "comes more than once"),
        (lambda j: {"paintings": (*j.paintings, j.paintings[0])}, "The painting p_.* comes more than once"),
        (lambda j: {"ratings": (replace(j.ratings[0], value=1.2), *j.ratings[1:])}, "not a number from 0 to 1"),
        (lambda j: {"ratings": (replace(j.ratings[0], value=float("nan")), *j.ratings[1:])}, "is nan"),
        (
            lambda j: {"ratings": (replace(j.ratings[0], pair_id="p.c"), *j.ratings[1:])},
            "the pair p.c, which is not there",
        ),
        (lambda j: {"paintings": j.paintings[1:]}, "shows the painting"),
        (lambda j: {"clips": j.clips[1:]}, "plays the clip"),
        (lambda j: {"tracks": j.tracks[1:]}, "is cut from the track"),
        (lambda j: {"pairs": (replace(j.pairs[0], id="odd"), *j.pairs[1:])}, "not named for its painting"),
        (lambda j: {"tasks": j.tasks[1:]}, "A vote by .* which is not there"),
        (lambda j: {"votes": (*j.votes, j.votes[0])}, "The vote .* comes more than once"),
        (lambda j: {"tasks": (replace(j.tasks[0], query_id="c_z"), *j.tasks[1:])}, "do not share its query"),
        (lambda j: {"tasks": (replace(j.tasks[0], pair_b="p.c"), *j.tasks[1:])}, "compares the pair p.c"),
        (
            lambda j: {"tasks": (replace(j.tasks[0], pair_b=j.tasks[0].pair_a), *j.tasks[1:])},
            "do not share its query",
        ),
        (
            lambda j: {"ratings": (*j.ratings, *(replace(j.ratings[0], rater_id=f"new{n}") for n in range(2)))},
            "has 7 ratings, but the recipe says 5",
        ),
    ],
)
def test_judgments_that_contradict_each_other_are_refused_by_name(judgments, change, words):
    with pytest.raises(JudgmentsError, match=words):
        build(replace(judgments, **change(judgments)), RECIPE)


SPLITS_OF_SMALL_JUDGMENTS = "92b41972d0e7c40e4a8b8cde50eb1a5e35c12be813e7a245eaab412689fc4b71"
"""SHA-256 of the splits below as the code before verdicts on same works made them."""


def test_without_verdicts_on_same_works_the_splits_are_those_that_always_were(judgments):
    names = ("pair_id", "split", "split_painting", "split_track")
    splits = sorted(tuple(row[name] for name in names) for row in all_pairs(build(judgments, RECIPE)))
    assert hashlib.sha256(json.dumps(splits).encode()).hexdigest() == SPLITS_OF_SMALL_JUDGMENTS


def test_verdicts_on_works_that_are_not_here_change_no_byte(tmp_path, judgments):
    elsewhere = replace(judgments, same_works=(("p_" + "f" * 16, "p_" + "e" * 16), ("t_" + "f" * 16, "t_" + "e" * 16)))
    assert write(judgments, tmp_path / "a").digest == write(elsewhere, tmp_path / "b").digest


def test_the_same_works_are_kept_together_counted_and_listed(tmp_path, judgments):
    ids = [painting.id for painting in judgments.paintings]
    verdicts = tuple((ids[0], other) for other in ids[1:8])
    together = replace(judgments, same_works=verdicts)
    assert (
        len({row["split_painting"] for row in all_pairs(build(judgments, RECIPE)) if row["painting_id"] in ids[:8]}) > 1
    )
    assert (
        len({row["split_painting"] for row in all_pairs(build(together, RECIPE)) if row["painting_id"] in ids[:8]}) == 1
    )
    write(together, tmp_path / "s")
    assert "1 work among the paintings" in (tmp_path / "s" / "README.md").read_text()
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    assert manifest["facts"]["same_works"] == {"paintings": [sorted(ids[:8])], "tracks": []}
    mirrored = replace(together, same_works=tuple((second, first) for first, second in reversed(verdicts)))
    assert write(mirrored, tmp_path / "mirrored").digest == snapshot.verify(tmp_path / "s").digest


def test_a_painting_and_a_track_are_never_the_same_work(judgments):
    crossed = replace(judgments, same_works=((judgments.paintings[0].id, judgments.tracks[0].id),))
    with pytest.raises(JudgmentsError, match="one is a painting, one a track"):
        build(crossed, RECIPE)


def test_playback_loudness_is_a_fact_and_on_the_card(tmp_path, judgments):
    first, second, *others = judgments.clips
    clips = (
        replace(first, loudness_lufs=-40.0, true_peak_dbtp=-10.0),  # would need 17 dB, its peak allows 9
        replace(second, loudness_lufs=-12.5, true_peak_dbtp=0.2),
        *others,
    )
    write(replace(judgments, clips=clips, playback_lufs=-23.0), tmp_path / "s")
    facts = json.loads((tmp_path / "s" / "manifest.json").read_text())["facts"]
    assert (facts["playback_lufs"], facts["held_back_clips"], facts["unmeasured_clips"]) == (-23.0, 1, 10)
    card = (tmp_path / "s" / "README.md").read_text()
    assert "played at -23 LUFS" in card
    assert "1 of 12 clips stayed softer" in card
    assert "The loudness of 10 clips is not known" in card
    data = snapshot.read(tmp_path / "s").clips.set_index("clip_id")
    assert data.loc[first.id, "loudness_lufs"] == -40.0
    assert data.loc[first.id, "true_peak_dbtp"] == -10.0
    assert data["loudness_lufs"].isna().sum() == 10


def test_without_normalisation_the_card_says_so(tmp_path, judgments):
    write(judgments, tmp_path / "s")
    card = (tmp_path / "s" / "README.md").read_text()
    assert "without loudness normalisation" in card
    assert "clips were played at" not in card


def test_valence_and_arousal_of_a_track_are_with_each_of_its_clips(judgments):
    first, *others = judgments.tracks
    told = replace(judgments, tracks=(replace(first, valence=6.25, arousal=3.5), *others))
    clips = rows(build(told, RECIPE).clips)
    assert {(row["valence"], row["arousal"]) for row in clips if row["track_id"] == first.id} == {(6.25, 3.5)}
    assert {(row["valence"], row["arousal"]) for row in clips if row["track_id"] != first.id} == {(None, None)}
