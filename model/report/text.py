"""A report as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.report.sections import Table, facts, sections, title_of


def markdown(report: Mapping[str, Any]) -> str:
    """All but the plots. Raises ReportError."""
    parts = []
    for section in sections(report):
        parts += [f"## {section.title}", *section.words, *(_table(table) for table in section.tables)]
    lines = "\n".join(f"- {name}: `{value}`" for name, value in facts(report))
    return "\n\n".join([f"# {title_of(report)}", lines, *parts]) + "\n"


def _table(table: Table) -> str:
    lines = [_line(table.head), "|" + "---|" * len(table.head)]
    return "\n".join([*lines, *(_line(row) for row in table.rows)])


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
