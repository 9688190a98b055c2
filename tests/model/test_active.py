"""Label-efficiency studies: what a curve measures, what a method may not see, and what the figures of a study say."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from model import data
from model.__main__ import main
from model.acquisition import Method
from model.active import commands, curves, pages, study
from model.active.condensing import condensed
from model.active.learners import RIDGES, HeadOnly, Retrained, ridge
from model.active.plan import AMOUNTS, Plan, StudyError, study_config
from model.active.plot import LINE, _apart
from model.active.study import Curve, Point
from model.data import Dataset, Media
from model.encoders import MelInput, PixelInput
from model.scoring import score_pairs
from tests.model.factories import micro_config, planted_dataset

CPU = torch.device("cpu")
SMALL = {"start": 40, "batch": 10, "rounds": 2, "pool": 60, "measured": 12, "members": 2, "steps": 4}


@pytest.fixture(scope="module")
def rated() -> Dataset:
    """All 432 pairs of 24 paintings and 18 clips rated by five; 154 of them are training pairs."""
    return planted_dataset(pairs=24 * 18, is_rated=True)


def planned(**changes: Any) -> Plan:
    config = micro_config(optim={"regression_steps": 2, "preference_steps": 0, "batch": 16})
    return Plan(config, **{**SMALL, "seeds": (3,), **changes})


def run(plan: Plan, dataset: Dataset, out: Path, **changes: Any) -> list[Curve]:
    return study.run(plan, dataset, dataset.media(plan.config, CPU), out_dir=out, clock=time.perf_counter, **changes)


@pytest.mark.parametrize("mode", ["retrain", "head"])
def test_every_method_starts_from_the_same_model_and_pays_five_votes_a_pair(
    rated: Dataset, tmp_path: Path, mode: Any
) -> None:
    found = run(planned(mode=mode), rated, tmp_path)
    assert [curve.method for curve in found] == list(Method)
    assert len({curve.points[0] for curve in found}) == 1
    for curve in found:
        assert [(point.pairs, point.votes) for point in curve.points] == [(40, 200), (50, 250), (60, 300)]
        assert all(-1 <= point.srcc <= 1 and point.rmse > 0 for point in curve.points)
    assert len({curve.points[1:] for curve in found}) == len(Method)


def test_a_study_repeats_itself_to_the_bit(rated: Dataset, tmp_path: Path) -> None:
    plan = planned(methods=(Method.RANDOM, Method.LCMD))
    assert run(plan, rated, tmp_path / "once") == run(plan, rated, tmp_path / "again")


def test_what_is_finished_is_not_done_again(rated: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(methods=(Method.RANDOM, Method.BAND), mode="head")
    stops = iter([False, True])
    assert len(run(plan, rated, tmp_path, should_stop=lambda: next(stops))) == 1
    first = (tmp_path / "seed-3" / "random.json").read_bytes()
    whole = run(plan, rated, tmp_path)
    assert (tmp_path / "seed-3" / "random.json").read_bytes() == first

    def never(*arguments: Any, **settings: Any) -> Iterator[Point]:
        raise AssertionError("done again")

    monkeypatch.setattr(study, "rounds", never)
    assert run(plan, rated, tmp_path) == whole
    assert run(replace(plan, methods=(Method.BAND,)), rated, tmp_path) == whole[1:]
    with pytest.raises(StudyError, match="another study \\(its batch differ\\)"):
        run(replace(plan, batch=11), rated, tmp_path)


@pytest.mark.parametrize("method", list(Method))
def test_no_method_sees_a_score_that_it_did_not_ask_for(rated: Dataset, method: Method) -> None:
    """With every other training score gone, and the test's kept for measuring, all points are the same."""
    plan = planned(mode="head")
    media, asked = rated.media(plan.config, CPU), set()

    def points(dataset: Dataset) -> list[Point]:
        draw = study.drawn(plan, dataset, 3)
        whole = Retrained(plan, dataset, media, seed=3, clock=time.perf_counter, shared=draw.start)
        whole.learn(draw.start)
        learner = HeadOnly(whole.inputs, dataset.pairs.score, seed=3)
        original = learner.learn

        def learn(labelled: Any, *, members: int) -> None:
            asked.update(labelled.tolist())
            original(labelled, members=members)

        learner.learn = learn  # type: ignore[method-assign]
        return list(study.rounds(plan, dataset, method, draw, learner, seed=3))

    seen = points(rated)
    hidden = rated.pairs.score.copy()
    hidden[np.setdiff1d(np.flatnonzero(rated.train), sorted(asked))] = np.nan
    assert np.isnan(hidden).sum() == rated.train.sum() - 60
    assert points(replace(rated, pairs=replace(rated.pairs, score=hidden))) == seen


