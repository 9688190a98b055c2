"""What looks or sounds alike is found, and nothing else."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from PIL import Image, ImageOps

from mpd_builder import mel
from mpd_builder.ingest.clips import resampled
from mpd_builder.ingest.fingerprints import difference_hash, track_fingerprint
from mpd_builder.ingest.pictures import model_input
from mpd_builder.likeness import alike_paintings, alike_tracks
from tests.mpd_builder.media_files import as_painting, as_track

SEED = 5


def painted(seed: int) -> Image.Image:
    """A picture of eighty blots, each seed another one."""
    rng = np.random.default_rng(seed)
    canvas = np.full((360, 480, 3), rng.integers(60, 200, 3), dtype=np.uint8)
    y, x = np.mgrid[:360, :480]
    for _ in range(80):
        row, column, size = rng.uniform(0, 360), rng.uniform(0, 480), rng.uniform(8, 60)
        canvas[np.hypot((y - row) * rng.uniform(0.4, 2), x - column) < size] = rng.integers(0, 255, 3)
    return Image.fromarray(canvas)


def cropped(picture: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = picture.size
    return picture.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


def squeezed(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "halved": lambda picture: squeezed(picture.resize((240, 180)), 60),
    "grey": lambda picture: picture.convert("L").convert("RGB"),
    "brighter": lambda picture: picture.point(lambda value: min(255, round(value * 1.1 + 10))),
    "flatter": lambda picture: picture.point(lambda value: round(40 + value * 0.7)),
    "crop of 3 %": lambda picture: cropped(picture, 0.03, 0.03, 0.03, 0.03),
    "crop on one side": lambda picture: cropped(picture, 0.05, 0, 0, 0),
    "mirrored": ImageOps.mirror,
    "all": lambda picture: squeezed(
        cropped(picture, 0.01, 0.02, 0.02, 0.01).resize((300, 220)).point(lambda v: v * 0.9), 50
    ),
}


@pytest.fixture(scope="module")
def gallery() -> dict[str, np.ndarray]:
    return {f"p{seed:02d}": model_input(painted(seed)) for seed in range(12)}


def found_in(pictures: dict[str, np.ndarray], new: list[str] | None = None) -> list[tuple[str, str]]:
    hashes = {key: difference_hash(picture) for key, picture in pictures.items()}
    return [(alike.first, alike.second) for alike in alike_paintings(hashes, new=new, picture=pictures.__getitem__)]


def test_different_pictures_are_not_alike(gallery: dict[str, np.ndarray]) -> None:
    assert found_in(gallery) == []


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(change: str, gallery: dict[str, np.ndarray]) -> None:
    copy = model_input(CHANGES[change](painted(SEED)).convert("RGB"))
    assert found_in({**gallery, "copy": copy}) == [("p05", "copy")]


def test_only_pairs_with_a_new_painting_are_asked_about(gallery: dict[str, np.ndarray]) -> None:
    pictures = {**gallery, "copy": gallery["p05"], "again": gallery["p05"]}
    assert found_in(pictures, new=["p01"]) == []
    assert set(found_in(pictures, new=["again"])) == {("p05", "again"), ("copy", "again")}
    assert len(found_in(pictures)) == 3


def test_a_hash_of_another_kind_is_made_anew(gallery: dict[str, np.ndarray]) -> None:
    hashes = {key: difference_hash(picture) for key, picture in gallery.items()} | {"old": "0123456789abcdef"}
    pictures = {**gallery, "old": gallery["p05"]}
    (alike,) = alike_paintings(hashes, new=None, picture=pictures.__getitem__)
    assert (alike.first, alike.second, alike.similarity) == ("p05", "old", 1.0)


def test_blank_pictures_have_nothing_in_common() -> None:
    blank = {f"b{value}": np.full((256, 256, 3), value, np.uint8) for value in (0, 90, 255)}
    assert found_in(blank) == []
    assert alike_paintings({}, new=None, picture=blank.__getitem__) == []


def test_pictures_are_fetched_only_where_hashes_are_near(gallery: dict[str, np.ndarray]) -> None:
    fetched: list[str] = []
    pictures = {**gallery, "copy": gallery["p05"]}

    def fetch(key: str) -> np.ndarray:
        fetched.append(key)
        return pictures[key]

    alike_paintings({key: difference_hash(picture) for key, picture in pictures.items()}, new=None, picture=fetch)
    assert sorted(fetched) == ["copy", "p05"]


RATE = 22_050


def composed(seed: int, seconds: float = 62.0) -> np.ndarray:
    """Notes of three voices in random order, float32 (frames, 2) at 22.05 kHz."""
    rng = np.random.default_rng(seed)
    sound = np.zeros((round(seconds * RATE), 2))
    for _ in range(round(9 * seconds)):
        begin, length = rng.integers(0, len(sound) - RATE), int(rng.uniform(0.1, 0.8) * RATE)
        pitch = 110.0 * 2 ** (rng.integers(0, 45) / 12)
        times = np.arange(length) / RATE
        note = sum(np.sin(2 * np.pi * pitch * k * times) / k for k in (1, 2, 3)) * np.exp(-4 * times)
        sound[begin : begin + length] += 0.08 * np.outer(note, rng.uniform(0.3, 1.0, 2))
    return (sound + 1e-4 * rng.standard_normal(sound.shape)).astype(np.float32)


def printed(sound: np.ndarray, rate: int = RATE) -> np.ndarray:
    """As ingest does it: clips of 15 s, mono, 16 kHz, log-mel, fingerprint."""
    mono, length = sound.mean(axis=1), 15 * rate
    cuts = [mono[begin : begin + length] for begin in range(0, len(mono) - length + 1, length)]
    return track_fingerprint([mel.log_mel(resampled(cut, rate, mel.SAMPLE_RATE)) for cut in cuts])


def through(sound: np.ndarray, form: str, subtype: str, level: float, rate: int = RATE) -> np.ndarray:
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", rate, sound.shape[1], format=form, subtype=subtype, compression_level=level
    ) as file:
        for block in np.array_split(sound, len(sound) // 4096):
            file.write(block)
    buffer.seek(0)
    decoded: np.ndarray = soundfile.read(buffer, dtype="float32", always_2d=True)[0]
    return decoded


@pytest.fixture(scope="module")
def library() -> dict[str, np.ndarray]:
    return {f"t{seed}": printed(composed(seed)) for seed in range(6)}


def copies() -> Iterator[tuple[str, np.ndarray, float]]:
    """A name, the fingerprint, and where the copy begins in the original."""
    sound = composed(SEED)
    yield "quieter mono", printed(0.2 * sound.mean(axis=1, keepdims=True)), 0.0
    yield "MP3", printed(through(sound, "MP3", "MPEG_LAYER_III", 0.9)), 0.0
    yield "Ogg", printed(through(sound, "OGG", "VORBIS", 0.9)), 0.0
    yield "8 kHz", printed(soxr.resample(sound, RATE, 8_000).astype(np.float32), 8_000), 0.0
    yield "excerpt", printed(sound[round(7.31 * RATE) : round(27.4 * RATE)]), 7.31
    late = sound[round(23.777 * RATE) : round(55 * RATE)]
    yield "excerpt, MP3", printed(through(0.6 * late, "MP3", "MPEG_LAYER_III", 0.8)), 23.777


def test_different_tracks_are_not_alike(library: dict[str, np.ndarray]) -> None:
    assert alike_tracks(library, new=None) == []


def test_changed_copies_and_excerpts_are_found_with_their_place(library: dict[str, np.ndarray]) -> None:
    for name, words, begins_at in copies():
        (alike,) = alike_tracks({name: words, **library}, new=[name])
        assert (alike.first, alike.second) == (name, "t5"), name
        assert alike.similarity > 0.5
        assert alike.offset_s == pytest.approx(begins_at, abs=0.1), name


def test_two_parts_of_a_track_that_share_nothing_are_not_alike() -> None:
    sound = composed(SEED)
    assert alike_tracks({"a": printed(sound[: 30 * RATE]), "b": printed(sound[30 * RATE :])}, new=None) == []


def test_silence_is_like_nothing(library: dict[str, np.ndarray]) -> None:
    silence = printed(np.zeros((30 * RATE, 1), np.float32))
    assert not silence.any()
    assert alike_tracks({"s": silence, "z": silence, **library}, new=None) == []
    assert alike_tracks({}, new=None) == []


def test_a_track_that_came_in_forty_times_is_found(library: dict[str, np.ndarray]) -> None:
    many = {f"c{index:02d}": library["t5"] for index in range(40)}
    found = {alike.second for alike in alike_tracks(many, new=None)}
    assert found == set(many) - {"c00"}


def test_only_pairs_with_a_new_track_are_asked_about(library: dict[str, np.ndarray]) -> None:
    tracks = {**library, "copy": library["t5"]}
    assert alike_tracks(tracks, new=["t1"]) == []
    assert [alike.second for alike in alike_tracks(tracks, new=["t5"])] == ["copy"]


@pytest.mark.slow
def test_the_real_corpus_has_its_one_near_duplicate_and_no_other(shared_corpus: Path) -> None:
    files = [*sorted((shared_corpus / "paintings").glob("*.jpg")), shared_corpus / "awkward" / "near_duplicate.jpg"]
    checked = {path.name: as_painting(path) for path in files}
    found = alike_paintings(
        {name: one.dhash for name, one in checked.items()}, new=None, picture=lambda name: checked[name].model_input
    )
    assert [(alike.first, alike.second) for alike in found] == [
        ("met-437397_rembrandt-rembrandt-van-rijn.jpg", "near_duplicate.jpg")
    ]


@pytest.mark.slow
def test_no_two_tracks_of_the_real_corpus_sound_alike(shared_corpus: Path) -> None:
    files = [path for path in sorted((shared_corpus / "music").iterdir()) if path.suffix != ".csv"][::4]
    assert alike_tracks({path.name: as_track(path).fingerprint for path in files}, new=None) == []
