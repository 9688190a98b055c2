"""Modulation maps against the equations, and the pictures made of them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from model import drawing, loose, mapfile
from model.checkpoints import Checkpoint, Identity
from model.config import Config
from model.data import DataError
from model.judge import MPJudge, build
from model.maps import first_and_last, modulation_maps, modulation_terms
from mpd_builder.ingest.clips import make_clip
from mpd_builder.ingest.pictures import model_input
from tests.model.factories import BANDS, FRAMES, SIZE, micro_config


def judge(config: Config) -> MPJudge:
    torch.manual_seed(0)
    module = build(config).double().eval()
    assert isinstance(module, MPJudge)
    return module


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return (
        torch.rand(2, 3, SIZE, SIZE, generator=generator, dtype=torch.float64),
        torch.randn(2, 1, BANDS, FRAMES, generator=generator, dtype=torch.float64),
    )


def test_modulation_terms_are_the_norm_of_what_music_moved() -> None:
    before, after = torch.zeros(1, 2, 2), torch.tensor([[[3.0, -4.0], [0.0, 1.0]]])
    assert modulation_terms(before, after).tolist() == [[7.0, 1.0]]
    assert modulation_terms(before, after, p=2).tolist() == [[5.0, 1.0]]


@pytest.mark.parametrize("topology", ["paper", "preln"])
@pytest.mark.parametrize("p", [1, 2])
def test_the_maps_are_equation_4_in_every_layer(topology: str, p: int) -> None:
    """The model run by hand: tokens before and after MAN, layer by layer."""
    module = judge(micro_config(fusion={"topology": topology}))
    paintings, mels = inputs()
    found = modulation_maps(module, paintings, mels, p=p)
    assert found.absolute.shape == (module.config.painting.depth, 2, module.config.painting.tokens)
    assert found.contrast is None
    music = module.encode_music(mels)
    x = module.patches(paintings)
    for layer, block in enumerate(module.blocks):
        before = block.attend(x)
        spread = before.std(dim=1, keepdim=True, correction=int(topology == "paper"))
        normal = (before - before.mean(dim=1, keepdim=True)) / spread
        after = block.modulation.gamma(music)[:, None] * normal + block.modulation.beta(music)[:, None]
        moved = (after - before).abs().pow(p).sum(dim=-1).pow(1 / p)
        length = before.abs().pow(p).sum(dim=-1).pow(1 / p)
        torch.testing.assert_close(found.absolute[layer], moved.detach(), rtol=5e-3, atol=0)
        torch.testing.assert_close(found.relative[layer], (moved / length).detach(), rtol=5e-3, atol=0)
        x = block(x, music)


def test_the_contrast_is_the_distance_to_the_mean_over_the_other_clips() -> None:
    """By brute force: every clip's own modulation of the same tokens, then their mean."""
    module = judge(micro_config())
    paintings, mels = inputs()
    others = module.encode_music(torch.randn(5, 1, BANDS, FRAMES, dtype=torch.float64))
    found = modulation_maps(module, paintings, mels, usual_D=others.mean(dim=0))
    assert found.contrast is not None
    music = module.encode_music(mels)
    for layer, (block, before, after) in enumerate(module.modulations(paintings, music)):
        usual = torch.stack([block.modulate(before, other.expand(2, -1)) for other in others]).mean(dim=0)
        expected = (after - usual).abs().sum(dim=-1).detach()
        torch.testing.assert_close(found.contrast[layer], expected, atol=1e-10, rtol=0)


def test_against_itself_a_clip_has_no_contrast_but_still_modulates() -> None:
    module = judge(micro_config())
    paintings, mels = inputs()
    mels = mels[:1].expand(2, -1, -1, -1)
    found = modulation_maps(module, paintings, mels, usual_D=module.encode_music(mels)[0])
    assert found.contrast is not None
    assert found.contrast.max() < 1e-12
    assert found.absolute.min() > 1e-3


def test_the_first_and_the_last_three_layers_are_drawn() -> None:
    assert first_and_last(12) == [0, 1, 2, 9, 10, 11]
    assert first_and_last(4) == [0, 1, 2, 3]
    assert first_and_last(1) == [0]