def test_start_pool_and_test_have_nothing_in_common(rated: Dataset) -> None:
    draws = [study.drawn(planned(), rated, seed) for seed in (0, 1)]
    for draw in draws:
        assert (len(draw.start), len(draw.pool)) == (40, 60)
        assert len(np.unique(np.concatenate([draw.start, draw.pool, draw.test]))) == 100 + len(draw.test)
        assert rated.train[draw.start].all()
        assert rated.train[draw.pool].all()
        assert rated.protocols[rated.regime][draw.test].all()
    assert np.array_equal(draws[0].test, draws[1].test)
    assert not np.array_equal(draws[0].start, draws[1].start)


def test_a_round_goes_on_from_the_weights_of_the_one_before(rated: Dataset) -> None:
    """With steps that change nothing the features stay, and a new start is the start again."""
    plan = planned()
    still = replace(plan, config=replace(plan.config, optim=replace(plan.config.optim, lr=1e-12, weight_decay=0.0)))
    draw, media = study.drawn(plan, rated, 3), rated.media(plan.config, CPU)
    learner = Retrained(plan, rated, media, seed=3, clock=time.perf_counter, shared=draw.start)
    learner.learn(draw.start)
    begun, answered = learner.inputs(draw.test), learner.answer(draw.test).score
    learner._plan = still
    learner.learn(draw.pool)
    np.testing.assert_allclose(learner.inputs(draw.test), begun, atol=1e-4)
    learner._plan = plan
    learner.learn(draw.pool)
    assert np.abs(learner.inputs(draw.test) - begun).max() > 1e-2
    learner.learn(draw.start)
    assert np.array_equal(learner.answer(draw.test).score, answered)


def test_an_ensemble_is_the_learner_and_others_of_other_seeds(rated: Dataset) -> None:
    plan = planned()
    draw, media = study.drawn(plan, rated, 3), rated.media(plan.config, CPU)
    learner = Retrained(plan, rated, media, seed=3, clock=time.perf_counter, shared=draw.start)
    learner.learn(draw.start, members=3)
    opinions = learner.opinions(draw.test)
    assert np.array_equal(opinions[0], learner.answer(draw.test).score)
    assert len(np.unique(opinions, axis=0)) == 3


def test_inputs_are_what_the_head_turns_into_the_logit(rated: Dataset) -> None:
    plan = planned()
    draw, media = study.drawn(plan, rated, 3), rated.media(plan.config, CPU)
    learner = Retrained(plan, rated, media, seed=3, clock=time.perf_counter, shared=draw.start)
    learner.learn(draw.start)
    module, pairs = learner._states[0].judge, rated.pairs.take(draw.test)
    logit = score_pairs(module, media, pairs.painting, pairs.clip, batch=64).logit
    weights = torch.cat([module.head.weight[0], module.head.bias]).detach().double().numpy()
    np.testing.assert_allclose(learner.inputs(draw.test) @ weights, logit, atol=1e-5)


@pytest.mark.parametrize(("count", "width"), [(40, 6), (5, 8)])
def test_ridge_is_the_least_of_generalised_cross_validation_by_the_hat_matrix(count: int, width: int) -> None:
    generator = np.random.default_rng(count)
    features, score = generator.normal(size=(count, width)), generator.normal(size=count)

    def error(strength: float) -> float:
        hat = features @ np.linalg.solve(features.T @ features + strength * np.eye(width), features.T)
        residual = score - hat @ score
        return float(count * residual @ residual / (count - np.trace(hat)) ** 2)

    strength = min(RIDGES, key=error)
    gram = features.T @ features + strength * np.eye(width)
    weights, posterior = ridge(features, score)
    np.testing.assert_allclose(weights, np.linalg.solve(gram, features.T @ score), atol=1e-8)
    hat = features @ np.linalg.solve(gram, features.T)
    noise = float(np.square(score - hat @ score).sum() / (count - np.trace(hat)))
    assert posterior.noise == pytest.approx(noise)
    np.testing.assert_allclose(posterior.covariance, noise * np.linalg.inv(gram), rtol=1e-6)


