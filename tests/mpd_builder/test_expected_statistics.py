"""Every figure that the real annotation sets beside a checkout come with is reproduced here: the file is walked.

What the product does not offer is reproduced by loops that share nothing with it: alpha at the ratio level (a scale of
coherence has no true zero), the two-way correlations (our raters differ from pair to pair), and Bradley-Terry scales.
"""

from __future__ import annotations

import csv
import json
import math
from collections import Counter, defaultdict
from statistics import fmean

import numpy as np
import pytest

from mpd_builder.aggregation import score_units
from mpd_builder.preferences import decide
from mpd_builder.records import Choice, Direction, PreferenceTask, Vote
from mpd_builder.reliability import krippendorff_alpha, unit_sums
from mpd_builder.statistics.flags import FlagKind
from mpd_builder.statistics.icc import icc
from mpd_builder.statistics.raters import rater_figures
from mpd_builder.statistics.ratings import rating_table
from tests.mpd_builder.alpha_by_definition import alpha_by_definition
from tests.mpd_builder.annotation_files import read_long
from tests.mpd_builder.variance_analysis import two_way

OUTLIERS = "ratings_nflx_public_79x30_last4_outliers.csv"
# Described in words there, and told apart by a rater's flags below.
IN_WORDS = {(OUTLIERS, "published", "known")}


@pytest.fixture(scope="module")
def annotations(shared_corpus):
    return shared_corpus / "annotations"


@pytest.fixture(scope="module")
def expected(annotations):
    with (annotations / "expected_statistics.json").open() as file:
        return json.load(file)


def figures_of_ratings(path):
    """Each statistic of a file of ratings, under the name that it has there."""
    items, raters, values = read_long(path)
    table = rating_table(items, raters, values)
    order = [table.units_U.tolist().index(item) for item in dict.fromkeys(items)]  # as the file has them
    spread, trimmed = (score_units(table.unit_N, table.value_N, least=n, trim=t) for n, t in ((2, 0), (3, 1)))
    trimmed_of = dict(zip(trimmed.units.tolist(), trimmed.trimmed.tolist(), strict=True))
    in_order = [trimmed_of[item] for item in order if item in trimmed_of]
    correlations = icc(unit_sums(table.unit_N, table.value_N), k=table.n_raters)
    sizes, loads = Counter(items), Counter(raters)
    return {
        **{
            f"krippendorff_alpha_{level}": krippendorff_alpha(items, values, level=level).value
            for level in ("nominal", "ordinal", "interval")
        },
        "krippendorff_alpha_ratio": alpha_by_definition(items, values, "ratio") if len(set(values)) < 60 else None,
        "mean_over_items_of_sd_population": spread.dispersion.mean(),
        "mean_over_items_of_sd_sample": spread.sample_dispersion.mean(),
        "mean_over_items_of_standard_error_of_the_mean": (spread.sample_dispersion / np.sqrt(spread.size)).mean(),
        "mean_over_items_of_item_mean": (np.bincount(table.unit_N, table.value_N) / np.bincount(table.unit_N)).mean(),
        "items_with_3_or_more_ratings": len(trimmed),
        "mean_over_items_of_mean_without_one_lowest_and_one_highest": trimmed.trimmed.mean(),
        "first_three_of_those_item_values": in_order[:3],
        "fewest_and_most_ratings_of_an_item": [min(sizes.values()), max(sizes.values())],
        "fewest_and_most_ratings_of_a_rater": [min(loads.values()), max(loads.values())],
        "population_sd_of_all_scores": np.std(values),
        **_two_way(items, raters, values),
        "ICC1": correlations.single.value,
        "ICC1k": correlations.average.value,
    }


def _two_way(items, raters, values):
    """The correlations of the rows in which nobody is missing."""
    rows = defaultdict(dict)
    for item, rater, value in zip(items, raters, values, strict=True):
        rows[item][rater] = value
    names = sorted(set(raters))
    complete = [[row[name] for name in names] for row in rows.values() if len(row) == len(names)]
    found = two_way(complete) if len(complete) > 1 else {}
    return {**found, "icc_consistency": found.get("ICC3"), "icc_agreement": found.get("ICC2")}


def figures_of_comparisons(path):
    with path.open() as file:
        rows = list(csv.DictReader(file))
    if "win1" in rows[0]:
        return _citations(rows)
    answered = [row for row in rows if row["preferred"] not in ("", "tie")]
    ties, missing = (sum(row["preferred"] == what for row in rows) for what in ("tie", ""))
    found = {"ties": ties, "missing": missing}
    if "programme" in rows[0]:
        found["bradley_terry_worth_all_programmes"] = _worths(_wins(rows))
        found |= _majorities(answered)
    elif ties:
        worths = _worths(_wins(rows))
        found["log_ability_with_a_tie_counted_as_half_a_win_each, Barcelona = 0"] = _abilities(worths, "Barcelona")
    else:
        by_photograph = defaultdict(list)
        for row in rows:
            by_photograph[row["content"]].append(row)
        found["bradley_terry_worth_within_each_photograph"] = {
            name: _worths(_wins(some)) for name, some in by_photograph.items()
        }
    return found


def _wins(rows):
    wins = defaultdict(float)
    for row in rows:
        a, b = row["option_a"], row["option_b"]
        for winner, loser in ((a, b), (b, a)):
            wins[winner, loser] += {winner: 1.0, "tie": 0.5}.get(row["preferred"], 0.0)
    return wins


