"""Who may be measured on what: against sets of what training has shown, written out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from model import regimes
from model.regimes import Seen
from mpd_builder.sides import Regime

SIDES = ("train", "validation", "test")


def frame() -> pd.DataFrame:
    """400 of the pairs of 30 paintings with 30 tracks, every item and every combination on a side of its own."""
    generator = np.random.default_rng(2)
    painting, track = np.divmod(generator.choice(900, 400, replace=False), 30)
    of_painting, of_track = (generator.choice(SIDES, 30, p=[0.6, 0.15, 0.25]) for _ in range(2))
    return pd.DataFrame(
        {
            "painting": [f"p{number}" for number in painting],
            "track": [f"t{number}" for number in track],
            "painting_work": [f"p{number}" for number in painting],
            "track_work": [f"t{number}" for number in track],
            "split_painting": of_painting[painting],
            "split_track": of_track[track],
            "split_pair": generator.choice(SIDES, 400, p=[0.6, 0.15, 0.25]),
        }
    )


@pytest.mark.parametrize("trained", list(Regime))
def test_no_measured_pair_holds_what_its_regime_calls_new_and_training_has_shown(trained: Regime) -> None:
    pairs = frame()
    train = pairs[regimes.side_under(trained, pairs) == "train"]
    paintings, tracks = set(train["painting"]), set(train["track"])
    combinations = set(zip(train["painting"], train["track"], strict=True))
    found = regimes.held_out(trained, pairs)
    assert next(iter(found)) is trained
    for measured, mask in found.items():
        assert mask.sum() > 10
        for pair in pairs[mask].itertuples():
            if measured in (Regime.UNSEEN_PAINTING, Regime.UNSEEN_BOTH):
                assert pair.painting not in paintings
            if measured in (Regime.UNSEEN_TRACK, Regime.UNSEEN_BOTH):
                assert pair.track not in tracks
            assert (pair.painting, pair.track) not in combinations
        assert not (mask & regimes.validation(trained, pairs)).any()
        assert not (mask & regimes.leaking(Seen.of(trained, train), measured, pairs)).any()


@pytest.mark.parametrize("trained", list(Regime))
def test_every_regime_is_measured_or_refused_in_words(trained: Regime) -> None:
    measured = set(regimes.held_out(trained, frame()))
    for regime in Regime:
        reason = regimes.refusal(trained, regime)
        assert (reason == "") == (regime in measured) == ((trained, regime) in regimes.WHICH)
    assert "none is surely new" in regimes.refusal(Regime.PAIR, Regime.UNSEEN_BOTH)
    assert "no track is surely new" in regimes.refusal(Regime.UNSEEN_PAINTING, Regime.UNSEEN_TRACK)


def test_a_refused_evaluation_would_leak() -> None:
    """The refusals are no formality: of a model trained under pair, nearly every test item is known."""
    pairs = frame()
    seen = Seen.of(Regime.PAIR, pairs[regimes.side_under(Regime.PAIR, pairs) == "train"])
    both = regimes.side_under(Regime.UNSEEN_BOTH, pairs) == "test"
    assert regimes.leaking(seen, Regime.UNSEEN_BOTH, pairs)[both].mean() > 0.9


def test_what_is_one_work_with_what_was_seen_is_known_too() -> None:
    items = pd.DataFrame(
        {
            "painting": ["p1", "p2", "p3"],
            "track": ["t1", "t2", "t2"],
            "painting_work": ["p1", "p1", "p3"],  # p1 and p2 turned out to be one picture
            "track_work": ["t1", "t2", "t2"],
        }
    )
    alone = items.assign(painting_work=items["painting"])
    seen = Seen.of(Regime.UNSEEN_PAINTING, alone[alone["painting"] == "p2"])
    assert regimes.leaking(seen, Regime.UNSEEN_PAINTING, alone).tolist() == [False, True, False]
    assert regimes.leaking(seen, Regime.UNSEEN_PAINTING, items).tolist() == [True, True, False]
    assert regimes.leaking(seen, Regime.UNSEEN_TRACK, items).tolist() == [False, True, True]
    assert regimes.leaking(seen, Regime.PAIR, items).tolist() == [False, True, False]
    assert regimes.leaking(seen, Regime.UNSEEN_BOTH, items).tolist() == [True, True, True]