def test_condensed_media_are_what_the_encoders_would_see() -> None:
    dataset = planted_dataset()
    config = micro_config(music={"band_pool": 2, "frame_pool": 4}, painting={"pool": 2, "patch": 2})
    small, media = condensed(config, dataset)
    assert media.paintings_u8.shape[1:] == (8, 8, 3)
    assert media.mels_f16.shape[1:] == (8, 8)
    rows, dtype = np.arange(4), torch.float32

    def seen(settings: Any, source: Dataset) -> tuple[torch.Tensor, torch.Tensor]:
        held = Media(source.paintings_u8, source.mels_f16, CPU)
        return (
            PixelInput(settings.painting)(held.paintings(rows), dtype),
            MelInput(settings.music)(held.mels(rows), dtype),
        )

    for before, after in zip(seen(config, dataset), seen(small, media), strict=True):
        torch.testing.assert_close(after, before, atol=0.01, rtol=0)


def curve(method: Method, seed: int, *srcc: float) -> Curve:
    points = [Point(100 * (n + 1), 500 * (n + 1), value, 0.3 - value / 10) for n, value in enumerate(srcc)]
    return Curve(method, seed, tuple(points))


FOUND = [
    curve(Method.RANDOM, 0, 0.1, 0.2, 0.3), curve(Method.RANDOM, 1, 0.2, 0.3, 0.4),
    curve(Method.LCMD, 0, 0.1, 0.3, 0.5), curve(Method.LCMD, 1, 0.2, 0.41, 0.58),
    curve(Method.BAND, 0, 0.1, 0.1, 0.1), curve(Method.BAND, 1, 0.2, 0.4, 0.6),
    curve(Method.LCMD, 2, 0.9, 0.9, 0.9),
]  # fmt: skip


def test_areas_and_paired_gains_by_hand() -> None:
    """Areas of lcmd 0.3 and 0.4, of random 0.2 and 0.3, so each gain is 0.1; t(0.975, 1) = 12.706 for the areas."""
    found = curves.summary(FOUND)
    assert found["seeds"] == [0, 1]
    assert found["votes"] == [500, 1000, 1500]
    lcmd = found["methods"]["lcmd"]
    assert lcmd["area"]["srcc"]["value"] == pytest.approx(0.35)
    assert lcmd["area"]["srcc"]["high"] == pytest.approx(0.35 + 12.7062 * 0.05, rel=1e-4)
    assert [point["value"] for point in lcmd["curve"]["srcc"]] == pytest.approx([0.15, 0.355, 0.54])
    assert lcmd["gain"]["srcc"] == {key: pytest.approx(0.1) for key in ("value", "low", "high")}
    assert lcmd["gain"]["rmse"]["value"] == pytest.approx(-0.01)
    assert [point["value"] for point in lcmd["gain_curve"]["srcc"]] == pytest.approx([0.0, 0.105, 0.19])
    assert "gain" not in found["methods"]["random"]
    assert found["beats_random"] == ["lcmd"]


def test_an_area_is_a_mean_over_votes_not_over_rounds() -> None:
    votes = np.array([0.0, 100.0, 1000.0])
    assert curves.area(votes, np.array([0.0, 1.0, 1.0])) == pytest.approx(0.95)
    assert curves.area(votes[:1], np.array([[0.3], [0.4]])) == pytest.approx([0.3, 0.4])


def test_one_seed_has_no_interval_and_beats_nobody() -> None:
    found = curves.summary([each for each in FOUND if each.seed == 0])
    assert found["methods"]["lcmd"]["gain"]["srcc"] == {"value": pytest.approx(0.1), "low": None, "high": None}
    assert found["beats_random"] == []


def described(found: list[Curve]) -> dict[str, Any]:
    return {"snapshot_digest": "d" * 64, "plan": planned().deciding(), "measured": 12, **curves.summary(found)}


def test_the_report_says_who_beats_random_and_by_how_much() -> None:
    text = pages.markdown(described(FOUND))
    assert "gain in area under SRCC: lcmd." in text
    assert "| lcmd | 0.3500 [" in text
    assert "+0.1000 [+0.1000, +0.1000]" in text
    assert "| SRCC after votes | 500 | 1,000 | 1,500 |" in text
    worse = [
        replace(each, points=FOUND[each.seed].points) if each.method is Method.BAND else each for each in FOUND[:2]
    ]
    worse += [curve(Method.BAND, 0, 0.1, 0.1, 0.1), curve(Method.BAND, 1, 0.2, 0.2, 0.2)]
    assert "SRCC: none. Behind it with the whole interval: band." in pages.verdict(described(worse))
    assert "No seed is finished" in pages.markdown(described([]))
    assert "Nothing to compare" in pages.markdown(described(FOUND[:2]))


