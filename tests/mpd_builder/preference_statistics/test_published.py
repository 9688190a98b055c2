"""Every figure about preferences that the real annotation sets beside a checkout publish comes out of our functions."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from mpd_builder.preference_statistics import Ballots, agreement, ballots, bradley_terry, query_scales, transitivity
from mpd_builder.preferences import decide
from mpd_builder.records import Choice, PreferenceTask, Vote
from tests.mpd_builder.preference_statistics.small_votes import M2P

Wins = Counter[tuple[str, str]]
Figures = dict[str, Any]


@pytest.fixture(scope="module")
def annotations(shared_corpus: Path) -> Path:
    return shared_corpus / "annotations"


@pytest.fixture(scope="module")
def expected(annotations: Path) -> Figures:
    found: Figures = json.loads((annotations / "expected_statistics.json").read_text())
    return found


def judgements(path: Path) -> Iterator[dict[str, str]]:
    with path.open() as file:
        yield from csv.DictReader(file)


def wins_in(path: Path) -> dict[tuple[str, str], float]:
    """(winner, loser) -> count of a file, ties as half a win for each."""
    wins: defaultdict[tuple[str, str], float] = defaultdict(float)
    for row in judgements(path):
        if "win1" in row:
            wins[row["cited_a"], row["cited_b"]] += float(row["win1"])
            wins[row["cited_b"], row["cited_a"]] += float(row["win2"])
            continue
        a, b, preferred = row["option_a"], row["option_b"], row["preferred"]
        assert preferred in (a, b, "tie", "")
        if preferred in (a, b):
            wins[preferred, b if preferred == a else a] += 1
        elif preferred == "tie":
            wins[a, b] += 0.5
            wins[b, a] += 0.5
    return dict(wins)


def votes_in(path: Path, query: str | None) -> tuple[list[PreferenceTask], list[Vote]]:
    """A file's judgements as votes on tasks; the column `query` is what is asked about. Each judge votes once here."""
    tasks: dict[tuple[str, str, str], PreferenceTask] = {}
    votes = []
    for number, row in enumerate(judgements(path)):
        a, b = sorted((row["option_a"], row["option_b"]))
        asked = (row[query] if query else "all", a, b)
        tasks.setdefault(asked, PreferenceTask("/".join(asked), M2P, asked[0], a, b))
        choice = Choice.A if row["preferred"] == a else Choice.B
        votes.append(Vote(tasks[asked].id, f"judgement {number}", choice, Choice.A))
    return list(tasks.values()), votes


def sound_quality(path: Path) -> Figures:
    [scale] = query_scales(ballots(*votes_in(path, None)), prior=None)
    outcomes = decide(*votes_in(path, "programme"))
    shares = [outcome.agreement for outcome in outcomes if outcome.agreement is not None]
    return {
        "bradley_terry_worth_all_programmes": dict(zip(scale.scale.items, scale.scale.worths(), strict=True)),
        "questions": len(outcomes),
        "questions_with_a_strict_majority": sum(outcome.winner is not None for outcome in outcomes),
        "questions_with_at_least_two_thirds": sum(share >= 2 / 3 for share in shares),
        "mean_share_of_the_majority": fmean(shares),
    }


def citations(path: Path) -> Figures:
    [scale] = bradley_terry(wins_in(path))
    against = scale.against("Biometrika")
    assert scale.degrees == 3
    return {
        "Turner and Firth 2012, log ability against Biometrika": against,
        "deviance": scale.deviance,
        "log_ability": against,
    }


def schools(path: Path) -> Figures:
    [scale] = bradley_terry(wins_in(path))
    answers = Counter(row["preferred"] for row in judgements(path))
    assert scale.n_votes == sum(answers.values()) - answers[""]
    return {
        "log_ability_with_a_tie_counted_as_half_a_win_each, Barcelona = 0": scale.against("Barcelona"),
        "ties": answers["tie"],
        "missing": answers[""],
    }


def sharpened_images(path: Path) -> Figures:
    scales = query_scales(ballots(*votes_in(path, "content")), prior=None)
    return {
        "bradley_terry_worth_within_each_photograph": {
            each.query_id: dict(zip(each.scale.items, each.scale.worths(), strict=True)) for each in scales
        }
    }


OURS = {
    "pairs_soundquality.csv": sound_quality,
    "pairs_citations.csv": citations,
    "pairs_cems_schools.csv": schools,
    "pairs_sharpened_images.csv": sharpened_images,
}


def leaves(figures: Figures, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    for key, value in figures.items():
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value


def decimals(figure: float) -> int:
    return len(str(figure).partition(".")[2])


def test_every_published_figure_about_preferences_comes_out(annotations: Path, expected: Figures) -> None:
    wrong, checked = [], 0
    for name, entry in expected.items():
        if not name.startswith("pairs_"):
            continue
        ours = dict(leaves(OURS[name](annotations / name)))
        for section in ("published", "computed"):
            for key, figure in leaves(entry[section]):
                checked += 1
                if ours[key] != pytest.approx(figure, abs=0.51 * 10.0 ** -decimals(figure), rel=0):
                    wrong.append(f"{name}: {section} {key} is {figure}, not {ours[key]}")
    assert not wrong
    assert checked >= 68


def test_photographs_that_no_comparison_links_have_five_scales(annotations: Path) -> None:
    scales = bradley_terry(wins_in(annotations / "pairs_sharpened_images.csv"))
    assert [len(scale.items) for scale in scales] == [8] * 5
    assert all(scale.is_bounded for scale in scales)


@pytest.fixture(scope="module")
def listeners(annotations: Path) -> Ballots:
    return ballots(*votes_in(annotations / "pairs_soundquality.csv", "programme"))


def test_real_listeners_agree_beyond_chance_and_have_few_cycles(listeners: Ballots) -> None:
    """No published figure; what must be so: 40 listeners who hear the same differences are far from coin tossing."""
    found = agreement(listeners)
    assert found.alpha.low is not None
    assert found.alpha.low > 0.1
    assert found.kept.value == 1.0
    cycles = transitivity(listeners)
    assert cycles.n_triads == 4 * 56  # eight modes, four programmes, all compared
    assert cycles.share is not None
    assert cycles.share < 0.05
    assert all(query.consistence is not None and query.consistence > 0.8 for query in cycles.queries)
