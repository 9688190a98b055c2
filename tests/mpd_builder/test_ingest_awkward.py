"""Every broken or unusual file of the real corpus gets what its list says a good importer does with it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mpd_builder.ingest import (
    Candidate,
    CheckedPainting,
    CheckedTrack,
    FolderSource,
    Limits,
    Outcome,
    Rejected,
    fingerprint,
    process,
)

Check = Callable[[Outcome, Path], None]


def rejected(code: str) -> Check:
    def check(outcome: Outcome, folder: Path) -> None:
        assert isinstance(outcome, Rejected)
        assert outcome.code == code
        assert outcome.reason.endswith((".", ")."))
        assert outcome.hint

    return check


def painting(*remarks: str, also: Callable[[CheckedPainting, Path], None] | None = None) -> Check:
    def check(outcome: Outcome, folder: Path) -> None:
        assert isinstance(outcome, CheckedPainting)
        assert {remark.code for remark in outcome.remarks} == set(remarks)
        for data in (outcome.display, outcome.thumbnail):
            with Image.open(BytesIO(data)) as picture:
                assert (picture.format, picture.mode) == ("JPEG", "RGB")
                assert not picture.getexif()
        if also:
            also(outcome, folder)

    return check


def track(clips: int, *remarks: str, also: Callable[[CheckedTrack, Path], None] | None = None) -> Check:
    def check(outcome: Outcome, folder: Path) -> None:
        assert isinstance(outcome, CheckedTrack)
        assert len(outcome.clips) == clips == int(outcome.track.duration_s // 15)
        assert {remark.code for remark in outcome.remarks} == set(remarks)
        assert all(np.isfinite(clip.mel).all() for clip in outcome.clips)
        if also:
            also(outcome, folder)

    return check


def pixels(outcome: CheckedPainting) -> np.ndarray:
    with Image.open(BytesIO(outcome.display)) as picture:
        return np.asarray(picture).astype(int)


def looks_like(name: str, within: float, *, grey: bool = False) -> Callable[[CheckedPainting, Path], None]:
    """The model's input is that of the untouched painting (or its grey), but for `within` levels on average."""

    def check(outcome: CheckedPainting, folder: Path) -> None:
        original = process(Candidate(folder.parent / "paintings" / name, name), limits=Limits())
        assert isinstance(original, CheckedPainting)
        plain = Image.fromarray(original.model_input)
        expected = np.asarray(plain.convert("L").convert("RGB") if grey else plain).astype(int)
        difference = outcome.model_input.astype(int) - expected
        assert np.abs(difference).mean() < within

    return check


def is_landscape(outcome: CheckedPainting, folder: Path) -> None:
    assert (outcome.painting.width, outcome.painting.height) == (480, 332)
    assert pixels(outcome).shape == (332, 480, 3)
    looks_like("met-36131_gong-xian.jpg", 3)(outcome, folder)


def paper_is_white(outcome: CheckedPainting, folder: Path) -> None:
    assert (pixels(outcome)[:10, :10] > 240).all()


def is_the_first_frame(outcome: CheckedPainting, folder: Path) -> None:
    with Image.open(folder / "animated.gif") as gif:
        first = np.asarray(gif.convert("RGB")).astype(int)
    assert np.abs(pixels(outcome) - first).mean() < 6


def is_near(name: str) -> Callable[[CheckedPainting, Path], None]:
    def check(outcome: CheckedPainting, folder: Path) -> None:
        original = process(Candidate(folder.parent / "paintings" / name, name), limits=Limits())
        assert isinstance(original, CheckedPainting)
        assert (int(outcome.dhash, 16) ^ int(original.dhash, 16)).bit_count() <= 6

    return check


def same_bytes_as(name: str) -> Callable[[CheckedPainting | CheckedTrack, Path], None]:
    def check(outcome: CheckedPainting | CheckedTrack, folder: Path) -> None:
        item = outcome.painting if isinstance(outcome, CheckedPainting) else outcome.track
        assert item.sha256 == fingerprint(folder.parent / name)

    return check


