"""One pair: to see and to hear, its ratings, and what each way to count makes of them."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import urlencode

from annotation_site.reliability.pages.access import admins_only, report_asked
from annotation_site.reliability.pairs import aggregates_of, ratings_of, tasks_of
from annotation_site.reliability.worst import marks_of, player_of
from annotation_site.scoring.models import Pair, RatingState


@admins_only
def pair_page(request: HttpRequest, pk: int) -> HttpResponse:
    pair = get_object_or_404(Pair.objects.select_related("campaign", "painting", "clip__track"), pk=pk)
    report = report_asked(request, pair.campaign)
    ratings = ratings_of(pair=pair)
    counted = [rating for rating in ratings if rating.state == RatingState.COUNTED]
    context = {
        **admin.site.each_context(request),
        "title": f"{pair.painting} with {pair.clip}",
        "pair": pair,
        "campaign": pair.campaign,
        "campaign_query": urlencode({"campaign": pair.campaign.slug}),
        "player": player_of(pair),
        "ratings": ratings,
        "counted": len(counted),
        "marks": marks_of(counted),
        "score_at": None if pair.score is None else round(100 * pair.score, 2),
        "aggregates": aggregates_of(pair=pair, ratings=ratings, report=report),
        "tasks": tasks_of(pair=pair),
    }
    return render(request, "admin/reliability/pair.html", context)
