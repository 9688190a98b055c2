"""Choosing pairs to ask about, by each method. Usage: python -m bench.choosing CANDIDATES COUNT

As many features as the `paper` recipe's head has. Beside each method the least it could do: where an answer teaches
about other candidates, one pass over the features a pick; where it does not, sorting the candidates once. Times are the
processor's, so that what else the machine does touches both alike.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

import numpy as np

from model.acquisition import Known, Method, choose

WIDTH, PAINTINGS, CLIPS, MEMBERS, LABELLED = 513, 11_085, 6_127, 5, 2_000
LEARNS = (Method.VARIANCE, Method.CORESET, Method.LCMD)
TURNS = 5


def candidates(count: int, generator: np.random.Generator) -> Known:
    """Made-up features whose columns matter less and less, as a trained head's do."""
    scale = np.geomspace(1.0, 0.01, WIDTH, dtype=np.float32)
    return Known(
        score_N=generator.uniform(size=count),
        variance_N=generator.uniform(0.0001, 0.01, size=count),
        features_NK=generator.standard_normal((count, WIDTH), dtype=np.float32) * scale,
        covariance_KK=0.01 * np.eye(WIDTH),
        noise=0.01,
        members_EN=generator.uniform(size=(MEMBERS, count)),
        labelled_LK=generator.standard_normal((LABELLED, WIDTH), dtype=np.float32) * scale,
    )


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main(count: int, asked: int) -> None:
    generator = np.random.default_rng(0)
    known = candidates(count, generator)
    assert known.features_NK is not None
    features, vector = known.features_NK, known.features_NK[0].copy()
    paintings, clips = (generator.integers(0, items, count).tolist() for items in (PAINTINGS, CLIPS))
    a_pass = min(seconds(lambda: features @ vector) for _ in range(TURNS))
    a_sort = min(seconds(lambda: np.argsort(known.score_N)) for _ in range(TURNS))
    for method in Method:

        def work(method: Method = method) -> object:
            return choose(
                method, known, paintings, clips,
                count=asked, per_painting=3, per_clip=3, control_share=0.2, seed=1,
            )  # fmt: skip

        taken = seconds(work)
        least, said = (
            (asked * a_pass, f"{asked} passes over the features") if method in LEARNS else (a_sort, "one sort")
        )
        where = f"{method}, {asked} of {count:,} candidates, {WIDTH} features"
        print(f"choosing\t{where}\t{taken:.2f} s\t{taken / least:.1f} x\t{said}, {least:.3f} s", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"choosing, memory\tall of them\t{peak:,.0f} MB\t{peak / (features.nbytes / 2**20):.1f} x\tthe features")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
