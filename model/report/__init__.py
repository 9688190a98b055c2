"""What a run's figures say, for people: Markdown, or one HTML page that needs nothing beside it. Loads no torch."""

from __future__ import annotations

from model.report.page import drawings, page
from model.report.plots import Drawing
from model.report.sections import ReportError, sections
from model.report.text import markdown

__all__ = ["Drawing", "ReportError", "drawings", "markdown", "page", "sections"]
