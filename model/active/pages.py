"""A label-efficiency study for people: Markdown, and one HTML page with its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from model import report
from model.active.plot import Plot, curves_plot, gains_plot

_STYLE = Path(report.__file__).with_name("page.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
TITLE = "Does choosing pay?"
NAMES = {"srcc": "SRCC", "rmse": "RMSE"}
MODES = {
    "retrain": "at every round the whole model goes on learning from the weights of the round before, and its last "
    "layer is fitted in closed form",
    "head": "head only: the last layer is fitted in closed form at every round, to the features of the first round",
}


def markdown(found: Mapping[str, Any]) -> str:
    """Verdict, areas with gains over random, and the curves as a table."""
    parts = [f"## {TITLE}", "\n".join(f"- {line}" for line in _facts(found)), verdict(found)]
    if found["seeds"]:
        parts += [_pipes(*_areas(found)), *(_pipes(*_rounds(found, name)) for name in NAMES)]
    return "\n\n".join(parts) + "\n"


def page(found: Mapping[str, Any]) -> str:
    """The same as a document of its own, with a plot for each figure; no script."""
    facts = "".join(f"<p>{escape(line)}</p>" for line in _facts(found))
    plots, tables = "", ""
    if found["seeds"]:
        drawn = [draw(found, name, said) for name, said in NAMES.items() for draw in _plots(found)]
        plots = "".join(f"<figure>{each.svg}<figcaption>{escape(each.words)}</figcaption></figure>" for each in drawn)
        tables = _table(*_areas(found)) + "".join(_table(*_rounds(found, name)) for name in NAMES)
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{TITLE}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>",
            f"<body><header><h1>{TITLE}</h1>{facts}</header><main>",
            f'<section><p>{escape(verdict(found))}</p><div class="plots">{plots}</div>{tables}</section>',
            "</main></body></html>",
            "",
        ]
    )


def _plots(found: Mapping[str, Any]) -> tuple[Plot, ...]:
    has_gains = any("gain" in row for row in found["methods"].values())
    return (curves_plot, gains_plot) if has_gains else (curves_plot,)


def verdict(found: Mapping[str, Any]) -> str:
    """Which methods beat random, in a sentence."""
    if not found["seeds"]:
        return "No seed is finished with every method yet."
    compared = [name for name, row in found["methods"].items() if "gain" in row]
    if not compared:
        return "Nothing to compare: random and at least one other method are needed."
    winners = found["beats_random"]
    said = f"Beyond random with the whole 95 % interval of the gain in area under SRCC: {', '.join(winners) or 'none'}."
    worse = [name for name in compared if (found["methods"][name]["gain"]["srcc"]["high"] or 0.0) < 0.0]
    return said + (f" Behind it with the whole interval: {', '.join(worse)}." if worse else "")


def _facts(found: Mapping[str, Any]) -> list[str]:
    plan = found["plan"]
    return [
        f"Snapshot {found['snapshot_digest'][:12]}, recipe {plan['config']['recipe']}: {MODES[plan['mode']]}.",
        f"{plan['start']} pairs to start with, then {plan['rounds']} rounds of {plan['batch']} out of {plan['pool']} "
        f"candidates; measured on {found['measured']} pairs whose painting and track are both new.",
        f"{len(found['seeds'])} paired seeds ({', '.join(map(str, found['seeds'])) or 'none'}): the same start, "
        "candidates and initial weights for every method. In brackets: 95 % by Student's t over seeds.",
    ]


def _areas(found: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    head = ["method"]
    head += [f"{said}, mean over votes" for said in NAMES.values()] + [
        f"{said} less random's" for said in NAMES.values()
    ]
    rows = []
    for name, row in found["methods"].items():
        gains = [_spanned(row["gain"][figure], sign="+") if "gain" in row else "" for figure in NAMES]
        rows.append([name, *(_spanned(row["area"][figure]) for figure in NAMES), *gains])
    return head, rows


def _rounds(found: Mapping[str, Any], figure: str) -> tuple[list[str], list[list[str]]]:
    head = [f"{NAMES[figure]} after votes", *(f"{count:,}" for count in found["votes"])]
    rows = [
        [name, *(f"{point['value']:.3f}" for point in row["curve"][figure])] for name, row in found["methods"].items()
    ]
    return head, rows


def _spanned(estimate: Mapping[str, float | None], *, sign: str = "") -> str:
    text = f"{estimate['value']:{sign}.4f}"
    return text if estimate["low"] is None else f"{text} [{estimate['low']:{sign}.4f}, {estimate['high']:{sign}.4f}]"


def _pipes(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for name, *cells in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="Table: {escape(head[0])}">'
        f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )
