"""A judging as its page and its JSON show it: intervals, places, windows, maps. Pure functions of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.storage import default_storage
from django.urls import reverse

from annotation_site.judging.models import Judging, Subject
from annotation_site.judging.storing import ROOT
from annotation_site.judging.words import clock, fit_in_words
from mpd_builder.records import CLIP_SECONDS

Z_95 = 1.959964
VAGUE = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its 95 % interval; `people_low` to `people_high` is where a pair's own score would lie."""

    score: float
    low: float
    high: float
    people_low: float
    people_high: float

    @property
    def words(self) -> str:
        return fit_in_words(self.score)

    @property
    def is_vague(self) -> bool:
        """Whether the interval says little more than that the model does not know."""
        return self.high - self.low > VAGUE


@dataclass(frozen=True, slots=True)
class Window:
    """Fifteen seconds of the music, as one painting fits them."""

    start_s: float
    score: float
    low: float
    high: float

    @property
    def words(self) -> str:
        return f"{clock(self.start_s)} to {clock(self.start_s + CLIP_SECONDS)}"


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's modulation map: `values` row by row from 0 to 255 between its least and its greatest term."""

    number: int
    mean: float
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Shown:
    """One painting of a judging. `place` counts from 1 in the ranking, `row` is where it stands in the result."""

    row: int
    place: int
    name: str
    url: str
    width: int
    height: int
    estimate: Estimate
    windows: tuple[Window, ...]
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What lies between one place of the ranking and the next."""

    difference: float
    low: float
    high: float
    is_told_apart: bool


@dataclass(frozen=True, slots=True)
class Music:
    """The music of a judging: one address a window, waveforms, and where on the track it lies."""

    name: str
    urls: tuple[str, ...]
    peaks: tuple[Sequence[int], ...]
    starts: tuple[float, ...]
    n_silent: int

    @property
    def start_s(self) -> float:
        return self.starts[0]

    @property
    def stop_s(self) -> float:
        return self.starts[-1] + CLIP_SECONDS


@dataclass(frozen=True, slots=True)
class Result:
    """All of a judging that is done. Paintings and steps in the order of the ranking; brackets are places, from 1."""

    paintings: tuple[Shown, ...]
    steps: tuple[Step, ...]
    brackets: tuple[tuple[int, int], ...]
    music: Music
    maps_window: Window | None
    grid: int
    seconds: float


def result_of(judging: Judging) -> Result:
    """What was found, ready to be shown. The judging must be done."""
    found = judging.result
    subjects = list(judging.subjects.all())
    music = music_of(judging, next(one for one in subjects if one.kind == Subject.Kind.MUSIC))
    painted = [one for one in subjects if one.kind == Subject.Kind.PAINTING]
    order, maps = found["ranking"]["order"], found["maps"]
    paintings = tuple(
        _painting(judging, painted[row], row=row, place=place, found=found, starts=music.starts)
        for place, row in enumerate(order, start=1)
    )
    return Result(
        paintings=paintings,
        steps=tuple(_step(step) for step in found["ranking"]["steps"]),
        brackets=tuple((first + 1, last + 1) for first, last in found["ranking"]["brackets"]),
        music=music,
        maps_window=paintings[0].windows[maps["window"]] if maps else None,
        grid=maps["grid"] if maps else 0,
        seconds=found["seconds"],
    )


def estimate_of(score: float, sd: float, *, noise: float) -> Estimate:
    """Both intervals, within 0 and 1: people differ from the model by its own uncertainty and by their noise."""
    both = (sd**2 + noise**2) ** 0.5
    return Estimate(
        _within(score),
        _within(score - Z_95 * sd),
        _within(score + Z_95 * sd),
        _within(score - Z_95 * both),
        _within(score + Z_95 * both),
    )


def music_of(judging: Judging, subject: Subject) -> Music:
    shown = subject.shown
    return Music(
        name=subject.name,
        urls=tuple(media_url(judging, name) for name in shown["audio"]),
        peaks=tuple(shown["peaks"]),
        starts=tuple(shown["starts"]),
        n_silent=shown["silent"],
    )


def media_url(judging: Judging, stored: str) -> str:
    """The address of a stored file: the judging's own, or the corpus's."""
    if not stored.startswith(f"{ROOT}/"):
        return str(default_storage.url(stored))
    return reverse("judging:media", args=[judging.key, stored.rsplit("/", 1)[1]])


def _painting(
    judging: Judging, subject: Subject, *, row: int, place: int, found: Mapping[str, Any], starts: Sequence[float]
) -> Shown:
    told = found["paintings"][row]
    layers = found["maps"]["paintings"][row] if found["maps"] else []
    return Shown(
        row=row,
        place=place,
        name=subject.name,
        url=media_url(judging, subject.shown["display"]),
        width=subject.shown["width"],
        height=subject.shown["height"],
        estimate=estimate_of(told["score"], told["sd"], noise=found["noise"]),
        windows=tuple(_window(start, window) for start, window in zip(starts, told["windows"], strict=True)),
        layers=tuple(Layer(number, layer["mean"], layer["values"]) for number, layer in enumerate(layers, start=1)),
    )


def _window(start_s: float, told: Mapping[str, float]) -> Window:
    score, reach = told["score"], Z_95 * told["sd"]
    return Window(start_s, _within(score), _within(score - reach), _within(score + reach))


def _step(told: Mapping[str, Any]) -> Step:
    difference, reach = told["difference"], Z_95 * told["sd"]
    low, high = _within(difference - reach, least=-1.0), _within(difference + reach, least=-1.0)
    return Step(difference, low, high, told["is_told_apart"])


def _within(value: float, *, least: float = 0.0) -> float:
    return min(max(value, least), 1.0)
