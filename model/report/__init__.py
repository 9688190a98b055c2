"""What a run's figures say, for people: Markdown, or one HTML page that needs nothing beside it. Loads no torch."""

from __future__ import annotations

from model.report.page import page
from model.report.sections import ReportError
from model.report.text import markdown

__all__ = ["ReportError", "markdown", "page"]
