"""The statistics of the corpus in the admin panel."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from annotation_site.corpus.item_selectors import EMPTY_VALUE
from annotation_site.corpus.statistics import NOT_STATED, Counted, Rights, corpus_statistics

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
        "charts": [
            _chart("Paintings by style", "paintings", found.styles, "painting", "style"),
            _chart("Tracks by genre or mood", "tracks", found.genres, "track", "genre"),
            _chart("Licences of the paintings", "paintings", found.painting_licences, "painting", "licence"),
            _chart("Licences of the tracks", "tracks", found.track_licences, "track", "licence"),
        ],
        "rights": [
            ("paintings", _rights_lines(found.painting_rights, "painting")),
            ("tracks", _rights_lines(found.track_rights, "track")),
        ],
        "moods": MOODS,
    }
    return render(request, "admin/corpus/statistics.html", context)


def _list_url(model: str, **filters: str) -> str:
    return f"{reverse(f'admin:corpus_{model}_changelist')}?{urlencode(filters)}"


def _chart(title: str, unit: str, counted: Counted, model: str, column: str) -> dict[str, Any]:
    """Each count with the list of what was counted."""
    return {
        "title": title,
        "unit": unit,
        "counted": counted,
        "rows": [
            (label, n, _list_url(model, use="in", **{column: EMPTY_VALUE if label == NOT_STATED else label}))
            for label, n in counted.rows
        ],
    }


def _rights_lines(rights: Rights, model: str) -> list[tuple[str, int, str]]:
    return [
        ("May be published", rights.publish, _list_url(model, use="in", rights="publish")),
        ("No licence stated, so not published", rights.unstated, _list_url(model, use="in", rights="unstated")),
        ("May be annotated only", rights.annotate_only, _list_url(model, use="in", rights="annotate")),
    ]