def test_a_map_is_drawn_over_the_painting_with_its_range() -> None:
    painting = np.full((32, 32, 3), 200, dtype=np.uint8)
    values = np.arange(16.0).reshape(4, 4)
    panels = [drawing.Panel("layer 1", values), drawing.Panel("layer <2>", np.ones((4, 4)))]
    picture = Image.open(io.BytesIO(drawing.png(painting, panels)))
    assert picture.size == (3 * 32 + 2 * drawing.GAP, 32 + drawing.CAPTION)
    pixels = np.asarray(picture).astype(int)
    assert (pixels[:32, :32] == 200).all()
    first = pixels[:32, 32 + drawing.GAP : 64 + drawing.GAP]
    assert first[0, 0].sum() < first[31, 31].sum()
    root = ElementTree.fromstring(drawing.svg(painting, panels, title="P & M"))
    names = {"svg": "http://www.w3.org/2000/svg"}
    assert len(root.findall(".//svg:rect", names)) == 2 * 16
    assert [text.text for text in root.findall(".//svg:text", names)] == ["layer 1", "0 to 15", "layer <2>", "1 to 1"]
    assert root.findtext("svg:title", namespaces=names) == "P & M"


def test_colours_rise_in_lightness() -> None:
    light = drawing.ramp(np.linspace(0, 1, 50)).astype(int) @ np.array([2126, 7152, 722])
    assert (np.diff(light) > 0).all()


@pytest.fixture(scope="module")
def picture_and_sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("loose")
    generator = np.random.default_rng(0)
    Image.fromarray(generator.integers(0, 255, (300, 400, 3), dtype=np.uint8)).save(folder / "picture.png")
    soundfile.write(folder / "sound.wav", 0.1 * generator.normal(size=(17 * 8000, 2)), 8000, subtype="FLOAT")
    return folder / "picture.png", folder / "sound.wav"


def test_loose_files_are_prepared_as_by_an_import(picture_and_sound: tuple[Path, Path]) -> None:
    picture, sound = picture_and_sound
    with Image.open(picture) as opened:
        assert np.array_equal(loose.painting_of(picture), model_input(opened.convert("RGB")))
    samples, rate = soundfile.read(sound, dtype="float32", always_2d=True)
    cut = samples[2 * rate : 17 * rate]
    imported = make_clip(cut, track_sha256="0" * 64, index=0, sample_rate=rate).mel
    np.testing.assert_allclose(loose.mel_of(sound, start_s=2.0), imported, atol=2e-3)


def test_loose_files_that_cannot_be_used_say_why(picture_and_sound: tuple[Path, Path]) -> None:
    picture, sound = picture_and_sound
    with pytest.raises(DataError, match="not a picture"):
        loose.painting_of(sound)
    with pytest.raises(DataError, match="not a sound file"):
        loose.mel_of(picture)
    with pytest.raises(DataError, match=r"has 14\.0 s of sound from 3 s on"):
        loose.mel_of(sound, start_s=3.0)


def checkpoint_of(config: Config) -> Checkpoint:
    torch.manual_seed(0)
    return Checkpoint(build(config).eval(), config, Identity("d" * 64, 0, "test"), 0, {})


def test_a_model_without_man_has_no_maps(picture_and_sound: tuple[Path, Path], tmp_path: Path) -> None:
    picture, sound = map(str, picture_and_sound)
    seen = mapfile.subject(painting=picture, music=sound, start_s=0.0, snapshot=None)
    with pytest.raises(DataError, match="has no MAN"):
        mapfile.write(checkpoint_of(micro_config(fusion={"kind": "concat"})), seen, out_dir=tmp_path, p=1)
    with pytest.raises(DataError, match=r"nowhere\.png is not a file"):
        mapfile.subject(painting="nowhere.png", music=sound, start_s=0.0, snapshot=None)


def test_numbers_keep_their_scale_beside_the_pictures(picture_and_sound: tuple[Path, Path], tmp_path: Path) -> None:
    picture, sound = map(str, picture_and_sound)
    checkpoint = checkpoint_of(micro_config(painting={"size": 256, "pool": 8, "patch": 4}))
    seen = mapfile.subject(painting=picture, music=sound, start_s=0.0, snapshot=None)
    numbers = mapfile.write(checkpoint, seen, out_dir=tmp_path, p=2)
    assert numbers == json.loads((tmp_path / "maps.json").read_text())
    assert {path.name for path in tmp_path.iterdir()} == {
        "absolute.png", "absolute.svg", "relative.png", "relative.svg", "maps.npz", "maps.json",
    }  # fmt: skip
    with np.load(tmp_path / "maps.npz") as kept:
        assert kept["absolute"].shape == (2, 8, 8)
        np.testing.assert_allclose(kept["absolute"].mean(axis=(1, 2)), numbers["mean"]["absolute"])
        assert not np.allclose(kept["absolute"], kept["relative"])
