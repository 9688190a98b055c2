"""The baselines of Table 2: the counts that are known, and the interface that they share with MPJudge."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from model import costs, recipes
from model.baselines import BASELINES
from model.baselines.acpnet import colour_features, connected
from model.baselines.l3net import Tower
from model.baselines.resnet import Basic, resnet18, resnet50
from model.encoders import middle
from model.judge import build
from tests.model.factories import BANDS, FRAMES, SIZE, micro


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("make", "parameters", "macs"),
    [(resnet18, 11_689_512, 1_814_073_344), (resnet50, 25_557_032, 4_089_184_256)],
)
def test_the_residual_networks_have_the_stock_layout(make: object, parameters: int, macs: int) -> None:
    """As published with a head of 1,000 classes, at 224 x 224: what Table 1 lists for CDCML."""
    with torch.device("meta"):
        network = make().eval()  # type: ignore[operator]
        picture = torch.empty(1, 3, 224, 224)
    assert count(network) == parameters
    with torch.no_grad(), FlopCounterMode(display=False) as flops:
        assert network(picture).shape == (1, 1000)
    assert flops.get_total_flops() == 2 * macs


def test_a_residual_block_is_its_branch_plus_its_input() -> None:
    block = Basic(4, 4, 1).eval()
    picture = torch.randn(1, 4, 6, 6)
    torch.testing.assert_close(block(picture), (block.branch(picture) + picture).clamp(min=0))


def test_l3net_has_the_published_counts() -> None:
    """Towers 4,688,064 (one channel) and 4,689,216 (three); fusion 131,458 with two classes, 129 fewer with a score."""
    widths = (64, 128, 256, 512)
    assert count(Tower(1, widths)) == 4_688_064
    assert count(Tower(3, widths)) == 4_689_216
    found = costs.describe(recipes.get("l3net"))
    assert found["music_encoder"]["parameters"] == 4_688_064
    assert found["painting_encoder"]["parameters"] == 4_689_216 + 131_458 - 129
    assert found["painting_encoder"]["macs"] == 10_260_119_680


def test_acpnet_has_the_published_counts() -> None:
    """Music 128-512-2048-1024; fusion 2,639,458 with two classes, 33 fewer with a score; painting 7.37 million."""
    found = costs.describe(recipes.get("acpnet"))
    assert found["music_encoder"]["parameters"] == 3_214_848
    painting = found["painting_encoder"]["parameters"] - (2_639_458 - 33)
    assert painting == count(connected((524, 2048, 2048, 1024))) == 7_369_728


def test_cdcml_like_is_the_two_residual_networks_with_an_embedding_each() -> None:
    found = costs.describe(recipes.get("cdcml-like"))
    assert found["music_encoder"]["parameters"] == 11_689_512 - 513 * 1000 + 513 * 512
    assert found["painting_encoder"]["parameters"] == 25_557_032 - 2049 * 1000 + 2049 * 512 + 2


def test_colours_are_counted_wherever_they_are() -> None:
    """Half black, half pure red: two of the 512 colours at sqrt(1/2); red has mean 1/2, deviation 1/2, no skew."""
    picture = torch.zeros(1, 3, 4, 4)
    picture[:, 0, :2] = 1.0
    features = colour_features(picture)
    assert features.shape == (1, 524)
    histogram, moments = features[0, :512], features[0, 512:].view(4, 3)
    assert histogram.nonzero().flatten().tolist() == [0, 7 * 64]
    torch.testing.assert_close(histogram[[0, 448]], torch.full((2,), 0.5).sqrt())
    torch.testing.assert_close(moments[:, 0], torch.tensor([0.5, 0.5, 0.0, 0.5]))
    assert not moments[:, 1:].any()
    torch.testing.assert_close(features, colour_features(picture.flip(2)))


def test_the_middle_is_the_middle() -> None:
    rows = torch.arange(6.0).view(1, 1, 6, 1).expand(1, 3, 6, 6)
    assert middle(rows, 4)[0, 0, :, 0].tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_hears_and_sees_and_gives_a_score_a_pair(name: str) -> None:
    torch.manual_seed(0)
    module = build(micro(name)).eval()
    generator = torch.Generator().manual_seed(1)
    light = torch.tensor([0.2, 0.6, 1.0]).view(3, 1, 1, 1)
    paintings = light * torch.rand(3, 3, SIZE, SIZE, generator=generator)
    mels = light * torch.randn(3, 1, BANDS, FRAMES, generator=generator)
    with torch.no_grad():
        scores = module(paintings, mels)
        assert scores.shape == (3,)
        assert ((scores > 0) & (scores < 1)).all()
        assert not torch.allclose(scores, module(paintings.roll(1, 0), mels))
        assert not torch.allclose(scores, module(paintings, mels.roll(1, 0)))


def test_the_cosine_of_cdcml_like_is_one() -> None:
    torch.manual_seed(0)
    module = build(micro("cdcml-like")).eval()
    with torch.no_grad():
        music = module.encode_music(torch.randn(4, 1, BANDS, FRAMES))
        cosine = module.pooled(torch.rand(4, 3, SIZE, SIZE), music)
        np.testing.assert_allclose(music.norm(dim=1).numpy(), 1.0, atol=1e-6)
        assert cosine.shape == (4, 1)
        assert (cosine.abs() <= 1 + 1e-6).all()
        torch.testing.assert_close(module.logit(cosine), 4 * cosine[:, 0])
