"""New against active: against a bootstrap written another way, by hand where it can be, and from the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from model import checkpoints, contest, contesting, recipes
from model.__main__ import main
from model.checkpoints import Checkpoint, Identity
from model.contest import Difference, Predictions, Verdict
from model.events import EventWriter, read_events
from model.judge import build
from mpd_builder import snapshot
from mpd_builder.sides import Regime
from mpd_builder.snapshot import Recipe
from tests.model.factories import micro_config, planted_dataset
from tests.mpd_builder.small_snapshot import write_small

NOTHING = np.zeros(0)


def noisy(score: np.ndarray, spread: float, seed: int) -> Predictions:
    """A model that errs by so much; of tasks it says nothing."""
    return Predictions(score + np.random.default_rng(seed).normal(0, spread, len(score)), NOTHING, NOTHING)


def srcc_of(n: int, low: float | None, high: float | None) -> Difference:
    return Difference(n, 0.5, 0.4, 0.1, low, high)


def test_differences_and_intervals_are_those_of_another_implementation() -> None:
    """Ranks, correlations and quantiles by scipy and a plain loop; the resamples are drawn as documented."""
    score = np.random.default_rng(1).uniform(size=40).round(1)  # rounded: ties
    new, other = noisy(score, 0.1, 2), noisy(score, 0.4, 3)
    found = contest.differences(new, other, score, resamples=200, seed=7)
    draws = np.random.default_rng(7).integers(0, 40, size=(200, 40))

    def srcc(predicted: np.ndarray, rows: np.ndarray) -> float:
        return float(stats.pearsonr(stats.rankdata(predicted[rows]), stats.rankdata(score[rows])).statistic)

    def mae(predicted: np.ndarray, rows: np.ndarray) -> float:
        return float(np.mean([abs(predicted[row] - score[row]) for row in rows]))

    for name, figure in {"srcc": srcc, "mae": mae}.items():
        gains = sorted(figure(new.score_N, rows) - figure(other.score_N, rows) for rows in draws)
        everything = np.arange(40)
        assert found[name].new == pytest.approx(figure(new.score_N, everything))
        assert found[name].difference == pytest.approx(
            figure(new.score_N, everything) - figure(other.score_N, everything)
        )
        # The quantile at 2.5 % of 200 sorted values lies between the 5th and the 6th, near the former.
        assert found[name].low == pytest.approx(gains[4] + 0.975 * (gains[5] - gains[4]))
        assert found[name].high == pytest.approx(gains[194] + 0.025 * (gains[195] - gains[194]))


def test_preferences_are_resampled_by_task() -> None:
    """New: three of four right. Other: one of four, and a tie counts half: 0.75 against 0.375."""
    new = Predictions(NOTHING, np.array([1.0, 1.0, 1.0, 0.0]), np.array([0.0, 0.0, 0.0, 1.0]))
    other = Predictions(NOTHING, np.array([1.0, 0.5, 0.0, 0.0]), np.array([0.0, 0.5, 1.0, 1.0]))
    found = contest.differences(new, other, NOTHING, resamples=100, seed=0)["preferences"]
    assert (found.n, found.new, found.other, found.difference) == (4, 0.75, 0.375, 0.375)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.375 < found.high <= 1.0


def test_a_model_that_says_the_same_of_all_pairs_orders_nothing() -> None:
    score = np.linspace(0, 1, 30)
    same = Predictions(np.full(30, 0.5), NOTHING, NOTHING)
    found = contest.differences(noisy(score, 0.1, 1), same, score, resamples=200)["srcc"]
    assert found.other == 0.0
    assert contest.verdict(found) is Verdict.BETTER
    assert contest.verdict(contest.differences(same, noisy(score, 0.1, 1), score)["srcc"]) is Verdict.WORSE


def test_human_scores_that_are_all_alike_tell_nothing() -> None:
    alike = np.full(30, 0.5)
    found = contest.differences(noisy(alike, 0.1, 1), noisy(alike, 0.1, 2), alike, resamples=50)["srcc"]
    assert (found.difference, found.low) == (None, None)
    assert contest.verdict(found) is Verdict.NOT_TOLD_APART


@pytest.mark.parametrize(
    ("srcc", "given"),
    [
        (srcc_of(20, 0.001, 0.2), Verdict.BETTER),
        (srcc_of(19, 0.001, 0.2), Verdict.NOT_TOLD_APART),  # too few pairs
        (srcc_of(20, 0.0, 0.2), Verdict.NOT_TOLD_APART),
        (srcc_of(20, -0.2, -0.001), Verdict.WORSE),
        (srcc_of(20, None, None), Verdict.NOT_TOLD_APART),
    ],
)
def test_the_verdict_is_the_intervals(srcc: Difference, given: Verdict) -> None:
    assert contest.verdict(srcc, least=20) is given


def test_equal_models_are_seldom_told_apart() -> None:
    """Two models with errors of one size: of 60 contests about 3 may end with a verdict by chance, 11 hardly."""
    told = 0
    for seed in range(60):
        score = np.random.default_rng(seed).uniform(size=60)
        found = contest.differences(noisy(score, 0.3, 1000 + seed), noisy(score, 0.3, 2000 + seed), score, resamples=80)
        told += contest.verdict(found["srcc"]) is not Verdict.NOT_TOLD_APART
    assert told < 11


def test_better_means_better_than_every_opponent() -> None:
    better, apart, worse = Verdict.BETTER, Verdict.NOT_TOLD_APART, Verdict.WORSE
    assert contest.overall([better, better]) is better
    assert contest.overall([better, apart]) is apart
    assert contest.overall([better, apart, worse]) is worse
    assert contest.overall([]) is apart


# --- Of models on a snapshot ------------------------------------------------------------------------------------------
def contestant(**changes: object) -> contesting.Contestant:
    """A model that has learned nothing, by a seed of its own; the dataset as `planted_dataset` makes it."""
    torch.manual_seed(int(changes.pop("seed", 0)))  # type: ignore[call-overload]
    config = micro_config()
    checkpoint = Checkpoint(build(config).eval(), config, Identity("d" * 64, 0, "test"), 0, {})
    return contesting.Contestant(checkpoint, replace(planted_dataset(), **changes))  # type: ignore[arg-type]


def hold(new: contesting.Contestant, against: contesting.Contestant | None, folder: Path) -> dict:
    with EventWriter(folder / "events.jsonl", clock=lambda: 0.0) as events:
        return contesting.hold(new, against, device=torch.device("cpu"), least=5, resamples=50, seed=0, events=events)


def test_only_pairs_that_neither_has_seen_are_measured(tmp_path: Path) -> None:
    whole = planted_dataset()
    both = whole.protocols[Regime.UNSEEN_BOTH]
    seen = np.flatnonzero(both)[:3]
    known = both.copy()
    known[seen] = False
    new = contestant()
    against = contestant(
        seed=1,
        protocols={**whole.protocols, Regime.UNSEEN_BOTH: known},
        left_out={Regime.UNSEEN_BOTH: 3},
    )
    found = hold(new, against, tmp_path)
    assert (found["regime"], found["n"], found["left_out"]) == ("unseen-both", int(both.sum()) - 3, 3)
    assert found["opponents"]["the active model"]["regimes"]["unseen-both"]["srcc"]["n"] == int(both.sum()) - 3
    assert set(found["regimes"]) == {"unseen-both", "unseen-painting", "unseen-track"}
    kinds = [event["event"] for event in read_events(tmp_path / "events.jsonl")]
    assert (kinds[0], kinds[-1]) == ("start", "end")
    mirrored = hold(against, new, tmp_path)
    assert (mirrored["n"], mirrored["left_out"]) == (found["n"], 3)


def test_the_result_is_told_in_a_sentence_or_two() -> None:
    srcc = srcc_of(240, 0.031, 0.118).to_dict() | {"new": 0.412, "other": 0.337, "difference": 0.075}
    row = {"verdict": "better", "regimes": {"pair": {"srcc": srcc}}}
    found = {"n": 240, "left_out": 12, "least": 20, "regime": "pair", "opponents": {"the active model": row}}
    assert contest.words(found) == (
        "Better than the active model: SRCC 0.412 against 0.337, a difference of +0.075 (+0.031 to +0.118). "
        "240 held-out pairs that neither has seen; 12 more were left out."
    )
    row["verdict"] = "not told apart"
    assert contest.words(found | {"left_out": 0}) == (
        "Not told apart from the active model: SRCC 0.412 against 0.337, a difference of +0.075 (+0.031 to +0.118). "
        "240 held-out pairs that neither has seen."
    )


def test_of_several_opponents_the_nearest_is_named() -> None:
    def opponent(verdict: Verdict, low: float | None) -> dict[str, object]:
        return {"verdict": verdict.value, "regimes": {"pair": {"srcc": srcc_of(80, low, 0.3).to_dict()}}}

    rest = {"n": 80, "left_out": 0, "least": 20, "regime": "pair"}
    both = {"“constant”": opponent(Verdict.BETTER, 0.2), "“additive”": opponent(Verdict.BETTER, 0.05)}
    told = contest.words(rest | {"opponents": both})
    assert told.startswith("Better than each of 2. Better than “additive”: SRCC 0.500 against 0.400")
    both["“additive”"] = opponent(Verdict.NOT_TOLD_APART, None)
    assert contest.words(rest | {"opponents": both}).startswith(
        "Not told apart from “additive”: the difference in SRCC"
    )


def test_a_model_is_not_told_apart_from_itself(tmp_path: Path) -> None:
    found = hold(contestant(), contestant(), tmp_path)
    srcc = found["opponents"]["the active model"]["regimes"]["unseen-both"]["srcc"]
    assert (srcc["difference"], srcc["low"], srcc["high"], found["verdict"]) == (0, 0, 0, "not told apart")


def test_two_regimes_with_nothing_in_common_are_refused(tmp_path: Path) -> None:
    pairs = planted_dataset()
    of_pair = contestant(regime=Regime.PAIR, protocols={Regime.PAIR: pairs.train})
    with pytest.raises(contesting.ContestError, match="trained under pair and the other under unseen-both"):
        hold(of_pair, contestant(), tmp_path)


def test_without_an_opponent_the_trivial_rows_are_it(tmp_path: Path) -> None:
    found = hold(contestant(), None, tmp_path)
    assert list(found["opponents"]) == ["“constant”", "“painting mean”", "“clip mean”", "“additive”"]
    assert found["against"] is None
    assert found["opponents"]["“constant”"]["regimes"]["unseen-both"]["srcc"]["other"] == 0.0


# --- On the command line ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two snapshots of the same pairs, under two digests."""
    folder = tmp_path_factory.mktemp("contest")
    return write_small(folder / "first").path, write_small(folder / "second", recipe=Recipe("other")).path


