"""Where in a painting the music was at work, layer by layer (paper, eq. 4 and Figure 5).

Shapes: B pairs, N painting tokens, D width, L blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from model.fusion import ManBlock
from model.interface import at_least_float32
from model.judge import MPJudge


@dataclass(frozen=True, slots=True)
class Maps:
    """Norms over channels, by block and token: each (L, B, N).

    absolute: ||x' - x||, the terms of eq. 4, where x' is what MAN makes of x; their mean over the tokens is a layer's
    modulation intensity. relative: the same over ||x||. contrast: how far x' is from what the mean of other clips would
    have made of the same x; it leaves out what normalising does under any music. None where no clips were given.
    pooled: what the head saw in the same pass, (B, K).
    """

    absolute: Tensor
    relative: Tensor
    contrast: Tensor | None
    pooled: Tensor

    def named(self) -> dict[str, Tensor]:
        """Those that there are, by name."""
        found = {"absolute": self.absolute, "relative": self.relative}
        return found if self.contrast is None else {**found, "contrast": self.contrast}


def modulation_terms(before_BND: Tensor, after_BND: Tensor, *, p: float = 1) -> Tensor:
    """How far music moved each token: the p-norm over channels of after - before, (B, N).

    The paper's text speaks of an L1 norm (p 1), the authors' code takes the L2 norm (p 2).
    """
    difference = at_least_float32(after_BND) - at_least_float32(before_BND)
    norms: Tensor = torch.linalg.vector_norm(difference, ord=p, dim=-1)
    return norms


@torch.no_grad()
def modulation_maps(
    module: MPJudge, painting_B3HW: Tensor, mel_B1FT: Tensor, *, p: float = 1, usual_D: Tensor | None = None
) -> Maps:
    """Maps of pairs, the module in evaluation mode. `usual_D` is the mean music vector of the contrast's clips.

    gamma and beta are linear, so their means over clips are theirs of the mean vector: the contrast needs no second
    pass. Raises ValueError where the fusion is not MAN.
    """
    music_BD = module.encode_music(mel_B1FT)
    absolute, relative, contrast = [], [], []
    pooled: list[Tensor] = []
    for block, before, after in _walked(module, painting_B3HW, music_BD, pooled):
        terms_BN = modulation_terms(before, after, p=p)
        absolute.append(terms_BN)
        length_BN = torch.linalg.vector_norm(at_least_float32(before), ord=p, dim=-1)
        relative.append(terms_BN / length_BN.clamp_min(torch.finfo(length_BN.dtype).tiny))
        if usual_D is not None:
            usual = block.modulate(before, usual_D.expand_as(music_BD))
            contrast.append(modulation_terms(usual, after, p=p))
    return Maps(torch.stack(absolute), torch.stack(relative), torch.stack(contrast) if contrast else None, pooled[0])


def _walked(
    module: MPJudge, painting_B3HW: Tensor, music_BD: Tensor, pooled: list[Tensor]
) -> Iterator[tuple[ManBlock, Tensor, Tensor]]:
    """The modulations; what they return goes into `pooled`."""
    pooled.append((yield from module.modulations(painting_B3HW, music_BD)))


def first_and_last(depth: int, *, each: int = 3) -> list[int]:
    """The blocks that Figure 5 shows: the first three and the last three, fewer where there are not six."""
    return sorted({*range(min(each, depth)), *range(max(0, depth - each), depth)})
