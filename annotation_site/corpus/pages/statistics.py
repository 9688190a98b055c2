"""The statistics of the corpus in the admin panel."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from annotation_site.corpus.item_selectors import EMPTY_VALUE
from annotation_site.corpus.statistics import NOT_STATED, Rights, corpus_statistics

MOODS = ("tense", "excited", "sad", "calm")
"""The quadrants of valence and arousal, in the order of reading."""


def statistics_page(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("corpus.view_painting"):
        raise PermissionDenied
    found = corpus_statistics()
    context = {
        **admin.site.each_context(request),
        "title": "Corpus statistics",
        "statistics": found,
        "styles": _linked(found.styles, "painting", "style"),
        "genres": _linked(found.genres, "track", "genre"),
        "painting_licences": _linked(found.painting_licences, "painting", "licence"),
        "track_licences": _linked(found.track_licences, "track", "licence"),
        "rights": [
            ("paintings", _rights_lines(found.painting_rights, "painting")),
            ("tracks", _rights_lines(found.track_rights, "track")),
        ],
        "moods": MOODS,
    }
    return render(request, "admin/corpus/statistics.html", context)


def _list_url(model: str, **filters: str) -> str:
    return f"{reverse(f'admin:corpus_{model}_changelist')}?{urlencode(filters)}"


def _linked(counts: Sequence[tuple[str, int]], model: str, column: str) -> list[tuple[str, int, str]]:
    """Each count with the list of what was counted; "12 others" is no value, so it leads nowhere."""
    return [
        (
            label,
            n,
            ""
            if label.endswith(" others")
            else _list_url(model, use="in", **{column: EMPTY_VALUE if label == NOT_STATED else label}),
        )
        for label, n in counts
    ]


def _rights_lines(rights: Rights, model: str) -> list[tuple[str, int, str]]:
    return [
        ("May be published", rights.publish, _list_url(model, use="in", rights="publish")),
        ("No licence stated, so not published", rights.unstated, _list_url(model, use="in", rights="unstated")),
        ("May be annotated only", rights.annotate_only, _list_url(model, use="in", rights="annotate")),
    ]
