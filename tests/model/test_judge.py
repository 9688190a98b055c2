"""The model against the numbers of the paper's Table 1 and against its equations."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from model import costs, recipes
from model.config import Config, replaced
from model.fusion import Block, ModalityAdaptiveNorm, modulation_terms
from model.judge import build
from tests.model.factories import BANDS, FRAMES, SIZE, micro_config


def inputs(count: int = 3) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return (
        torch.rand(count, 3, SIZE, SIZE, generator=generator),
        torch.randn(count, 1, BANDS, FRAMES, generator=generator),
    )


def test_paper_costs_what_table_1_says() -> None:
    found = costs.describe(recipes.get("paper"))
    assert found["music_encoder"] == {"parameters": 3_021_120, "flops": 3_020_161_024, "macs": 1_510_080_512}
    assert found["painting_encoder"] == {"parameters": 44_645_377, "flops": 21_151_876_096, "macs": 10_575_938_048}
    assert found["painting_tokens"] == 256


def test_best_costs_no_more_than_paper() -> None:
    found = costs.describe(recipes.get("best"))
    assert found["music_encoder"]["parameters"] == 3_019_072
    assert found["music_encoder"]["flops"] == 2_958_819_328
    assert found["painting_encoder"]["parameters"] == 44_646_401
    assert found["painting_encoder"]["flops"] == 21_151_876_096


def test_painting_only_has_a_layer_norm_where_man_was() -> None:
    config = replaced(recipes.get("paper"), fusion={"kind": "none"})
    found = costs.describe(config)
    assert found["music_encoder"]["parameters"] == 0
    assert found["painting_encoder"]["parameters"] == 38_353_921


def test_small_has_about_three_million_parameters() -> None:
    assert 2.5e6 < costs.describe(recipes.get("small"))["total"]["parameters"] < 3.5e6


@pytest.mark.parametrize("released", [True, False])
def test_man_leaves_beta_as_the_mean_over_the_tokens(released: bool) -> None:
    torch.manual_seed(0)
    norm = ModalityAdaptiveNorm(8, released=released).double()
    x, y = torch.randn(2, 16, 8, dtype=torch.float64) * 3 + 5, torch.randn(2, 8, dtype=torch.float64)
    out = norm(x, y)
    torch.testing.assert_close(out.mean(dim=1), norm.beta(y), atol=1e-12, rtol=0)
    torch.testing.assert_close(out.std(dim=1, correction=int(released)), norm.gamma(y).abs(), atol=1e-4, rtol=1e-4)


def test_man_by_hand() -> None:
    """Tokens 1 and 3 have mean 2 and deviation 1: normalised -1 and 1; gamma 10, beta 0.5 make -9.5 and 10.5."""
    norm = ModalityAdaptiveNorm(1).double()
    with torch.no_grad():
        for layer, value in ((norm.gamma, 10.0), (norm.beta, 0.5)):
            layer.weight.zero_()
            layer.bias.fill_(value)
    out = norm(torch.tensor([[[1.0], [3.0]]], dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64))
    torch.testing.assert_close(out.flatten(), torch.tensor([-9.5, 10.5], dtype=torch.float64), atol=1e-3, rtol=0)


def test_man_takes_its_statistics_in_float32() -> None:
    norm = ModalityAdaptiveNorm(4)
    assert norm.normalised(torch.randn(2, 16, 4, dtype=torch.bfloat16)).dtype == torch.float32


@pytest.mark.parametrize(("topology", "dead"), [("paper", "qk v out"), ("preln", "qk")])
def test_some_biases_are_dead_in_each_topology(topology: str, dead: str) -> None:
    """The key bias shifts a softmax; in `paper` MAN also removes what is constant over the tokens."""
    torch.manual_seed(0)
    width = 32
    module = build(micro_config(fusion={"topology": topology})).double()
    module(*(tensor.double() for tensor in inputs())).sum().backward()
    block = module.blocks[0]
    assert isinstance(block, Block)
    gradient = block.attention.queries_keys_values.bias.grad
    out = block.attention.projection.bias.grad
    assert gradient is not None
    assert out is not None
    biggest = {"q": gradient[:width], "qk": gradient[width : 2 * width], "v": gradient[2 * width :], "out": out}
    for name, values in biggest.items():
        assert (values.abs().max().item() < 1e-12) == (name in dead.split()), name


@pytest.mark.parametrize("topology", ["paper", "preln"])
@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_scores_have_one_number_a_pair(topology: str, output: str) -> None:
    module = build(micro_config(fusion={"topology": topology}, head={"output": output})).eval()
    score_B = module(*inputs())
    assert score_B.shape == (3,)
    assert score_B.isfinite().all()
    if output == "sigmoid":
        assert ((score_B > 0) & (score_B < 1)).all()


def test_bytes_and_floats_of_a_painting_score_alike() -> None:
    module = build(micro_config()).eval()
    paintings, mels = inputs()
    as_bytes = (paintings * 255).round().to(torch.uint8)
    torch.testing.assert_close(module(as_bytes, mels), module(as_bytes.float() / 255, mels))


def test_a_painting_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(B, 3, 16, 16\)"):
        build(micro_config())(torch.rand(1, 3, 20, 16), torch.randn(1, 1, BANDS, FRAMES))


def test_painting_only_does_not_hear() -> None:
    module = build(micro_config(fusion={"kind": "none"})).eval()
    paintings, mels = inputs()
    assert torch.equal(module(paintings, mels), module(paintings, mels + 1))
    judge = build(micro_config()).eval()
    assert not torch.equal(judge(paintings, mels), judge(paintings, mels + 1))


def test_modulation_terms_are_the_norm_of_what_music_moved() -> None:
    before, after = torch.zeros(1, 2, 2), torch.tensor([[[3.0, -4.0], [0.0, 1.0]]])
    assert modulation_terms(before, after).tolist() == [[7.0, 1.0]]
    assert modulation_terms(before, after, p=2).tolist() == [[5.0, 1.0]]


def test_modulation_maps_cover_every_block_and_token() -> None:
    config: Config = micro_config()
    maps_LBN = build(config).eval().modulation_maps(*inputs())
    assert maps_LBN.shape == (config.painting.depth, 3, config.painting.tokens)
    assert (maps_LBN > 0).all()


def test_the_start_of_the_released_code_hardly_sees_the_painting() -> None:
    """Why `best` starts otherwise: with random scales and positions the score follows the music alone."""
    paintings, mels = (torch.rand(6, 3, SIZE, SIZE), torch.randn(6, 1, BANDS, FRAMES))

    def ratio(config: Config) -> float:
        torch.manual_seed(3)
        module = build(config).eval()
        with torch.no_grad():
            scores_PM = torch.stack([module(paintings, mel.expand(6, -1, -1, -1)) for mel in mels], dim=1)
        return float(scores_PM.std(dim=0).mean() / scores_PM.std(dim=1).mean())

    released = ratio(micro_config(fusion={"topology": "paper", "init": "released"}, head={"output": "linear"}))
    ours = ratio(micro_config(head={"output": "linear"}))
    assert released < 0.2 * ours
    assert math.isfinite(ours)
