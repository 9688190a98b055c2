"""Every broken or unusual file of the real corpus gets what its list says a good importer does with it."""

from __future__ import annotations

import csv
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
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
    process_many,
)
from mpd_builder.ingest.pictures import model_input
from mpd_builder.mel import log_mel

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


def is_its_eight_bit_copy(outcome: CheckedPainting, folder: Path) -> None:
    """Each 16-bit value divided by 257, decoded here by the PNG specification alone, gives the same picture."""
    deep = sixteen_bit_pixels((folder / "rgb16.png").read_bytes())
    assert deep.max() > 255
    copy = Image.fromarray(np.rint(deep / 257).astype(np.uint8))
    assert np.abs(outcome.model_input.astype(int) - model_input(copy)).max() <= 1
    looks_like("met-436532_vincent-van-gogh.jpg", 4)(outcome, folder)


def sixteen_bit_pixels(png: bytes) -> np.ndarray:
    """The pixels of a truecolour PNG with 16 bits a channel, not interlaced: (height, width, 3)."""
    at, packed = 8, b""
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        if kind == b"IHDR":
            width, height, *form = struct.unpack_from(">IIBBBBB", png, at + 8)
            assert form == [16, 2, 0, 0, 0]
        packed += png[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += length + 12
    data, step, stride = zlib.decompress(packed), 6, 6 * width
    above = bytearray(stride)
    rows = []
    for y in range(height):
        method, *row = data[y * (stride + 1) : (y + 1) * (stride + 1)]
        for x in range(stride):
            left = row[x - step] if x >= step else 0
            corner = above[x - step] if x >= step else 0
            up = above[x]
            paeth = min((left, up, corner), key=lambda near: abs(left + up - corner - near))
            row[x] = (row[x] + (0, left, up, (left + up) // 2, paeth)[method]) & 255
        above = bytearray(row)
        rows.append(bytes(above))
    return np.frombuffer(b"".join(rows), dtype=">u2").reshape(height, width, 3)


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
        assert (int(outcome.dhash, 16) ^ int(original.dhash, 16)).bit_count() <= 40

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


def lasts(seconds: float, within: float = 0.06) -> Callable[[CheckedTrack, Path], None]:
    """So many seconds were decoded, whatever a header says."""

    def check(outcome: CheckedTrack, folder: Path) -> None:
        assert abs(outcome.track.duration_s - seconds) <= within

    return check


def where_it_was_transparent_is_white(outcome: CheckedPainting, folder: Path) -> None:
    with Image.open(folder / "palette_transparency.png") as picture:
        alpha = np.asarray(picture.convert("RGBA"))[:, :, 3]
    assert (alpha == 0).any()
    hidden = np.asarray(Image.fromarray(alpha).reduce(4)) == 0  # well inside: JPEG blurs the edges
    shown = np.asarray(Image.fromarray(pixels(outcome).astype(np.uint8)).reduce(4))
    assert (shown[hidden].min(axis=1) > 230).mean() > 0.97
    looks_like("nst-claude-monet_water-lilies.jpg", 12)(outcome, folder)


def is_webp_inside(outcome: CheckedPainting, folder: Path) -> None:
    assert outcome.suffix == ".webp"
    looks_like("met-436528_vincent-van-gogh.jpg", 6)(outcome, folder)


def is_the_mean_of_both_channels(outcome: CheckedTrack, folder: Path) -> None:
    assert (outcome.track.sample_rate, outcome.track.channels) == (48_000, 2)
    with soundfile.SoundFile(BytesIO(outcome.clips[0].audio)) as clip:
        assert (clip.frames, clip.samplerate, clip.channels) == (15 * 48_000, 48_000, 2)
    hears_the_downmix(outcome, folder / "stereo_48khz_24bit.flac")


def is_the_mean_of_six_channels(outcome: CheckedTrack, folder: Path) -> None:
    assert outcome.track.channels == 6
    mixed, rate = soundfile.read(BytesIO(outcome.clips[0].audio), dtype="float32", always_2d=True)
    original, _ = soundfile.read(folder / "surround_5_1.flac", dtype="float32", frames=15 * rate, always_2d=True)
    assert mixed.shape == (15 * 11_025, 1)
    assert np.abs(mixed[:, 0] - original.mean(axis=1)).max() <= 1 / 32_768
    assert np.abs(mixed).max() < 1
    hears_the_downmix(outcome, folder / "surround_5_1.flac")


def hears_the_downmix(outcome: CheckedTrack, path: Path) -> None:
    """The model's input is that of the mean of all channels at 16 kHz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples[: 15 * rate].mean(axis=1), rate, 16_000)
    expected = log_mel(np.ascontiguousarray(np.resize(mono, 240_000), dtype=np.float32))
    assert np.abs(outcome.clips[0].mel.astype(float) - expected.astype(float)).mean() < 0.01


def is_silent(outcome: CheckedTrack, folder: Path) -> None:
    assert all(clip.is_silent for clip in outcome.clips)


def has_two_equal_clips(outcome: CheckedTrack, folder: Path) -> None:
    assert [(c.clip.start_frame, c.clip.stop_frame) for c in outcome.clips] == [(0, 165_375), (165_375, 330_750)]


EXPECTED: dict[str, Check] = {
    "animated.gif": painting("frames", "small", also=is_the_first_frame),
    "broken_frames.mp3": track(2, "mended", also=lasts(22, within=11)),
    "cmyk.jpg": painting(also=looks_like("kandinsky-1923-077_circles-in-a-circle.jpg", 6)),
    "decoders_disagree.ogg": track(4, also=lasts(60.5)),
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
    "palette_transparency.png": painting("small", also=where_it_was_transparent_is_white),
    "panorama_strip.jpg": rejected("aspect"),
    "rgb16.png": painting(also=is_its_eight_bit_copy),
    "silence_20s.wav": track(1, "silent", also=is_silent),
    "stereo_48khz_24bit.flac": track(1, also=is_the_mean_of_both_channels),
    "surround_5_1.flac": track(1, also=is_the_mean_of_six_channels),
    "text_named.mp3": rejected("text"),
    "truncated.jpg": rejected("damaged"),
    "webp_named.jpg": painting(also=is_webp_inside),
    "zero_bytes.jpg": rejected("empty"),
    "Портрет (копия) №1.jpg": painting(also=keeps_its_name),
}


@pytest.fixture(scope="module")
def awkward(shared_corpus: Path) -> Path:
    return shared_corpus / "awkward"


@pytest.fixture(scope="module")
def outcomes(awkward: Path) -> dict[str, Outcome]:
    """What becomes of all of them in one batch: none stops it."""
    found = process_many(FolderSource(awkward).candidates(), limits=Limits(), workers=2)
    return {candidate.name: outcome for candidate, outcome in found}


def test_every_awkward_file_has_an_expected_outcome(awkward: Path, outcomes: dict[str, Outcome]) -> None:
    with (awkward / "awkward.csv").open(encoding="utf-8", newline="") as file:
        assert {row["file"] for row in csv.DictReader(file)} == set(EXPECTED)
    assert set(outcomes) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_awkward_file_gets_what_its_list_says(awkward: Path, outcomes: dict[str, Outcome], name: str) -> None:
    EXPECTED[name](outcomes[name], awkward)
