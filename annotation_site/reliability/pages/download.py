"""The report to take away: one HTML file that asks nobody for anything, or all its numbers as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from annotation_site.reliability.numbers import report_as_dict
from annotation_site.reliability.pages.access import admins_only, campaign_needed, not_ready, report_asked
from annotation_site.reliability.pages.dashboard import cards
from annotation_site.reliability.pages.sections import sections
from annotation_site.reliability.report import Report

STYLES = ("charts/charts.css", "css/admin.css", "css/reliability.css", "css/report.css")


@admins_only
def report_download(request: HttpRequest, form: str) -> HttpResponse:
    """`form` is html or json."""
    campaign = campaign_needed(request)
    report = report_asked(request, campaign)
    if report is None:
        return not_ready(request, campaign)
    if form == "json":
        content, kind = json.dumps(report_as_dict(report=report), indent=2, allow_nan=False), "application/json"
    elif form == "html":
        content, kind = report_as_html(report=report), "text/html; charset=utf-8"
    else:
        raise Http404("There are two forms: html and json.")
    response = HttpResponse(content, content_type=kind)
    name = f"reliability-{report.campaign}-{report.computed_at:%Y%m%d-%H%M}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def report_as_html(*, report: Report) -> str:
    """One page with its style sheets and drawings inside, dark or light as its reader's screen is."""
    context = {
        **sections(report),
        "cards": cards(report.headline, report.targets),
        "is_download": True,
        "styles": mark_safe("\n".join(_style(name) for name in STYLES)),  # noqa: S308 - our own files
    }
    return render_to_string("admin/reliability/download.html", context)


def _style(name: str) -> str:
    found = finders.find(name)
    assert isinstance(found, str), name
    return Path(found).read_text()