def test_the_page_draws_every_method_and_runs_nothing() -> None:
    text = pages.page(described(FOUND))
    assert "<script" not in text
    for drawn in text.split("<figure>")[1:]:
        svg = ElementTree.fromstring(drawn[: drawn.index("</svg>") + 6])
        names = [node.text for node in svg.iter("text") if node.get("fill")]
        assert names == (
            ["lcmd", "band"] if "less random" in str(svg.get("aria-label")) else ["random", "lcmd", "band"]
        )
        bars = [node for node in svg.iter("path") if node.get("stroke-opacity")]
        assert len(bars) == (6 if len(names) == 2 else 0)
    assert text.count("<figure>") == 4
    assert pages.page(described(FOUND[:2])).count("<figure>") == 2
    assert "No seed is finished" in pages.page(described([]))


def test_labels_keep_a_line_apart_in_their_order() -> None:
    places = _apart([50.0, 10.0, 51.0, 49.0])
    assert sorted(range(4), key=places.__getitem__) == [1, 3, 0, 2]
    assert np.diff(sorted(places)).min() >= LINE
    assert places[1] == 10.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rounds": 0}, "rounds must be 1 or more"),
        ({"members": 1}, "at least two members"),
        ({"batch": 40}, "2 rounds of 40 pairs want a pool of more than 60"),
        ({"seeds": (1, 1)}, "each once"),
    ],
)
def test_a_study_that_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(StudyError, match=words):
        planned(**changes)


def test_a_snapshot_with_too_few_pairs_is_refused(rated: Dataset) -> None:
    with pytest.raises(StudyError, match="too few for a start of 40 and a pool of 6000"):
        study.drawn(planned(pool=6000), rated, 0)
    nothing = replace(rated, protocols={rated.regime: np.zeros_like(rated.train)})
    with pytest.raises(StudyError, match="0 test pairs"):
        study.drawn(planned(), nothing, 0)


@pytest.fixture
def command(rated: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """`simulate-al --fast` on the planted pairs."""
    monkeypatch.setattr(data, "load", lambda path: rated)
    monkeypatch.setattr(commands, "study_config", lambda recipe, overrides: planned().config)
    amounts = [word for name, count in SMALL.items() for word in (f"--{name}", str(count))]
    return ["simulate-al", "--snapshot", "any", "--out", str(tmp_path), "--device", "cpu", "--fast", *amounts]


def test_a_study_that_is_stopped_keeps_its_curves_and_goes_on(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = study.rounds

    def interrupted(*arguments: Any, **settings: Any) -> Iterator[Point]:
        signal.raise_signal(signal.SIGTERM)
        return rounds(*arguments, **settings)

    monkeypatch.setattr(study, "rounds", interrupted)
    command += ["--seeds", "0", "--methods", "random", "lcmd"]
    assert main(command) == 143
    assert "stopped with 1 curves finished" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "seed-0").iterdir()] == ["random.json"]
    monkeypatch.setattr(study, "rounds", rounds)
    assert main(command) == 0
    assert json.loads((tmp_path / "study.json").read_text())["seeds"] == [0]


def test_the_command_writes_three_reports_and_goes_on_from_what_is_there(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--seeds", "0", "1", "--methods", "random", "coreset", "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    assert printed.err.count("\n") == 4
    assert found == json.loads((tmp_path / "study.json").read_text())
    assert (found["seeds"], found["votes"], list(found["methods"])) == ([0, 1], [200, 250, 300], ["random", "coreset"])
    assert (tmp_path / "study.html").read_text().startswith("<!doctype html>")
    assert main([*command, "--seeds", "0", "1", "2", "--methods", "random", "coreset"]) == 0
    assert capsys.readouterr().out == (tmp_path / "study.md").read_text() + "\n"
    assert main([*command, "--batch", "9"]) == 1
    assert "another study (its batch differ)" in capsys.readouterr().err


def test_the_default_recipe_is_made_small_and_settings_come_last() -> None:
    config = study_config("tiny", {"optim.batch": 8})
    assert (config.optim.preference_steps, config.painting.pool, config.optim.batch) == (0, 8, 8)
    assert study_config("small", {}).painting.pool == 1
    assert set(AMOUNTS) == set(SMALL)
