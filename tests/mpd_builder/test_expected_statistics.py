"""Every figure about ratings that the real annotation sets beside a checkout publish comes out of our functions."""

import csv
import json
from collections import defaultdict
from statistics import fmean

import pytest

from mpd_builder.aggregation import aggregate, trimmed_mean
from mpd_builder.preferences import decide
from mpd_builder.records import Choice, Direction, PreferenceTask, Rating, Vote
from mpd_builder.reliability import krippendorff_alpha

# What the file knows about ratings and this package does not offer: other levels, intraclass correlations.
NOT_OURS = {"krippendorff_alpha_ordinal", "krippendorff_alpha_ratio", "population_sd_of_all_scores"}


@pytest.fixture(scope="module")
def annotations(shared_corpus):
    return shared_corpus / "annotations"


@pytest.fixture(scope="module")
def expected(annotations):
    with (annotations / "expected_statistics.json").open() as file:
        return json.load(file)


def read_ratings(path):
    """Item -> {rater: score}, from either form of rating files."""
    scores: dict[str, dict[str, float]] = defaultdict(dict)
    with path.open() as file:
        for row in csv.DictReader(file):
            item = row.pop("item")
            answers = {row["rater"]: row["score"]} if "score" in row else row
            scores[item].update({rater: float(score) for rater, score in answers.items() if score})
    return dict(scores)


def statistics_of(scores):
    """Each statistic that we offer, under the file's name for it."""
    units = [item for item, answers in scores.items() for _ in answers]
    values = [score for answers in scores.values() for score in answers.values()]
    trimmed = [trimmed_mean(list(answers.values())) for answers in scores.values() if len(answers) >= 3]
    population, sample = dispersions_of(scores)
    sizes = [len(answers) for answers in scores.values()]
    return {
        "krippendorff_alpha_nominal": krippendorff_alpha(units, values, level="nominal").value,
        "krippendorff_alpha_interval": krippendorff_alpha(units, values, level="interval").value,
        "mean_over_items_of_mean_without_one_lowest_and_one_highest": fmean(trimmed),
        "first_three_of_those_item_values": trimmed[:3],
        "items_with_3_or_more_ratings": len(trimmed),
        "mean_over_items_of_sd_population": fmean(population),
        "mean_over_items_of_sd_sample": fmean(sample),
        "mean_over_items_of_item_mean": fmean(trimmed_mean(list(each.values()), trim=0) for each in scores.values()),
        "mean_over_items_of_standard_error_of_the_mean": fmean(
            row / size**0.5 for row, size in zip(sample, sizes, strict=False)
        ),
        "fewest_and_most_ratings_of_an_item": [min(sizes), max(sizes)],
    }


def dispersions_of(scores):
    """Population and sample dispersion of each item, by `aggregate`, which wants scores in [0, 1]."""
    values = [score for answers in scores.values() for score in answers.values()]
    lowest, width = min(values), max(values) - min(values)
    ratings = [
        Rating(item, rater, (score - lowest) / width)
        for item, answers in scores.items()
        for rater, score in answers.items()
    ]
    consensus = {row.pair_id: row for row in aggregate(ratings, raters_per_pair=2, trim=0)}
    rows = [consensus[item] for item in scores if item in consensus]
    return [row.dispersion * width for row in rows], [row.sample_dispersion * width for row in rows]


def figures(section):
    """The single figures of `published` or `computed`, nested ones included."""
    for key, value in section.items():
        if isinstance(value, dict) and key.startswith("from_"):
            yield from figures(value)
        elif not key.startswith(("reference_values", "known")) and key not in NOT_OURS:
            yield key, value


def decimals(figure):
    return max(len(str(value).partition(".")[2]) for value in (figure if isinstance(figure, list) else [figure]))


def test_all_figures_about_ratings_come_out(annotations, expected):
    checked, wrong = [], []
    for name, entry in expected.items():
        if not name.startswith("ratings_"):
            continue
        ours = statistics_of(read_ratings(annotations / name))
        for section in ("published", "computed"):
            for key, figure in figures(entry[section]):
                if key == "fewest_and_most_ratings_of_a_rater":
                    continue
                checked.append((name, section, key))
                close = pytest.approx(figure, abs=0.51 * 10.0 ** -min(decimals(figure), 9), rel=0)
                if ours[key] != close:
                    wrong.append(f"{name}: {section} {key} is {figure}, not {ours[key]}")
    assert not wrong
    assert sum(key.startswith("krippendorff_alpha") for _, _, key in checked) >= 13
    assert sum("lowest" in key for _, _, key in checked) >= 8


def test_majorities_of_real_comparisons_come_out(annotations, expected):
    figures_of_file = expected["pairs_soundquality.csv"]["computed"]
    tasks: dict[tuple[str, str, str], PreferenceTask] = {}
    votes = []
    with (annotations / "pairs_soundquality.csv").open() as file:
        for number, row in enumerate(csv.DictReader(file)):
            a, b = sorted((row["option_a"], row["option_b"]))
            key = (row["programme"], a, b)
            tasks.setdefault(key, PreferenceTask("/".join(key), Direction.MUSIC_TO_PAINTING, row["programme"], a, b))
            choice = Choice.A if row["preferred"] == a else Choice.B
            votes.append(Vote(tasks[key].id, f"judgement {number}", choice, Choice.A))
    outcomes = decide(tasks.values(), votes)
    shares = [max(each.votes_a, each.votes_b) / (each.votes_a + each.votes_b) for each in outcomes]
    assert len(outcomes) == figures_of_file["questions"]
    assert sum(each.winner is not None for each in outcomes) == figures_of_file["questions_with_a_strict_majority"]
    assert sum(share >= 2 / 3 for share in shares) == figures_of_file["questions_with_at_least_two_thirds"]
    assert fmean(shares) == pytest.approx(figures_of_file["mean_share_of_the_majority"], abs=1e-6)
