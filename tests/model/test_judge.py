"""The model against the numbers of the paper's Table 1 and against its equations."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from model import costs, recipes
from model.config import Config, MusicConfig, replaced
from model.encoders import CrossAttention, MusicEncoder
from model.fusion import Block, ModalityAdaptiveNorm
from model.judge import MPJudge, build
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


@pytest.mark.parametrize(
    ("recipe", "kind", "parameters", "macs"),
    [
        ("paper", "none", 38_353_921, 10_569_646_592),
        ("paper", "concat", 38_878_721, 10_570_170_880),
        ("paper", "cross-attention", 50_961_409, 14_369_686_016),
        ("best", "none", 38_354_945, 10_569_646_592),
    ],
)
def test_a_fusion_costs_what_the_sum_of_its_parts_says(recipe: str, kind: str, parameters: int, macs: int) -> None:
    """Block without MAN 3,152,384; patches 393,728; positions 131,072; head 513; concatenation 524,800; attention
    1,050,624 a block."""
    found = costs.describe(replaced(recipes.get(recipe), fusion={"kind": kind}))["painting_encoder"]
    assert found == {"parameters": parameters, "flops": 2 * macs, "macs": macs}


def test_painting_only_has_no_music_encoder() -> None:
    assert costs.describe(recipes.get("painting-only"))["music_encoder"]["parameters"] == 0


@pytest.mark.parametrize(
    ("changes", "parameters", "macs"),
    [
        ({"channels": 3}, 3_021_120, 1_510_080_512),
        ({"channels": 3, "bias": False}, 3_020_160, 1_510_080_512),
        ({"channels": 1}, 3_019_072, 1_479_409_664),
        ({"channels": 1, "projection": "tokens"}, 3_019_072, 1_539_964_928),
        ({"channels": 3, "projection": "tokens"}, 3_021_120, 1_570_635_776),
        ({"channels": 3, "resize": 256}, 3_021_120, 1_661_206_528),
        ({"channels": 1, "resize": 256}, 3_019_072, 1_627_652_096),
    ],
)
def test_every_plausible_music_encoder_has_its_count(changes: dict[str, object], parameters: int, macs: int) -> None:
    found = costs.describe(replaced(recipes.get("best"), music=changes))["music_encoder"]
    assert found == {"parameters": parameters, "flops": 2 * macs, "macs": macs}


def test_table_1_lists_every_recipe_in_both_conventions() -> None:
    rows = [costs.describe(recipes.get(name)) for name in ("paper", "painting-only", "acpnet")]
    text = costs.markdown(rows).splitlines()
    assert text[2] == "| paper | 3.021 M | 3.020 G | 1.510 G | 44.645 M | 21.152 G | 10.576 G |"
    assert text[3] == "| painting-only | - | - | - | 38.354 M | 21.139 G | 10.570 G |"
    assert "| 6.423 M | 3.211 M |" in text[4]


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
    assert isinstance(module, MPJudge)
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


@pytest.mark.parametrize("topology", ["paper", "preln"])
@pytest.mark.parametrize("kind", ["man", "concat", "cross-attention", "none"])
def test_every_fusion_hears_the_music_but_painting_only(topology: str, kind: str) -> None:
    torch.manual_seed(0)
    module = build(micro_config(fusion={"kind": kind, "topology": topology})).eval()
    paintings, mels = inputs()
    scores = module(paintings, mels)
    assert torch.equal(scores, module(paintings, mels + 1)) == (kind == "none")
    assert not torch.allclose(scores, module(paintings.flip(0), mels))


def test_only_cross_attention_keeps_the_music_tokens() -> None:
    mel = torch.randn(2, 1, 128, 469)
    full = replaced(recipes.get("best"), painting={"depth": 1})
    with torch.device("meta"):
        tokens = build(replaced(full, fusion={"kind": "cross-attention"})).encode_music(mel.to("meta"))
        vectors = [
            build(replaced(full, fusion={"kind": kind})).encode_music(mel.to("meta")) for kind in ("man", "concat")
        ]
    assert tokens.shape == (2, 232, 512)
    assert [vector.shape for vector in vectors] == [(2, 512), (2, 512)]


def test_projecting_tokens_or_their_mean_is_one() -> None:
    torch.manual_seed(0)
    pooled = MusicEncoder(MusicConfig(widths=(8, 16), norm="group"), 32).double().eval()
    tokens = MusicEncoder(MusicConfig(widths=(8, 16), norm="group", projection="tokens"), 32).double().eval()
    tokens.load_state_dict(pooled.state_dict())
    mel = torch.randn(2, 1, BANDS, FRAMES, dtype=torch.float64)
    torch.testing.assert_close(pooled(mel), tokens(mel), atol=1e-12, rtol=0)
    torch.testing.assert_close(pooled.tokens(mel).mean(dim=1), pooled(mel), atol=1e-12, rtol=0)


def test_cross_attention_is_softmax_attention() -> None:
    """Against the sum written out, one head at a time."""
    torch.manual_seed(0)
    attention = CrossAttention(8, 2).double()
    x, music = torch.randn(2, 5, 8, dtype=torch.float64), torch.randn(2, 3, 8, dtype=torch.float64)
    query = attention.queries(x)
    key, value = attention.keys_values(music).chunk(2, dim=-1)
    heads = []
    for part in (slice(0, 4), slice(4, 8)):
        weight = (query[..., part] @ key[..., part].transpose(1, 2) / 2).softmax(dim=-1)
        heads.append(weight @ value[..., part])
    torch.testing.assert_close(attention(x, music), attention.projection(torch.cat(heads, dim=-1)))


@pytest.mark.parametrize("kind", ["concat", "cross-attention"])
def test_man_does_not_sit_in_other_fusions(kind: str) -> None:
    module = build(micro_config(fusion={"kind": kind}))
    assert not any(isinstance(part, ModalityAdaptiveNorm) for part in module.modules())
    with pytest.raises(ValueError, match="only MAN modulates"):
        next(module.modulations(*inputs()))  # type: ignore[operator]


def test_in_paper_the_token_mean_of_every_man_is_beta() -> None:
    """So the painting reaches the score through the last MLP alone (eq. 3)."""
    torch.manual_seed(0)
    module = build(micro_config(fusion={"topology": "paper", "init": "released"})).double().eval()
    assert isinstance(module, MPJudge)
    paintings, mels = (tensor.double() for tensor in inputs())
    music_BD = module.encode_music(mels)
    met = list(module.modulations(paintings, music_BD))
    assert len(met) == module.config.painting.depth
    for block, before, after in met:
        torch.testing.assert_close(after.mean(dim=1), block.modulation.beta(music_BD), atol=1e-12, rtol=0)
        assert not torch.allclose(before.mean(dim=1), after.mean(dim=1))


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