def keeps_its_name(outcome: CheckedPainting, folder: Path) -> None:
    assert outcome.painting.title == "Портрет (копия) №1"
    same_bytes_as("paintings/met-437869_velazquez-diego-rodriguez-de-silva-y-vel.jpg")(outcome, folder)


def is_ogg_and_a_copy(outcome: CheckedTrack, folder: Path) -> None:
    assert outcome.suffix == ".ogg"
    same_bytes_as("music/jordan-trudgett_world-map.ogg")(outcome, folder)


def high_bands_are_empty(outcome: CheckedTrack, folder: Path) -> None:
    mel = outcome.clips[0].mel.astype(float)
    assert mel[100:].max() < mel[:90].max() - 4  # band 97 is at 4 kHz


def is_silent(outcome: CheckedTrack, folder: Path) -> None:
    assert all(clip.is_silent for clip in outcome.clips)


def has_two_equal_clips(outcome: CheckedTrack, folder: Path) -> None:
    assert [(c.clip.start_frame, c.clip.stop_frame) for c in outcome.clips] == [(0, 165_375), (165_375, 330_750)]


EXPECTED: dict[str, Check] = {
    "animated.gif": painting("frames", "small", also=is_the_first_frame),
    "broken_frames.mp3": track(2, "mended"),
    "cmyk.jpg": painting(also=looks_like("kandinsky-1923-077_circles-in-a-circle.jpg", 6)),
    "decoders_disagree.ogg": track(4),
    "exactly_30s.wav": track(2, also=has_two_equal_clips),
    "exif_orientation6.jpg": painting(also=is_landscape),
    "gray16.png": painting(also=looks_like("rs-126_kazimir-malevich.jpg", 3, grey=True)),
    "gray_alpha.png": painting(also=paper_is_white),
    "html_error_page.jpg": rejected("web_page"),
    "huge_dimensions.png": rejected("too_large"),
    "mono_8khz.wav": track(1, also=high_bands_are_empty),
    "nan_samples.wav": track(1, "not_numbers"),
    "near_duplicate.jpg": painting(also=is_near("met-437397_rembrandt-rembrandt-van-rijn.jpg")),
    "nine_seconds.ogg": rejected("too_short"),
    "ogg_named.mp3": track(3, also=is_ogg_and_a_copy),
    "one_pixel.png": rejected("too_small"),
    "palette_transparency.png": painting("small", also=looks_like("nst-claude-monet_water-lilies.jpg", 12)),
    "panorama_strip.jpg": rejected("aspect"),
    "rgb16.png": painting(also=looks_like("met-436532_vincent-van-gogh.jpg", 4)),
    "silence_20s.wav": track(1, "silent", also=is_silent),
    "stereo_48khz_24bit.flac": track(1),
    "surround_5_1.flac": track(1),
    "text_named.mp3": rejected("text"),
    "truncated.jpg": rejected("damaged"),
    "webp_named.jpg": painting(also=looks_like("met-436528_vincent-van-gogh.jpg", 6)),
    "zero_bytes.jpg": rejected("empty"),
    "Портрет (копия) №1.jpg": painting(also=keeps_its_name),
}


@pytest.fixture(scope="module")
def awkward(shared_corpus: Path) -> Path:
    return shared_corpus / "awkward"


def test_every_awkward_file_has_an_expected_outcome(awkward: Path) -> None:
    with (awkward / "awkward.csv").open(encoding="utf-8", newline="") as file:
        assert {row["file"] for row in csv.DictReader(file)} == set(EXPECTED)
    assert {candidate.name for candidate in FolderSource(awkward).candidates()} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_awkward_file_gets_what_its_list_says(awkward: Path, name: str) -> None:
    (candidate,) = (found for found in FolderSource(awkward).candidates() if found.name == name)
    try:
        outcome: Outcome = process(candidate, limits=Limits())
    except Rejected as error:
        outcome = error
    EXPECTED[name](outcome, awkward)
