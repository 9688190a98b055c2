"""The admin panel: one site class, its navigation and its first page."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse_lazy
from django.utils import timezone
from unfold.dataclasses import Favicon
from unfold.sites import UnfoldAdminSite

from annotation_site.corpus.pages.likenesses import likenesses_page
from annotation_site.corpus.pages.statistics import statistics_page
from annotation_site.cycles.selectors import schedule_lines
from annotation_site.overview.numbers import numbers, stages
from annotation_site.overview.steps import next_steps
from annotation_site.overview.work import activity, job_lines
from annotation_site.preferences.report.pages import numbers_file, query_page, report_page
from annotation_site.reliability.pages.dashboard import reliability_page
from annotation_site.reliability.pages.download import report_download
from annotation_site.reliability.pages.pair import pair_page
from annotation_site.reliability.pages.rater import rater_page

ACCOUNT_LINKS = [
    {"title": "Change password", "link": reverse_lazy("account_change_password")},
    {"title": "Second factor", "link": reverse_lazy("mfa_index")},
]


class AtelierAdminSite(UnfoldAdminSite):
    """The panel: one log-in with the rest of the site (rate limits and second factor included)."""

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = _login(request, site=self, extra_context=extra_context)
        return response

    def extra_urls(self) -> list[URLPattern]:
        """Pages that belong to no single table; they come before Django's own."""
        return [
            path("reliability/", self.admin_view(reliability_page), name="reliability"),
            path("reliability/raters/<int:pk>/", self.admin_view(rater_page), name="reliability_rater"),
            path("reliability/pairs/<int:pk>/", self.admin_view(pair_page), name="reliability_pair"),
            path("reliability/report.<str:form>", self.admin_view(report_download), name="reliability_download"),
            path("preferences/report/", self.admin_view(report_page), name="preferences_report"),
            path("preferences/report/numbers/", self.admin_view(numbers_file), name="preferences_report_numbers"),
            path("preferences/query/", self.admin_view(query_page), name="preferences_query"),
            path("corpus/statistics/", self.admin_view(statistics_page), name="corpus_statistics"),
            path("corpus/look-alikes/", self.admin_view(likenesses_page), name="corpus_likenesses"),
            path("overview/", self.admin_view(overview_part), name="overview"),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        mark = Favicon(href=static("img/mark.svg"), rel="icon", type="image/svg+xml")
        return context | {"account_links": ACCOUNT_LINKS, "site_favicons": [mark]}


@secure_admin_login
def _login(request: HttpRequest, *, site: AtelierAdminSite, extra_context: dict[str, Any] | None) -> HttpResponse:
    """Reached by staff who are logged in already: Django then sends them on to the panel."""
    response: HttpResponse = UnfoldAdminSite.login(site, request, extra_context)
    return response


def _item(title: str, icon: str, url_name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(url_name)}


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, in the order of the loop: collect, judge, measure, publish, learn."""
    return [
        {"items": [_item("Overview", "dashboard", "admin:index")]},
        {
            "title": "Corpus",
            "separator": True,
            "items": [
                _item("Paintings", "image", "admin:corpus_painting_changelist"),
                _item("Tracks", "music_note", "admin:corpus_track_changelist"),
                _item("Clips", "graphic_eq", "admin:corpus_clip_changelist"),
                _item("Look-alikes", "join_inner", "admin:corpus_likenesses"),
                _item("Statistics", "bar_chart", "admin:corpus_statistics"),
                _item("Imports", "upload", "admin:corpus_importjob_changelist"),
            ],
        },
        {
            "title": "Judgments",
            "separator": True,
            "items": [
                _item("Campaigns", "flag", "admin:scoring_campaign_changelist"),
                _item("Pairs", "compare", "admin:scoring_pair_changelist"),
                _item("Ratings", "tune", "admin:scoring_rating_changelist"),
                _item("Preferences", "swap_horiz", "admin:preferences_preferencetask_changelist"),
                _item("Reliability", "monitoring", "admin:reliability"),
                _item("Preference report", "balance", "admin:preferences_report"),
            ],
        },
        {
            "title": "Dataset and model",
            "separator": True,
            "items": [
                _item("Snapshots", "inventory_2", "admin:snapshots_snapshot_changelist"),
                _item("Training runs", "model_training", "admin:training_trainingrun_changelist"),
                _item("Model versions", "verified", "admin:training_modelversion_changelist"),
                _item("Rescorings", "manage_search", "admin:rescoring_rescoring_changelist"),
                _item("Proposed batches", "checklist", "admin:rescoring_proposal_changelist"),
                _item("Schedules", "event_repeat", "admin:cycles_schedule_changelist"),
                _item("Cycles", "laps", "admin:cycles_cycle_changelist"),
                _item("Judge", "gavel", "judging:page"),
            ],
        },
        {
            "title": "People",
            "separator": True,
            "items": [
                _item("Raters", "groups", "admin:accounts_rater_changelist"),
                _item("Protocol", "menu_book", "admin:protocols_protocolversion_changelist"),
                _item("Invitations", "mail", "admin:accounts_invitation_changelist"),
                _item("Users", "person", "admin:accounts_user_changelist"),
            ],
        },
    ]


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook for the first page."""
    return context | _overview()


def overview_part(request: HttpRequest) -> HttpResponse:
    """The live part of the first page."""
    return render(request, "admin/overview.html", _overview())


def _overview() -> dict[str, Any]:
    now = timezone.now()
    counts = numbers()
    first, *others = next_steps(counts)
    return {
        "stages": stages(counts, now=now),
        "step": first,
        "other_steps": others[:2],
        "schedules": schedule_lines(now=now),
        "jobs": job_lines(now=now),
        "activity": activity(now=now),
    }