def _worths(wins):
    """Bradley-Terry worths that add up to 1, by Zermelo's iteration."""
    items = sorted({item for pair in wins for item in pair})
    worth = dict.fromkeys(items, 1.0 / len(items))
    for _ in range(20_000):
        new = {
            a: sum(wins.get((a, b), 0.0) for b in items)
            / sum((wins.get((a, b), 0.0) + wins.get((b, a), 0.0)) / (worth[a] + worth[b]) for b in items if b != a)
            for a in items
        }
        total = sum(new.values())
        new = {item: value / total for item, value in new.items()}
        if max(abs(new[item] - worth[item]) for item in items) < 1e-13:
            break
        worth = new
    return worth


def _abilities(worths, zero):
    return {item: math.log(worth / worths[zero]) for item, worth in worths.items()}


def _citations(rows):
    wins = {}
    for row in rows:
        wins[row["cited_a"], row["cited_b"]] = float(row["win1"])
        wins[row["cited_b"], row["cited_a"]] = float(row["win2"])
    worths = _worths(wins)
    deviance = 0.0
    for (winner, loser), count in wins.items():
        fitted = (count + wins[loser, winner]) * worths[winner] / (worths[winner] + worths[loser])
        deviance += 2 * count * math.log(count / fitted)
    abilities = _abilities(worths, "Biometrika")
    return {
        "log_ability": abilities,
        "Turner and Firth 2012, log ability against Biometrika": abilities,
        "deviance": deviance,
    }


def _majorities(rows):
    tasks: dict[tuple[str, str, str], PreferenceTask] = {}
    votes = []
    for number, row in enumerate(rows):
        a, b = sorted((row["option_a"], row["option_b"]))
        key = (row["programme"], a, b)
        tasks.setdefault(key, PreferenceTask("/".join(key), Direction.MUSIC_TO_PAINTING, row["programme"], a, b))
        choice = Choice.A if row["preferred"] == a else Choice.B
        votes.append(Vote(tasks[key].id, f"judgement {number}", choice, Choice.A))
    outcomes = decide(tasks.values(), votes)
    shares = [max(each.votes_a, each.votes_b) / (each.votes_a + each.votes_b) for each in outcomes]
    return {
        "questions": len(outcomes),
        "questions_with_a_strict_majority": sum(each.winner is not None for each in outcomes),
        "questions_with_at_least_two_thirds": sum(share >= 2 / 3 for share in shares),
        "mean_share_of_the_majority": fmean(shares),
    }


def figures_of_songs(path):
    rows = {}
    for part in sorted(path.parent.glob("static_annotations_averaged_songs_*.csv")):
        with part.open() as file:
            rows[part.name] = list(csv.DictReader(file, skipinitialspace=True))
    found = {"songs in DEAM": sum(map(len, rows.values()))}
    for name in ("valence_mean", "arousal_mean"):
        values = [float(row[name]) for row in rows[path.name]]
        found[name] = [fmean(values), min(values), max(values)]
    return found


def ours_of(path):
    if path.name.startswith("ratings_"):
        return figures_of_ratings(path)
    return figures_of_comparisons(path) if path.name.startswith("pairs_") else figures_of_songs(path)


def leaves(figures, ours):
    """(name, expected, ours) of every single figure; groups of figures that only say where they come from are open."""
    for name, figure in figures.items():
        if isinstance(figure, dict) and name not in ours:
            yield from leaves(figure, ours)
        elif isinstance(figure, dict):
            for inner, one, two in leaves(figure, ours[name]):
                yield f"{name}, {inner}", one, two
        else:
            yield name, figure, ours.get(name)


def as_printed(figure):
    """Equal to as many decimals as are printed."""
    printed = [str(value).partition(".")[2] for value in (figure if isinstance(figure, list) else [figure])]
    return pytest.approx(figure, abs=0.51 * 10.0 ** -min(max(map(len, printed)), 9), rel=0)


def test_every_figure_in_the_file_comes_out(annotations, expected):
    checked, wrong = Counter(), []
    for file, entry in expected.items():
        ours = ours_of(annotations / file)
        for section in ("published", "computed"):
            for name, figure, found in leaves(entry[section], ours):
                if (file, section, name) in IN_WORDS:
                    continue
                checked[section] += 1
                if found is None or found != as_printed(figure):
                    wrong.append(f"{file}: {section} {name} is {figure}, not {found}")
    assert wrong == []
    assert checked == {"published": 22, "computed": sum(checked.values()) - 22}
    assert checked["computed"] > 120


def test_the_known_outliers_are_singled_out_by_their_flags(annotations):
    items, raters, values = read_long(annotations / OUTLIERS)
    table = rating_table(items, raters, (np.array(values) - 1) / 4)
    flagged = [one.rater for one in rater_figures(table) if FlagKind.AGREEMENT in {flag.kind for flag in one.flags}]
    assert flagged == ["r27", "r28", "r29", "r30"]


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("name", ["krippendorff2011_12x4", "expsy_30x3", "wine_bitterness_8x9"])
def test_our_alpha_is_that_of_the_definition(annotations, name, level):
    items, _, values = read_long(annotations / f"ratings_{name}.csv")
    ours = krippendorff_alpha(items, values, level=level).value
    assert ours == pytest.approx(alpha_by_definition(items, values, level), abs=1e-12)
