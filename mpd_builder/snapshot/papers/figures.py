"""The figures of a snapshot, after the paper's Figure 2: how items, scores, dispersion and splits are distributed.

Each is one SVG that stands alone: its own paper and ink in light and dark, no script, no font from elsewhere, and words
that say what it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from mpd_builder.scales import Scale, scale_of
from mpd_builder.snapshot.dataset import Facts
from mpd_builder.snapshot.papers.about import counted, number, plain, share
from mpd_builder.snapshot.papers.statements import by_count
from mpd_builder.snapshot.recipe import Recipe
from mpd_builder.snapshot.tables import SPLITS

FOLDER = "figures"
MOST_ROWS = 14
MOST_LETTERS = 24

_WIDTH = 640.0
_LEFT, _RIGHT, _TOP = 64.0, 24.0, 84.0
_PLOT_HEIGHT, _FOOT = 220.0, 56.0
_ROW, _ROWS_LEFT, _ROWS_RIGHT = 26.0, 200.0, 136.0

_STYLE = """\
svg{color-scheme:light dark;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;\
font-size:13px;font-variant-numeric:tabular-nums}
.paper{fill:#fff;stroke:#dedbd4}.ink{fill:#1c1b1a}.soft{fill:#5d5b56}.grid{stroke:#e8e5de}.axis{stroke:#86837b}
.bar{fill:#7c5cd6}.pale{fill:#bdaee8}.band{fill:#f3f0fb}.mark{stroke:#b3541e;stroke-dasharray:5 4;stroke-width:1.5}
.marked{fill:#93410f;paint-order:stroke;stroke:#fff;stroke-width:4}.title{font-size:16px;font-weight:600}
@media (prefers-color-scheme:dark){.paper{fill:#171716;stroke:#34332f}.ink{fill:#eceae5}.soft{fill:#aaa79f}
.grid{stroke:#2a2926}.axis{stroke:#75726a}.bar{fill:#9b82ea}.pale{fill:#5b4c8f}.band{fill:#221f2e}
.mark{stroke:#e59a62}.marked{fill:#eda873;stroke:#171716}}"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One drawing: `words` say what it shows, for those who do not see it."""

    name: str
    words: str
    svg: bytes

    @property
    def path(self) -> str:
        return f"{FOLDER}/{self.name}.svg"


@dataclass(frozen=True, slots=True)
class _Mark:
    """A labelled line at a value, from the height of its label down; row 0 is the highest."""

    value: float
    label: str
    row: int = 0


def figures(facts: Facts, recipe: Recipe) -> list[Figure]:
    """Those for which there are facts, in the order of the card."""
    drawn = [
        _splits(facts),
        _scores(facts, recipe),
        _dispersion(facts),
        _named("styles", "Paintings by style", "painting", facts.styles),
        _named("genres", "Clips by genre", "clip", facts.genres),
    ]
    return [figure for figure in drawn if figure is not None]


def _splits(facts: Facts) -> Figure | None:
    return _rows("splits", "Pairs by split", "pair", [(split, facts.pairs[split]) for split in SPLITS])


def _scores(facts: Facts, recipe: Recipe) -> Figure | None:
    marks = [] if facts.score_mean is None else [_Mark(facts.score_mean, f"mean {number(facts.score_mean)}")]
    return _histogram(
        "scores", "Scores of the pairs", "score", facts.score_histogram, high=1.0, marks=marks, band=recipe.band
    )


def _dispersion(facts: Facts) -> Figure | None:
    shares = facts.dispersion
    marks = [
        _Mark(0.09, f"{share(shares.share_below_09)} below 0.09"),
        _Mark(0.11, f"{share(shares.share_below_11)} below 0.11", row=1),
    ]
    title, label = "Dispersion of the pairs", "population standard deviation of a pair's ratings"
    return _histogram("dispersion", title, label, facts.dispersion_histogram, high=0.5, marks=marks)


def _named(name: str, title: str, unit: str, counts: Mapping[str, int]) -> Figure | None:
    """Bars of the most frequent names, the others together, and what states none."""
    ranked = by_count({plain(label): count for label, count in counts.items() if label})
    shown, rest = ranked[:MOST_ROWS], ranked[MOST_ROWS:]
    if len(rest) == 1:
        shown, rest = ranked, []
    rows = list(shown)
    if rest:
        rows.append((f"{len(rest)} others", sum(count for _, count in rest)))
    if missing := counts.get("", 0):
        rows.append(("not stated", missing))
    return _rows(name, title, unit, rows) if ranked else None


def _histogram(
    name: str,
    title: str,
    label: str,
    counts: Sequence[int],
    *,
    high: float,
    marks: Sequence[_Mark] = (),
    band: tuple[float, float] | None = None,
) -> Figure | None:
    """Pairs in equal bins of [0, high]; bins inside `band` are told apart."""
    if not any(counts):
        return None
    x = scale_of((), low=0.0, high=high)
    y = scale_of(counts, low=0.0, wanted=4, whole=True)
    plot = _Plot(x, y)
    step = high / len(counts)
    edges = [(round(index * step, 9), round((index + 1) * step, 9)) for index in range(len(counts))]
    (low, top), most = max(zip(edges, counts, strict=True), key=lambda each: each[1])
    words = f"{title}: {counted(sum(counts), 'pair')}; most of them, {most:,}, from {low:g} to {top:g}."
    words = " ".join([words, *(f"{mark.label.capitalize()}." for mark in marks)])
    body = [*plot.grid(), *([plot.band(band)] if band else [])]
    for (start, stop), count in zip(edges, counts, strict=True):
        inside = band is not None and band[0] <= (start + stop) / 2 <= band[1]
        body.append(plot.bar(start, stop, count, css="bar" if band is None or inside else "pale"))
    body += [*plot.axis(label), *(line for mark in marks for line in plot.mark(mark))]
    note = f"{counted(sum(counts), 'pair')}, number in each bin of {step:g}"
    if band:
        note += f"; shaded: ambiguous, {band[0]:g} to {band[1]:g}"
    return Figure(name, words, _document(name, title, words, note, _TOP + _PLOT_HEIGHT + _FOOT, body))


class _Plot:
    """Places in the drawing of a histogram."""

    def __init__(self, x: Scale, y: Scale) -> None:
        self._x = x
        self._y = y

    def _across(self, value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * self._x.at(value) / 100

    def _down(self, value: float) -> float:
        return _TOP + _PLOT_HEIGHT * self._y.up(value) / 100

    def grid(self) -> Iterable[str]:
        for value in self._y.ticks():
            down = self._down(value)
            yield _line(_LEFT, down, _WIDTH - _RIGHT, down, "grid")
            yield _text(_LEFT - 10, down + 4.5, self._y.label(value), css="soft", anchor="end")

    def band(self, band: tuple[float, float]) -> str:
        left, right = (self._across(value) for value in band)
        return _rect(left, _TOP, right - left, _PLOT_HEIGHT, "band")

    def bar(self, start: float, stop: float, count: int, *, css: str) -> str:
        left, right, down = self._across(start), self._across(stop), self._down(count)
        words = f"{start:g} to {stop:g}: {counted(count, 'pair')}"
        return _rect(left + 1.5, down, right - left - 3, _TOP + _PLOT_HEIGHT - down, css, title=words, radius=2)

    def axis(self, label: str) -> Iterable[str]:
        foot = _TOP + _PLOT_HEIGHT
        yield _line(_LEFT, foot, _WIDTH - _RIGHT, foot, "axis")
        for value in self._x.ticks():
            yield _text(self._across(value), foot + 20, self._x.label(value), css="soft", anchor="middle")
        yield _text((_LEFT + _WIDTH - _RIGHT) / 2, foot + 42, label, css="ink", anchor="middle")

    def mark(self, mark: _Mark) -> Iterable[str]:
        across = self._across(mark.value)
        yield _line(across, _TOP + 18 * mark.row, across, _TOP + _PLOT_HEIGHT, "mark")
        before = across > _WIDTH - 140
        yield _text(
            across + (-7 if before else 7),
            _TOP + 12 + 18 * mark.row,
            mark.label,
            css="marked",
            anchor="end" if before else "start",
        )


def _rows(name: str, title: str, unit: str, rows: Sequence[tuple[str, int]]) -> Figure | None:
    """Named counts as horizontal bars, in the order given."""
    total = sum(count for _, count in rows)
    if not total:
        return None
    most = max(count for _, count in rows)
    room = _WIDTH - _ROWS_LEFT - _ROWS_RIGHT
    body = []
    for index, (label, count) in enumerate(rows):
        middle = _TOP - 8 + _ROW * (index + 0.5)
        words = f"{label}: {counted(count, unit)}, {count / total:.1%}"
        body += [
            _text(_ROWS_LEFT - 12, middle + 4.5, _short(label), css="ink", anchor="end"),
            _rect(_ROWS_LEFT, middle - 8, max(room * count / most, 1.0), 16, "bar", title=words, radius=2),
            _text(_ROWS_LEFT + room * count / most + 10, middle + 4.5, f"{count:,} ({count / total:.1%})", css="soft"),
        ]
    named = ", ".join(f"{label} {count:,}" for label, count in rows)
    words = f"{title}: {named}."
    height = _TOP - 8 + _ROW * len(rows) + 20
    return Figure(name, words, _document(name, title, words, counted(total, unit), height, body))


def _short(label: str) -> str:
    return label if len(label) <= MOST_LETTERS else f"{label[: MOST_LETTERS - 1].rstrip()}…"


def _document(name: str, title: str, words: str, note: str, height: float, body: Iterable[str]) -> bytes:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {height:g}" width="{_WIDTH:g}" '
        f'height="{height:g}" role="img" aria-labelledby="{name}-title {name}-words">',
        f'<title id="{name}-title">{escape(title)}</title>',
        f'<desc id="{name}-words">{escape(words)}</desc>',
        f"<style>{_STYLE}</style>",
        _rect(0.5, 0.5, _WIDTH - 1, height - 1, "paper", radius=8),
        _text(24, 34, title, css="ink title"),
        _text(24, 56, note, css="soft"),
        *body,
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _rect(x: float, y: float, width: float, height: float, css: str, *, title: str = "", radius: float = 0) -> str:
    shape = f'<rect class="{css}" x="{x:.6g}" y="{y:.6g}" width="{width:.6g}" height="{height:.6g}"'
    rounded = f' rx="{radius:g}"' if radius else ""
    return f"{shape}{rounded}><title>{escape(title)}</title></rect>" if title else f"{shape}{rounded}/>"


def _line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    return f'<line class="{css}" x1="{x1:.6g}" y1="{y1:.6g}" x2="{x2:.6g}" y2="{y2:.6g}"/>'


def _text(x: float, y: float, words: str, *, css: str, anchor: str = "start") -> str:
    placed = f'<text class="{css}" x="{x:.6g}" y="{y:.6g}"'
    return f"{placed} text-anchor={quoteattr(anchor)}>{escape(words)}</text>"
