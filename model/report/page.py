"""A report as one HTML page: style and drawings inside, no script, light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from model.report import plots
from model.report.sections import Section, Table, facts, sections, title_of

_STYLE = Path(__file__).with_name("page.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(report: Mapping[str, Any]) -> str:
    """The whole document. Raises ReportError."""
    found = sections(report)
    title = escape(title_of(report))
    identity = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts(report))
    links = "".join(f'<a href="#{escape(section.title)}">{escape(section.title)}</a>' for section in found[1:])
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{title}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>",
            f"<body><header><h1>{title}</h1><dl>{identity}</dl><nav>{links}</nav></header><main>",
            *(_section(section) for section in found),
            "</main></body></html>",
            "",
        ]
    )


def _section(section: Section) -> str:
    words = "".join(f"<p>{escape(text)}</p>" for text in section.words)
    tables = "".join(_table(table) for table in section.tables)
    figures = "".join(_figure(drawing) for drawing in drawings(section))
    drawn = f'<div class="plots">{figures}</div>' if figures else ""
    heading = f'<h2 id="{escape(section.title)}">{escape(section.title)}</h2>'
    return f"<section>{heading}{words}{tables}{drawn}</section>"


def drawings(section: Section) -> list[plots.Drawing]:
    """What is drawn of a regime; of a section without plots nothing."""
    if section.plots is None:
        return []
    drawn = [plots.scatter(section.plots["points"]), plots.calibration(section.plots["calibration"])]
    drawn += [plots.residuals(rows, label=name) for name, rows in section.plots["residuals"].items() if _is_named(rows)]
    return drawn


def _figure(drawing: plots.Drawing) -> str:
    return f"<figure>{drawing.svg}<figcaption>{escape(drawing.words)}</figcaption></figure>"


def _is_named(rows: list[Mapping[str, Any]]) -> bool:
    return any(row["name"] != "not stated" for row in rows)


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    body = "".join(
        f'<tr{" class=strong" if place < table.strong else ""}><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{_cell(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for place, row in enumerate(table.rows)
    )
    scroll = f'<div class="scroll" tabindex="0" role="group" aria-label="Table: {escape(" ".join(table.head[:3]))}">'
    return f"{scroll}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(text: str) -> str:
    """A figure stays on one line, its interval below it in small."""
    figure, bracket, rest = text.partition(" [")
    return escape(text) if not bracket else f"{escape(figure)}<small>{escape(rest.rstrip(']'))}</small>"