def saved(folder: Path, trained_on: Path, *, seed: int) -> Path:
    """A checkpoint of an untrained `tiny` that says it was trained on a snapshot."""
    torch.manual_seed(seed)
    folder.mkdir()
    identity = Identity(snapshot.read(trained_on).digest, seed, "test")
    checkpoints.save(folder, build(recipes.get("tiny")), identity=identity, step=1, posterior={})
    return folder


def test_the_command_asks_for_the_snapshot_of_each_model_and_writes_its_result(
    snapshots: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = snapshots
    old, new = saved(tmp_path / "old", first, seed=1), saved(tmp_path / "new", second, seed=2)
    out = tmp_path / "out" / "contest.json"
    command = ["contest", "--checkpoint", str(new), "--against", str(old), "--snapshot", str(second)]
    command += ["--out", str(out), "--device", "cpu", "--resamples", "20"]
    assert main(command) == 2
    assert "add --against-trained-on" in capsys.readouterr().err
    assert main([*command, "--against-trained-on", str(second)]) == 2
    assert "--against-trained-on is the snapshot" in capsys.readouterr().err
    assert main([*command, "--against-trained-on", str(first), "--json"]) == 0
    found = json.loads(out.read_text())
    assert json.loads(capsys.readouterr().out) == found
    assert (found["new"]["seed"], found["against"]["seed"], found["n"]) == (2, 1, 1)
    assert found["verdict"] == "not told apart"
    assert found["words"].startswith("Not told apart: only 1 held-out pair that neither has seen, and 20 are needed")
    assert read_events(out.parent / "events.jsonl")[-1]["event"] == "end"
    assert main(["contest", "--checkpoint", str(old), "--snapshot", str(first), "--out", str(out)]) == 0
    assert "only 1 held-out pair that" in capsys.readouterr().out
