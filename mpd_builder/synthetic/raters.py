"""Simulated raters: they score pairs and vote as people do, from a truth that is known.

A rating is `truth + error`, cut to [0, 1] and rounded to 0.01 as a slider gives it. Two presets differ in the error.

`independent`: every rater errs alone (bias, scale use, noise, now and then a careless answer). Five Gaussian errors
with a mean dispersion of 0.078 put only 68 % of the pairs below 0.09 and 87 % below 0.11, whatever their scale: the
spread of five independent draws varies too much.

`paper`: the published figures (mean dispersion 0.078, 84.8 % below 0.09, 99.0 % below 0.11, alpha 0.86) need pairs
whose five ratings lie about equally far apart everywhere. So errors are stratified within a pair: its slots hold five
fixed offsets, the normal quantiles at 0.1, 0.3, 0.5, 0.7 and 0.9, in an order that is the pair's own; about 0.36 of
their spread comes on top as jitter, and that is where the rater is: bias, scale use, noise. Alpha follows when the
truth has a standard deviation of about 0.22. Ratings near 0 and 1 are cut there, which narrows a few pairs: the
constants below allow for it.

A hidden repeat is rated with the same bias and scale use, while the rest of the error is drawn anew in part: its
correlation with the first one's is `KEPT`, and 0 for careless raters, who do not recall what they felt. That is an
assumption (no published figure tells how raters of such pairs agree with themselves): half of what makes a rater
differ from the others is taste, which stays, and half is the moment.

Everything is drawn from a hash of (seed, pair, slot, rater), so that a rating is the same whether it is asked for
alone, as on a live site, or together with all others.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist, pstdev

import numpy as np

from mpd_builder.records import Choice, Rating, Vote

INPUT_METHOD = "simulated"
KEPT = 0.5
"""The correlation of a rater's own error at a pair's first rating and at its repeat."""
_NORMAL = NormalDist()
_CLIP_MS = 15_000


@dataclass(frozen=True, slots=True)
class Preset:
    """How a panel errs. All spreads are standard deviations in units of the scale [0, 1].

    offsets: spread of the fixed offsets of a pair's slots (0 = errors are independent). bias: spread over raters.
    scale: spread over raters of the slope around 0.5. noise: a careful rater's own. careless: share of raters with
    `careless_noise` times the noise, who answer anything at all with probability `lapse`. vote_noise: of the
    difference that a rater sees between two candidates.
    """

    name: str
    offsets: float
    bias: float
    scale: float
    noise: float
    careless: float
    careless_noise: float
    lapse: float
    vote_noise: float


PRESETS = {
    preset.name: preset
    for preset in (
        Preset("paper", 0.0738, 0.014, 0.05, 0.021, 0.08, 2.0, 0.0, 0.085),
        Preset("independent", 0.0, 0.025, 0.08, 0.0855, 0.08, 1.3, 0.02, 0.10),
    )
}


@dataclass(frozen=True, slots=True)
class SimulatedRater:
    """One simulated person. `side_bias` is the probability of choosing the left candidate unseen.

    On random sides such a rater chooses left with probability (1 + side_bias) / 2: 0.1 gives 55 % instead of 50 %.
    """

    id: str
    bias: float
    scale: float
    noise: float
    lapse: float
    is_careless: bool
    seconds_a_pair: float
    side_bias: float = 0.0


@dataclass(frozen=True)
class Panel:
    """Simulated raters under one preset."""

    preset: Preset
    raters: tuple[SimulatedRater, ...]

    def rater(self, rater_id: str) -> SimulatedRater:
        """The rater of that pseudonym; `KeyError` in words."""
        try:
            return self._by_id[rater_id]
        except KeyError:
            raise KeyError(f"the panel has no rater {rater_id}") from None

    @cached_property
    def _by_id(self) -> dict[str, SimulatedRater]:
        return {rater.id: rater for rater in self.raters}

    def rate(
        self, *, pair_id: str, truth: float, slot: int, rater_id: str, seed: int, raters_per_pair: int = 5
    ) -> Rating:
        """The rating of one slot of a pair, by one rater: the k-th of `raters_per_pair`, k = 0 first.

        Depends on nothing but its arguments, so that a live site may ask for one at a time and in any order.
        """
        rater = self._checked(pair_id, truth, slot, rater_id, raters_per_pair)
        noise, lapse, anything, pace = _uniforms(4, seed, pair_id, slot, rater.id)
        error = self._error(rater, pair_id, slot, seed, raters_per_pair, noise)
        return _rating(rater, pair_id, truth, error, lapse, anything, pace)

    def rate_again(
        self, *, pair_id: str, truth: float, slot: int, rater_id: str, seed: int, raters_per_pair: int = 5
    ) -> Rating:
        """The same rater's score of a pair that comes back as a hidden repeat, with the same arguments as at first.

        It has draws of its own, so it differs from the first rating as a person's does: see the module's text.
        """
        rater = self._checked(pair_id, truth, slot, rater_id, raters_per_pair)
        (noise,) = _uniforms(1, seed, pair_id, slot, rater.id)
        first = self._error(rater, pair_id, slot, seed, raters_per_pair, noise)
        fresh, lapse, anything, pace = _uniforms(4, seed, pair_id, slot, rater.id, "again")
        kept = 0.0 if rater.is_careless else KEPT
        spread = math.hypot(self.preset.offsets, rater.noise)
        error = kept * first + math.sqrt(1 - kept**2) * spread * _NORMAL.inv_cdf(fresh)
        return _rating(rater, pair_id, truth, error, lapse, anything, pace)

    def _checked(self, pair_id: str, truth: float, slot: int, rater_id: str, raters_per_pair: int) -> SimulatedRater:
        if not 0 <= slot < raters_per_pair:
            raise ValueError(f"slot {slot} does not exist: a pair has slots 0 to {raters_per_pair - 1}")
        if not 0.0 <= truth <= 1.0:
            raise ValueError(f"the true coherence of {pair_id} is {truth}: it must lie between 0 and 1")
        return self.rater(rater_id)

    def _error(
        self, rater: SimulatedRater, pair_id: str, slot: int, seed: int, raters_per_pair: int, noise: float
    ) -> float:
        """What is this rater's own at this pair, beside their bias and scale use: the slot's offset and noise."""
        offset = self.preset.offsets * _offsets(raters_per_pair)[_order(seed, pair_id, raters_per_pair)[slot]]
        return offset + rater.noise * _NORMAL.inv_cdf(noise)

    def score_pairs(self, truth: Mapping[str, float], *, raters_per_pair: int = 5, seed: int) -> list[Rating]:
        """Every pair of `truth` (pair id -> coherence) rated by exactly `raters_per_pair` distinct raters.

        Raters get equally many ratings, within one. Ordered by pair id, then slot. Same arguments, same ratings.
        """
        if not 1 <= raters_per_pair <= len(self.raters):
            raise ValueError(f"a panel of {len(self.raters)} raters cannot give {raters_per_pair} ratings a pair")
        ratings = []
        for pair, raters in self._assignment(sorted(truth), raters_per_pair, seed).items():
            ratings += [
                self.rate(
                    pair_id=pair,
                    truth=truth[pair],
                    slot=slot,
                    rater_id=rater,
                    seed=seed,
                    raters_per_pair=raters_per_pair,
                )
                for slot, rater in enumerate(raters)
            ]
        return ratings

    def vote(
        self, *, task_id: str, truth_a: float, truth_b: float, rater_id: str, seed: int, left: Choice | None = None
    ) -> Vote:
        """A 2AFC vote: the rater sees `truth_a - truth_b` through noise. The side is random unless `left` says it."""
        rater = self.rater(rater_id)
        side, noise, unseen = _uniforms(3, seed, task_id, "vote", rater.id)
        left = left or (Choice.A if side < 0.5 else Choice.B)
        seen = truth_a - truth_b + self.preset.vote_noise * _NORMAL.inv_cdf(noise)
        choice = left if unseen < rater.side_bias else Choice.A if seen > 0 else Choice.B
        return Vote(task_id=task_id, rater_id=rater.id, choice=choice, left=left)

    def _assignment(self, pairs: list[str], raters_per_pair: int, seed: int) -> dict[str, list[str]]:
        """Who rates what: the least busy raters first, chance among equals."""
        rng = np.random.default_rng(seed)
        load = np.zeros(len(self.raters))
        assigned = {}
        for pair in pairs:
            chosen = np.lexsort((rng.random(len(self.raters)), load))[:raters_per_pair]
            load[chosen] += 1
            assigned[pair] = [self.raters[index].id for index in rng.permutation(chosen)]
        return assigned


def _rating(
    rater: SimulatedRater, pair_id: str, truth: float, error: float, lapse: float, anything: float, pace: float
) -> Rating:
    """As the slider gives it. `lapse`, `anything` and `pace` are uniform draws."""
    felt = truth + error + rater.bias + rater.scale * (truth - 0.5)
    value = anything if lapse < rater.lapse else felt
    active_ms = round(1000 * rater.seconds_a_pair * math.exp(0.3 * _NORMAL.inv_cdf(pace)))
    return Rating(
        pair_id=pair_id,
        rater_id=rater.id,
        value=round(min(max(value, 0.0), 1.0), 2),
        played_ms=_CLIP_MS,
        active_ms=_CLIP_MS + active_ms,
        input_method=INPUT_METHOD,
    )


def panel(preset: str, n: int, seed: int, *, side_bias: float = 0.0) -> Panel:
    """A panel of `n` simulated raters, `sim_01` and on. Presets: `paper`, `independent`; `ValueError` for another.

    Bias and scale use are normal quantiles dealt out at random, not draws: a small panel is as typical as a large one.
    All have the same `side_bias`, see `SimulatedRater`.
    """
    if preset not in PRESETS:
        raise ValueError(f"no rater preset is called {preset!r}; there are: {', '.join(PRESETS)}")
    if n < 1:
        raise ValueError(f"a panel needs at least one rater, not {n}")
    if not 0.0 <= side_bias <= 1.0:
        raise ValueError(f"a side bias is a probability, unlike {side_bias}")
    rules, rng = PRESETS[preset], np.random.default_rng([seed, n])
    biases, scales = rng.permutation(_traits(n)), rng.permutation(_traits(n))
    careless = set(rng.permutation(n)[: round(rules.careless * n)].tolist())
    pace = np.exp(rng.normal(np.log(7.0), 0.35, n))
    return Panel(
        preset=rules,
        raters=tuple(
            SimulatedRater(
                id=f"sim_{index + 1:02d}",
                bias=rules.bias * float(biases[index]),
                scale=rules.scale * float(scales[index]),
                noise=rules.noise * (rules.careless_noise if index in careless else 1.0),
                lapse=rules.lapse if index in careless else 0.0,
                is_careless=index in careless,
                seconds_a_pair=round(float(pace[index]) * (0.4 if index in careless else 1.0), 2),
                side_bias=side_bias,
            )
            for index in range(n)
        ),
    )


def _traits(count: int) -> list[float]:
    """Normal quantiles at the centres of `count` equal strata, brought to a standard deviation of 1; one alone is 0."""
    if count == 1:
        return [0.0]
    quantiles = [_NORMAL.inv_cdf((index + 0.5) / count) for index in range(count)]
    return [quantile / pstdev(quantiles, 0.0) for quantile in quantiles]


@lru_cache(maxsize=32)
def _offsets(count: int) -> tuple[float, ...]:
    """The fixed offsets of a pair's slots, of sample variance 1.25: five of them have a population variance of 1."""
    return tuple(math.sqrt(1.25 * (count - 1) / count) * trait for trait in _traits(count))


@lru_cache(maxsize=4096)
def _order(seed: int, pair_id: str, count: int) -> tuple[int, ...]:
    keys = _uniforms(count, seed, pair_id, "offsets")
    return tuple(sorted(range(count), key=keys.__getitem__))


def _uniforms(count: int, *key: object) -> list[float]:
    """`count` numbers in (0, 1), a function of `key` alone."""
    digest = hashlib.shake_256("\x1f".join(map(str, key)).encode()).digest(8 * count)
    return [(int.from_bytes(digest[i : i + 8], "big") + 0.5) / 2**64 for i in range(0, 8 * count, 8)]
