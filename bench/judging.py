"""Learning and scoring on the CPU, beside a plain vision transformer and beside the direct forward.

Usage: python -m bench.judging vit [BATCH] | matrix RECIPE SIDE | parts RECIPE SIDE

Rival and ours take turns, and each counts by the processor time of its quickest turn, so that what else the machine
does touches both alike.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from bench.plain_vit import PlainViT
from model import recipes
from model.config import Config
from model.interface import Judge
from model.judge import build
from model.losses import regression_loss
from model.scoring import score_matrix
from model.state import State
from model.stepping import Scorer

CPU = torch.device("cpu")
TURNS = 3
SHARE = 8
"""The direct forward of a matrix is measured on one part in so many of it."""


def quickest(rivals: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Milliseconds of processor that each takes, after one turn that does not count."""
    for work in rivals.values():
        work()
    taken = [{name: processor_ms(work) for name, work in rivals.items()} for _ in range(TURNS)]
    return {name: min(turn[name] for turn in taken) for name in rivals}


def processor_ms(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def media(config: Config, paintings: int, clips: int) -> tuple[Tensor, Tensor]:
    """Pixels in [0, 1] and mels of the paper's size."""
    return torch.rand(paintings, 3, config.painting.size, config.painting.size), torch.randn(clips, 1, 128, 469)


def against_vit(batch: int) -> None:
    """`paper` with a clip for every painting, and with one clip for all (scoring by clip, `optim.group=clip`)."""
    config = recipes.get("paper")
    paintings, mels = media(config, batch, batch)
    vit = PlainViT(config.painting)
    judge = build(config).eval()
    optimizer = torch.optim.AdamW(vit.parameters(), lr=1e-5, fused=True)
    state = State.fresh(config, CPU)
    scorer, target = Scorer(state.module, config), torch.rand(batch)
    each, one = torch.arange(batch), torch.zeros(batch, dtype=torch.long)

    def learn(module: torch.nn.Module, steps: torch.optim.Optimizer, *inputs: Tensor) -> None:
        steps.zero_grad(set_to_none=True)
        regression_loss(module(*inputs), target, config.loss).backward()  # type: ignore[no-untyped-call]
        steps.step()

    with torch.inference_mode():
        scoring = quickest(
            {
                "vit": lambda: vit(paintings),
                "a clip each": lambda: judge(paintings, mels),
                "one clip": lambda: score_matrix(judge, paintings, mels[:1], batch=batch),
            }
        )
    _say_beside_vit("scoring", batch, scoring)
    training = quickest(
        {
            "vit": lambda: learn(vit, optimizer, paintings),
            "a clip each": lambda: learn(scorer, state.optimizer, paintings, mels, each),
            "one clip": lambda: learn(scorer, state.optimizer, paintings, mels[:1], one),
        }
    )
    _say_beside_vit("training step", batch, training)


def whole_matrix(recipe: str, side: int) -> None:
    """A matrix of side x side, all of it; the direct forward on a part of its clips."""
    config = recipes.get(recipe)
    judge = build(config).eval()
    paintings, mels = media(config, side, side)
    some = max(1, side // SHARE)
    with torch.inference_mode():
        score_matrix(judge, paintings[:4], mels[:2])  # what comes first pays for allocations
        ours = processor_ms(lambda: score_matrix(judge, paintings, mels, batch=side))
        forward = processor_ms(
            lambda: [judge(paintings, mels[row : row + 1].repeat(side, 1, 1, 1)) for row in range(some)]
        )
    _say(recipe, side, forward * side / some, ours, f"its forward, on {some} of the clips")


def matrix_by_parts(recipe: str, side: int, batch: int = 8) -> None:
    """The same where it would take too long: one batch of each part, as often as a matrix has it."""
    config = recipes.get(recipe)
    judge: Judge = build(config).eval()
    paintings, mels = media(config, batch, batch)
    with torch.inference_mode():
        seen, music = judge.look(paintings), judge.encode_music(mels)
        heard = judge.hear(music[:1])
        found = quickest(
            {
                "forward": lambda: judge(paintings, mels),
                "join": lambda: judge.score_of(judge.logit(judge.join(seen, heard))),
                "look": lambda: judge.look(paintings),
                "encode": lambda: judge.encode_music(mels),
                "hear": lambda: judge.hear(music[:1]),
            }
        )
    times = side / batch
    ours = times * (found["look"] + found["encode"]) + side * found["hear"] + times * side * found["join"]
    _say(recipe, side, times * side * found["forward"], ours, f"its forward, both counted from batches of {batch}")


def _say_beside_vit(what: str, batch: int, found: Mapping[str, float]) -> None:
    for clips in ("one clip", "a clip each"):
        floor = f"a plain ViT written here (timm is not installed): {1000 * batch / found['vit']:.2f} paintings/s"
        where = f"`paper`, batch {batch}, {clips}, {threads()}"
        ratio = f"{found['vit'] / found[clips]:.2f} of it"
        print(f"{what}\t{where}\t{1000 * batch / found[clips]:.2f} pairs/s\t{ratio}\t{floor}", flush=True)


def _say(recipe: str, side: int, forward_ms: float, matrix_ms: float, floor: str) -> None:
    pairs = 1000 * side**2
    print(
        f"score matrix\t`{recipe}`, {side} x {side}, {threads()}\t{pairs / matrix_ms:.2f} pairs/s"
        f"\t{forward_ms / matrix_ms:.2f} x\t{floor}: {pairs / forward_ms:.2f} pairs/s"
    )


def threads() -> str:
    """The processors at work, and that seconds are theirs."""
    count = torch.get_num_threads()
    return f"{count} thread{'s' if count > 1 else ''}, by processor time"


def main(kind: str, *arguments: str) -> None:
    torch.manual_seed(0)
    if kind == "vit":
        against_vit(int(arguments[0]) if arguments else 8)
    else:
        {"matrix": whole_matrix, "parts": matrix_by_parts}[kind](arguments[0], int(arguments[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
